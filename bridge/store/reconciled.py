"""The table of how far the reconciler has come, and the pairs that it goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.match.syncs import SyncRule
from bridge.store.sync_fields import PairKey
from bridge.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Progress:
    """after_seq: the link that was looked at last; 0 between two rounds."""

    started_at: int = 0
    after_seq: int = 0
    finished_at: int = 0


async def progress(tx: Transaction, tenant: str, rule: str) -> Progress:
    row = await tx.row(
        "SELECT started_at, after_seq, finished_at FROM reconciled WHERE tenant = ? AND rule = ?",
        tenant,
        rule,
    )
    return Progress(*map(int, row)) if row else Progress()


async def keep_progress(tx: Transaction, tenant: str, rule: str, at: Progress) -> None:
    await tx.run(
        "INSERT INTO reconciled (tenant, rule, started_at, after_seq, finished_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, rule) DO UPDATE SET"
        " started_at = excluded.started_at, after_seq = excluded.after_seq,"
        " finished_at = excluded.finished_at",
        tenant,
        rule,
        at.started_at,
        at.after_seq,
        at.finished_at,
    )


async def pairs_after(
    tx: Transaction, tenant: str, rule: SyncRule, after_seq: int, limit: int
) -> Sequence[tuple[int, PairKey]]:
    """The next linked pairs of a rule, whichever end the ticket is, each with its link's seq."""
    left, right = rule.left, rule.right
    rows = await tx.rows(
        "SELECT seq, kind, integration, record_id, ticket FROM links WHERE tenant = ?"
        " AND ((kind = ? AND integration = ?) OR (kind = ? AND integration = ?))"
        " AND ticket <> '' AND seq > ? ORDER BY seq LIMIT ?",
        tenant,
        left.kind,
        right.integration,
        right.kind,
        left.integration,
        after_seq,
        limit,
    )
    found = []
    for seq, kind, integration, record, ticket in rows:
        at_right = (kind, integration) == (left.kind, right.integration)
        ids = (record, ticket) if at_right else (ticket, record)
        found.append((int(seq), PairKey(tenant, rule.name, *ids)))
    return found
