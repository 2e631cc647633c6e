"""Targets of links: which may be links at all, and how one cannot end before its end."""

from __future__ import annotations

import re

SCHEMES = ("http://", "https://", "mailto:")

TARGET_LIMIT = 8_000
"""Characters of an address: what servers take, and what Kibana's longest pages have."""

NO_ADDRESS = (
    "a link that is no http, https or mailto address, or one of more than "
    f"{TARGET_LIMIT:,} characters, became its words"
)
"""What a codec says of a link that it does not make: a script's, a file's, a made-up one."""


def is_address(target: str) -> bool:
    """Whether a link may lead there."""
    return len(target) <= TARGET_LIMIT and target[:8].lower().startswith(SCHEMES)


def percent(target: str, unsafe: re.Pattern[str]) -> str:
    """The target with what would act in a markup written as `%XX`, which leads to the same."""
    return unsafe.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), target)
