"""The marks that the bridge leaves on what it makes."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.event import JSON

PROPERTY = "scanbridge"
"""Of an issue or comment: `{"mark": …}`, written by the request that makes it."""

TABLES_PROPERTY = "scanbridge-tables"
"""Of an issue: `{"marks": […]}`, the tables appended to it, the newest last."""

TABLES_KEPT = 200
"""Marks of tables remembered: at 40 characters 8 KB of the 32 KB a property may hold."""

MOVES_PROPERTY = "scanbridge-moves"
"""Of an issue: `{"marks": […]}`, the transitions made by us, the newest last."""

MOVES_KEPT = 50
"""Marks of transitions remembered; only the last few can still be in doubt."""

CASE_PROPERTY = "scanbridge-case"
"""Of an issue: what `push_case` wrote last, by which it knows what changed in the case since."""


def label(mark: str) -> str:
    return f"scanbridge-{mark}"


def is_own_label(text: JSON) -> bool:
    return isinstance(text, str) and text.startswith("scanbridge-")


def property_value(mark: str) -> JSON:
    return {"mark": mark}


def holds_mark(value: JSON, mark: str) -> bool:
    """Whether the value of our property is of this mark."""
    return isinstance(value, dict) and value.get("mark") == mark


def marks_of(issue: Mapping[str, JSON], name: str) -> list[JSON]:
    """The marks that a property of an issue remembers; the issue was asked for with it."""
    properties = issue.get("properties")
    known = properties.get(name) if isinstance(properties, dict) else None
    marks = known.get("marks") if isinstance(known, dict) else None
    return marks if isinstance(marks, list) else []
