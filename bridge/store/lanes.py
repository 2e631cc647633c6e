"""The table of lanes: a row for each subject that has something to do, and when.

Only one action of a lane runs at a time, so its events are acted on in their order.
"""

from __future__ import annotations

from bridge.store.actions import UNFINISHED
from bridge.store.transaction import Transaction

Lane = tuple[str, str]
"""(tenant, subject)"""


async def open_lane(tx: Transaction, lane: Lane, due_at: int) -> None:
    """Says that a lane has something to do. One that has already keeps its time."""
    await tx.run(
        "INSERT INTO lanes (tenant, name, due_at) VALUES (?, ?, ?)"
        " ON CONFLICT (tenant, name) DO NOTHING",
        *lane,
        due_at,
    )


async def settle_lane(tx: Transaction, lane: Lane) -> int | None:
    """After a change: the lane is due when its first action is, or goes when it has none.

    Gives when it is due, or None.
    """
    tenant, name = lane
    row = await tx.row(
        f"SELECT next_try_at FROM actions WHERE tenant = ? AND lane = ? AND {UNFINISHED}"
        " ORDER BY event_seq, seq LIMIT 1",
        tenant,
        name,
    )
    if row is None:
        await tx.run("DELETE FROM lanes WHERE tenant = ? AND name = ? AND held = ''", tenant, name)
        return None
    due_at = int(row[0])
    await tx.run(
        "INSERT INTO lanes (tenant, name, due_at) VALUES (?, ?, ?)"
        " ON CONFLICT (tenant, name) DO UPDATE SET due_at = excluded.due_at",
        tenant,
        name,
        due_at,
    )
    return due_at


async def hold_lane(tx: Transaction, lane: Lane, action_id: str) -> None:
    """Nothing of this lane runs until the dead action is replayed."""
    await tx.run("UPDATE lanes SET held = ? WHERE tenant = ? AND name = ?", action_id, *lane)


async def free_lane(tx: Transaction, lane: Lane) -> None:
    await tx.run("UPDATE lanes SET held = '' WHERE tenant = ? AND name = ?", *lane)


async def due_lanes(tx: Transaction, now: int, limit: int) -> list[Lane]:
    """Lanes whose first action may run, the longest waiting first."""
    rows = await tx.rows(
        "SELECT tenant, name FROM lanes WHERE held = '' AND due_at <= ? ORDER BY due_at LIMIT ?",
        now,
        limit,
    )
    return [(tenant, name) for tenant, name in rows]


async def next_due(tx: Transaction, after: int) -> int | None:
    """When the next lane becomes due after a moment; None when none waits."""
    row = await tx.row(
        "SELECT due_at FROM lanes WHERE held = '' AND due_at > ? ORDER BY due_at LIMIT 1", after
    )
    return int(row[0]) if row else None


async def is_busy(tx: Transaction, lane: Lane) -> bool:
    """Whether a lane has anything unfinished."""
    row = await tx.row("SELECT 1 FROM lanes WHERE tenant = ? AND name = ?", *lane)
    return row is not None
