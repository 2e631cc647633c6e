"""Keeps refused deliveries so that they can be shown, without making anybody wait for it."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from bridge.errors import StoreError
from bridge.store.refusals import Refusal, note_refusal
from bridge.store.transaction import Database, Transaction
from bridge.web.metrics import Metrics

WAITING = 200
"""Refusals that may wait to be written. A flood of forged deliveries is counted to the last one;
only the first of each second are kept, because the store has better things to write."""

PAUSE_SECONDS = 1.0
"""Rest between two writes, which bounds what a flood costs the disk and the log."""

log = structlog.get_logger("bridge.receive")


class RefusalBook:
    """Notes refusals now and writes them a little later, all that wait in one transaction."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self._waiting: deque[Refusal] = deque()
        self._writing: asyncio.Task[None] | None = None

    def note(self, refusal: Refusal) -> None:
        """Returns at once and never fails."""
        if len(self._waiting) >= WAITING:
            self._metrics.unshown_refusals += 1
            return
        self._waiting.append(refusal)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_in_rounds())

    async def write(self) -> None:
        """Writes what waits now. The store's trouble is logged and the refusals are let go."""
        refusals = list(self._waiting)
        self._waiting.clear()
        for refusal in refusals:
            log.warning(
                "refused",
                tenant=refusal.tenant,
                source=refusal.source,
                reason=refusal.reason,
                message=refusal.message,
                status=refusal.status,
                remote=refusal.remote,
            )

        async def work(tx: Transaction) -> None:
            for refusal in refusals:
                await note_refusal(tx, refusal)

        try:
            await self._database.write(work)
        except StoreError as error:
            self._metrics.unshown_refusals += len(refusals)
            log.warning("refusals not kept", count=len(refusals), error=str(error))

    async def close(self) -> None:
        """Writes what still waits."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        if self._waiting:
            await self.write()

    async def _write_in_rounds(self) -> None:
        try:
            while self._waiting:
                await self.write()
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            self._writing = None
