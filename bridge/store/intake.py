"""The door of the store: waiting deliveries are written together and answered one by one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from bridge.clock import Clock
from bridge.errors import StoreFull
from bridge.event import EventState, NewEvent
from bridge.store.events import find_delivery, insert_events
from bridge.store.replay import replay_event
from bridge.store.transaction import Database, Transaction, wake_all

BATCH = 256
"""Deliveries in one commit, at most."""

ENOUGH = 32
"""Deliveries for which a commit is begun without waiting for more, and up to which it takes all;
of more it takes half. So there is always something to read while the disk works, and no commit is
so small that its own cost, 200 µs of CPU, is more than a few for each delivery."""


class Accepted(NamedTuple):
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
        self._asked = False
        self._writing: set[asyncio.Task[None]] = set()

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
        if not self._asked:
            self._ask()

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
        while self._writing:
            await asyncio.wait(self._writing)

    def _ask(self) -> None:
        """Asks the store for a transaction, for all that will wait when it begins."""
        self._asked = True
        task = asyncio.get_running_loop().create_task(self._write())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _take(self) -> list[Waiting]:
        """What the transaction that begins now writes."""
        most = BATCH
        if self._database.single_process:
            most = min(BATCH, max(ENOUGH, -(-len(self._waiting) // 2)))
        count = min(most, len(self._waiting))
        return [self._waiting.popleft() for _ in range(count)]

    def _enough(self) -> bool:
        """Whether the next transaction need not wait for more."""
        return len(self._waiting) >= ENOUGH

    def _go_on(self) -> None:
        """What comes in from now on is for the next transaction."""
        self._asked = False
        if self._waiting:
            self._ask()

    async def _write(self) -> None:
        batch: list[Waiting] = []

        def begin() -> None:
            batch.extend(self._take())
            if self._database.single_process:  # one write after the other: ask for the next
                self._go_on()

        async def work(tx: Transaction) -> Written:
            return await store_deliveries(tx, [events for events, _ in batch], self._clock())

        try:
            written = await self._database.write(work, short=True, begin=begin, enough=self._enough)
        except BaseException as error:  # whatever it is, nobody is left waiting
            if not batch:
                begin()
            for _, settled in batch:
                settled(error)
            if not isinstance(error, Exception):
                raise
        else:
            if written.new or written.requeued:
                self._on_stored(written.new, written.requeued)
            for (_, settled), accepted in zip(batch, written.answers, strict=True):
                settled(accepted)
        finally:
            if not self._database.single_process:
                self._go_on()


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
    if len(seqs) == sum(map(len, deliveries)):  # as nearly always: all of them are new
        answers = [tuple([Accepted(event.id, False) for event in events]) for events in deliveries]
        requeued = False
        new = list(zip(seqs.values(), chain.from_iterable(deliveries), strict=True))
    else:
        answers, requeued = await answer_known(tx, deliveries, seqs, now)
        every = chain.from_iterable(deliveries)
        new = [(seqs[event.id], event) for event in every if event.id in seqs]
    if new or requeued:
        await wake_all(tx)
    return Written(answers, new, requeued)


async def answer_known(
    tx: Transaction, deliveries: Sequence[Sequence[NewEvent]], seqs: Mapping[str, int], now: int
) -> tuple[list[tuple[Accepted, ...]], bool]:
    """The answers where some events were there before; puts back those that had failed.

    seqs: of the events that are new. Also gives whether any was put back.
    """
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
    return answers, requeued
