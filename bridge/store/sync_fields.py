"""The table of synced fields: what two sides last agreed on, and conflicts for a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.clock import new_id
from bridge.errors import NotFound
from bridge.event import JSON
from bridge.store.links import find_link
from bridge.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True)
class PairKey:
    """Two linked things under one sync rule."""

    tenant: str
    rule: str
    left: str
    right: str

    @property
    def values(self) -> tuple[str, str, str, str]:
        return (self.tenant, self.rule, self.left, self.right)


Said = tuple[str, int]
"""A value, and when it was set, by its system's word; milliseconds."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What is being written to both sides: the values they shall have, and had before, and when
    those had been set.

    steps_left, steps_right: what was or may have been set there, by all tries since; none where
    nothing is written to that side.
    """

    left: str
    right: str
    before_left: str
    before_right: str
    steps_left: tuple[str, ...] = ()
    steps_right: tuple[str, ...] = ()
    before_left_at: int = 0
    before_right_at: int = 0


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of a pair. left, right: what they last agreed on; None before they did.

    pending: a write that was begun and of which no end is known. held_left, held_right: what a
    person has to choose from. take: the side that was chosen.
    """

    id: str
    pair: PairKey
    field: str
    state: str
    left: Said | None
    right: Said | None
    changed_at: int
    agreed_at: int
    pending: Pending | None
    held_left: str
    held_right: str
    held_at: int
    take: str
    event_id: str


COLUMNS = (
    "id, tenant, rule, left_id, right_id, field, state, left_value, right_value, changed_at,"
    " agreed_at, held_left, held_right, held_at, take, event_id"
)
OF_PAIR = "tenant = ? AND rule = ? AND left_id = ? AND right_id = ?"
HELD, WRITING = "held", "writing"


def stored(row: Row) -> FieldRow:
    left, right, held_left, held_right = (json.loads(row[at]) for at in (7, 8, 11, 12))
    pending = None
    if row[6] == WRITING:
        left_value, left_before, left_at, *left_steps = held_left
        right_value, right_before, right_at, *right_steps = held_right
        pending = Pending(
            left_value, right_value, left_before, right_before, (*left_steps,), (*right_steps,),
            left_at, right_at,
        )  # fmt: skip
    held = (held_left, held_right) if row[6] == HELD else ("", "")
    return FieldRow(
        row[0], PairKey(*row[1:5]), row[5], row[6], said(left), said(right), row[9], row[10],
        pending, str(held[0]), str(held[1]), row[13], row[14], row[15],
    )  # fmt: skip


def said(value: JSON) -> Said | None:
    if not isinstance(value, list):
        return None
    text, at = value
    return str(text), int(str(at))


async def fields_of_pair(tx: Transaction, pair: PairKey) -> dict[str, FieldRow]:
    rows = await tx.rows(f"SELECT {COLUMNS} FROM sync_fields WHERE {OF_PAIR}", *pair.values)
    return {one.field: one for one in map(stored, rows)}


async def agree(
    tx: Transaction, pair: PairKey, field: str, left: Said, right: Said, changed_at: int, now: int
) -> None:
    """Both sides say the same now; whatever was held is settled."""
    await tx.run(
        f"INSERT INTO sync_fields ({COLUMNS}, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'agreed', ?, ?, ?, ?, 'null', 'null', 0, '', '', ?)"
        " ON CONFLICT (tenant, rule, left_id, right_id, field) DO UPDATE SET state = 'agreed',"
        " left_value = excluded.left_value, right_value = excluded.right_value,"
        " changed_at = excluded.changed_at, agreed_at = excluded.agreed_at, held_left = 'null',"
        " held_right = 'null', held_at = 0, take = '', event_id = '',"
        " updated_at = excluded.updated_at",
        new_id("syn", now), *pair.values, field, json.dumps(left), json.dumps(right), changed_at,
        now, now,
    )  # fmt: skip


async def begin(tx: Transaction, pair: PairKey, field: str, pending: Pending, now: int) -> None:
    """A write is about to be made. Should its end never be known, what it wrote is not taken for
    a person's."""
    left = [pending.left, pending.before_left, pending.before_left_at, *pending.steps_left]
    right = [pending.right, pending.before_right, pending.before_right_at, *pending.steps_right]
    await tx.run(
        f"INSERT INTO sync_fields ({COLUMNS}, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'writing', 'null', 'null', 0, 0, ?, ?, 0, '', '', ?)"
        " ON CONFLICT (tenant, rule, left_id, right_id, field) DO UPDATE SET state = 'writing',"
        " held_left = excluded.held_left, held_right = excluded.held_right,"
        " updated_at = excluded.updated_at",
        new_id("syn", now), *pair.values, field, json.dumps(left), json.dumps(right), now,
    )  # fmt: skip


async def reached(tx: Transaction, pair: PairKey, field: str, left: Said, right: Said) -> None:
    """A write that was begun has been answered: what both sides were given is agreed on, though
    nobody has looked yet whether it replaced something unseen."""
    await tx.run(
        "UPDATE sync_fields SET left_value = ?, right_value = ?"
        f" WHERE {OF_PAIR} AND field = ? AND state = 'writing'",
        json.dumps(left),
        json.dumps(right),
        *pair.values,
        field,
    )


async def hold(
    tx: Transaction, pair: PairKey, field: str, left: str, right: str, event_id: str, now: int
) -> None:
    """Both sides say different things, and a person has to choose. What was agreed on stays."""
    await tx.run(
        f"INSERT INTO sync_fields ({COLUMNS}, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'held', 'null', 'null', 0, 0, ?, ?, ?, '', ?, ?)"
        " ON CONFLICT (tenant, rule, left_id, right_id, field) DO UPDATE SET state = 'held',"
        " held_left = excluded.held_left, held_right = excluded.held_right,"
        " held_at = CASE WHEN sync_fields.held_at > 0 THEN sync_fields.held_at"
        " ELSE excluded.held_at END,"
        " event_id = excluded.event_id, updated_at = excluded.updated_at",
        new_id("syn", now), *pair.values, field, json.dumps(left), json.dumps(right), now,
        event_id, now,
    )  # fmt: skip


async def held_fields(
    tx: Transaction, tenant: str | None = None, limit: int = 500
) -> Sequence[FieldRow]:
    """What waits for a person, the oldest first."""
    condition, values = ("AND tenant = ?", (tenant,)) if tenant is not None else ("", ())
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM sync_fields WHERE state = 'held' {condition}"
        " ORDER BY held_at, id LIMIT ?",
        *values,
        limit,
    )
    return [stored(row) for row in rows]


async def held_by_event(tx: Transaction, event_id: str) -> Sequence[FieldRow]:
    """What an event met and a person has still to decide."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM sync_fields WHERE event_id = ? AND state = 'held' ORDER BY field",
        event_id,
    )
    return [stored(row) for row in rows]


async def get_held(tx: Transaction, field_id: str, tenant: str | None = None) -> FieldRow:
    """A field that waits for a person. Raises NotFound, also when it is another tenant's."""
    row = await tx.row(f"SELECT {COLUMNS} FROM sync_fields WHERE id = ?", field_id)
    if row is None or (tenant is not None and row[1] != tenant):
        raise NotFound(f"nothing that sync holds has the id {field_id}")
    if row[6] != HELD:
        raise NotFound(f"{field_id} is not held any more: both sides say the same by now")
    return stored(row)


async def count_held(tx: Transaction) -> int:
    row = await tx.row("SELECT count(*) FROM sync_fields WHERE state = 'held'")
    return int(row[0]) if row else 0


async def pairs_of_object(tx: Transaction, tenant: str, object_id: str) -> Sequence[PairKey]:
    """Every pair that something is a side of."""
    rows = await tx.rows(
        "SELECT DISTINCT tenant, rule, left_id, right_id FROM sync_fields WHERE tenant = ?"
        " AND (left_id = ? OR right_id = ?)",
        tenant,
        object_id,
        object_id,
    )
    return [PairKey(*row) for row in rows]


async def take(tx: Transaction, field_id: str, side: str, now: int) -> None:
    """A person has decided; the next sync of the pair obeys."""
    await tx.run(
        "UPDATE sync_fields SET take = ?, updated_at = ? WHERE id = ? AND state = 'held'",
        side,
        now,
        field_id,
    )


async def ties_of(
    tx: Transaction, tenant: str, kind: str, integration: str, record: str = "", ticket: str = ""
) -> Sequence[tuple[str, str]]:
    """The links of one record, or of one ticket: record and ticket of each."""
    column, value = ("record_id", record) if record else ("ticket", ticket)
    rows = await tx.rows(
        "SELECT DISTINCT record_id, ticket FROM links WHERE tenant = ? AND kind = ?"
        f" AND integration = ? AND ticket <> '' AND {column} = ?",
        tenant,
        kind,
        integration,
        value,
    )
    return [(row[0], row[1]) for row in rows]


async def ties_of_subject(tx: Transaction, tenant: str, subject: str) -> Sequence[tuple[str, str]]:
    """Kind of record and integration of everything that a subject is tied to, or is."""
    rows = await tx.rows(
        "SELECT DISTINCT kind, integration FROM links WHERE tenant = ? AND ticket <> ''"
        " AND (ticket = ? OR subject = ?)",
        tenant,
        subject,
        subject,
    )
    return [(row[0], row[1]) for row in rows]


async def link_seen(tx: Transaction, tenant: str, subject: str) -> JSON:
    """What expressions see as `link`: what a subject is tied to, and with `ties` all of it."""
    link = await find_link(tx, tenant, subject)
    ties: list[JSON] = [
        {"kind": kind, "integration": name}
        for kind, name in await ties_of_subject(tx, tenant, subject)
    ]
    known = link.as_json() if link else {}
    return {**known, "ties": ties} if isinstance(known, dict) and ties else known
