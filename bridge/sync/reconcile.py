"""The reconciler: looks at all linked pairs, finds what missed webhooks left different, heals it.

What it finds is decided by the same code that syncs; what it heals goes the route of every event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import structlog

from bridge.clock import Clock
from bridge.errors import GiveUp, Hold, StoreError, TryAgain
from bridge.match.rules import RuleSet
from bridge.match.syncs import SyncRule
from bridge.store import reconciled
from bridge.store.reconciled import Progress
from bridge.store.sync_fields import PairKey
from bridge.store.transaction import Database
from bridge.sync.asking import ask
from bridge.sync.engine import Difference, Engine

PAGE = 50
LOOK_SECONDS = 60.0
"""How often it is looked whether a round is due. Arbitrary: rounds are counted in minutes."""

log = structlog.get_logger("bridge.sync")


@dataclass(frozen=True, slots=True)
class Looked:
    """A pair that was looked at. event_id: the event that heals it; trouble: why it could not be
    looked at."""

    pair: PairKey
    differences: tuple[Difference, ...] = ()
    event_id: str = ""
    trouble: str = ""


@dataclass(slots=True)
class Reconciler:
    """tenants: whose pairs. rules: the set in force. pairs_per_minute: each costs some requests
    to both systems."""

    database: Database
    clock: Clock
    engine: Engine
    rules: Callable[[], RuleSet]
    tenants: Collection[str]
    pairs_per_minute: float = 60.0
    every_minutes: float = 0.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self) -> None:
        """Rounds on a schedule, until cancelled. Only one node of several does."""
        while self.every_minutes:
            try:
                if await self.database.lead("reconcile"):
                    await self._due()
            except StoreError as error:
                log.warning("reconciling waits", error=str(error))
            await self.sleep(LOOK_SECONDS)

    async def _due(self) -> None:
        for rule in list(self.rules().syncs.values()):
            for tenant in self.tenants:
                at = await self.progress(tenant, rule)
                if at.after_seq or self.clock() - at.finished_at >= self.every_minutes * 60_000:
                    async for found in self.round(tenant, rule):
                        note(found)

    async def all(
        self, *, dry_run: bool = False, only: str = "", anew: bool = False
    ) -> AsyncGenerator[Looked]:
        """A round of every rule, or of one: goes on where the last one was broken off."""
        for rule in list(self.rules().syncs.values()):
            for tenant in self.tenants if only in ("", rule.name) else ():
                async for found in self.round(tenant, rule, dry_run=dry_run, anew=anew):
                    yield found

    async def round(
        self, tenant: str, rule: SyncRule, *, dry_run: bool = False, anew: bool = False
    ) -> AsyncGenerator[Looked]:
        """Every pair of a rule, page by page. A dry run writes nothing and starts at the top."""
        now = self.clock()
        at = await self.progress(tenant, rule)
        if anew or dry_run or not at.after_seq:
            at = Progress(now, 0, at.finished_at)
        while True:
            page = await self._page(tenant, rule, at.after_seq)
            for seq, pair in page:
                yield await self.look(rule, pair, at.started_at, dry_run=dry_run)
                at = Progress(at.started_at, seq, at.finished_at)
                if not dry_run:
                    await self._keep(tenant, rule, at)
                await self.sleep(60 / self.pairs_per_minute)
            if len(page) < PAGE:
                break
        if not dry_run:
            await self._keep(tenant, rule, Progress(at.started_at, 0, self.clock()))

    async def look(
        self, rule: SyncRule, pair: PairKey, started_at: int, *, dry_run: bool
    ) -> Looked:
        """One pair; where it differs it is asked for, once in a round."""
        try:
            found = tuple(await self.engine.differences(rule, pair))
        except (GiveUp, TryAgain, Hold) as error:
            return Looked(pair, trouble=str(error))
        if not found or dry_run:
            return Looked(pair, found)
        fields = ", ".join(one.field for one in found)
        key = f"reconcile:{pair.rule}:{pair.left}:{pair.right}:{started_at}"
        now = self.clock()
        event_id = await self.database.write(
            lambda tx: ask(tx, pair, f"the reconciler found other values: {fields}", key, now)
        )
        return Looked(pair, found, event_id)

    async def progress(self, tenant: str, rule: SyncRule) -> Progress:
        return await self.database.read(lambda tx: reconciled.progress(tx, tenant, rule.name))

    async def _page(
        self, tenant: str, rule: SyncRule, after_seq: int
    ) -> Sequence[tuple[int, PairKey]]:
        return await self.database.read(
            lambda tx: reconciled.pairs_after(tx, tenant, rule, after_seq, PAGE)
        )

    async def _keep(self, tenant: str, rule: SyncRule, at: Progress) -> None:
        await self.database.write(
            lambda tx: reconciled.keep_progress(tx, tenant, rule.name, at), short=True
        )


def note(found: Looked) -> None:
    """One line for each pair that is not alike."""
    pair = found.pair
    if found.trouble:
        log.warning("not reconciled", left=pair.left, right=pair.right, reason=found.trouble)
    elif found.differences:
        fields = [one.field for one in found.differences]
        log.info("reconciling", left=pair.left, right=pair.right, fields=fields)
