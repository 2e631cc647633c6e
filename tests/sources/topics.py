"""Amazon SNS as the tests play it: a key of their own, its certificate, and signed messages."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-west-2:000000000001:alarms"
URL = "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
MOMENT = datetime(2026, 11, 18, 9, tzinfo=UTC)
FIELDS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
"""As AWS's page lists them; written here once more, so that the code is not held against itself."""


@lru_cache(maxsize=4)
def key(name: str = "aws") -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(name: str = "aws", days: int = 365) -> str:
    """In PEM, valid from ten days before the tests' moment."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begin = MOMENT - timedelta(days=10)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(name).public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .sign(key(name), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def message(name: str = "aws", version: str = "2", **fields: Any) -> bytes:
    """A signed message; fields stand in for its own, and None leaves one out."""
    told: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "My First Message",
        "Message": "Hello world!",
        "Timestamp": "2026-11-18T08:59:30.000Z",
        "SignatureVersion": version,
        "SigningCertURL": URL,
        **fields,
    }
    told = {field: value for field, value in told.items() if value is not None}
    lines = [
        part
        for field in FIELDS.get(str(told.get("Type")), FIELDS["Notification"])
        if field in told
        for part in (field, str(told[field]))
    ]
    text = "".join(f"{line}\n" for line in lines).encode()
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = key(name).sign(text, padding.PKCS1v15(), algorithm)
    return json.dumps({"Signature": base64.b64encode(signature).decode(), **told}).encode()
