"""Keeps refused deliveries so that they can be shown, without making anybody wait for it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

import structlog

from bridge.errors import StoreError
from bridge.event import Delivery
from bridge.quarantine import MOST_BODY_BYTES, Quarantine, size_of
from bridge.rounds import Rounds
from bridge.store.quarantine import Kept, Lost, Why, keep, note_lost
from bridge.store.refusals import Refusal, note_refusal
from bridge.store.transaction import Database, Transaction
from bridge.web.metrics import Metrics

WAITING = 200
"""Refusals that may wait to be written. A flood of forged deliveries is counted to the last one;
only the first of each second are kept, because the store has better things to write."""

WAITING_BYTES = 2_097_152
"""Of refused deliveries that wait for the quarantine: what a flood may take of the memory, and of
the commit that genuine deliveries share with it. Eight MiB took 30 to 140 ms, this 10 to 30."""

PAUSE_SECONDS = 1.0
"""Rest between two writes, which bounds what a flood costs the disk and the log."""

log = structlog.get_logger("bridge.receive")


@dataclass(frozen=True, slots=True)
class Noted:
    """A refusal that waits to be written; delivery: what of it goes into quarantine."""

    refusal: Refusal
    delivery: Delivery | None


class RefusalBook:
    """Notes refusals now and writes them a little later, all that wait in one transaction.

    quarantine: where whole deliveries are kept; None keeps none.
    """

    def __init__(
        self, database: Database, metrics: Metrics, quarantine: Quarantine | None = None
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._quarantine = quarantine
        self._waiting: deque[Noted] = deque()
        self._waiting_bytes = 0
        self._lost: Lost = Lost()
        self._writing = asyncio.Lock()
        self._rounds = Rounds(self.write, PAUSE_SECONDS)

    def note(self, refusal: Refusal, delivery: Delivery | None = None) -> None:
        """Returns at once and never fails.

        delivery: what was refused, where a person may turn that around (`quarantine.is_kept`).
        """
        if delivery is not None:
            delivery = self._admit(refusal, delivery)
        if len(self._waiting) >= WAITING:
            self._metrics.unshown_refusals += 1
            return
        self._waiting.append(Noted(refusal, delivery))
        if delivery is not None:
            self._waiting_bytes += size_of(delivery)
        self._rounds.ask()

    async def write(self) -> None:
        """Writes what waits now. The store's trouble is logged and the refusals are let go."""
        async with self._writing:
            noted, lost = list(self._waiting), self._lost
            if not noted:
                return
            self._waiting.clear()
            self._waiting_bytes = 0
            self._lost = Lost()
            for one in noted:
                _tell(one.refusal)
            kept = await asyncio.to_thread(self._seal, noted)
            try:
                all_lost = await self._database.write(lambda tx: self._keep(tx, noted, kept, lost))
            except StoreError as error:
                self._metrics.unshown_refusals += len(noted)
                unwritten = Lost((each.tenant, each.source, Why.NOT_WRITTEN) for each in kept)
                self._lost += lost + unwritten
                log.warning("refusals not kept", count=len(noted), error=str(error))
            else:
                self._tell_lost(all_lost)

    async def close(self) -> None:
        """Writes what still waits."""
        await self._rounds.close()

    def _admit(self, refusal: Refusal, delivery: Delivery) -> Delivery | None:
        """The delivery where there is a place for it; else None, and it is counted."""
        if self._quarantine is None:
            return None
        if len(delivery.body) > MOST_BODY_BYTES:
            why = Why.TOO_LARGE
        elif (
            len(self._waiting) >= WAITING or self._waiting_bytes + size_of(delivery) > WAITING_BYTES
        ):
            why = Why.TOO_FAST
        else:
            return delivery
        self._lost[refusal.tenant, refusal.source, why] += 1
        return None

    def _seal(self, noted: list[Noted]) -> list[Kept]:
        """In a thread: a megabyte takes a millisecond, and a round may hold two."""
        quarantine = self._quarantine
        if quarantine is None:
            return []
        return [
            quarantine.seal(one.refusal, one.delivery) for one in noted if one.delivery is not None
        ]

    async def _keep(
        self, tx: Transaction, noted: list[Noted], kept: list[Kept], lost: Lost
    ) -> Lost:
        for one in noted:
            await note_refusal(tx, one.refusal)
        quarantine = self._quarantine
        if quarantine is None:
            return Lost()
        all_lost = lost + await keep(tx, kept, quarantine.per_source, quarantine.total_bytes)
        await note_lost(tx, all_lost, noted[-1].refusal.at)
        return all_lost

    def _tell_lost(self, lost: Lost) -> None:
        for (tenant, source, why), count in lost.items():
            self._metrics.quarantine_lost[(why.value,)] += count
            log.warning(
                "not in quarantine", tenant=tenant, source=source, why=why.value, count=count
            )


def _tell(refusal: Refusal) -> None:
    log.warning(
        "refused",
        tenant=refusal.tenant,
        source=refusal.source,
        reason=refusal.reason,
        message=refusal.message,
        status=refusal.status,
        remote=refusal.remote,
    )
