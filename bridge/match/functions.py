"""The functions that expressions have beside those of the Common Expression Language.

Each is plain Python over JSON values; `expression.py` hands them to the engine. What a function
raises becomes the text of the evaluation error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bridge.clock import day as day_of
from bridge.errors import Malformed
from bridge.event import JSON
from bridge.match.clean import parse_body

SEVERITIES = ("info", "low", "medium", "high", "critical")
"""From least to worst; the place is the rank."""

_SEVERITY_WORDS = {
    "informational": "info", "information": "info", "none": "info", "note": "info",
    "negligible": "info", "minor": "low", "moderate": "medium", "warning": "medium",
    "major": "high", "important": "high", "error": "high", "blocker": "critical",
}  # fmt: skip

ANYTHING = ("int", "double", "string", "bool", "list", "map", "null")


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how it is called, what it promises, and what it takes.

    takes: for each parameter the kinds of value it accepts; the engine looks up by kind.
    gives: the kind of the result.
    member: called on its first argument, as in `data.findings.distinct()`.
    """

    name: str
    call: str
    sentence: str
    takes: tuple[tuple[str, ...], ...]
    gives: str
    run: Callable[..., Any]
    member: bool = False


def _canonical(value: JSON) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _distinct(values: list[JSON]) -> list[JSON]:
    first: dict[str, JSON] = {}
    for value in values:
        first.setdefault(_canonical(value), value)
    return list(first.values())


def _in_order(values: list[JSON]) -> list[JSON]:
    if all(isinstance(value, str) for value in values):
        return sorted(values)  # type: ignore[type-var]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return sorted(values)  # type: ignore[type-var]
    raise ValueError("sort() takes a list of texts or a list of numbers; for others name the field")


def _by_field(values: list[JSON], name: str) -> list[JSON]:
    fields: list[JSON] = []
    for value in values:
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f'sort("{name}") found an element without the field {name}')
        fields.append(value[name])
    _in_order(fields)
    order = sorted(range(len(values)), key=lambda index: fields[index])  # type: ignore[arg-type,return-value]
    return [values[index] for index in order]


def _flatten(values: list[JSON]) -> list[JSON]:
    flat: list[JSON] = []
    for value in values:
        if isinstance(value, list):
            flat.extend(value)
        else:
            flat.append(value)
    return flat


def _sum(values: list[JSON]) -> int | float:
    total: int | float = 0
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("sum() takes a list of numbers")  # noqa: TRY004
        total += value
    if isinstance(total, int) and not -(2**63) <= total < 2**63:
        raise ValueError("sum() is beyond 64 bits")
    return total


def _worst_first(values: list[JSON]) -> list[JSON]:
    def rank(value: JSON) -> int:
        word = value.get("severity") if isinstance(value, dict) else value
        return severity_rank(word) if isinstance(word, str) else -1

    return sorted(values, key=rank, reverse=True)


def _take(values: list[JSON], count: int) -> list[JSON]:
    return values[: max(count, 0)]


def severity_rank(word: str) -> int:
    """Where a severity stands, 0 (info) to 4 (critical); -1 for a word that is none."""
    known = word.strip().lower()
    known = _SEVERITY_WORDS.get(known, known)
    return SEVERITIES.index(known) if known in SEVERITIES else -1


def truncate(text: str, length: int) -> str:
    """At most `length` characters, the last one `…` where something was cut."""
    if length < 1:
        return ""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def day(moment: str | int) -> str:
    """The UTC day of an RFC 3339 time or of milliseconds since 1970."""
    if isinstance(moment, int):
        return day_of(moment)
    parsed = datetime.fromisoformat(moment)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return parsed.astimezone(UTC).strftime("%Y-%m-%d")


def host(url: str) -> str:
    """The host of a URL in small letters; without `//` what stands before the first `/` or `:`."""
    return urlsplit(url if "//" in url else f"//{url}").hostname or ""


def slug(text: str) -> str:
    """Small letters, digits and single dashes: fit for a label or a name in a path."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _json(value: JSON) -> str:
    return _canonical(value)


def _parse_json(text: str) -> JSON:
    try:
        return parse_body(text.encode("utf-8", "replace"))
    except Malformed:
        return None


def all_functions(today: Callable[[], str]) -> tuple[Function, ...]:
    """Every function of ours. `today` is asked for the day of the evaluation under way."""
    texts, lists, whole = ("string",), ("list",), ("int",)
    return (
        Function("today", "today()", "The UTC day of the event's matching, `2026-11-21`.",
                 (), "string", today),
        Function("day", "day(time)", "The UTC day of an RFC 3339 time, or of milliseconds.",
                 (("string", "int"),), "string", day),
        Function("truncate", "truncate(text, n)", "At most n characters, the last one `…` where "
                 "something was cut.", (texts, whole), "string", truncate),
        Function("slug", "slug(text)", "Small letters, digits and dashes, as labels want it.",
                 (texts,), "string", slug),
        Function("host", "host(url)", "The host of a URL in small letters.",
                 (texts,), "string", host),
        Function("severity_rank", "severity_rank(text)", "0 for info, 1 low, 2 medium, 3 high, "
                 "4 critical, -1 for any other word; knows moderate, important and the like.",
                 (texts,), "int", severity_rank),
        Function("json", "json(value)", "The value as JSON text, keys in order.",
                 (ANYTHING,), "string", _json),
        Function("parse_json", "parse_json(text)", "The value that a text of JSON holds; null "
                 "where the text is none.", (texts,), "any", _parse_json),
        Function("distinct", "list.distinct()", "Each element once, where it first stood.",
                 (lists,), "list", _distinct, member=True),
        Function("sort", "list.sort()", "Texts or numbers in rising order.",
                 (lists,), "list", _in_order, member=True),
        Function("sort", 'list.sort("field")', "Elements in rising order of a field of theirs.",
                 (lists, texts), "list", _by_field, member=True),
        Function("worst_first", "list.worst_first()", "Elements by their `severity` (or severities "
                 "themselves), critical first, otherwise as they stood.",
                 (lists,), "list", _worst_first, member=True),
        Function("flatten", "list.flatten()", "Lists in the list are replaced by what they hold, "
                 "one level deep.", (lists,), "list", _flatten, member=True),
        Function("sum", "list.sum()", "The numbers added up; 0 for an empty list.",
                 (lists,), "any", _sum, member=True),
        Function("take", "list.take(n)", "The first n elements, or all where there are fewer.",
                 (lists, whole), "list", _take, member=True),
    )  # fmt: skip
