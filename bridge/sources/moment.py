"""The time an event happened, out of what senders write."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DIGITS = re.compile(r"[0-9]{9,16}(\.[0-9]{1,9})?", re.ASCII)
_LEAST = 0
_MOST = 253_402_300_799_999
"""The end of the year 9999 in milliseconds, the last that a date can be made of."""
_SECONDS_BELOW = 100_000_000_000
"""A number below this is seconds (until the year 5138), otherwise milliseconds (from 1973 on)."""


def read_moment(text: str) -> int | None:
    """Milliseconds UTC, or None when the text is no time that we know.

    A time without a zone is taken as UTC. GitLab writes ` UTC` behind some of its times.
    """
    if _DIGITS.fullmatch(text):
        number = float(text)
        return _bounded(round(number * 1000 if number < _SECONDS_BELOW else number))
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return _bounded(round(moment.timestamp() * 1000))
    except (ValueError, OverflowError):
        return None


def _bounded(milliseconds: int) -> int | None:
    return milliseconds if _LEAST <= milliseconds <= _MOST else None
