"""Knows what sync has left alone or holds for a person, and takes up again what was quiet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

import structlog

from bridge.clock import Clock
from bridge.errors import StoreError
from bridge.store.sync_breakers import PingPong, close_breaker, forget_breakers, open_breakers
from bridge.store.sync_fields import count_held, pairs_of_object
from bridge.store.transaction import Database, Transaction
from bridge.sync.asking import ask

EVERY_SECONDS = 15.0
DAY_MS = 86_400_000

log = structlog.get_logger("bridge.sync")


@dataclass(slots=True)
class SyncWatch:
    """open: the breakers of all tenants, as they were a moment ago. held: how many conflicts."""

    database: Database
    clock: Clock
    open: tuple[PingPong, ...] = ()
    held: int = 0

    async def run(self) -> None:
        """Looks now and then, until cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.warning("sync cannot be watched", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Closes what was quiet for long enough, and has those pairs synced."""
        known = await self.database.read(open_breakers)
        now = self.clock()
        for one in known:
            if one.open_until <= now and await self.database.lead("sync"):
                await self.database.write(partial(self._close, one=one, now=now))
                log.info("ping-pong is over", object=one.key.object, field=one.key.field)
        self.open = tuple(await self.database.read(open_breakers))
        self.held = await self.database.read(count_held)
        await self.database.write(lambda tx: forget_breakers(tx, now - DAY_MS))

    async def _close(self, tx: Transaction, *, one: PingPong, now: int) -> None:
        await close_breaker(tx, one.key)
        for pair in await pairs_of_object(tx, one.key.tenant, one.key.object):
            key = f"quiet:{pair.rule}:{pair.left}:{pair.right}:{one.opened_at}:{one.key.field}"
            await ask(tx, pair, f"{one.key.field} was quiet after a ping-pong", key, now)

    def names(self) -> list[str]:
        """What is left alone, for people."""
        keys = [one.key for one in self.open]
        return [f"{key.field} of {key.object} in {key.integration}" for key in keys]
