"""Numbers with what they count, for people."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """`1 rule`, `2,000 rules`, `3 status syncs`, `2 case pushes`."""
    plural = f"{noun}es" if noun.endswith(("s", "h")) else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
