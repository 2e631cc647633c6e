"""What an expression gave, as JSON within bounds."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from bridge.clock import iso
from bridge.errors import ExpressionFailed
from bridge.event import JSON

MOST_RESULT_CHARACTERS = 1_000_000
"""Of all text in one result; no more than a body may bring in."""
MOST_RESULT_VALUES = 100_000
"""Of all values in one result."""


class Result:
    """Turns what the engine gives into JSON, within bounds. Keys are put in order, because the
    engine's own order differs from run to run."""

    def __init__(self) -> None:
        self.characters = 0
        self.values = 0

    def take(self, value: Any) -> JSON:
        self.values += 1
        if self.values > MOST_RESULT_VALUES:
            raise ExpressionFailed(f"the result holds more than {MOST_RESULT_VALUES:,} values")
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, str):
            self._count(value)
            return value
        if isinstance(value, float):
            if not isfinite(value):
                raise ExpressionFailed(f"the result is {value}, which is no number in JSON")
            return value
        if isinstance(value, list):
            return [self.take(item) for item in value]
        if isinstance(value, dict):
            return {key: self.take(value[raw]) for key, raw in sorted(map(self._key, value))}
        return self.take(_as_text(value))

    def _key(self, raw: Any) -> tuple[str, Any]:
        key = raw if isinstance(raw, str) else str(self.take(raw))
        self._count(key)
        return key, raw

    def _count(self, text: str) -> None:
        self.characters += len(text)
        if self.characters > MOST_RESULT_CHARACTERS:
            words = f"the result holds more than {MOST_RESULT_CHARACTERS:,} characters of text"
            raise ExpressionFailed(words)


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(round(value.timestamp() * 1000))
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.10g}s"
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    name = getattr(value, "name", None)
    if callable(name):  # the engine's type values, which type(x) gives
        return str(name()).lower()
    raise ExpressionFailed(f"the result is a {type(value).__name__}, which JSON cannot hold")
