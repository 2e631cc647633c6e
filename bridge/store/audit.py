"""The table of who changed what. Rows are added with the change itself, in its transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.event import JSON
from bridge.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True)
class Change:
    """One change. actor: a key's id, or `cli`; name: that key's name then.

    what: a noun and a verb, such as `key.create`. object: the id of what was changed.
    """

    tenant: str
    at: int
    actor: str
    name: str
    what: str
    object: str
    detail: Mapping[str, JSON]
    request_id: str = ""
    seq: int = 0


async def add_change(tx: Transaction, change: Change) -> None:
    await tx.run(
        "INSERT INTO audit (tenant, at, actor, name, what, object, detail, request_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        change.tenant,
        change.at,
        change.actor,
        change.name,
        change.what,
        change.object,
        json.dumps(dict(change.detail)),
        change.request_id,
    )


async def list_changes(
    tx: Transaction, tenant: str, limit: int = 50, before_seq: int = 0
) -> Sequence[Change]:
    """The changes of a tenant, newest first; `before_seq` turns the page."""
    rows = await tx.rows(
        "SELECT tenant, at, actor, name, what, object, detail, request_id, seq FROM audit"
        " WHERE tenant = ? AND (? = 0 OR seq < ?) ORDER BY seq DESC LIMIT ?",
        tenant,
        before_seq,
        before_seq,
        limit,
    )
    return [stored(row) for row in rows]


def stored(row: Row) -> Change:
    tenant, at, actor, name, what, object_, detail, request_id, seq = row
    return Change(tenant, at, actor, name, what, object_, json.loads(detail), request_id, seq)
