"""The marks that the bridge leaves on what it makes, and when something was made."""

from __future__ import annotations

from datetime import datetime

from bridge.event import JSON

PROPERTY = "scanbridge"
"""Of an issue or comment: `{"mark": …}`, written by the request that makes it."""

TABLES_PROPERTY = "scanbridge-tables"
"""Of an issue: `{"marks": […]}`, the tables appended to it, the newest last."""

TABLES_KEPT = 200
"""Marks of tables remembered: at 40 characters 8 KB of the 32 KB a property may hold."""

CLOCK_SKEW_MS = 5 * 60_000
"""How far Jira's clock may be behind ours, when what was made after a moment is looked for."""


def label(mark: str) -> str:
    return f"scanbridge-{mark}"


def is_own_label(text: JSON) -> bool:
    return isinstance(text, str) and text.startswith("scanbridge-")


def property_value(mark: str) -> JSON:
    return {"mark": mark}


def holds_mark(value: JSON, mark: str) -> bool:
    """Whether the value of our property is of this mark."""
    return isinstance(value, dict) and value.get("mark") == mark


def made_since(created: JSON, intended_at: int) -> bool:
    """Whether Jira's time (`2026-11-21T10:00:00.000+0000`) is not before the intent.

    A time that cannot be read counts as since: what carries the mark is then found all the same.
    """
    try:
        moment = datetime.fromisoformat(str(created)).timestamp() * 1000
    except ValueError:
        return True
    return moment >= intended_at - CLOCK_SKEW_MS
