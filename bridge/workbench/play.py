"""Plays one rule set over stored events in their order, in batches, without acting on anything.

What was really planned for the events can be played as well, to hold a set against it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge.about import about
from bridge.action import ActionState, PlannedRun
from bridge.configured import Configured, configure, rules_from
from bridge.errors import ExpressionFailed
from bridge.event import JSON, Event, EventState, StoredEvent
from bridge.match.plan import Plan, Stage, plan
from bridge.match.rules import RuleSet
from bridge.matcher import Matcher, errors_of
from bridge.settings import Settings
from bridge.store.actions import MATCH, StoredAction, actions_of_event
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from bridge.store.links import Link, done_before, find_link_before
from bridge.store.runs import positions_of
from bridge.store.transaction import Database, Transaction
from bridge.sync.asking import own_sources
from bridge.text.escape import ESCAPES
from bridge.workbench.items import Fate, Item, Played, written
from bridge.workbench.simulated import Guards, Value

BATCH = 100
"""Events read at once; a body may have a megabyte."""

UNREADABLE = "(no rule could read it)"


@dataclass(frozen=True, slots=True)
class Side:
    """What is played. files: rule files by name; None plays what was really planned.

    made: what integrations that API callers made offer to rules.
    """

    settings: Settings
    files: Mapping[str, str] | None
    events: EventFilter
    made: Mapping[str, frozenset[str]] = field(default_factory=dict)


NOTHING = Plan((), ())

Batch = tuple[int, tuple[Played, ...]]
"""How many events were read, and what became of them."""


async def play(side: Side, database: Database) -> AsyncIterator[Batch]:
    """Batch by batch, oldest event first. Raises Invalid where the rules have mistakes."""
    configured = configure(side.settings)
    player = None
    if side.files is not None:
        rules = rules_from(configured, side.files, side.made)
        player = _Player(configured, rules, database, side.events.since)
    chosen = side.events
    while events := await _next(database, chosen):
        if player is None:
            played = await _recorded(database, events)
        else:
            played = await player.play(events)
        yield len(events), tuple(played)
        chosen = replace(chosen, after_seq=events[-1].seq)


async def _next(database: Database, chosen: EventFilter) -> Sequence[StoredEvent]:
    return await database.read(lambda tx: list_events(tx, chosen, BATCH, oldest_first=True))


async def _recorded(database: Database, events: Sequence[StoredEvent]) -> list[Played]:
    async def work(tx: Transaction) -> list[Played]:
        played = []
        for event in events:
            positions = await positions_of(tx, event.id)
            actions = await actions_of_event(tx, event.id)
            items = tuple(
                _item_of(one, positions.get(one.run_id, 0)) for one in actions if one.rule != MATCH
            )
            played.append(_played(event, items, {}))
        return played

    return await database.read(work)


def _item_of(action: StoredAction, index: int) -> Item:
    planned = action.planned
    fate = Fate.ACTS
    if action.state is ActionState.SKIPPED:
        reasons = (("once_per", Fate.DONE_BEFORE), ("throttled", Fate.THROTTLED))
        found = (fate for start, fate in reasons if action.reason.startswith(start))
        fate = next(found, Fate.SKIPPED)
    return Item(
        action.rule, index, planned.position, planned.name, planned.integration,
        written(planned.parameters), fate,
    )  # fmt: skip


def _played(event: StoredEvent, items: tuple[Item, ...], errors: Mapping[str, str]) -> Played:
    return Played(
        event.seq, event.id, event.type, event.source, event.subject, event.received_at, items,
        errors,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Seen:
    """An event and what the rules that do not read `link` plan for it."""

    stored: StoredEvent
    event: Event | None = None
    at_once: Plan = NOTHING
    unreadable: str = ""


class _Player:
    """One set and all that has run under it so far."""

    def __init__(
        self, configured: Configured, rules: RuleSet, database: Database, since: int
    ) -> None:
        self._rules = rules
        own = own_sources(tenant.name for tenant in configured.settings.tenants)
        self._reader = Matcher(lambda: rules, {**own, **configured.sources})
        self._database = database
        self._since = since
        self._guards = Guards(any(rule.in_lane for rule in rules.rules))

    async def play(self, events: Sequence[StoredEvent]) -> list[Played]:
        seen = [self._see(stored) for stored in events]
        before = await self._read_before(seen)
        return [await self._settle(one, before) for one in seen]

    def _see(self, stored: StoredEvent) -> _Seen:
        if stored.state is EventState.ECHO:
            return _Seen(stored)
        try:
            event = self._reader.read(stored)
        except ExpressionFailed as error:
            return _Seen(stored, unreadable=str(error))
        return _Seen(stored, event, self._plan(event, {}, "at_once"))

    def _plan(self, event: Event, link: JSON, stage: Stage) -> Plan:
        def spare(rule: str, once: str) -> bool:
            return self._guards.knows((event.tenant, rule, once))

        return plan(event, self._rules, event.received_at, link, ESCAPES, stage, spare)

    async def _read_before(self, seen: Sequence[_Seen]) -> dict[tuple[str, str], Link | None]:
        """What these events need to know of the time before: one reading for all of them."""
        values = [_value(one.stored.tenant, run) for one in seen for run in one.at_once.runs]
        subjects = {
            (one.stored.tenant, one.stored.subject) for one in seen if one.at_once.needs_lane
        }

        async def work(tx: Transaction) -> dict[tuple[str, str], Link | None]:
            await self._learn(tx, [one for one in values if one is not None])
            return {pair: await find_link_before(tx, *pair, self._since) for pair in subjects}

        return await self._database.read(work)

    async def _learn(self, tx: Transaction, values: Sequence[Value]) -> None:
        for value in values if self._since else ():
            if not self._guards.knows(value) and await done_before(tx, *value, self._since):
                self._guards.done(value)

    async def _settle(self, seen: _Seen, before: Mapping[tuple[str, str], Link | None]) -> Played:
        if seen.event is None:
            errors = {UNREADABLE: seen.unreadable} if seen.unreadable else {}
            return _played(seen.stored, (), errors)
        errors = errors_of(seen.at_once)
        items = self._items(seen.event, seen.at_once)
        if seen.at_once.needs_lane:
            event, pair = seen.event, (seen.stored.tenant, seen.stored.subject)
            link = self._guards.link_of(*pair, before[pair])
            in_lane = self._plan(event, link, "in_lane")
            values = [_value(event.tenant, run) for run in in_lane.runs]
            if asked := [one for one in values if one is not None]:
                await self._database.read(lambda tx: self._learn(tx, asked))
            items += self._items(event, in_lane)
            errors |= errors_of(in_lane)
        return _played(seen.stored, tuple(items), errors)

    def _items(self, event: Event, planned: Plan) -> list[Item]:
        items = []
        for run in planned.runs:
            fate = self._guards.take(run, event, about(event))
            for action in run.actions:
                one = Fate.SKIPPED if action.skip and fate is not Fate.DONE_BEFORE else fate
                # Most runs of a finding that is found again: nobody looks at their parameters.
                parameters = "{}" if one is Fate.DONE_BEFORE else written(action.parameters)
                items.append(
                    Item(run.rule, run.index, action.position, action.name, action.integration,
                         parameters, one)
                )  # fmt: skip
        return items


def _value(tenant: str, run: PlannedRun) -> Value | None:
    return None if run.once is None else (tenant, run.rule, run.once)
