"""Which lanes may run now, in this process: each at most once at a time."""

from __future__ import annotations

import asyncio
from collections import deque

from bridge.store.lanes import Lane

IN_MEMORY = 10_000
"""Lanes kept in memory at most; more are found in the table when these are done."""


class LaneQueue:
    """A line of lanes that are due. A lane that is running is not handed out again.

    overflowed: the table may hold more due lanes than are in memory; true at the start.
    """

    def __init__(self) -> None:
        self._line: deque[Lane] = deque()
        self._queued: set[Lane] = set()
        self._running: set[Lane] = set()
        self._again: set[Lane] = set()
        self._filled = asyncio.Event()
        self._closed = False
        self.overflowed = True

    def __len__(self) -> int:
        return len(self._line)

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def idle(self) -> bool:
        return not self._line and not self._running

    def add(self, lane: Lane) -> None:
        """Lets a lane run, now or once more after its present turn."""
        if lane in self._running:
            self._again.add(lane)
        elif lane not in self._queued:
            if len(self._line) >= IN_MEMORY:
                self.overflowed = True
                return
            self._queued.add(lane)
            self._line.append(lane)
            self._filled.set()

    def take(self) -> Lane | None:
        """The next lane, to be given back with `release`; None when none waits."""
        if not self._line:
            self._filled.clear()
            return None
        lane = self._line.popleft()
        self._queued.discard(lane)
        self._running.add(lane)
        return lane

    async def wait_and_take(self) -> Lane | None:
        """The next lane, as soon as there is one; None once the line is closed."""
        while not self._closed:
            if (lane := self.take()) is not None:
                return lane
            await self._filled.wait()
        return None

    def close(self) -> None:
        """Hands out no lane any more; what waits stays in the table."""
        self._closed = True
        self._filled.set()

    def release(self, lane: Lane, more: bool) -> None:
        """Gives a lane back; more: it has something to do at once."""
        self._running.discard(lane)
        if more or lane in self._again:
            self._again.discard(lane)
            self.add(lane)
