"""The table of refused deliveries: a bounded number for each source, so that they can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.store.transaction import Transaction

KEPT = 100
"""Refusals kept for each source: enough to see a pattern, too few to fill a disk."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A delivery that was turned away, without its body or its headers.

    status: the HTTP status it got. at: milliseconds UTC. remote: the address it came from.
    """

    tenant: str
    source: str
    at: int
    reason: str
    message: str
    status: int
    body_bytes: int
    remote: str


COLUMNS = "tenant, source, at, reason, message, status, body_bytes, remote"


async def note_refusal(tx: Transaction, refusal: Refusal) -> None:
    """Keeps a refusal and forgets the oldest beyond KEPT."""
    await tx.run(
        f"INSERT INTO refusals ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        refusal.tenant,
        refusal.source,
        refusal.at,
        refusal.reason,
        refusal.message,
        refusal.status,
        refusal.body_bytes,
        refusal.remote,
    )
    await tx.run(
        "DELETE FROM refusals WHERE tenant = ? AND source = ? AND seq <= ("
        " SELECT seq FROM refusals WHERE tenant = ? AND source = ?"
        " ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        refusal.tenant,
        refusal.source,
        refusal.tenant,
        refusal.source,
        KEPT,
    )


async def list_refusals(
    tx: Transaction, tenant: str = "", source: str = "", limit: int = 100
) -> Sequence[Refusal]:
    """The newest first; empty fields do not narrow."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM refusals WHERE (? = '' OR tenant = ?) AND (? = '' OR source = ?)"
        " ORDER BY seq DESC LIMIT ?",
        tenant,
        tenant,
        source,
        source,
        limit,
    )
    return [Refusal(*row) for row in rows]
