"""What is to be matched next: events told after their commit, and those the table still holds.

What is told lies in memory, so that an event is matched without being read again. When more is
told than fits, or something older was put back, the table is read instead; it is the truth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from bridge.event import NewEvent, StoredEvent
from bridge.store.events import as_stored, read_received
from bridge.store.transaction import Database, Transaction

IN_MEMORY = 1_000
"""Events kept in memory at most; with bodies of 2 KB about 3 MB."""


class Backlog:
    """The line of events before the rules, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: deque[tuple[int, NewEvent]] = deque()
        self._read_table = True
        self._last_seq = 0

    def tell(self, events: Sequence[tuple[int, NewEvent]], put_back: bool) -> None:
        """After a commit: these are new, each with its seq; put_back: an older one waits again."""
        if put_back or len(self._told) + len(events) > IN_MEMORY:
            self._read_table = True
        else:
            self._told.extend(events)

    def look_again(self) -> None:
        """Another process may have written: read the table at the next turn."""
        self._read_table = True

    async def take(self, limit: int) -> Sequence[StoredEvent]:
        """The next events; empty when nothing waits. They stay until they are settled."""
        if self._read_table:
            return await self._take_from_table(limit)
        taken: list[StoredEvent] = []
        while self._told and len(taken) < limit:
            seq, event = self._told.popleft()
            if seq > self._last_seq:
                taken.append(as_stored(seq, event))
        if taken:
            self._last_seq = taken[-1].seq
        return taken

    async def _take_from_table(self, limit: int) -> Sequence[StoredEvent]:
        # Cleared before the read: what is told while it runs sets it again or lies in memory.
        self._read_table = False

        async def work(tx: Transaction) -> list[StoredEvent]:
            return await read_received(tx, limit)

        try:
            taken = await self._database.read(work)
        except BaseException:
            self._read_table = True
            raise
        if len(taken) == limit:
            self._read_table = True
        if taken:
            self._last_seq = max(self._last_seq, taken[-1].seq)
        return taken
