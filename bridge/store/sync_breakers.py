"""The table of ping-pong breakers: one field of one object that sync keeps writing back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True)
class FieldKey:
    """One field of one thing in one system."""

    tenant: str
    integration: str
    object: str
    field: str

    @property
    def values(self) -> tuple[str, str, str, str]:
        return (self.tenant, self.integration, self.object, self.field)


@dataclass(frozen=True, slots=True)
class PingPong:
    """writes: when sync gave it which value (a hash), the newest last. opened_at: 0 is closed."""

    key: FieldKey
    writes: tuple[tuple[int, str], ...] = ()
    opened_at: int = 0
    open_until: int = 0


COLUMNS = "tenant, integration, object, field, writes, opened_at, open_until"
OF_FIELD = "tenant = ? AND integration = ? AND object = ? AND field = ?"


def stored(row: Row) -> PingPong:
    writes = tuple((int(at), str(digest)) for at, digest in json.loads(row[4]))
    return PingPong(FieldKey(*row[:4]), writes, row[5], row[6])


async def get_breaker(tx: Transaction, key: FieldKey) -> PingPong:
    row = await tx.row(f"SELECT {COLUMNS} FROM sync_breakers WHERE {OF_FIELD}", *key.values)
    return stored(row) if row else PingPong(key)


async def put_breaker(tx: Transaction, one: PingPong, now: int) -> None:
    await tx.run(
        f"INSERT INTO sync_breakers ({COLUMNS}, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant, integration, object, field) DO UPDATE SET writes = excluded.writes,"
        " opened_at = excluded.opened_at, open_until = excluded.open_until,"
        " updated_at = excluded.updated_at",
        *one.key.values, json.dumps(one.writes), one.opened_at, one.open_until, now,
    )  # fmt: skip


async def open_breakers(
    tx: Transaction, tenant: str | None = None, limit: int = 200
) -> Sequence[PingPong]:
    """Those that are open, the first opened first."""
    condition, values = ("AND tenant = ?", (tenant,)) if tenant is not None else ("", ())
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM sync_breakers WHERE opened_at > 0 {condition}"
        " ORDER BY opened_at LIMIT ?",
        *values,
        limit,
    )
    return [stored(row) for row in rows]


async def close_breaker(tx: Transaction, key: FieldKey) -> None:
    """Forgets all about it."""
    await tx.run(f"DELETE FROM sync_breakers WHERE {OF_FIELD}", *key.values)


async def forget_breakers(tx: Transaction, before: int) -> int:
    """Deletes what was closed all the time and is older than a moment; gives how many."""
    return await tx.run("DELETE FROM sync_breakers WHERE opened_at = 0 AND updated_at < ?", before)
