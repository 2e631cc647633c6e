"""The table of records: the latest known state of what events are about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridge.event import JSON
from bridge.store.transaction import Row, Transaction, insert_rows, placeholders


@dataclass(frozen=True, slots=True)
class Record:
    """One scan, finding, case, job, alert or issue.

    parent: a finding's scan; else empty. event_time: of the event that said so, milliseconds.
    """

    tenant: str
    kind: str
    id: str
    source: str
    subject: str
    title: str
    status: str
    severity: str
    parent: str
    url: str
    data: JSON
    event_id: str
    event_time: int


COLUMNS = (
    "tenant, kind, id, source, subject, title, status, severity, parent, url, data, event_id,"
    " event_time"
)


def stored(row: Row) -> Record:
    tenant, kind, id_, source, subject, title, status, severity, parent, url = row[:10]
    return Record(
        tenant, kind, id_, source, subject, title, status, severity, parent, url,
        json.loads(row[10]), row[11], row[12],
    )  # fmt: skip


def newest(records: Iterable[Record]) -> list[Record]:
    """One of each, what was said last of it, in the order in which all transactions lock them."""
    by_time = sorted(records, key=lambda one: one.event_time)
    latest = {(one.tenant, one.kind, one.id): one for one in by_time}
    return [latest[key] for key in sorted(latest)]


async def keep_records(tx: Transaction, records: Iterable[Record], now: int) -> None:
    """Keeps what events say, unless a later event has said something already."""
    rows = [
        (
            record.tenant, record.kind, record.id, record.source, record.subject, record.title,
            record.status, record.severity, record.parent, record.url, json.dumps(record.data),
            record.event_id, record.event_time, now,
        )
        for record in newest(records)
    ]  # fmt: skip
    changes = ", ".join(
        f"{column} = excluded.{column}"
        for column in ("source", "subject", "title", "status", "severity", "parent", "url",
                       "data", "event_id", "event_time", "updated_at")
    )  # fmt: skip
    await insert_rows(
        tx,
        f"INSERT INTO records ({COLUMNS}, updated_at)",
        rows,
        f"ON CONFLICT (tenant, kind, id) DO UPDATE SET {changes}"
        " WHERE excluded.event_time >= records.event_time",
    )


async def get_record(tx: Transaction, tenant: str, kind: str, record_id: str) -> Record | None:
    row = await tx.row(
        f"SELECT {COLUMNS} FROM records WHERE tenant = ? AND kind = ? AND id = ?",
        tenant,
        kind,
        record_id,
    )
    return stored(row) if row else None


async def set_status(
    tx: Transaction, tenant: str, kind: str, record_id: str, status: str, now: int
) -> bool:
    """Gives a record another status; false when there is no such record."""
    changed = await tx.run(
        "UPDATE records SET status = ?, updated_at = ? WHERE tenant = ? AND kind = ? AND id = ?",
        status,
        now,
        tenant,
        kind,
        record_id,
    )
    return changed == 1


async def list_records(
    tx: Transaction, tenant: str, kind: str, limit: int = 100
) -> Sequence[Record]:
    """The records of a kind, the last changed first."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM records WHERE tenant = ? AND kind = ?"
        " ORDER BY updated_at DESC LIMIT ?",
        tenant,
        kind,
        limit,
    )
    return [stored(row) for row in rows]


async def page_of_records(
    tx: Transaction, tenant: str, kind: str, limit: int, before: tuple[int, str] | None = None
) -> Sequence[Record]:
    """The records of a kind by the time of what was last said, the newest first.

    before: time and id of the last one of the page before.
    """
    turned = " AND (event_time, id) < (?, ?)" if before else ""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM records WHERE tenant = ? AND kind = ?{turned}"
        " ORDER BY event_time DESC, id DESC LIMIT ?",
        tenant,
        kind,
        *(before or ()),
        limit,
    )
    return [stored(row) for row in rows]


async def get_records(
    tx: Transaction, tenant: str, kind: str, ids: Sequence[str]
) -> Sequence[Record]:
    """Those of the named records that there are."""
    found: list[Record] = []
    for start in range(0, len(ids), 500):  # the engines bound how many values a statement has
        part = ids[start : start + 500]
        rows = await tx.rows(
            f"SELECT {COLUMNS} FROM records WHERE tenant = ? AND kind = ? AND id IN"
            f" {placeholders(len(part))}",
            tenant,
            kind,
            *part,
        )
        found += map(stored, rows)
    return found


async def parts_of(tx: Transaction, tenant: str, kind: str, parent: str) -> Sequence[Record]:
    """The records that name another as their parent, by id."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM records WHERE tenant = ? AND parent = ? AND parent <> ''"
        " AND kind = ? ORDER BY id",
        tenant,
        parent,
        kind,
    )
    return [stored(row) for row in rows]
