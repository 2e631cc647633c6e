"""Compiles `sync` rules: what keeps two things alike, and the rule that has it looked at."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.action import OnFailure
from bridge.document import Document, did_you_mean, nearest
from bridge.errors import Problem
from bridge.match.expression import compile_expression
from bridge.match.rule import NAMES, Rule, Step
from bridge.match.rulefile import SyncEnd, SyncEntry, SyncFieldEntry, ValueMap
from bridge.match.syncs import ASKED, SYNC, TYPES, End, SyncedField, SyncRule
from bridge.match.template import Path, compile_template

FIELDS = ("status", "priority", "assignee", "summary")
OFFERS = "sync "
"""What an integration offers beside its actions: `sync issue`."""


def compile_sync(
    document: Document,
    path: Path,
    entry: SyncEntry,
    position: int,
    integrations: Mapping[str, frozenset[str]] | None,
    problems: list[Problem],
) -> tuple[SyncRule, Rule]:
    """Both; what is wrong is added to the problems."""
    for side in ("left", "right"):
        _check_end(document, (*path, side), getattr(entry, side), integrations, problems)
    fields = []
    for name in FIELDS:
        given: SyncFieldEntry | None = getattr(entry.fields, name)
        if given is not None:
            _check_field(document, (*path, "fields", name), name, given, problems)
            fields.append(_field(name, given, entry))
    if "alert" in (entry.left.kind, entry.right.kind):
        for name in sorted(entry.fields.model_fields_set - {"status"}):
            words = "of an alert only the status is kept alike"
            problems.append(document.problem((*path, "fields", name), words))
    comments = entry.fields.comments.owner if entry.fields.comments is not None else None
    place = document.place((*path, "name"))
    left, right = (End(one.in_, one.kind) for one in (entry.left, entry.right))
    sync = SyncRule(entry.name, place, left, right, tuple(fields), comments)
    return sync, _rule(document, path, entry, position, sync, problems)


def _check_end(
    document: Document,
    path: Path,
    end: SyncEnd,
    integrations: Mapping[str, frozenset[str]] | None,
    problems: list[Problem],
) -> None:
    if integrations is None or not end.in_:
        return
    can = sorted(name for name, offered in integrations.items() if OFFERS + end.kind in offered)
    if end.in_ not in integrations:
        hint = did_you_mean(end.in_, integrations) or f"those with a {end.kind}: {_listed(can)}"
        words = f'no integration is called "{end.in_}"'
        near = nearest(end.in_, integrations)
        tells = [near] if near else can
        problems.append(document.problem((*path, "in"), words, hint, tells=tells))
    elif end.in_ not in can:
        words = f'"{end.in_}" has no {end.kind} that can be kept alike'
        hint = f"those that have: {_listed(can)}"
        problems.append(document.problem((*path, "in"), words, hint, tells=can))


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none is configured"


def _check_field(
    document: Document, path: Path, name: str, given: SyncFieldEntry, problems: list[Problem]
) -> None:
    for key in ("through", "reason"):
        if getattr(given, key) and name != "status":
            words = f"only a status has `{key}`"
            problems.append(document.problem((*path, key), words))
    for table in ("to_left", "to_right"):
        if given.owner == table.removeprefix("to_") and getattr(given, table) is not None:
            words = f"`owner: {given.owner}` carries nothing {table.replace('_', ' the ')}"
            problems.append(document.problem((*path, table), words, "leave it out"))
    if given.owner == "both" and (given.to_left is None) != (given.to_right is None):
        missing = "to_left" if given.to_left is None else "to_right"
        words = f"{name} has a map in one direction only; give `{missing}` too"
        problems.append(document.problem(path, words, "or name the `owner` of the field"))


def _field(name: str, given: SyncFieldEntry, entry: SyncEntry) -> SyncedField:
    return SyncedField(
        name, given.owner, given.conflict or entry.conflict,
        _folded(given.to_left), _folded(given.to_right), tuple(given.through), given.reason,
    )  # fmt: skip


def _folded(table: ValueMap | None) -> dict[str, tuple[str, ...]] | None:
    if table is None:
        return None
    return {
        value.casefold(): (means,) if isinstance(means, str) else tuple(means)
        for value, means in table.items()
    }


def _rule(
    document: Document,
    path: Path,
    entry: SyncEntry,
    position: int,
    sync: SyncRule,
    problems: list[Problem],
) -> Rule:
    """Plans one action, at the lane's turn, after every event about a thing that is tied to one at
    the other end."""
    ends = (sync.left, sync.right)
    types = tuple(dict.fromkeys((*TYPES[sync.left.kind], *TYPES[sync.right.kind], ASKED)))
    tied = " || ".join(
        f'(t.kind == "{one.kind}" && t.integration == "{far.integration}")'
        for one, far in (ends, ends[::-1])
    )
    text = f'event.type == "{ASKED}" || (has(link.ties) ? link.ties : [link]).exists(t, {tied})'
    place = document.place((*path, "name"))
    when = compile_expression(text, place, NAMES)
    template = compile_template({"rule": entry.name}, document, path, NAMES, problems)
    step = Step(0, SYNC, "", "", None, {"rule": template}, {}, frozenset())
    return Rule(
        position, entry.name, place, entry.description, entry.enabled, types, (), when, None, None,
        None, OnFailure.STOP, (step,), {}, True,
    )  # fmt: skip
