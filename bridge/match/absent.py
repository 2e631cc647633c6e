"""Which field it was that an expression did not find: what rules say of an event without it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.errors import ExpressionFailed
from bridge.event import JSON
from bridge.match.syntax import FieldPath, Steps

_NO_KEY = re.compile(r'Key not found in map : "(.*)"', re.DOTALL)
_NO_INDEX = re.compile(r"Index error: index=(-?\d+) size=\d+")
_NO_VALUE = re.compile(r'No value with name "(.*)" found in Activation')


def follow(text: str, plain: tuple[str | int, ...], values: Mapping[str, JSON]) -> JSON:
    """The value at the end of a simple path, without the engine. Raises ExpressionFailed."""
    value: Any = values
    for count, step in enumerate(plain, 1):
        if _is_there(value, step):
            value = value[step]
        elif value is None or isinstance(value, Mapping if isinstance(step, str) else list):
            absent = _dotted(plain[:count])
            raise ExpressionFailed(f"{text}: there is no {absent}", absent)
        else:
            kind = _kind_of(value)
            raise ExpressionFailed(f"{text}: {_dotted(plain[: count - 1])} is {kind}")
    return value  # type: ignore[no-any-return]


def absent_field(words: str, paths: Sequence[FieldPath], values: Mapping[str, JSON]) -> str:
    """The field whose absence the engine reports; empty where it reports something else.

    words: the engine's. paths: the fields that the expression reads.
    """
    outside = _NO_INDEX.search(words)
    if outside:
        indexed = [path.steps for path in paths if "*" in path.steps]
        before = indexed[0][: indexed[0].index("*")] if indexed else ()
        return f"{_dotted(before)}[{outside.group(1)}]"
    missing = _NO_KEY.search(words) or _NO_VALUE.search(words)
    if not missing and "SELECT to non-message" not in words:
        return ""
    found = [gap for path in paths if (gap := _gap(values, path.steps, ()))]
    named = [gap for gap in found if missing and gap[-1] == missing.group(1)]
    if named or found:
        return _dotted((named or found)[0])
    return missing.group(1) if missing else ""


def _is_there(value: Any, step: str | int) -> bool:
    if isinstance(step, str):
        return isinstance(value, Mapping) and step in value
    return isinstance(value, list) and 0 <= step < len(value)


def _gap(value: Any, steps: Steps, before: Steps) -> Steps | None:
    """The path down to the first step that is not there; None when all are."""
    if not steps:
        return None
    step, rest = steps[0], steps[1:]
    if step == "*":
        for item in value if isinstance(value, list) else ():
            gap = _gap(item, rest, (*before, step))
            if gap:
                return gap
        return None if value else (*before, step)
    if isinstance(value, Mapping) and step in value:
        return _gap(value[step], rest, (*before, step))
    return (*before, step) if value is None or isinstance(value, Mapping) else None


def _dotted(steps: tuple[str | int, ...]) -> str:
    text = ""
    for step in steps:
        if isinstance(step, int) or step == "*":
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _kind_of(value: JSON) -> str:
    if isinstance(value, bool):
        return "true or false and has no fields"
    if isinstance(value, int | float):
        return "a number and has no fields"
    return "text and has no fields" if isinstance(value, str) else "no list or mapping of that kind"
