"""What is known of cases beside their records: versions, comments, and what they became outside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.event import JSON
from bridge.store.transaction import Row, Transaction, insert_rows

AT_ONCE = 500
"""Ids in one statement; both engines take more, and this keeps the statements short."""


@dataclass(frozen=True, slots=True)
class CaseComment:
    """pushed_at: milliseconds; None while it is not outside. pushed_by: as answers show it."""

    id: str
    data: Mapping[str, JSON]
    time: int
    pushed_at: int | None = None
    pushed_by: JSON = None


@dataclass(frozen=True, slots=True)
class Incident:
    """What a case became in one integration. service: the rest of `external_service`."""

    case_id: str
    integration: str
    service: Mapping[str, JSON]
    pushed_at: int


# --- versions ---------------------------------------------------------------------------------


async def count_change(tx: Transaction, tenant: str, case_id: str, now: int) -> int:
    """Counts a change of a case, and keeps others from changing it until this is committed."""
    row = await tx.row(
        "INSERT INTO cases (tenant, id, changes, version, updated_at) VALUES (?, ?, 1, '', ?)"
        " ON CONFLICT (tenant, id) DO UPDATE SET changes = cases.changes + 1,"
        " updated_at = excluded.updated_at RETURNING changes",
        tenant,
        case_id,
        now,
    )
    assert row is not None
    return int(row[0])


async def set_version(tx: Transaction, tenant: str, case_id: str, version: str) -> None:
    await tx.run(
        "UPDATE cases SET version = ? WHERE tenant = ? AND id = ?", version, tenant, case_id
    )


async def versions(tx: Transaction, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    rows = await _of_ids(tx, "SELECT id, version FROM cases WHERE tenant = ? AND id", tenant, ids)
    return {row[0]: row[1] for row in rows}


# --- comments ---------------------------------------------------------------------------------

COMMENT = "id, data, time, pushed_at, pushed_by"


def comment(row: Row) -> CaseComment:
    id_, data, time, pushed_at, pushed_by = row
    value = json.loads(data)
    by: JSON = json.loads(pushed_by) if pushed_by else None
    return CaseComment(id_, value, time, pushed_at, by)


async def list_comments(tx: Transaction, tenant: str, case_id: str) -> Sequence[CaseComment]:
    """The comments of a case, the oldest first."""
    rows = await tx.rows(
        f"SELECT {COMMENT} FROM case_comments WHERE tenant = ? AND case_id = ? ORDER BY time, id",
        tenant,
        case_id,
    )
    return [comment(row) for row in rows]


async def comments_named(
    tx: Transaction, tenant: str, case_id: str, ids: Sequence[str]
) -> dict[str, CaseComment]:
    found: dict[str, CaseComment] = {}
    for at in range(0, len(ids), AT_ONCE):
        some = ids[at : at + AT_ONCE]
        rows = await tx.rows(
            f"SELECT {COMMENT} FROM case_comments WHERE tenant = ? AND case_id = ? AND id IN"
            f" ({', '.join('?' * len(some))})",
            tenant,
            case_id,
            *some,
        )
        found.update({row[0]: comment(row) for row in rows})
    return found


async def keep_comments(
    tx: Transaction, tenant: str, case_id: str, comments: Sequence[CaseComment]
) -> None:
    """Writes what comments say; where they stand outside stays as it is."""
    rows = [(tenant, case_id, one.id, json.dumps(dict(one.data)), one.time) for one in comments]
    if rows:
        await insert_rows(
            tx,
            "INSERT INTO case_comments (tenant, case_id, id, data, time)",
            rows,
            "ON CONFLICT (tenant, case_id, id) DO UPDATE SET data = excluded.data RETURNING id",
        )


async def comments_pushed(
    tx: Transaction, tenant: str, case_id: str, ids: Sequence[str], by: JSON, now: int
) -> None:
    """Marks comments as being outside, those that are not marked yet."""
    for at in range(0, len(ids), AT_ONCE):
        some = ids[at : at + AT_ONCE]
        await tx.run(
            "UPDATE case_comments SET pushed_at = ?, pushed_by = ? WHERE tenant = ?"
            f" AND case_id = ? AND pushed_at IS NULL AND id IN ({', '.join('?' * len(some))})",
            now,
            json.dumps(by),
            tenant,
            case_id,
            *some,
        )


async def count_comments(tx: Transaction, tenant: str, ids: Sequence[str]) -> dict[str, int]:
    """How many comments are known of each case."""
    rows = await _of_ids(
        tx, "SELECT case_id, count(*) FROM case_comments WHERE tenant = ? AND case_id", tenant, ids,
        "GROUP BY case_id",
    )  # fmt: skip
    return {row[0]: int(row[1]) for row in rows}


# --- outside ----------------------------------------------------------------------------------


async def keep_incident(tx: Transaction, tenant: str, incident: Incident) -> None:
    await tx.run(
        "INSERT INTO case_incidents (tenant, case_id, integration, external_service, pushed_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, case_id, integration) DO UPDATE SET"
        " external_service = excluded.external_service, pushed_at = excluded.pushed_at",
        tenant,
        incident.case_id,
        incident.integration,
        json.dumps(dict(incident.service)),
        incident.pushed_at,
    )


async def incident_of(
    tx: Transaction, tenant: str, case_id: str, integration: str
) -> Incident | None:
    """What a case is in one integration."""
    row = await tx.row(
        "SELECT external_service, pushed_at FROM case_incidents"
        " WHERE tenant = ? AND case_id = ? AND integration = ?",
        tenant,
        case_id,
        integration,
    )
    return Incident(case_id, integration, json.loads(row[0]), row[1]) if row else None


async def last_incidents(tx: Transaction, tenant: str, ids: Sequence[str]) -> dict[str, Incident]:
    """What each case was last pushed to."""
    rows = await _of_ids(
        tx, "SELECT case_id, integration, external_service, pushed_at FROM case_incidents"
        " WHERE tenant = ? AND case_id", tenant, ids, "ORDER BY pushed_at, integration",
    )  # fmt: skip
    return {row[0]: Incident(row[0], row[1], json.loads(row[2]), row[3]) for row in rows}


async def count_incidents(tx: Transaction, tenant: str) -> dict[str, int]:
    """How many cases were pushed to each integration."""
    rows = await tx.rows(
        "SELECT integration, count(*) FROM case_incidents WHERE tenant = ? GROUP BY integration",
        tenant,
    )
    return {row[0]: int(row[1]) for row in rows}


async def _of_ids(
    tx: Transaction, head: str, tenant: str, ids: Sequence[str], tail: str = ""
) -> list[Row]:
    found: list[Row] = []
    for at in range(0, len(ids), AT_ONCE):
        some = ids[at : at + AT_ONCE]
        sql = f"{head} IN ({', '.join('?' * len(some))}) {tail}"
        found.extend(await tx.rows(sql, tenant, *some))
    return found
