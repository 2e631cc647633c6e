"""The table of integrations that API callers made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.errors import Conflict, NotFound
from bridge.event import JSON
from bridge.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True)
class StoredIntegration:
    """See the columns of the table."""

    id: str
    tenant: str
    name: str
    type: str
    identifier: str
    sealed: bytes = field(repr=False)
    scope: Mapping[str, JSON]
    metadata: Mapping[str, JSON]
    created_by: str
    made_with: str
    active: bool
    trouble: str
    valid_until: int
    created_at: int
    updated_at: int
    version: int


COLUMNS = (
    "id, tenant, name, type, identifier, sealed, scope, metadata, created_by, made_with, active,"
    " trouble, valid_until, created_at, updated_at, version"
)


def stored(row: Row) -> StoredIntegration:
    id_, tenant, name, type_, identifier, sealed, scope, metadata = row[:8]
    created_by, made_with, active, trouble, valid_until, created_at, updated_at, version = row[8:]
    return StoredIntegration(
        id_, tenant, name, type_, identifier, bytes(sealed), json.loads(scope),
        json.loads(metadata), created_by, made_with, bool(active), trouble, valid_until,
        created_at, updated_at, version,
    )  # fmt: skip


async def insert_integration(tx: Transaction, one: StoredIntegration) -> None:
    """Raises Conflict where the tenant has one with this identifier already."""
    row = await tx.row(
        f"INSERT INTO integrations ({COLUMNS})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant, identifier) DO NOTHING RETURNING id",
        one.id, one.tenant, one.name, one.type, one.identifier, one.sealed,
        json.dumps(dict(one.scope)), json.dumps(dict(one.metadata)), one.created_by,
        one.made_with, int(one.active), one.trouble, one.valid_until, one.created_at,
        one.updated_at, one.version,
    )  # fmt: skip
    if row is None:
        raise Conflict(f"an integration with the unique_identifier {one.identifier!r} exists")


async def update_integration(tx: Transaction, one: StoredIntegration) -> None:
    """Writes what may change, over the version that was read.

    Raises Conflict where somebody else changed it meanwhile.
    """
    changed = await tx.run(
        "UPDATE integrations SET name = ?, sealed = ?, scope = ?, metadata = ?, active = ?,"
        " trouble = ?, valid_until = ?, updated_at = ?, version = version + 1"
        " WHERE tenant = ? AND id = ? AND version = ?",
        one.name, one.sealed, json.dumps(dict(one.scope)), json.dumps(dict(one.metadata)),
        int(one.active), one.trouble, one.valid_until, one.updated_at, one.tenant, one.id,
        one.version,
    )  # fmt: skip
    if not changed:
        raise Conflict("the integration was changed or removed meanwhile; read it again")


async def delete_integration(tx: Transaction, tenant: str, id_: str) -> bool:
    return await tx.run("DELETE FROM integrations WHERE tenant = ? AND id = ?", tenant, id_) == 1


async def get_integration(tx: Transaction, tenant: str, id_: str) -> StoredIntegration:
    """Raises NotFound, also when it is another tenant's."""
    row = await tx.row(
        f"SELECT {COLUMNS} FROM integrations WHERE tenant = ? AND id = ?", tenant, id_
    )
    if row is None:
        raise NotFound(f"no integration has the id {id_}")
    return stored(row)


async def list_integrations(
    tx: Transaction, tenant: str | None = None
) -> Sequence[StoredIntegration]:
    """Those of a tenant, or of all, oldest first."""
    if tenant is None:
        rows = await tx.rows(f"SELECT {COLUMNS} FROM integrations ORDER BY id")
    else:
        rows = await tx.rows(
            f"SELECT {COLUMNS} FROM integrations WHERE tenant = ? ORDER BY id", tenant
        )
    return [stored(row) for row in rows]


async def change_mark(tx: Transaction) -> tuple[int, int, str]:
    """What differs after every change to any integration; also where one came and one went."""
    row = await tx.row(
        "SELECT count(*), coalesce(sum(version), 0), coalesce(max(id), '') FROM integrations"
    )
    assert row is not None
    return int(row[0]), int(row[1]), str(row[2])


async def begin_renewal(tx: Transaction, id_: str, now: int, until: int) -> bool:
    """Whether this node may renew the token now: one at a time, for as long as `until`."""
    changed = await tx.run(
        "UPDATE integrations SET renewing_until = ? WHERE id = ? AND renewing_until <= ?",
        until,
        id_,
        now,
    )
    return changed == 1


async def end_renewal(tx: Transaction, id_: str, until: int) -> None:
    """Gives back what `begin_renewal` took; nothing where another node has taken it since."""
    await tx.run(
        "UPDATE integrations SET renewing_until = 0 WHERE id = ? AND renewing_until = ?",
        id_,
        until,
    )
