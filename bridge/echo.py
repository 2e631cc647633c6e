"""Echoes: an event that only tells of what the bridge wrote itself is known and goes no further.

Question: by what is an echo known? Options: by the account that made the change, by the time, by
the value. Choice: by the value. Each write is remembered before it is sent, and recognised once.
An account may be shared with people, and a time window lets some through and drops others.
Consequence: people who later set the same value are heard, because the write is used up by then;
what is remembered and never comes back is forgotten after a while, or as soon as the field is
seen to have moved on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.about import about
from bridge.action import Outcome
from bridge.calling import AnyCall, Integration
from bridge.changes import (
    COMMENT,
    CREATED,
    Change,
    changes_made,
    changes_told,
    field_name,
    object_names,
    object_written,
    plain,
)
from bridge.clock import Clock
from bridge.errors import ExpressionFailed, GiveUp, Hold, TryAgain
from bridge.event import JSON, Event, StoredEvent
from bridge.store import outbound
from bridge.store.outbound import Ours, Written
from bridge.store.records import get_records
from bridge.store.transaction import Database, Transaction

FAMILIES = ("issue.", "case.", "alert.", "finding.")
"""Events that can tell of a write of ours."""

MINUTE_MS = 60_000

Named = tuple[str, str]


class Reads(Protocol):
    """Whatever reads a stored event as its source says."""

    def read(self, stored: StoredEvent) -> Event: ...


@dataclass(slots=True)
class Echoes:
    """Remembers writes, and recognises them.

    leads_to: by tenant and source, the integration that leads back to that sender. Only what is
        written to one of those can come back.
    keep_minutes: how long a write is remembered; Jira tries a delivery again for over an hour.
    """

    database: Database
    clock: Clock
    leads_to: Mapping[Named, str]
    keep_minutes: float = 120.0
    _told_of: frozenset[Named] = field(init=False)

    def __post_init__(self) -> None:
        self._told_of = frozenset((tenant, name) for (tenant, _), name in self.leads_to.items())

    # --- writing ----------------------------------------------------------------------------

    async def before(self, integration: Integration, calls: Sequence[AnyCall]) -> Sequence[Written]:
        """Remembers what these calls will write, before any of it is sent."""
        if (integration.tenant, integration.name) not in self._told_of:
            return []
        now = self.clock()
        writes = [
            written
            for call in calls
            for change in changes_made(call.parameters, call.mark)
            for written in (written_as(integration, call, change, now),)
        ]
        if not writes:
            return []
        return await self.database.write(lambda tx: outbound.remember(tx, writes), short=True)

    async def failed(self, remembered: Sequence[Written], error: BaseException) -> None:
        """Forgets what was not written; where that is not known it stays remembered."""
        clear = isinstance(error, GiveUp | Hold) or (
            isinstance(error, TryAgain) and not error.may_have_happened
        )
        if remembered and clear:
            await self._forget(remembered)

    async def _forget(self, remembered: Sequence[Written]) -> None:
        seqs = [one.seq for one in remembered]
        await self.database.write(lambda tx: outbound.forget(tx, seqs), short=True)

    async def done(
        self,
        integration: Integration,
        calls: Sequence[AnyCall],
        remembered: Sequence[Written],
        outcomes: Sequence[Outcome],
    ) -> None:
        """Corrects what is remembered by what the system answered."""
        if not remembered:
            return
        if all(outcome.found for outcome in outcomes):  # it was there: nothing was written now
            await self._forget(remembered)
            return
        now = self.clock()
        more = [
            written_as(integration, call, change, now)
            for call, outcome in zip(calls, outcomes, strict=True)
            for change in changes_answered(call, outcome)
        ]
        named = comment_named(calls, outcomes)
        comments = [one.seq for one in remembered if one.field == COMMENT]
        untrue = [one.seq for one in remembered if not was_written(one, outcomes)]

        async def work(tx: Transaction) -> None:
            if more:
                await outbound.remember(tx, more)
            await outbound.forget(tx, untrue)
            if named and len(comments) == 1:
                await outbound.name_comment(tx, comments[0], named)

        if more or named or untrue:
            await self.database.write(work, short=True)

    # --- recognising ------------------------------------------------------------------------

    async def look(
        self, tx: Transaction, events: Sequence[StoredEvent], reader: Reads
    ) -> dict[str, Ours]:
        """What of each of these events is ours, by the event's id; they are in their order.

        A replayed event is a person's wish, and never an echo.
        """
        told: list[tuple[Event, str, str]] = []
        for stored in events:
            integration = self.leads_to.get((stored.tenant, stored.source))
            if integration is None or stored.rules_version:
                continue
            if not stored.type.startswith(FAMILIES):
                continue
            try:
                event = reader.read(stored)
            except ExpressionFailed:
                continue  # matching says so
            record_id = about(event)[1]
            if record_id:
                told.append((event, integration, record_id))
        if not told:
            return {}
        since = self.clock() - int(self.keep_minutes * MINUTE_MS)
        return await recognise(tx, told, since)


async def recognise(
    tx: Transaction, told: Sequence[tuple[Event, str, str]], since: int
) -> dict[str, Ours]:
    """See `Echoes.look`. What the first of them uses up, the next cannot use again."""
    found: dict[str, Ours] = {}
    known: dict[tuple[str, str, str], JSON] = {}
    gone: set[int] = set()
    for event, integration, record_id in told:
        kind = event.type.split(".")[0]
        here = (event.tenant, kind, record_id)
        names = ("",) if event.type.endswith(f".{CREATED}") else object_names(record_id)
        written = await outbound.writes_to(tx, event.tenant, names, since)
        written = [one for one in written if one.integration == integration]
        if written:
            if here not in known:
                records = await get_records(tx, event.tenant, kind, [record_id])
                known[here] = records[0].data if records else None
            left = [one for one in written if one.seq not in gone]
            ours = compare(changes_told(event, known[here]), left, event.time)
            if ours is not None:
                found[event.id] = ours
                gone |= {seq for seq, _ in ours.used} | set(ours.outdated)
        known[here] = event.data
    return found


def compare(told: Sequence[Change], written: Sequence[Written], time: int) -> Ours | None:
    """Which of the changes an event tells of are writes of ours; None where none is."""
    used: list[tuple[int, str]] = []
    outdated: list[int] = []
    ours: list[Change] = []
    for change in told:
        same_field = [one for one in written if one.field == change.field]
        fits = [one for one in same_field if is_told(one, change)]
        if fits:
            ours.append(change)
            used.append((fits[0].seq, change.outside_id))
            if change.field not in (COMMENT, CREATED):
                outdated += [one.seq for one in same_field if one.seq < fits[0].seq]
        elif change.field not in (COMMENT, CREATED):
            outdated += [one.seq for one in same_field if one.written_at < time]
    if not ours and not outdated:
        return None
    whole = bool(ours) and len(ours) == len(told)
    by = {one.seq: one for one in written}
    said = ", ".join(dict.fromkeys(in_words(by[seq]) for seq, _ in used))
    reason = f"the bridge wrote this itself: {said}" if whole else ""
    fields = tuple(dict.fromkeys(change.field for change in ours))
    return Ours(whole, fields, tuple(used), tuple(outdated), reason)


def in_words(one: Written) -> str:
    """`status 'Done' by close-it`, `created the ticket by open-it`."""
    said = one.said if one.field == CREATED else repr(one.said)
    return f"{one.field} {said} by {one.rule}"


def is_told(one: Written, change: Change) -> bool:
    """Whether a change is this write; a comment is recognised again by its id."""
    if one.outside_id and change.outside_id:
        return one.outside_id == change.outside_id
    return not one.event_id and not change.digests.isdisjoint(one.digest.split())


def written_as(integration: Integration, call: AnyCall, change: Change, now: int) -> Written:
    """A change as a row. digest: one for each form of the value."""
    return Written(
        integration.tenant, integration.name,
        "" if change.field == CREATED else object_written(call.parameters), change.field,
        " ".join(sorted(change.digests)), change.said, call.rule, now,
    )  # fmt: skip


def was_written(one: Written, outcomes: Sequence[Outcome]) -> bool:
    """Whether a push wrote this field after all; only its answer tells."""
    outputs = outcomes[0].outputs
    changed = outputs.get("changed")
    if "created" not in outputs or not isinstance(changed, list):
        return True
    if one.field == CREATED:
        return bool(outputs["created"])
    if one.field == COMMENT:
        return bool(outputs.get("comments"))
    return one.field in {field_name(str(name)) for name in changed}


def changes_answered(call: AnyCall, outcome: Outcome) -> Iterable[Change]:
    """What only the answer tells: a status or a person as the system words it."""
    made = changes_made(call.parameters, call.mark)
    for name in ("status", "assignee"):
        value = outcome.outputs.get(name)
        if isinstance(value, str) and value:
            told = plain(name, value)
            asked = [one for one in made if one.field == told.field]
            if asked and told.digests.isdisjoint(asked[0].digests):
                yield told


def comment_named(calls: Sequence[AnyCall], outcomes: Sequence[Outcome]) -> str:
    """The id of the comment that a single call has made; empty otherwise."""
    if len(calls) != 1 or calls[0].name != COMMENT:
        return ""
    return str(outcomes[0].outputs.get("id") or "")
