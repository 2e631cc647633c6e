"""Retention: old events are forgotten, a few at a time, and their pages go back to the disk.

What stays: links (or a finding would get a second ticket), what they tie, and rule counts.
Events that wait or are under way are never forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from bridge.clock import Clock
from bridge.errors import StoreError
from bridge.store.outbound import forget_writes
from bridge.store.pushes import forget_pushes
from bridge.store.quarantine import forget_kept
from bridge.store.retention import (
    STEP,
    forget_events,
    forget_oldest,
    forget_records,
    shrink,
    size_bytes,
)
from bridge.store.transaction import Database

DAY_MS = 86_400_000

EVERY_SECONDS = 60.0
"""How often old events are looked for. Arbitrary: ages are counted in days."""

BREATH_SECONDS = 0.01
"""The pause between two steps, so that deliveries that wait are written first."""

log = structlog.get_logger("bridge.retention")


@dataclass(frozen=True, slots=True)
class Keep:
    """How long finished events are kept.

    days: for each finished state; 0 keeps them for ever.
    max_bytes: beyond it the oldest finished events go, whatever their age; 0 sets no limit.
    quarantine_days: for refused deliveries; 0 keeps them until they are pushed out.
    record_days: for scans, findings, jobs … that nothing was heard of; 0 keeps them for ever.
    write_minutes: for what was written outside, see `bridge/echo.py`.
    """

    days: Mapping[str, float]
    max_bytes: int = 0
    quarantine_days: float = 0
    record_days: float = 0
    write_minutes: float = 120


class Retention:
    """Forgets what is older than `keep` says."""

    def __init__(self, database: Database, clock: Clock, keep: Keep) -> None:
        self._database = database
        self._clock = clock
        self._keep = keep

    async def run(self) -> None:
        """Forgets now and then, until cancelled. Only one node of several does."""
        while True:
            try:
                if await self._database.lead("retention"):
                    await self.forget()
            except StoreError as error:
                log.warning("retention waits", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def forget(self) -> int:
        """Forgets all that is due now; gives how many events."""
        forgotten = 0
        for state, days in self._keep.days.items():
            if days > 0:
                forgotten += await self._forget_state(state, self._clock() - int(days * DAY_MS))
        forgotten += await self._forget_to_size()
        released = await self._forget_quarantine()
        records = await self._forget_records() + await self._forget_pushes()
        records += await self._forget_writes()
        if forgotten or released or records:
            await self._give_back()
            log.info("forgotten", events=forgotten, quarantined=released, records=records)
        return forgotten

    async def _forget_state(self, state: str, before: int) -> int:
        forgotten = 0
        while count := await self._database.write(lambda tx: forget_events(tx, state, before)):
            forgotten += count
            await asyncio.sleep(BREATH_SECONDS)
        return forgotten

    async def _forget_quarantine(self) -> int:
        days, forgotten = self._keep.quarantine_days, 0
        before = self._clock() - int(days * DAY_MS)
        while days and (count := await self._database.write(lambda tx: forget_kept(tx, before))):
            forgotten += count
            await asyncio.sleep(BREATH_SECONDS)
        return forgotten

    async def _forget_records(self) -> int:
        days, forgotten = self._keep.record_days, 0
        before = self._clock() - int(days * DAY_MS)
        while days and (count := await self._database.write(lambda tx: forget_records(tx, before))):
            forgotten += count
            await asyncio.sleep(BREATH_SECONDS)
        return forgotten

    async def _forget_pushes(self) -> int:
        days, forgotten = self._keep.record_days, 0
        before = self._clock() - int(days * DAY_MS)
        while days and (
            count := await self._database.write(lambda tx: forget_pushes(tx, before, STEP))
        ):
            forgotten += count
            await asyncio.sleep(BREATH_SECONDS)
        return forgotten

    async def _forget_writes(self) -> int:
        """What was written outside and never came back. Only soon it can still do so."""
        before = self._clock() - int(self._keep.write_minutes * 60_000)
        forgotten = 0
        while count := await self._database.write(lambda tx: forget_writes(tx, before, STEP)):
            forgotten += count
            await asyncio.sleep(BREATH_SECONDS)
        return forgotten

    async def _forget_to_size(self) -> int:
        forgotten = 0
        while self._keep.max_bytes:
            if await self._database.read(size_bytes) <= self._keep.max_bytes:
                break
            count = await self._database.write(forget_oldest)
            if not count:
                break
            forgotten += count
            await asyncio.sleep(BREATH_SECONDS)
        return forgotten

    async def _give_back(self) -> None:
        left = await self._database.write(shrink)
        while left:
            await asyncio.sleep(BREATH_SECONDS)
            before, left = left, await self._database.write(shrink)
            if left >= before:
                break
