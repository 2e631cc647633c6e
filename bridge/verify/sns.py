"""Messages of Amazon SNS, signed by AWS with RSA; the certificate's address stands in them.

The certificate is an argument; whoever calls has it from where `check_aws_url` allows, or pinned.
Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html,
read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bridge.errors import SignatureMalformed, SignatureMismatch, SignatureMissing
from bridge.event import JSON

Certificate: TypeAlias = x509.Certificate

HOST: Final = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?", re.ASCII)
"""One label for the region and no more: `sns.mine.s3.amazonaws.com` is anybody's bucket."""
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": NOTIFICATION,
    "SubscriptionConfirmation": CONFIRMATION,
    "UnsubscribeConfirmation": CONFIRMATION,
}
"""What is signed of each type, in this order; a field that is absent is left out."""
HASHES: Mapping[str, type[hashes.SHA1 | hashes.SHA256]] = {"1": hashes.SHA1, "2": hashes.SHA256}


def check_aws_url(url: str) -> str:
    """The address, if it is one of SNS itself. Raises SignatureMalformed.

    An address that a message names is the message's word: anything else than AWS's own host would
    let the sender bring the key to its own signature.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SignatureMalformed("the message names an address that is none") from error
    plain = parts.username is None and parts.password is None and port in (None, 443)
    if parts.scheme != "https" or not plain or not HOST.fullmatch(parts.hostname or ""):
        raise SignatureMalformed("the message names an address that is not one of SNS")
    return url


def check_certificate_url(url: str) -> str:
    """The address of a certificate. Raises SignatureMalformed."""
    check_aws_url(url)
    if not re.fullmatch(r"/[A-Za-z0-9._-]+\.pem", urlsplit(url).path, re.ASCII):
        raise SignatureMalformed("the message names no certificate of SNS")
    return url


def read_certificate(pem: bytes) -> Certificate:
    """Raises ValueError for what is no certificate with an RSA key."""
    certificate = x509.load_pem_x509_certificate(pem)
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        raise ValueError("the certificate has no RSA key")  # noqa: TRY004 - it is no wrong type here
    return certificate


def check_sns(message: Mapping[str, JSON], certificate: Certificate, now: int) -> None:
    """Accept a message that the certificate's key signed while the certificate holds, or raise.

    now: milliseconds. Raises SignatureMissing, SignatureMalformed, SignatureMismatch.
    """
    version = message.get("SignatureVersion")
    if not isinstance(version, str) or version not in HASHES:
        raise SignatureMalformed("the message has no SignatureVersion of 1 or 2")
    signature = _signature(message)
    moment = datetime.fromtimestamp(now / 1000, UTC)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise SignatureMismatch("the certificate that signed the message does not hold now")
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)  # read_certificate takes no other
    try:
        key.verify(signature, signing_text(message), padding.PKCS1v15(), HASHES[version]())
    except InvalidSignature as error:
        raise SignatureMismatch("the signature does not fit the message") from error


def signing_text(message: Mapping[str, JSON]) -> bytes:
    """What is signed: a line with the name and one with the value of each field that counts.

    Raises SignatureMalformed for a type that SNS does not send, and for a field that is no text.
    """
    names = SIGNED.get(str(message.get("Type")))
    if names is None:
        raise SignatureMalformed("the message has no Type that SNS sends")
    lines: list[str] = []
    for name in names:
        value = message.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise SignatureMalformed(f"{name} of the message is no text")
        lines += (name, value)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _signature(message: Mapping[str, JSON]) -> bytes:
    written = message.get("Signature")
    if not isinstance(written, str) or not written:
        raise SignatureMissing("the message has no Signature")
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureMalformed("the Signature of the message is no base64") from error
