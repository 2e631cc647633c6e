"""The table of deliveries whose proof was refused, whole and sealed, and what of them was lost.

Bounded for each source and in all: what goes in for one source pushes out its own oldest, and
only a part of them at a time, so that a flood of forged deliveries needs a while to push out the
genuine ones; whatever is lost on the way is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from bridge.errors import NotFound
from bridge.store.transaction import Transaction

PUSHED_OUT_PART = 10
"""One round pushes out at most a tenth of what a source may keep. Arbitrary: with a round a
second, a flood needs ten seconds for all of it, time enough for its log lines to be seen."""

STEP = 200
"""Rows forgotten in one transaction."""


class Why(StrEnum):
    """Why a refused delivery is not kept."""

    TOO_LARGE = "too_large"
    """Its body is longer than what is kept."""
    TOO_FAST = "too_fast"
    """It came with too many others at once."""
    PUSHED_OUT = "pushed_out"
    """It was kept, until newer ones took its place."""
    NOT_WRITTEN = "not_written"
    """The store could not be written then."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One delivery in quarantine.

    received_at: milliseconds UTC. reason, message: why it was refused then.
    size: bytes of `sealed`, which is empty where only the rest was asked for.
    """

    id: str
    tenant: str
    source: str
    received_at: int
    reason: str
    message: str
    remote: str
    size: int
    sealed: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Loss:
    """How many deliveries of a source were not kept for one reason, and when the last one was."""

    tenant: str
    source: str
    why: Why
    times: int
    last_at: int


Lost: TypeAlias = Counter[tuple[str, str, Why]]
"""Deliveries not kept, by tenant, source and reason."""

COLUMNS = "id, tenant, source, received_at, reason, message, remote, size"


async def keep(tx: Transaction, new: Sequence[Kept], per_source: int, total_bytes: int) -> Lost:
    """Keeps refused deliveries within the bounds; gives how many were lost by it.

    per_source: rows of each source, at least 1. total_bytes: of all sources together.
    """
    lost: Lost = Counter()
    by_source: dict[tuple[str, str], list[Kept]] = {}
    for kept in new:
        by_source.setdefault((kept.tenant, kept.source), []).append(kept)
    for (tenant, source), deliveries in by_source.items():
        there = await _count(tx, tenant, source)
        room = max(per_source - there, 0) + max(per_source // PUSHED_OUT_PART, 1)
        for kept in deliveries[:room]:
            await _insert(tx, kept)
        lost[tenant, source, Why.TOO_FAST] += len(deliveries[room:])
        over = there + len(deliveries[:room]) - per_source
        if over > 0:
            lost[tenant, source, Why.PUSHED_OUT] += await _push_out(tx, tenant, source, over)
    lost.update(await _trim(tx, total_bytes))
    return +lost


async def note_lost(tx: Transaction, lost: Mapping[tuple[str, str, Why], int], now: int) -> None:
    """Adds to the counts of what was lost; in one order, so that no two nodes wait in a circle."""
    for (tenant, source, why), times in sorted(lost.items()):
        await tx.run(
            "INSERT INTO quarantine_lost (tenant, source, why, times, last_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, source, why) DO UPDATE SET"
            " times = quarantine_lost.times + excluded.times, last_at = excluded.last_at",
            tenant,
            source,
            why.value,
            times,
            now,
        )


async def list_kept(
    tx: Transaction, tenant: str = "", source: str = "", limit: int = 1_000_000
) -> Sequence[Kept]:
    """Oldest first, without what is sealed; empty fields do not narrow."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM quarantine WHERE (? = '' OR tenant = ?) AND (? = '' OR source = ?)"
        " ORDER BY id LIMIT ?",
        tenant,
        tenant,
        source,
        source,
        limit,
    )
    return [Kept(*row) for row in rows]


async def count_kept(tx: Transaction, tenant: str) -> int:
    """How many of a tenant's deliveries are in quarantine."""
    row = await tx.row("SELECT count(*) FROM quarantine WHERE tenant = ?", tenant)
    return int(row[0]) if row else 0


async def get_kept(tx: Transaction, kept_id: str, tenant: str = "") -> Kept:
    """One delivery, with what is sealed. Raises NotFound, also for one of another tenant."""
    row = await tx.row(f"SELECT {COLUMNS}, sealed FROM quarantine WHERE id = ?", kept_id)
    kept = Kept(*row) if row is not None else None
    if kept is None or tenant not in ("", kept.tenant):
        raise NotFound(f"nothing in quarantine has the id {kept_id}")
    return kept


async def list_lost(tx: Transaction, tenant: str = "", source: str = "") -> Sequence[Loss]:
    """What could not be kept; empty fields do not narrow."""
    rows = await tx.rows(
        "SELECT tenant, source, why, times, last_at FROM quarantine_lost"
        " WHERE (? = '' OR tenant = ?) AND (? = '' OR source = ?) ORDER BY tenant, source, why",
        tenant,
        tenant,
        source,
        source,
    )
    return [Loss(row[0], row[1], Why(row[2]), row[3], row[4]) for row in rows]


async def release(tx: Transaction, kept_id: str, tenant: str = "") -> bool:
    """Takes one out of the quarantine; false when it was gone already, or is another tenant's."""
    statement = "DELETE FROM quarantine WHERE id = ? AND (? = '' OR tenant = ?)"
    return await tx.run(statement, kept_id, tenant, tenant) > 0


async def forget_kept(tx: Transaction, before: int, limit: int = STEP) -> int:
    """Deletes deliveries that came before a moment, and counts that are as old; gives how many
    deliveries."""
    await tx.run("DELETE FROM quarantine_lost WHERE last_at < ?", before)
    return await tx.run(
        "DELETE FROM quarantine WHERE id IN"
        " (SELECT id FROM quarantine WHERE received_at < ? ORDER BY id LIMIT ?)",
        before,
        limit,
    )


async def _count(tx: Transaction, tenant: str, source: str) -> int:
    row = await tx.row(
        "SELECT count(*) FROM quarantine WHERE tenant = ? AND source = ?", tenant, source
    )
    return int(row[0]) if row else 0


async def _insert(tx: Transaction, kept: Kept) -> None:
    await tx.run(
        f"INSERT INTO quarantine ({COLUMNS}, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        kept.id,
        kept.tenant,
        kept.source,
        kept.received_at,
        kept.reason,
        kept.message,
        kept.remote,
        kept.size,
        kept.sealed,
    )


async def _push_out(tx: Transaction, tenant: str, source: str, count: int) -> int:
    return await tx.run(
        "DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine"
        " WHERE tenant = ? AND source = ? ORDER BY id LIMIT ?)",
        tenant,
        source,
        count,
    )


async def _trim(tx: Transaction, total_bytes: int) -> Lost:
    """Brings all sources together within the bound: the largest gives its oldest first, so that
    one flooded source does not cost the others theirs."""
    rows = await tx.rows("SELECT tenant, source, sum(size) FROM quarantine GROUP BY tenant, source")
    sizes = {(row[0], row[1]): int(row[2]) for row in rows}
    lost: Lost = Counter()
    while sum(sizes.values()) > total_bytes:
        tenant, source = max(sizes, key=lambda named: sizes[named])
        oldest = await tx.row(
            "SELECT id, size FROM quarantine WHERE tenant = ? AND source = ? ORDER BY id LIMIT 1",
            tenant,
            source,
        )
        if oldest is None:
            break
        await release(tx, oldest[0])
        sizes[tenant, source] -= int(oldest[1])
        lost[tenant, source, Why.PUSHED_OUT] += 1
    return lost
