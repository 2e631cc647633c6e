"""Secrets as they are written in the configuration, decoded to the bytes that prove something."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

WHSEC = "whsec_"
"""Standard Webhooks: base64 of a symmetric key."""
WHPK = "whpk_"
"""Standard Webhooks: base64 of an ed25519 public key, which checks."""
WHSK = "whsk_"
"""Standard Webhooks: base64 of an ed25519 private key, which signs; only samples are signed."""


class UnusableSecret(ValueError):
    """A secret in the configuration is not in the form its source needs. Holds no part of it."""


class SecretForm(StrEnum):
    """How the written secret becomes a key."""

    PLAIN = "plain"
    """The whole text as UTF-8, prefix included (GitHub, Jira, Slack, Stripe)."""
    WHSEC = "whsec"
    """`whsec_` is dropped, the rest is base64 and may lack its padding (Standard Webhooks)."""


@dataclass(frozen=True, slots=True)
class Key:
    """One decoded secret of a source.

    fingerprint: eight hex digits that name it without telling it, for "last seen" and logs.
    value: the key's bytes; never shown.
    digest: SHA-256 of the value, so that two texts are compared at one length.
    """

    fingerprint: str
    value: bytes = field(repr=False)
    digest: bytes = field(repr=False)


def make_key(value: bytes) -> Key:
    """The key of these bytes. Raises UnusableSecret when there are none."""
    if not value:
        raise UnusableSecret("the secret is empty")
    name = hashlib.sha256(b"scanbridge fingerprint\0" + value).hexdigest()[:8]
    return Key(fingerprint=name, value=value, digest=hashlib.sha256(value).digest())


def decode_secret(written: str, form: SecretForm) -> Key:
    """The key behind a written secret. Raises UnusableSecret.

    Source: facts of the Standard Webhooks specification, "Signature scheme"
    (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md,
    read 2026-11). Stripe's secrets also begin with `whsec_`, and there the whole text is the key.
    """
    if form is SecretForm.PLAIN:
        return make_key(written.encode("utf-8", "surrogatepass"))
    return make_key(decode_base64(written.removeprefix(WHSEC)))


def decode_base64(text: str) -> bytes:
    """Base64 of either alphabet, padded or not. Raises UnusableSecret."""
    stripped = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(stripped + "=" * (-len(stripped) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnusableSecret("the secret is not base64") from error
