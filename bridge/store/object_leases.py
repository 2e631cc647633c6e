"""The table of object leases: which node writes to which issue now, so that others wait."""

from __future__ import annotations

from bridge.store.transaction import DATABASE_NOW, Transaction

ObjectKey = tuple[str, str, str]
"""(tenant, integration, object)"""


async def try_hold(tx: Transaction, key: ObjectKey, owner: str, for_ms: int) -> bool:
    """Takes an object unless another node has it; a lease that ran out counts for nothing.

    On PostgreSQL only, by its clock.
    """
    row = await tx.row(
        "INSERT INTO object_leases (tenant, integration, object, owner, until)"
        f" VALUES (?, ?, ?, ?, {DATABASE_NOW} + ?)"
        " ON CONFLICT (tenant, integration, object) DO UPDATE"
        " SET owner = excluded.owner, until = excluded.until"
        f" WHERE object_leases.until <= {DATABASE_NOW} OR object_leases.owner = excluded.owner"
        " RETURNING owner",
        *key,
        owner,
        for_ms,
    )
    return row is not None


async def let_go(tx: Transaction, key: ObjectKey, owner: str) -> None:
    await tx.run(
        "DELETE FROM object_leases WHERE tenant = ? AND integration = ? AND object = ?"
        " AND owner = ?",
        *key,
        owner,
    )
