"""One lock for each thing outside that is written to, such as an issue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Key = tuple[str, str, str]
"""(tenant, integration, object)"""


class ObjectLocks:
    """Lets writes to one object go one at a time, in the order in which they asked."""

    def __init__(self) -> None:
        self._locks: dict[Key, asyncio.Lock] = {}
        self._wanted: dict[Key, int] = {}

    def __len__(self) -> int:
        """How many objects are written to or waited for now."""
        return len(self._locks)

    @asynccontextmanager
    async def hold(self, key: Key | None) -> AsyncIterator[None]:
        """Waits for the object's turn; None needs no lock."""
        if key is None:
            yield
            return
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._wanted[key] = self._wanted.get(key, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[key] -= 1
            if self._wanted[key] == 0:
                del self._wanted[key], self._locks[key]
