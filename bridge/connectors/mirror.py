"""One thing of another system as sync sees it: its fields, when each was changed, its comments.

Reads only. What sync writes goes through the same actions that rules have, with `Call.expected`:
the values that have to stand there still, so that nothing is written over what nobody here saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

FIELDS = ("status", "priority", "assignee", "summary")
"""The fields that sync knows beside comments, by the names that rules have for them."""

MOST_PAST = 5
"""Values remembered of a field's past: as many as sync may set one after the other."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A field's value; empty for none.

    at: when it was changed, by the system's own word, milliseconds; 0 where it does not say.
    before: what stood there until then; None where the system does not say. before_at: since when.
    exact: false where `at` is only a bound: the value is no newer than that.
    since: the other bound then, 0 where there is none: the value is no older than that.
    ours: whether our own account has set it; None where that is not known.
    past: what stood there before `before`, the newest first, each with when it was set.
    """

    value: str
    at: int = 0
    before: str | None = None
    before_at: int = 0
    exact: bool = True
    since: int = 0
    ours: bool | None = None
    past: tuple[tuple[str, int], ...] = ()

    @property
    def earliest(self) -> int:
        """It was set then or later."""
        return self.at if self.exact else self.since


@dataclass(frozen=True, slots=True)
class Change:
    """One change in a system's history. at: milliseconds. ours: as in Seen."""

    at: int
    field: str
    before: str | None
    after: str
    ours: bool | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A comment. body: Markdown. marks: of ours that it carries. at: milliseconds.

    edited_at: when its text was last changed; 0 where the system does not say, or nobody did.
    """

    id: str
    author: str
    body: str
    at: int
    marks: frozenset[str] = frozenset()
    edited_at: int = 0


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What was read. comments: the oldest first; none where they were not asked for."""

    title: str
    url: str
    fields: Mapping[str, Seen]
    comments: tuple[Said, ...] = field(default=())


class Moved(TryAgain):
    """Something else stands there than was read a moment ago; nothing was written."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was changed a moment ago", after_seconds=0.0, status=409)


class NoWay(GiveUp):
    """From the status it has, there is no way to the one that was asked for."""


def check_expected(
    expected: Mapping[str, str] | None, ticket: str, values: Mapping[str, str]
) -> None:
    """Raises Moved where a field has another value than the call expects."""
    for name, value in (expected or {}).items():
        if name in values and values[name].casefold() != value.casefold():
            raise Moved(f"{name} of {ticket}")


def latest(changes: list[Change]) -> dict[str, Seen]:
    """The last change of each field; those of one moment in their order."""
    found: dict[str, Seen] = {}
    for one in sorted(changes, key=lambda one: one.at):
        earlier = found.get(one.field)
        past: tuple[tuple[str, int], ...] = ()
        if earlier is not None and earlier.before is not None:
            past = ((earlier.before, earlier.before_at), *earlier.past)[:MOST_PAST]
        found[one.field] = Seen(
            one.after, one.at, one.before, earlier.at if earlier else 0, ours=one.ours, past=past
        )
    return found


def with_times(
    values: Mapping[str, str], changes: Mapping[str, Seen], fallback: int, never: int = 1
) -> dict[str, Seen]:
    """The values as they are, with what the history says of each.

    A history that ends in another value lags behind: then the change is as new as the thing.
    fallback: when it was last changed at all. never: the time of a field without any change; 1 is
    older than every change.
    """
    found: dict[str, Seen] = {}
    for name, value in values.items():
        change = changes.get(name)
        if change is None:
            found[name] = Seen(value, never, exact=never == 1)
        elif change.value.casefold() == value.casefold():
            found[name] = replace(change, value=value)
        else:
            found[name] = Seen(value, fallback, exact=False, since=change.at)
    return found


def moment(value: JSON) -> int:
    """Milliseconds UTC of an ISO 8601 time; 0 where there is none."""
    if not isinstance(value, str) or not value:
        return 0
    return int(datetime.fromisoformat(value).timestamp() * 1000)


def text_of(value: JSON) -> str:
    return value if isinstance(value, str) else ""
