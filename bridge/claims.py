"""Claims: which lanes are due, and which of them are this process's to run.

On SQLite the one process needs no lease: nothing is claimed, and an empty owner stands for that.
On PostgreSQL lanes are leased, and a lane that was lost is nobody's to record in any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.clock import Clock, new_id
from bridge.fence import Fence
from bridge.lane_queue import IN_MEMORY, LaneQueue
from bridge.store.lanes import (
    Lane,
    Lease,
    claim_lanes,
    doubt_own_lane,
    due_lanes,
    release_lane,
    renew_leases,
)
from bridge.store.transaction import Database

CLAIM = 64
"""Lanes claimed at once; on PostgreSQL a claim costs round trips and a commit. With many more, one
node would have in its line what others have nothing to do for."""

LEASE_MS = 30_000
"""How long a lane stays with a process that has gone silent, before another takes it over."""


class Claims:
    """The lanes of one process.

    fence: shared with what sends requests; told when the leases are renewed.
    agree: puts the clock right, which all nodes share; called as often as leases are renewed.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        lanes: LaneQueue,
        fence: Fence,
        agree: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._lanes = lanes
        self._fence = fence
        self._agree = agree
        self.owner = "" if database.single_process else new_id("wrk", clock())
        # Lanes in which something was done that could not be recorded.
        self._unclear: set[Lane] = set()

    async def add_due(self) -> None:
        """Claims lanes that are due; on SQLite, where nothing is claimed, those of others too."""
        now = self._clock()
        if self._database.single_process:
            more = IN_MEMORY if self._lanes.overflowed else CLAIM
            limit = len(self._lanes) + self._lanes.running + more
            due = await self._database.read(lambda tx: due_lanes(tx, now, limit))
            self._lanes.overflowed = len(due) == limit
        else:
            limit, lease = CLAIM - len(self._lanes), self._lease()
            if limit < CLAIM // 2:
                return  # there is enough to do, and each claim is a transaction of its own
            due = await self._database.write(lambda tx: claim_lanes(tx, now, limit, lease))
            self._lanes.overflowed = len(due) == limit
        for lane in due:
            self._lanes.add(lane)

    async def renew(self) -> None:
        """Keeps all lanes that are claimed."""
        if self._agree is not None:
            await self._agree()
        lease, asked_at = self._lease(), self._fence.monotonic()
        await self._database.write(lambda tx: renew_leases(tx, lease))
        self._fence.renewed(asked_at, LEASE_MS / 1000)

    async def give_back(self, lane: Lane) -> None:
        """Whoever comes next may have the lane."""
        if self.owner:
            await self._database.write(lambda tx: release_lane(tx, lane, self.owner))

    async def doubt(self, lane: Lane) -> None:
        """Writes down that a lane is in doubt, where it is; before anything is tried there."""
        if lane in self._unclear:
            await self._database.write(lambda tx: doubt_own_lane(tx, lane, self.owner))
            self._unclear.discard(lane)

    def leave_unclear(self, lane: Lane) -> None:
        """Something was done in a lane that could not be recorded."""
        self._unclear.add(lane)

    def lose(self, lane: Lane) -> None:
        """Another process has the lane now, and looks for what was done here."""
        self._unclear.discard(lane)

    def _lease(self) -> Lease:
        return Lease(self.owner, LEASE_MS)
