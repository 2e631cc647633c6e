"""The table of object leases: which node writes to which issue now, so that others wait."""

from __future__ import annotations

from bridge.store.transaction import Transaction

ObjectKey = tuple[str, str, str]
"""(tenant, integration, object)"""


async def try_hold(tx: Transaction, key: ObjectKey, owner: str, now: int, until: int) -> bool:
    """Takes an object unless another node has it; a lease that ran out counts for nothing."""
    row = await tx.row(
        "INSERT INTO object_leases (tenant, integration, object, owner, until)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, integration, object) DO UPDATE"
        " SET owner = excluded.owner, until = excluded.until"
        " WHERE object_leases.until <= ? OR object_leases.owner = excluded.owner"
        " RETURNING owner",
        *key,
        owner,
        until,
        now,
    )
    return row is not None


async def let_go(tx: Transaction, key: ObjectKey, owner: str) -> None:
    await tx.run(
        "DELETE FROM object_leases WHERE tenant = ? AND integration = ? AND object = ?"
        " AND owner = ?",
        *key,
        owner,
    )
