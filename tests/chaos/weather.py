"""What goes wrong around the nodes while they run: the far side's faults, clocks, disks, stops."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Sequence
from random import Random

from bridge.event import JSON
from tests.chaos.entry import LEASE_MS
from tests.chaos.world import Node, SandboxClient

FAULTS: tuple[dict[str, JSON], ...] = (
    {},
    {"lost-answer": "0.15"},
    {"lost-answer": "0.1", "index-lag": "2"},
    {"index-lag": "3", "5xx": "after:0.1"},
    {"5xx": "before:0.15"},
    {"per-issue-429": "on"},
    {"per-issue-429": "on", "lost-answer": "0.1", "index-lag": "1"},
    {"burst-429": "0.05"},
    {"slow": "0.2", "lost-answer": "0.05"},
    {"5xx": "0.1", "lost-answer": "0.1", "index-lag": "2"},
)

HOUR_MS = 3_600_000
FORWARD_MS = (60_000, 20 * 60_000, HOUR_MS)
BACK_MS = (5_000, 15_000)
"""A clock that is put back delays what waits by as much, so it goes back by little."""


class Weather:
    """pace: how long each mood lasts, 1 in the long form. seen: what happened how often."""

    def __init__(
        self, seed: int, sandbox: SandboxClient, nodes: Sequence[Node], pace: float
    ) -> None:
        self._random = Random(seed)
        self._pace = pace
        self._sandbox = sandbox
        self._nodes = nodes
        self._clocks = dict.fromkeys((node.name for node in nodes), 0)
        self.seen: Counter[str] = Counter()

    async def faults(self) -> None:
        """Another mood of the far side every few seconds."""
        while True:
            chosen = self._random.choice(FAULTS)
            await self._sandbox.set_faults(chosen)
            self.seen.update(chosen.keys())
            await self._rest(1.5, 3.5)

    async def clocks(self) -> None:
        """A node's clock jumps, mostly ahead and for good, sometimes back."""
        while True:
            await self._rest(6, 10)
            node = self._random.choice(self._nodes)
            ahead = self._random.random() < 0.6
            jump = self._random.choice(FORWARD_MS) if ahead else -self._random.choice(BACK_MS)
            self._clocks[node.name] += jump
            node.set_clock(self._clocks[node.name])
            self.seen["clock ahead" if ahead else "clock back"] += 1

    async def disks(self) -> None:
        """The disk of a node is full for a while; only SQLite has one of its own."""
        while True:
            await self._rest(6, 10)
            node = self._random.choice(self._nodes)
            node.fill_disk(True)
            self.seen["disk full"] += 1
            await self._rest(0.5, 2)
            node.fill_disk(False)

    async def stops(self) -> None:
        """A node stands still for longer than its leases, then goes on as if nothing were."""
        while True:
            await self._rest(3, 6)
            node = self._random.choice(self._nodes)
            process = node.process
            if process is None or process.dead:
                continue
            node.stopped = True
            process.send(signal.SIGSTOP)
            await asyncio.sleep(LEASE_MS / 1000 + self._random.uniform(0.5, 2))
            node.stopped, node.woke_at = False, time.monotonic()
            process.send(signal.SIGCONT)
            self.seen["stopped past its lease"] += 1

    async def _rest(self, least: float, most: float) -> None:
        await asyncio.sleep(self._random.uniform(least, most) * self._pace)

    def clear(self) -> None:
        """All well again, but for the clocks that went ahead."""
        for node in self._nodes:
            node.fill_disk(False)
            if node.process:
                node.stopped = False
                node.process.send(signal.SIGCONT)
