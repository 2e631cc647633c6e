"""Which deliveries are known already: a unique index on PostgreSQL, on SQLite a table of digests.

On SQLite the newest keys are in memory and the rest is in the table `delivery_keys`
(`newest_keys.py` says why). One transaction writes at a time, and each looks first whether others
have stored events since: so two deliveries of one key cannot both be new, as with an index.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.store.newest_keys import UNREAD, NewestKeys, digest_of
from bridge.store.transaction import Row, Transaction, insert_rows, placeholders

AT_ONCE = 64
"""Digests looked for with one statement."""

STEP = 8
"""The statements look for so many or a multiple of it, so that they are few and stay prepared."""

READ_AT_ONCE = 4_096

MARK = b""
"""No digest: the row of the seq up to which the table has every event's key."""

INSERT_KEYS = "INSERT INTO delivery_keys (digest, seq)"
NEWEST_COUNTS = "ON CONFLICT (digest) DO UPDATE SET seq = excluded.seq"


async def up_to_date(tx: Transaction, newest: int) -> NewestKeys:
    """The keys in memory, with those of events that others stored. newest: seq of the last event.

    Where the newest events are gone again, or nothing was read yet, all is read anew. No process
    but the one that serves deletes events: else others of the same number could stand there.
    """
    keys = tx.newest_keys
    assert keys is not None  # a transaction that writes, on SQLite
    if keys.upto == newest:
        return keys
    if keys.upto == UNREAD or keys.upto > newest:
        row = await tx.row("SELECT seq FROM delivery_keys WHERE digest = ?", MARK)
        mark = int(row[0]) if row else 0
        if mark > newest:  # the next events get numbers that the mark would take for known ones
            mark = newest
            await insert_rows(tx, INSERT_KEYS, [(MARK, mark)], NEWEST_COUNTS)
        keys.start(mark)
    while keys.upto < newest:
        rows = await tx.rows(
            "SELECT seq, tenant, source, key FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
            keys.upto,
            READ_AT_ONCE,
        )
        for seq, tenant, source, key in rows:
            keys.put(digest_of(tenant, source, key), seq)
        keys.upto = rows[-1][0]
        while keys.many:
            await move_slice(tx, keys)
    return keys


async def move_slice(tx: Transaction, keys: NewestKeys) -> None:
    """Writes some of the keys in memory into the table."""
    taken, mark = keys.take_slice()
    await insert_rows(tx, INSERT_KEYS, [*taken, (MARK, mark)], NEWEST_COUNTS)


async def find_known(
    tx: Transaction, keys: NewestKeys, digests: Sequence[bytes]
) -> dict[bytes, int]:
    """Those of the digests that have been seen, with the seq of their event, which may be gone."""
    known: dict[bytes, int] = {}
    for at in range(0, len(digests), AT_ONCE):
        some = list(digests[at : at + AT_ONCE])
        some += some[:1] * (-len(some) % STEP)
        sql = f"SELECT digest, seq FROM delivery_keys WHERE digest IN {placeholders(len(some))}"
        known.update(await tx.rows(sql, *some))
    known.update(keys.find(digests))
    return known


async def is_event(tx: Transaction, seq: int, tenant: str, source: str, key: str) -> bool:
    """Whether the event of this seq is still there and has this key."""
    row = await tx.row("SELECT tenant, source, key FROM events WHERE seq = ?", seq)
    return row is not None and tuple(row) == (tenant, source, key)


async def seq_of_delivery(
    tx: Transaction, newest: int, tenant: str, source: str, key: str
) -> int | None:
    """The seq of the event that has the key, on SQLite; None when there is none."""
    keys = await up_to_date(tx, newest)
    digest = digest_of(tenant, source, key)
    seq = (await find_known(tx, keys, [digest])).get(digest)
    return seq if seq is not None and await is_event(tx, seq, tenant, source, key) else None


async def forget_keys(tx: Transaction, rows: Sequence[Row]) -> None:
    """Takes the keys of deleted events out. rows: the seq, tenant, source and key of each.

    A seq at the end is given again, perhaps by another process, so all is then read anew.
    """
    keys = tx.newest_keys
    if keys is None:
        return
    for seq, tenant, source, key in rows:
        digest = digest_of(tenant, source, key)
        keys.drop(digest, seq)
        await tx.run("DELETE FROM delivery_keys WHERE digest = ? AND seq = ?", digest, seq)
    if any(row[0] >= keys.upto for row in rows):
        keys.forget()
