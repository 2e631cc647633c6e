"""A mark in a text that nobody sees, for systems that keep no other."""

from __future__ import annotations

import hashlib

INK = "\u200b\u200c\u200d\u2060"
"""Four characters that show nothing, and so two bits each."""
LENGTH = 32


def ink(mark: str) -> str:
    """The mark as characters that do not show: 64 bits of its hash."""
    number = int.from_bytes(hashlib.sha256(mark.encode()).digest()[: LENGTH // 4], "big")
    return "".join(INK[number >> shift & 3] for shift in range(0, 2 * LENGTH, 2))
