"""Which cases a search means, and in which order. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bridge.case_view import (
    Known,
    assignees_of,
    created_at,
    owner_of,
    severity_of,
    status_of,
    tags_of,
    updated_at,
)

STATUSES = ("open", "in-progress", "closed")
SEVERITIES = ("low", "medium", "high", "critical")
NOBODY = "none"

RELATIVE = re.compile(r"now(?:(?P<sign>[+-])(?P<count>\d{1,6})(?P<unit>[smhdwMy]))?(?:/[smhdwMy])?")
UNITS = {
    "s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1),
    "d": timedelta(days=1), "w": timedelta(weeks=1), "M": timedelta(days=30),
    "y": timedelta(days=365),
}  # fmt: skip
"""Months and years are counted as 30 and 365 days."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search. Empty lists and texts ask for nothing.

    words: of `search`, each in small letters; all_words: every one of them must be there.
    created_from, created_to: None sets no bound.
    """

    status: str = ""
    severity: str = ""
    owners: Sequence[str] = ()
    tags: Sequence[str] = ()
    reporters: Sequence[str] = ()
    assignees: Sequence[str] = ()
    categories: Sequence[str] = ()
    words: Sequence[str] = ()
    all_words: bool = False
    in_fields: Sequence[str] = ("title", "description")
    created_from: datetime | None = None
    created_to: datetime | None = None
    sort_field: str = "createdAt"
    descending: bool = True
    page: int = 1
    per_page: int = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One page. counts: by status, of all that fit but for the status that was asked for."""

    page: Sequence[Known]
    total: int
    counts: dict[str, int] = field(default_factory=dict)


def find(cases: Iterable[Known], wanted: Wanted) -> Found:
    """The cases that fit, in order, and how many there are of each status."""
    fitting = [case for case in cases if fits(case, wanted)]
    counts = dict.fromkeys(STATUSES, 0)
    for case in fitting:
        counts[status_of(case)] += 1
    if wanted.status:
        fitting = [case for case in fitting if status_of(case) == wanted.status]
    key = ORDERS[wanted.sort_field]
    fitting.sort(key=lambda case: (key(case), case.record.id), reverse=wanted.descending)
    start = (wanted.page - 1) * wanted.per_page
    return Found(fitting[start : start + wanted.per_page], len(fitting), counts)


def fits(case: Known, wanted: Wanted) -> bool:
    """Whether a case is asked for, its status aside."""
    return (
        (not wanted.severity or severity_of(case) == wanted.severity)
        and (not wanted.owners or owner_of(case) in wanted.owners)
        and _any(tags_of(case), wanted.tags)
        and _any([_reporter(case)], wanted.reporters)
        and _any(assignees_of(case) or [NOBODY], wanted.assignees)
        and _any([str(case.data.get("category") or "")], wanted.categories)
        and _in_time(case, wanted)
        and _says(case, wanted)
    )


def _any(have: Sequence[str], asked: Sequence[str]) -> bool:
    return not asked or any(one in asked for one in have)


def _reporter(case: Known) -> str:
    by = case.data.get("created_by")
    return str(by.get("username") or "") if isinstance(by, dict) else str(by or "")


def _in_time(case: Known, wanted: Wanted) -> bool:
    made = datetime.fromisoformat(created_at(case))
    return (wanted.created_from is None or made >= wanted.created_from) and (
        wanted.created_to is None or made <= wanted.created_to
    )


def _says(case: Known, wanted: Wanted) -> bool:
    if not wanted.words:
        return True
    text = " ".join(_words_in(case, name) for name in wanted.in_fields).lower()
    hits = [word in text for word in wanted.words]
    return all(hits) if wanted.all_words else any(hits)


def _words_in(case: Known, name: str) -> str:
    value = case.data.get(name)
    return value if isinstance(value, str) else case.record.title if name == "title" else ""


def moment(text: str, now_ms: int) -> datetime:
    """`now-1d`, `2026-11-26` or `2026-11-26T09:00:00Z`. Raises ValueError for anything else."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    found = RELATIVE.fullmatch(text.strip())
    if found is None:
        at = datetime.fromisoformat(text.strip())
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    if found["sign"] is None:
        return now
    away = UNITS[found["unit"]] * int(found["count"])
    try:
        return now + away if found["sign"] == "+" else now - away
    except OverflowError:
        raise ValueError("that is no time") from None


def _closed_at(case: Known) -> str:
    closed = case.data.get("closed_at")
    return closed if isinstance(closed, str) else ""


ORDERS: dict[str, Callable[[Known], float | str]] = {
    "createdAt": lambda case: datetime.fromisoformat(created_at(case)).timestamp(),
    "updatedAt": lambda case: _stamp(updated_at(case)),
    "closedAt": _closed_at,
    "title": lambda case: _words_in(case, "title").lower(),
    "category": lambda case: str(case.data.get("category") or "").lower(),
    "status": lambda case: STATUSES.index(status_of(case)),
    "severity": lambda case: SEVERITIES.index(severity_of(case)),
}
"""What `sortField` may name."""


def _stamp(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
