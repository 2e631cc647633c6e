"""Secrets that the sender shows as they are: a header, bearer, basic, the path or the query."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from bridge.errors import SignatureMalformed, SignatureMismatch
from bridge.verify.secret import Key


def check_shared_secret(given: bytes, keys: Sequence[Key]) -> Key:
    """The key that equals what was given.

    Both sides are hashed first, so that neither content nor length shows in the time it takes.
    Raises SignatureMismatch when none is equal.
    """
    digest = hashlib.sha256(given).digest()
    for key in keys:
        if hmac.compare_digest(digest, key.digest):
            return key
    raise SignatureMismatch("what was given is no secret of this source")


def bearer_token(header: str) -> bytes:
    """The token of `Bearer <token>`. Raises SignatureMalformed.

    The scheme's case does not matter (RFC 9110, 11.1).
    """
    return _credentials(header, "bearer").encode("latin-1", "replace")


def basic_credentials(header: str) -> bytes:
    """The `user:password` of `Basic <base64>`, as bytes. Raises SignatureMalformed (RFC 7617)."""
    encoded = _credentials(header, "basic")
    try:
        value = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureMalformed("what follows `Basic` is not base64") from error
    if b":" not in value:
        raise SignatureMalformed("what follows `Basic` holds no user and password")
    return value


def _credentials(header: str, scheme: str) -> str:
    name, space, rest = header.strip(" \t").partition(" ")
    if name.lower() != scheme or not space or not rest.strip(" \t"):
        raise SignatureMalformed(f"the header does not begin with `{scheme.capitalize()} `")
    return rest.strip(" \t")
