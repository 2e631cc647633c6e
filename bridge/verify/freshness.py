"""Whether a signed timestamp is of now, so that a recorded request cannot be sent again later."""

from __future__ import annotations

import re
from enum import StrEnum

from bridge.errors import TimestampRefused


class Unit(StrEnum):
    SECONDS = "s"
    MILLISECONDS = "ms"
    """Linear and Jira."""


_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)


def check_fresh(timestamp: str, now: int, window_seconds: int, unit: Unit) -> None:
    """Accept a timestamp at most the window away from now, to either side, or raise.

    timestamp: digits since 1970-01-01 UTC.
    now: milliseconds.

    A timestamp ahead of us is refused as well: a request dated next week could be repeated for a
    week. The window covers the two clocks' difference, as in the senders' own libraries.

    Raises TimestampRefused.
    """
    if not _DIGITS.fullmatch(timestamp):
        raise TimestampRefused("the timestamp is no number")
    moment = int(timestamp) * (1000 if unit is Unit.SECONDS else 1)
    age = now - moment
    if age > window_seconds * 1000:
        raise TimestampRefused(f"the timestamp is more than {window_seconds} s old")
    if -age > window_seconds * 1000:
        raise TimestampRefused(f"the timestamp is more than {window_seconds} s ahead of our clock")
