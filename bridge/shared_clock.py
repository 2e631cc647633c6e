"""One time for all nodes: the database's.

What is due is written by one node and read by another. A node whose own clock were ahead would
write times that no other takes for due, and would try again at once what another lets wait.
"""

from __future__ import annotations

from bridge.clock import Clock
from bridge.store.transaction import Database, database_now


class SharedClock:
    """The machine's own clock, put right by the database's each time `agree` is called.

    On SQLite, with one process, nothing is put right.
    """

    def __init__(self, database: Database, own: Clock) -> None:
        self._database = database
        self._own = own
        self._off_ms = 0

    def __call__(self) -> int:
        return self._own() + self._off_ms

    async def agree(self) -> None:
        """Asks the database for the time. Raises StoreUnavailable."""
        if self._database.single_process:
            return
        before = self._own()
        there = await self._database.read(database_now)
        self._off_ms = there - (before + self._own()) // 2
