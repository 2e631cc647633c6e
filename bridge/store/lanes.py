"""The table of lanes: a row for each subject that has something to do, and when.

Only one action of a lane runs at a time, so its events are acted on in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.errors import LeaseLost
from bridge.store.actions import UNFINISHED, doubt_lane, is_unfinished
from bridge.store.transaction import DATABASE_NOW, Transaction

Lane = tuple[str, str]
"""(tenant, subject)"""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on a lane, and for how long nobody else may, by the database's clock."""

    owner: str
    for_ms: int


async def open_lanes(tx: Transaction, due: Mapping[Lane, int]) -> None:
    """Says that lanes have something to do, and when. One that has already keeps its time.

    The update that changes nothing locks the row, so that a worker which is just leaving the
    lane either still sees the new action or has gone before.
    """
    await tx.run_many(
        "INSERT INTO lanes (tenant, name, due_at) VALUES (?, ?, ?)"
        " ON CONFLICT (tenant, name) DO UPDATE SET due_at = lanes.due_at",
        [(*lane, due[lane]) for lane in due],
    )


async def settle_lane(tx: Transaction, lane: Lane) -> int | None:
    """After a change: the lane is due when its first action is, or goes when it has none.

    Gives when it is due, or None.
    """
    tenant, name = lane
    await lock_lane(tx, lane)
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


async def settle_own_lane(tx: Transaction, lane: Lane, now: int) -> bool:
    """After a try, by whoever has the lane and its lock: says whether it goes on at once.

    Where it does not, the lane is given back in the same breath, and due when its next action is;
    it goes when it has none.
    """
    if await tx.run(
        "DELETE FROM lanes WHERE tenant = ? AND name = ? AND held = '' AND NOT EXISTS ("
        "SELECT 1 FROM actions a WHERE a.tenant = lanes.tenant AND a.lane = lanes.name"
        f" AND a.{UNFINISHED})",
        *lane,
    ):
        return False
    row = await tx.row(
        f"SELECT next_try_at FROM actions WHERE tenant = ? AND lane = ? AND {UNFINISHED}"
        " ORDER BY event_seq, seq LIMIT 1",
        *lane,
    )
    due_at = int(row[0]) if row else now
    goes_on = row is not None and due_at <= now
    leave = "" if goes_on else ", leased_by = '', leased_until = 0"
    changed = await tx.run(
        f"UPDATE lanes SET due_at = ?{leave} WHERE tenant = ? AND name = ? AND held = ''",
        due_at,
        *lane,
    )
    if not changed:  # held by a dead action
        await tx.run(
            "UPDATE lanes SET leased_by = '', leased_until = 0 WHERE tenant = ? AND name = ?", *lane
        )
    return goes_on and changed == 1


async def lock_lane(tx: Transaction, lane: Lane) -> str:
    """Keeps others from changing the lane until the transaction ends; gives its lease's owner.

    SQLite has one writer, who needs no lock.
    """
    if tx.engine == "sqlite":
        return ""
    row = await tx.row(
        "SELECT leased_by FROM lanes WHERE tenant = ? AND name = ? FOR UPDATE", *lane
    )
    return str(row[0]) if row else ""


async def claim_lanes(tx: Transaction, now: int, limit: int, lease: Lease) -> list[Lane]:
    """Takes lanes that are due, on PostgreSQL; the one process on SQLite claims nothing.

    A lane that its last owner did not give back may have an action under way: what is unfinished
    there is looked for before it is repeated.
    """
    rows = await tx.rows(
        f"UPDATE lanes SET leased_by = ?, leased_until = {DATABASE_NOW} + ? FROM ("
        " SELECT tenant, name, leased_by AS last FROM lanes"
        f" WHERE held = '' AND due_at <= ? AND leased_until <= {DATABASE_NOW}"
        " ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED) AS due"
        " WHERE lanes.tenant = due.tenant AND lanes.name = due.name"
        " RETURNING lanes.tenant, lanes.name, due.last",
        lease.owner,
        lease.for_ms,
        now,
        limit,
    )
    for tenant, name, last in rows:
        if last:
            await doubt_lane(tx, tenant, name)
    return [(tenant, name) for tenant, name, _ in rows]


async def doubt_own_lane(tx: Transaction, lane: Lane, owner: str) -> None:
    """What is unfinished in a lane that is still one's own is looked for before it is repeated.

    Raises LeaseLost.
    """
    await keep_lane(tx, lane, owner)
    await doubt_lane(tx, *lane)


async def keep_lane(tx: Transaction, lane: Lane, owner: str) -> None:
    """Locks a lane that one has the lease of. Raises LeaseLost."""
    if await lock_lane(tx, lane) != owner:
        raise LeaseLost(f"{lane[1]}: another process has the lane now")


async def keep_unfinished(tx: Transaction, lane: Lane, action_id: str, owner: str) -> None:
    """Locks the lane of an action that is still to be ended by its owner. Raises LeaseLost.

    A node that stood still may have its lane again by now, and its action be ended by another.
    """
    await keep_lane(tx, lane, owner)
    if not await is_unfinished(tx, action_id):
        raise LeaseLost(f"{action_id}: another process has ended it")


async def renew_leases(tx: Transaction, lease: Lease) -> int:
    """Keeps all lanes of an owner from others for longer; gives how many there are."""
    return await tx.run(
        f"UPDATE lanes SET leased_until = {DATABASE_NOW} + ? WHERE leased_by = ?",
        lease.for_ms,
        lease.owner,
    )


async def release_lane(tx: Transaction, lane: Lane, owner: str) -> None:
    """Gives a lane back to whoever comes next."""
    await tx.run(
        "UPDATE lanes SET leased_by = '', leased_until = 0"
        " WHERE tenant = ? AND name = ? AND leased_by = ?",
        *lane,
        owner,
    )


async def hold_lane(tx: Transaction, lane: Lane, action_id: str) -> None:
    """Nothing of this lane runs until the dead action is replayed."""
    await tx.run("UPDATE lanes SET held = ? WHERE tenant = ? AND name = ?", action_id, *lane)


async def held_by(tx: Transaction, lane: Lane) -> str:
    """The id of the dead action that holds the lane; empty when none does."""
    row = await tx.row("SELECT held FROM lanes WHERE tenant = ? AND name = ?", *lane)
    return str(row[0]) if row else ""


async def free_lane(tx: Transaction, lane: Lane) -> None:
    await tx.run("UPDATE lanes SET held = '' WHERE tenant = ? AND name = ?", *lane)


async def free_lane_held_by(tx: Transaction, lane: Lane, action_id: str) -> None:
    """Frees a lane if it is this action that holds it."""
    await tx.run(
        "UPDATE lanes SET held = '' WHERE tenant = ? AND name = ? AND held = ?", *lane, action_id
    )


async def due_lanes(tx: Transaction, now: int, limit: int) -> list[Lane]:
    """Lanes whose first action may run, the longest waiting first."""
    rows = await tx.rows(
        "SELECT tenant, name FROM lanes WHERE held = '' AND due_at <= ? ORDER BY due_at LIMIT ?",
        now,
        limit,
    )
    return [(tenant, name) for tenant, name in rows]
