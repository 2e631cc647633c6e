"""The door of the store: waiting deliveries are written together and answered one by one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.clock import Clock
from bridge.errors import StoreFull
from bridge.event import EventState, NewEvent
from bridge.store.events import find_delivery, insert_events
from bridge.store.replay import replay_event
from bridge.store.transaction import Database, Transaction, wake_all

BATCH = 256
"""Deliveries in one commit, at most."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event is in the store, durably.

    duplicate: it was there before, and this delivery changed nothing.
    """

    id: str
    duplicate: bool


Stored = Callable[[Sequence[tuple[int, NewEvent]], bool], None]
"""Told after each commit which events are new, each with its seq, and whether older ones were put
back. It runs between the commit and its answers, so it does no more than take note."""

Outcome = tuple[Accepted, ...] | BaseException
"""What became of a delivery: its events are durable, or this is why not."""

Settled = Callable[[Outcome], None]
"""Told the outcome, right after the commit. It may not fail, and it should not take long."""

Waiting = tuple[Sequence[NewEvent], Settled]


def tell_nobody(events: Sequence[tuple[int, NewEvent]], requeued: bool) -> None:
    """For processes without a worker of their own."""


class Intake:
    """Takes verified events; returns only when they are durable.

    limit: deliveries that may wait; beyond it StoreFull, so that senders come back later.
    on_stored: told after each commit what is new, without waiting for it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        limit: int = 4096,
        on_stored: Stored = tell_nobody,
    ) -> None:
        self._database = database
        self._clock = clock
        self._limit = limit
        self._on_stored = on_stored
        self._waiting: deque[Waiting] = deque()
        self._flush: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        return len(self._waiting) >= self._limit

    @property
    def waiting(self) -> int:
        """Deliveries that wait for their commit now."""
        return len(self._waiting)

    def put(self, events: Sequence[NewEvent], settled: Settled) -> None:
        """Puts the events of one delivery in line; `settled` is told when they are durable.

        Raises StoreFull; then none of them is in line, and nobody is told.
        """
        if len(self._waiting) >= self._limit:
            raise StoreFull
        self._waiting.append((events, settled))
        if self._flush is None:
            self._flush = asyncio.get_running_loop().create_task(self._write_waiting())

    async def accept(self, events: Sequence[NewEvent]) -> tuple[Accepted, ...]:
        """Stores the events of one delivery. All of them are durable when this returns.

        Raises StoreFull, StoreUnavailable; then none of them is stored.
        """
        future: asyncio.Future[tuple[Accepted, ...]] = asyncio.get_running_loop().create_future()

        def settled(outcome: Outcome) -> None:
            if future.done():
                return  # whoever waited has gone away
            if isinstance(outcome, tuple):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)

        self.put(events, settled)
        return await future

    async def drain(self) -> None:
        """Waits until nothing waits."""
        while self._flush is not None:
            await self._flush

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                count = min(BATCH, len(self._waiting))
                await self._write_batch([self._waiting.popleft() for _ in range(count)])
        finally:
            self._flush = None

    async def _write_batch(self, batch: list[Waiting]) -> None:
        deliveries = [events for events, _ in batch]

        async def work(tx: Transaction) -> Written:
            return await store_deliveries(tx, deliveries, self._clock())

        try:
            written = await self._database.write(work, short=True)
        except BaseException as error:  # whatever it is, nobody is left waiting
            for _, settled in batch:
                settled(error)
            if not isinstance(error, Exception):
                raise
            return
        if written.new or written.requeued:
            self._on_stored(written.new, written.requeued)
        for (_, settled), accepted in zip(batch, written.answers, strict=True):
            settled(accepted)


@dataclass(frozen=True, slots=True)
class Written:
    """What one commit did.

    answers: one for each delivery.
    requeued: an event that had failed is waiting for the rules again.
    """

    answers: list[tuple[Accepted, ...]]
    new: list[tuple[int, NewEvent]]
    requeued: bool


async def store_deliveries(
    tx: Transaction, deliveries: Sequence[Sequence[NewEvent]], now: int
) -> Written:
    """Stores what is new; looks up what is known, and puts it back when it had failed."""
    seqs = await insert_events(tx, deliveries)
    answers: list[tuple[Accepted, ...]] = []
    requeued = False
    for events in deliveries:
        accepted = []
        for event in events:
            if event.id in seqs:
                accepted.append(Accepted(event.id, duplicate=False))
                continue
            known, state = await find_delivery(tx, event.tenant, event.source, event.key)
            again = state is EventState.FAILED
            if again:
                await replay_event(tx, known, now)
                requeued = True
            accepted.append(Accepted(known, duplicate=not again))
        answers.append(tuple(accepted))
    new = [(seqs[event.id], event) for events in deliveries for event in events if event.id in seqs]
    if new or requeued:
        await wake_all(tx)
    return Written(answers, new, requeued)
