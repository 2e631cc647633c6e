"""Time, as integer milliseconds UTC, and the ids that carry it.

A clock is handed in wherever the time is needed, so that a test can move it.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], int]
"""Returns the present as milliseconds since 1970-01-01 UTC."""


def wall_clock() -> int:
    """The machine's own clock."""
    return time.time_ns() // 1_000_000


def iso(milliseconds: int) -> str:
    """`2026-11-21T09:14:02.123Z`, the one form in which a time leaves the program as text."""
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    """Remembered, because what is written at once is mostly of the same few seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def day(milliseconds: int) -> str:
    """`2026-11-21`, the UTC day."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")


def new_id(prefix: str, now: int) -> str:
    """A UUIDv7 (RFC 9562) as 32 hex digits behind a prefix: `evt_019a…`.

    Ids made later sort later, to the millisecond, so that the index on them only grows at its end.
    """
    random = _random.read(10).hex()
    if len(random) < 20:
        random = _refill().read(10).hex()
    variant = _VARIANT[random[3]]
    return f"{prefix}_{now & 0xFFFF_FFFF_FFFF:012x}7{random[:3]}{variant}{random[4:19]}"


_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
"""The two highest bits of a UUID's second half are fixed, and the other two are random."""

_random = io.BytesIO()


def _refill() -> io.BytesIO:
    """Randomness of the operating system for the next few hundred ids, because asking for each
    gives up the interpreter, which another thread then holds for longer than the asking took."""
    global _random  # noqa: PLW0603 (a store of the process)
    _random = io.BytesIO(os.urandom(4_000))
    return _random
