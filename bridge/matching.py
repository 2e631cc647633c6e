"""Matching: events that wait meet the rules, a batch in one transaction.

On SQLite the one process takes them as it was told of them. On PostgreSQL nodes match side by side,
each lane in one of them at a time: see `bridge.store.partitions`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog

from bridge.backlog import Backlog
from bridge.clock import Clock
from bridge.echo import Echoes
from bridge.event import JSON, EventState, NewEvent, StoredEvent
from bridge.matcher import Matcher
from bridge.planning import Matched
from bridge.record import record_matched, record_matched_in_lane
from bridge.store.actions import StoredAction
from bridge.store.events import get_event
from bridge.store.lanes import Lane
from bridge.store.outbound import Ours, ours_of_event
from bridge.store.partitions import claim_received
from bridge.store.sync_fields import link_seen
from bridge.store.transaction import Database, Transaction, Work

MATCH_BATCH = 16
"""Events matched and written at once. Neither waits for anything on SQLite, so a larger batch would
hold up the requests that come in meanwhile: 16 take about 4 ms. In the writer's thread the
statements took nearly twice as long, and took the interpreter from the requests all the same."""

CLAIM_BATCH = 64
"""Events that one transaction matches on PostgreSQL, where each costs round trips and a commit."""

Results: TypeAlias = list[tuple[Matched, EventState | None]]
"""What the rules said about each event, and the state it has now; None when it was settled."""

log = structlog.get_logger("bridge.worker")


class Matching:
    """Takes events from the backlog through the rules.

    on_planned: told each lane that has something to do now.
    on_event: told how an event stands after it. on_rule_error: told each rule that gave an error.
    echoes: recognises what the bridge wrote itself.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        matcher: Matcher,
        *,
        on_planned: Callable[[Lane], None],
        on_event: Callable[[EventState], None],
        on_rule_error: Callable[[str], None],
        echoes: Echoes | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._matcher = matcher
        self._on_planned = on_planned
        self._on_event = on_event
        self._on_rule_error = on_rule_error
        self._echoes = echoes
        self._backlog = Backlog(database)

    def tell(self, events: Sequence[tuple[int, NewEvent]], put_back: bool) -> None:
        """After a commit: these events are new; put_back: an older one waits again."""
        self._backlog.tell(events, put_back)

    def look_again(self) -> None:
        """Another process may have written."""
        self._backlog.look_again()

    async def match_all(self) -> None:
        """Matches all that waits."""
        while await self.match_some():
            pass

    async def match_some(self) -> int:
        """Matches the next events and writes what is planned; gives how many there were."""
        if not self._database.single_process:
            results = await self._database.write(self._match_claimed)
        elif events := await self._backlog.take(MATCH_BATCH):
            try:
                results = await self._database.write(self._matching(events), short=True)
            except BaseException:
                self._backlog.look_again()
                raise
        else:
            results = []
        for matched, state in results:
            self._note(matched, state)
        return len(results)

    async def _match_claimed(self, tx: Transaction) -> Results:
        """Matches what no other node is at, inside the transaction that keeps it so."""
        events = await claim_received(tx, CLAIM_BATCH)
        return await self._matching(events)(tx) if events else []

    def _matching(self, events: Sequence[StoredEvent]) -> Work[Results]:
        now = self._clock()

        async def work(tx: Transaction) -> Results:
            ours = await self._echoes.look(tx, events, self._matcher) if self._echoes else {}
            matched = [self._matcher.match(one, now, ours=ours.get(one.id)) for one in events]
            version = self._matcher.version
            states = await record_matched(tx, matched, version, now)
            return list(zip(matched, states, strict=True))

        return work

    async def match_in_lane(self, step: StoredAction, owner: str) -> None:
        """Asks the rules that read `link`, now that all earlier events of the lane are through."""
        now = self._clock()
        stored, link, ours = await self._database.read(lambda tx: read_with_link(tx, step.event_id))
        matched = self._matcher.match(stored, now, link=link, ours=ours)
        version = self._matcher.version
        await self._database.write(
            lambda tx: record_matched_in_lane(tx, matched, step, version, now, owner)
        )
        self._note_errors(matched)

    def _note(self, matched: Matched, state: EventState | None) -> None:
        event = matched.stored
        if state is None:
            return
        self._on_event(state)
        self._note_errors(matched)
        if matched.unreadable:
            log.error("event unreadable", event_id=event.id, reason=matched.unreadable)
        if state is EventState.MATCHED:
            self._on_planned((event.tenant, event.subject))

    def _note_errors(self, matched: Matched) -> None:
        for rule, error in matched.errors.items():
            self._on_rule_error(rule)
            log.warning("rule error", event_id=matched.stored.id, rule=rule, error=error)


async def read_with_link(tx: Transaction, event_id: str) -> tuple[StoredEvent, JSON, Ours]:
    """An event, what its subject is tied to, and what of it was recognised as our own."""
    stored = await get_event(tx, event_id)
    link = await link_seen(tx, stored.tenant, stored.subject)
    ours = Ours(whole=False, fields=tuple(await ours_of_event(tx, event_id)), used=())
    return stored, link, ours
