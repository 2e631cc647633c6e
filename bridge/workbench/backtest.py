"""Back-test: a changed rule set over stored events, held against the one in force.

Question: where do two sets of rules run over a hundred thousand events? Options: in the process
that asks, one after the other; in parts, in several processes; each set in a process of its own.
Choice: the last, because `once_per`, throttles and links follow the order of all events, so a set
cannot be cut into parts. Consequence: two cores are used, at a low priority, and a server beside
it goes on as before; memory holds one batch of events for each set.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from bridge.clock import iso, wall_clock
from bridge.configured import Configured, rules_from
from bridge.errors import BridgeError
from bridge.event import JSON
from bridge.settings import Settings
from bridge.store.database import open_database
from bridge.store.event_filter import EventFilter
from bridge.store.events import count_events, newest_seq
from bridge.store.transaction import Database, Transaction
from bridge.workbench.difference import Tally
from bridge.workbench.items import Played
from bridge.workbench.play import Batch, Side, play

POLITENESS = 10
"""By how much the priority is lowered, so that a server beside it is not slowed down."""

KEPT = 1_000
"""Events with a difference that are told in full; all are counted."""

Progress = Callable[[int, int], None]
"""Told how many events of how many both sets have seen."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to compare.

    before, after: rule files by name. before: None means what was really planned at the time.
    events: which; `since` also says from when on nothing of what was done counts as done.
    made: what integrations that API callers made offer to rules.
    """

    before: Mapping[str, str] | None
    after: Mapping[str, str]
    events: EventFilter
    keep: int = KEPT
    made: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What came out. before, after: the versions of the sets; before is empty for what was."""

    asked: EventFilter
    before: str
    after: str
    tally: Tally

    def as_json(self) -> dict[str, JSON]:
        """The same for other programs."""
        return {
            "since": iso(self.asked.since) if self.asked.since else None,
            "source": self.asked.source,
            "before": self.before or "recorded",
            "after": self.after,
            **self.tally.as_json(),
        }


async def how_many(database: Database, events: EventFilter) -> tuple[int, EventFilter]:
    """How many events there are to play, and the filter without those that come later."""

    async def work(tx: Transaction) -> tuple[int, EventFilter]:
        bounded = EventFilter(
            tenant=events.tenant, source=events.source, type=events.type, subject=events.subject,
            since=events.since, until=events.until, before_seq=await newest_seq(tx) + 1,
        )  # fmt: skip
        return await count_events(tx, bounded), bounded

    return await database.read(work)


def backtest(
    configured: Configured, asked: Asked, progress: Progress = lambda done, total: None
) -> Report:
    """Plays both sets over the events and counts what is otherwise. Takes a while, and blocks.

    Raises Invalid where a set has mistakes, BridgeError where the store cannot be read.
    """
    made = dict(asked.made)
    after = rules_from(configured, asked.after, made).version
    before = "" if asked.before is None else rules_from(configured, asked.before, made).version
    settings = configured.settings
    total, events = asyncio.run(_bounded(settings, asked.events))
    tally = Tally(asked.keep)
    sides = [Side(settings, files, events, made) for files in (asked.before, asked.after)]
    players = [_Player(side) for side in sides]
    try:
        for one, other in _together(*players):
            tally.add(one, other)
            if tally.events % 500 == 0:
                progress(min(player.done for player in players), total)
        progress(total, total)
    finally:
        for player in players:
            player.end()
    return Report(events, before, after, tally)


async def _bounded(settings: Settings, events: EventFilter) -> tuple[int, EventFilter]:
    database = await open_database(settings.store.url, wall_clock)
    try:
        return await how_many(database, events)
    finally:
        await database.close()


class _Player:
    """A process that plays one side, and what has come from it."""

    def __init__(self, side: Side) -> None:
        context = get_context("spawn")
        self._connection, child = context.Pipe(duplex=False)
        self._process: SpawnProcess = context.Process(
            target=run_side, args=(side, child), daemon=True
        )
        self._process.start()
        child.close()
        self.done = 0

    def events(self) -> Iterator[Played]:
        """One after the other, as they come. Raises BridgeError when the process cannot go on."""
        while True:
            try:
                told: Batch | str | None = self._connection.recv()
            except EOFError:
                raise BridgeError("a process of the back-test ended without a word") from None
            if told is None:
                return
            if isinstance(told, str):
                raise BridgeError(told)
            count, played = told
            yield from played
            self.done += count

    def end(self) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.join()
        self._process.close()


def _together(before: _Player, after: _Player) -> Iterator[tuple[Played, Played]]:
    """The same events of both sides; one that was forgotten while they ran is left out."""
    ours, theirs = before.events(), after.events()
    one, other = next(ours, None), next(theirs, None)
    while one is not None and other is not None:
        if one.seq == other.seq:
            yield one, other
            one, other = next(ours, None), next(theirs, None)
        elif one.seq < other.seq:
            one = next(ours, None)
        else:
            other = next(theirs, None)


def run_side(side: Side, connection: Connection) -> None:
    """The process of one side: sends its batches, then None; or a text that says what is wrong."""
    os.nice(POLITENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asked ends this process
    try:
        asyncio.run(_send(side, connection))
        connection.send(None)
    except BridgeError as error:
        connection.send(str(error))
    except BrokenPipeError:
        return  # nobody waits for the rest


async def _send(side: Side, connection: Connection) -> None:
    database = await open_database(side.settings.store.url, wall_clock)
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    try:
        async for batch in play(side, database):
            connection.send(batch)
    finally:
        await database.close()
