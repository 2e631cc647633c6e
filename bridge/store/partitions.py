"""What waits for the rules, shared out between nodes on PostgreSQL.

The lanes are spread over a fixed number of partitions. A node locks a few of those that have events
waiting, and only then reads their events: nobody else can be matching them, and all that was
settled before is seen. So nodes match side by side, and each lane's events go through the rules in
their order. The locks end with the transaction that writes what was planned, also when the node
dies in it: nothing has to be given back, and a node that stood still has nothing to record.
"""

from __future__ import annotations

from bridge.event import StoredEvent
from bridge.store.events import COLUMNS, FROM, stored
from bridge.store.transaction import Transaction

PARTITIONS = 64
"""Enough that a few nodes seldom want the same one, and that one batch needs only some of them."""

WINDOW = 512
"""The oldest waiting events, among which partitions are chosen: on average 8 of each."""

LOCK = 1_936_022_117
"""Tells these locks from other advisory locks in the database; arbitrary."""

PARTITION = f"(hashtext(e.tenant || '/' || e.subject) & {PARTITIONS - 1})"


async def claim_received(tx: Transaction, limit: int) -> list[StoredEvent]:
    """The oldest events that no rule has seen and no other node is matching.

    Their partitions are locked until the transaction ends.
    """
    taken = await tx.rows(
        "SELECT part FROM (SELECT part, min(seq) AS first FROM ("
        f" SELECT e.seq, {PARTITION} AS part FROM events e WHERE e.state = 'received'"
        f" ORDER BY e.seq LIMIT {WINDOW}) AS waiting GROUP BY part ORDER BY first"
        f" LIMIT {PARTITIONS}) AS parts WHERE pg_try_advisory_xact_lock(?, part) LIMIT ?",
        LOCK,
        max(1, limit * PARTITIONS // WINDOW),
    )
    if not taken:
        return []
    rows = await tx.rows(
        f"SELECT {COLUMNS} {FROM} WHERE e.state = 'received' AND {PARTITION} = ANY(?::int[])"
        " ORDER BY e.seq LIMIT ?",
        [part for (part,) in taken],
        limit,
    )
    return [stored(row) for row in rows]
