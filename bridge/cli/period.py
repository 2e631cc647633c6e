"""Stretches of time as people write them: `30m`, `7d`."""

from __future__ import annotations

import re

import rich_click as click

from bridge.clock import wall_clock

UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def since_moment(text: str) -> int:
    """`30m` as the time that long ago, milliseconds; 0 for an empty text."""
    if not text:
        return 0
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not found:
        raise click.UsageError("--since is a number and one of s, m, h, d, such as 30m or 7d")
    return wall_clock() - int(found[1]) * UNITS[found[2]]
