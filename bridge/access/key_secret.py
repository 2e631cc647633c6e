"""The secret of an API key: made once, shown once, and kept as a digest only."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "brk_"
"""So that a key in a log or a repository is recognised as one by people and by scanners."""

RANDOM_BYTES = 32
HINT_LETTERS = 8


def new_secret() -> str:
    """A fresh secret of 256 random bits: `brk_` and 43 letters."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest_of(secret: str) -> str:
    """What is kept of a secret. A plain hash is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def hint_of(secret: str) -> str:
    """The first letters, for people who look for a key in a list."""
    return secret[:HINT_LETTERS]
