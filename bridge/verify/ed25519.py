"""Signatures by ed25519: the `v1a` of Standard Webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bridge.errors import SignatureMismatch
from bridge.verify.secret import WHPK, WHSK, Key, UnusableSecret, decode_base64, make_key

SIGNATURE_BYTES = 64
_KEY_BYTES = 32


def decode_public_key(written: str) -> Key:
    """The public key behind `whpk_…`. Raises UnusableSecret.

    Source: Standard Webhooks specification, "Asymmetric" (link in secret.py), read 2026-11.
    """
    value = decode_base64(written.removeprefix(WHPK))
    if len(value) != _KEY_BYTES:
        raise UnusableSecret(f"an ed25519 public key has {_KEY_BYTES} bytes")
    return make_key(value)


def check_ed25519(signed: bytes, signatures: Sequence[bytes], keys: Sequence[Key]) -> Key:
    """The key by which one of the signatures is right. Raises SignatureMismatch when none is."""
    for key in keys:
        public = Ed25519PublicKey.from_public_bytes(key.value)
        for signature in signatures:
            try:
                public.verify(signature, signed)
            except InvalidSignature:
                continue
            return key
    raise SignatureMismatch("the signature does not fit the body and any public key of this source")


def sign_ed25519(signed: bytes, written: str) -> bytes:
    """The signature by the private key behind `whsk_…`. Raises UnusableSecret.

    The decoded key is the seed of 32 bytes, or the seed and the public key, 64.
    """
    value = decode_base64(written.removeprefix(WHSK))
    if len(value) not in (_KEY_BYTES, 2 * _KEY_BYTES):
        raise UnusableSecret("an ed25519 private key has 32 or 64 bytes")
    return Ed25519PrivateKey.from_private_bytes(value[:_KEY_BYTES]).sign(signed)
