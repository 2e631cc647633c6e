"""One time for all nodes: the database's.

What is due is written by one node and read by another. A node whose own clock were ahead would
write times that no other takes for due, and would try again at once what another lets wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.clock import Clock
from bridge.store.transaction import Database, database_now


class SharedClock:
    """The database's time, as of the last `agree` and carried on without the machine's clock: that
    may jump in between, and a time written in such a moment would let its lane wait for an hour.

    On SQLite, with one process, it is the machine's own clock.
    monotonic: seconds; a clock that nobody puts back.
    """

    def __init__(
        self, database: Database, own: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._own = own
        self._monotonic = monotonic
        self._there_ms: int | None = None
        self._at = 0.0

    def __call__(self) -> int:
        if self._there_ms is None:
            return self._own()
        return self._there_ms + int((self._monotonic() - self._at) * 1000)

    async def agree(self) -> None:
        """Asks the database for the time. Raises StoreUnavailable."""
        if self._database.single_process:
            return
        asked = self._monotonic()
        there_ms = await self._database.read(database_now)
        self._there_ms, self._at = there_ms, (asked + self._monotonic()) / 2
