"""Forgets old events in small steps, so that the store stays small and ingest never waits.

Links and rule counts stay: links are what keeps a finding from a second ticket.
"""

from __future__ import annotations

from bridge.store.delivery_keys import forget_keys
from bridge.store.transaction import Transaction

STEP = 200
"""Events forgotten in one transaction: a few milliseconds, less than an ordinary commit waits."""

BESIDE = {
    "job": (("job_notes", "job_id"),),
    "case": (
        ("cases", "id"),
        ("case_comments", "case_id"),
        ("case_incidents", "case_id"),
    ),
}
"""For each kind of record, the tables and columns of what is kept beside it."""

FREE_PAGES = 256
"""Pages given back to the disk in one transaction: 2 MB."""


async def forget_events(tx: Transaction, state: str, before: int, limit: int = STEP) -> int:
    """Deletes the oldest events of a finished state that came before a moment, with all that
    hangs on them; gives how many."""
    rows = await tx.rows(
        "SELECT seq, id FROM events WHERE state = ? AND received_at < ? ORDER BY seq LIMIT ?",
        state,
        before,
        limit,
    )
    return await forget(tx, [row[1] for row in rows])


async def forget_oldest(tx: Transaction, limit: int = STEP // 4) -> int:
    """Deletes the oldest finished events, whatever their age; gives how many."""
    rows = await tx.rows(
        "SELECT id FROM events WHERE state IN ('done', 'ignored', 'echo', 'failed')"
        " ORDER BY seq LIMIT ?",
        limit,
    )
    return await forget(tx, [row[0] for row in rows])


async def forget(tx: Transaction, ids: list[str]) -> int:
    """Deletes events by id, with their actions, attempts and runs, and bodies nobody needs."""
    if not ids:
        return 0
    some = ", ".join("?" * len(ids))
    await tx.run(
        "DELETE FROM attempts WHERE action_id IN"
        f" (SELECT id FROM actions WHERE event_id IN ({some}))",
        *ids,
    )
    await tx.run(f"DELETE FROM actions WHERE event_id IN ({some})", *ids)
    await tx.run(f"DELETE FROM runs WHERE event_id IN ({some})", *ids)
    gone = await tx.rows(
        f"SELECT seq, tenant, source, key, body_of FROM events WHERE id IN ({some})", *ids
    )
    await tx.run(f"DELETE FROM events WHERE id IN ({some})", *ids)
    await forget_keys(tx, [row[:4] for row in gone])
    of = list({row[4]: None for row in gone})
    some = ", ".join("?" * len(of))
    await tx.run(
        f"DELETE FROM bodies WHERE event_id IN ({some})"
        " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.part > 0 AND e.body_of = bodies.event_id)"
        " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = bodies.event_id)",
        *of,
    )
    return len(ids)


async def forget_records(tx: Transaction, before: int, limit: int = STEP) -> int:
    """Deletes records that nothing was heard of since a moment; gives how many.

    What is tied to a ticket stays: the ticket's status still has to find it.
    """
    rows = await tx.rows(
        "SELECT tenant, kind, id FROM records r WHERE updated_at < ? AND NOT EXISTS ("
        " SELECT 1 FROM links l WHERE l.tenant = r.tenant AND l.subject = r.subject"
        " AND l.kind = r.kind AND l.record_id = r.id)"
        " ORDER BY updated_at LIMIT ?",
        before,
        limit,
    )
    for tenant, kind, record_id in rows:
        await tx.run(
            "DELETE FROM records WHERE tenant = ? AND kind = ? AND id = ?", tenant, kind, record_id
        )
        for table, column in BESIDE.get(kind, ()):
            await tx.run(
                f"DELETE FROM {table} WHERE tenant = ? AND {column} = ?", tenant, record_id
            )
    return len(rows)


async def size_bytes(tx: Transaction) -> int:
    """How large the store is, without pages that are free already."""
    if tx.engine == "postgres":
        row = await tx.row("SELECT pg_database_size(current_database())")
        return int(row[0]) if row else 0
    pages = await tx.row("PRAGMA page_count")
    free = await tx.row("PRAGMA freelist_count")
    size = await tx.row("PRAGMA page_size")
    return (int(pages[0]) - int(free[0])) * int(size[0]) if pages and free and size else 0


async def shrink(tx: Transaction, pages: int = FREE_PAGES) -> int:
    """Gives free pages back to the disk; gives how many are left. PostgreSQL vacuums by itself."""
    if tx.engine == "postgres":
        return 0
    free = await free_pages(tx)
    for _ in range(min(pages, free)):  # with a larger number the driver stops after one page too
        await tx.run("PRAGMA incremental_vacuum(1)")
    return await free_pages(tx)


async def free_pages(tx: Transaction) -> int:
    """Pages of the file in which nothing is, on SQLite."""
    row = await tx.row("PRAGMA freelist_count")
    return int(row[0]) if row else 0
