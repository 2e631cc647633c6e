"""One run: start everything, send, kill, wait until it is quiet, and balance the ledger."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from bridge.clock import wall_clock
from bridge.store.database import open_database
from bridge.store.transaction import Database
from tests.chaos.ledger import Books, Ledger, balance, read_books, read_things
from tests.chaos.points import POINTS
from tests.chaos.sender import Sender
from tests.chaos.story import SHARED, Deed, lane_names, write_story
from tests.chaos.weather import Weather
from tests.chaos.world import Node, Process, SandboxClient, answers, running_sandbox

AT_RANDOM = 0.25
"""Kills that come at any moment and not at a named step."""
AWAKE_SECONDS = 1.0
"""Left to a node that was stopped, so that it can do what it would do wrongly."""
QUIET_SECONDS = 90.0
ROUNDS = 6
"""Redeliveries of what failed, at most; without faults one is enough."""


@dataclass(frozen=True, slots=True)
class Plan:
    """store: the address all nodes share; empty for an SQLite file of the first.

    patience_seconds: how long a node waits for its named step before it is killed anyway.
    pace: of the weather, 1 in the long form. seconds: after so many the run is given up.
    """

    seed: int
    events: int
    kills: int
    nodes: int = 1
    store: str = ""
    lanes: int = 24
    patience_seconds: float = 1.5
    pace: float = 1.0
    seconds: float = 2_400.0


@dataclass(slots=True)
class Report:
    """What happened, and whether the books balance."""

    plan: Plan
    ledger: Ledger
    books: Books
    answers: Counter[str]
    kills: Counter[str]
    weather: Counter[str]
    dead_at_first: int
    moved_tables: int
    seconds: float
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        plan, ledger, counts = self.plan, self.ledger, self.ledger.counts
        engine = "PostgreSQL" if plan.store else "SQLite"
        states = self.books.states
        lines = [
            f"chaos: seed {plan.seed}, {engine}, {plan.nodes} node(s), {self.seconds:.0f} s",
            f"  kills        {sum(self.kills.values())}: {shown(self.kills)}",
            f"  never met    {', '.join(sorted(set(POINTS) - set(self.kills))) or 'no step'}",
            f"  weather      {shown(self.weather)}",
            f"  answers      {shown(self.answers)}",
            f"  accepted     {len(self.books.by_key)} of {plan.events} events",
            f"  states       {shown(states)}",
            f"  tries        {self.books.tries}, of which {self.books.found} found their own trace",
            f"  dead         {self.dead_at_first} events at first, sent again afterwards",
            f"  in Jira      {shown(counts)}; {self.moved_tables} rows moved into comments",
            f"  doubles = {len(ledger.doubles)}",
            f"  lost = {len(ledger.lost)}",
            f"  out of order = {len(ledger.disorder)}",
            f"  strange = {len(ledger.strange)}",
        ]
        for name, found in (
            ("double", ledger.doubles),
            ("lost", ledger.lost),
            ("order", ledger.disorder),
            ("strange", ledger.strange),
        ):
            lines += [f"    {name}: {line}" for line in found[:20]]
        return "\n".join(lines + self.notes)


def shown(counts: Counter[str] | dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


@dataclass(frozen=True, slots=True)
class Kill:
    """point: empty for a random moment, after `seconds`."""

    point: str
    nth: int
    seconds: float


class Kills:
    """Every named step in turn, in a shuffled order, with kills at random moments between.

    A step that was not met in time comes again soon.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = Random(plan.seed + 1)
        self._left = plan.kills
        self._points: list[str] = []

    def __iter__(self) -> Iterator[Kill]:
        while self._left:
            self._left -= 1
            yield self._next()

    def _next(self) -> Kill:
        plan, random = self._plan, self._random
        if random.random() < AT_RANDOM:
            return Kill("", 0, random.uniform(0.05, plan.patience_seconds))
        if not self._points:
            self._points = random.sample(POINTS, len(POINTS))
        nth = random.choice((1, 1, 2, 4)) if plan.nodes == 1 else 1  # each sees a part of it all
        return Kill(self._points.pop(), nth, plan.patience_seconds)

    def missed(self, kill: Kill) -> None:
        """The step of this kill did not come in time."""
        if kill.point:
            self._points.insert(max(0, len(self._points) - 2), kill.point)


class Run:
    def __init__(
        self, plan: Plan, client: httpx.AsyncClient, sandbox: SandboxClient, nodes: Sequence[Node]
    ) -> None:
        self._plan = plan
        self._client = client
        self._sandbox = sandbox
        self._nodes = nodes
        self._orders = Kills(plan)
        self._next_kill = iter(self._orders)
        self.kills: Counter[str] = Counter()
        self._progress = asyncio.Condition()

    # --- killing ----------------------------------------------------------------------------

    async def keep_killing(self, node: Node) -> None:
        """Starts a node and kills it, over and over, until all kills are done; then starts it."""
        for order in self._next_kill:
            process = node.start(order.point, order.nth)
            await self._start_and_watch(node, process, order)
            async with self._progress:
                self._progress.notify_all()
        await self._ready(node, node.start())

    async def _start_and_watch(self, node: Node, process: Process, order: Kill) -> None:
        if await answers(self._client, f"{node.url}/healthz", process):
            until = time.monotonic() + order.seconds
            while not process.dead and (node.stopped or time.monotonic() < until):
                await asyncio.sleep(0.02)
                until = max(until, node.woke_at + AWAKE_SECONDS)
        if process.dead:
            if not process.killed:
                raise RuntimeError(f"{node.name} ended by itself:\n{end_of(node)}")
            self.kills[order.point] += 1
        else:
            process.kill()
            self._orders.missed(order)
            self.kills["at random"] += 1

    async def _ready(self, node: Node, process: Process) -> None:
        if not await answers(self._client, f"{node.url}/healthz", process):
            raise RuntimeError(f"{node.name} does not start:\n{end_of(node)}")

    async def may_send(self, number: int) -> None:
        """Lets the events keep pace with the kills, so that every kill meets some."""
        plan, ahead = self._plan, 2 * len(self._nodes)
        async with self._progress:
            await self._progress.wait_for(
                lambda: (
                    number < (sum(self.kills.values()) + ahead) * plan.events / max(plan.kills, 1)
                )
            )

    # --- the whole --------------------------------------------------------------------------

    async def go(self, deeds: Sequence[Deed], database: Database) -> Report:
        started = time.monotonic()
        plan = self._plan
        sender = Sender(self._client, [node.url for node in self._nodes], plan.seed)
        weather = Weather(plan.seed, self._sandbox, self._nodes, plan.pace)
        moods: list[Coroutine[Any, Any, None]] = [weather.faults(), weather.clocks()]
        moods.append(weather.stops() if plan.store else weather.disks())
        around = [asyncio.create_task(mood) for mood in moods]
        lanes: dict[str, list[tuple[int, Deed]]] = {}
        for number, deed in enumerate(deeds):
            lanes.setdefault(deed.lane, []).append((number, deed))
        try:
            async with asyncio.TaskGroup() as group:
                for node in self._nodes:
                    group.create_task(self.keep_killing(node))
                for mine in lanes.values():
                    group.create_task(sender.send_lane(mine, self.may_send))
        finally:
            for task in around:
                task.cancel()
            await asyncio.gather(*around, return_exceptions=True)
            weather.clear()
        await self._sandbox.set_faults({})
        dead = await self._send_failed_again(deeds, sender, database)
        books = await database.read(read_books)
        things = await read_things(self._sandbox)
        ledger = balance(deeds, sender.sent, books, things)
        for node in self._nodes:
            code = node.process.stop() if node.process else 0
            if code:
                ledger.strange.append(f"{node.name} ended with {code} when asked to stop")
        return Report(
            plan, ledger, books, sender.sent.answers, self.kills, weather.seen, dead,
            things.moved_tables, time.monotonic() - started,
        )  # fmt: skip

    async def _send_failed_again(
        self, deeds: Sequence[Deed], sender: Sender, database: Database
    ) -> int:
        """What failed is delivered once more, now that nothing is wrong any more."""
        dead = 0
        for _ in range(ROUNDS):
            books = await quiet(database)
            failed = [deed for deed in deeds if books.by_key.get(deed.key, ("",))[0] == "failed"]
            dead = dead or len(failed)
            if not failed:
                break
            for deed in failed:
                await sender.deliver(deed)
        return dead


async def quiet(database: Database) -> Books:
    """The books once nothing is left to do, or after a while as they are."""
    until = time.monotonic() + QUIET_SECONDS
    while True:
        books = await database.read(read_books)
        if books.settled or time.monotonic() > until:
            return books
        await asyncio.sleep(0.3)


def end_of(node: Node) -> str:
    return "\n".join((node.home / "log.txt").read_text("utf-8", "replace").splitlines()[-30:])


async def run(plan: Plan, folder: Path) -> Report:
    """Raises what goes wrong with the suite itself; what the bridge does wrong is in the report."""
    store = plan.store or f"sqlite:///{folder / 'bridge.db'}"
    limits = httpx.Limits(max_connections=200)
    async with (
        asyncio.timeout(plan.seconds),
        httpx.AsyncClient(limits=limits, trust_env=False, timeout=10) as client,
        running_sandbox(client, folder, plan.seed) as sandbox,
    ):
        shared = [await sandbox.make_issue(f"shared {number}") for number in range(SHARED)]
        own = {lane: await sandbox.make_issue(f"own {lane}") for lane in lane_names(plan.lanes)}
        deeds = write_story(plan.seed, plan.events, shared, own)
        nodes = [Node(folder, f"node-{n}", store, sandbox.url) for n in range(plan.nodes)]
        database = await open_database(store, wall_clock)
        try:
            return await Run(plan, client, sandbox, nodes).go(deeds, database)
        finally:
            for node in nodes:
                if node.process and not node.process.dead:
                    node.process.kill()
            with contextlib.suppress(Exception):
                await database.close()
