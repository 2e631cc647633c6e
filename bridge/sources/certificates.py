"""The proof of Amazon SNS, and the certificates it is checked with: pinned, or fetched and kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridge.errors import (
    CertificateNeeded,
    Malformed,
    SignatureMalformed,
    SignatureMismatch,
    TimestampRefused,
)
from bridge.event import JSON, Delivery
from bridge.match.clean import parse_body
from bridge.sources.moment import read_moment
from bridge.verify.freshness import Unit, check_fresh
from bridge.verify.secret import Key, UnusableSecret
from bridge.verify.shared_secret import check_shared_secret
from bridge.verify.sns import Certificate, check_certificate_url, check_sns, read_certificate

MOST_KEPT = 16
"""Certificates of one source. AWS has one for a region and changes it about once a year."""


class Certificates:
    """The certificates of one source.

    pinned: PEM texts of its configuration; where there are any, no other is looked at.
    Raises UnusableSecret for a text that is none.
    """

    def __init__(self, pinned: Iterable[str] = ()) -> None:
        try:
            self.pinned = tuple(read_certificate(text.encode()) for text in pinned)
        except ValueError as error:
            raise UnusableSecret("a certificate is not PEM, or has no RSA key") from error
        self._kept: dict[str, Certificate | None] = {}

    def keep(self, url: str, pem: bytes) -> None:
        """Remembers what was fetched from an address; what is no certificate, as that."""
        if len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        try:
            self._kept[url] = read_certificate(pem)
        except ValueError:
            self._kept[url] = None

    def at(self, url: str) -> Sequence[Certificate]:
        """What a message that names this address is checked with.

        Raises SignatureMalformed, CertificateNeeded where it is still to be fetched.
        """
        check_certificate_url(url)
        if self.pinned:
            return self.pinned
        if url not in self._kept:
            raise CertificateNeeded("the message's certificate is not known here yet", url)
        kept = self._kept[url]
        if kept is None:
            raise SignatureMismatch("there is no certificate at the address that the message names")
        return (kept,)


@dataclass(frozen=True, slots=True)
class SnsCheck:
    """A message of a topic that the source takes. keys: the ARNs of those topics."""

    keys: Sequence[Key]
    certificates: Certificates
    within_seconds: int

    def check(self, delivery: Delivery, now: int) -> Key:
        message = _message(delivery.body)
        topic = _text(message, "TopicArn")
        try:
            key = check_shared_secret(topic.encode(), self.keys)
        except SignatureMismatch as error:
            raise SignatureMismatch("the topic is none that this source takes") from error
        url = _text(message, "SigningCertURL")
        refused: SignatureMismatch | None = None
        for certificate in self.certificates.at(url):
            try:
                check_sns(message, certificate, now)
                break
            except SignatureMismatch as error:
                refused = error
        else:
            raise refused or SignatureMismatch("no certificate is pinned")
        moment = read_moment(_text(message, "Timestamp"))
        if moment is None:
            raise TimestampRefused("the Timestamp of the message is no time")
        check_fresh(str(moment), now, self.within_seconds, Unit.MILLISECONDS)
        return key


def topic_key(key: Key) -> Key:
    """The key, if it is a topic. Raises UnusableSecret."""
    if not key.value.startswith(b"arn:aws") or b":sns:" not in key.value:
        raise UnusableSecret("the secret of such a source is the ARN of its topic, arn:aws:sns:…")
    return key


def _message(body: bytes) -> dict[str, JSON]:
    try:
        message = parse_body(body)
    except Malformed as error:
        raise SignatureMalformed("the body is no message of SNS") from error
    if not isinstance(message, dict):
        raise SignatureMalformed("the body is no message of SNS")
    return message


def _text(message: dict[str, JSON], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise SignatureMalformed(f"the message has no {name}")
    return value
