"""The table of events, and their bodies beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.errors import NotFound
from bridge.event import EventState, NewEvent, StoredEvent
from bridge.store.delivery_keys import (
    find_known,
    is_event,
    move_slice,
    seq_of_delivery,
    up_to_date,
)
from bridge.store.event_filter import EventFilter, where
from bridge.store.newest_keys import digest_of
from bridge.store.transaction import Row, Transaction, insert_rows

COLUMNS = (
    "e.seq, e.id, e.tenant, e.source, e.key, e.part, e.type, e.subject, e.time, e.received_at,"
    " e.state, e.reason, e.rules_version, b.headers, b.body"
)
FROM = "FROM events e JOIN bodies b ON b.event_id = e.body_of"

WITHOUT_BODIES = COLUMNS.replace("b.headers, b.body", "'{}', NULL")
"""The same columns, where nobody wants to read the bodies: lists stay quick."""

INSERT_EVENTS = (
    "INSERT INTO events (id, tenant, source, key, part, type, subject, time, received_at,"
    " body_of, state)"
)
INSERT_NUMBERED = INSERT_EVENTS.replace("(id,", "(seq, id,")
INSERT_BODIES = "INSERT INTO bodies (event_id, headers, body)"
UNLESS_KNOWN = "ON CONFLICT (tenant, source, key) DO NOTHING"

EventRow = tuple[str, str, str, str, int, str, str, int, int, str, str]
"""As INSERT_EVENTS has it."""


def stored(row: Row) -> StoredEvent:
    """A row of COLUMNS as a value."""
    seq, id_, tenant, source, key, part, type_, subject, time, received_at = row[:10]
    state, reason, rules_version, headers, body = row[10:]
    return StoredEvent(
        seq, id_, tenant, source, key, part, type_, subject, time, received_at,
        EventState(state), reason, rules_version, headers, bytes(body or b""),
    )  # fmt: skip


def as_stored(seq: int, event: NewEvent) -> StoredEvent:
    """What `stored` would give for an event that has just been inserted."""
    return StoredEvent(
        seq, event.id, event.tenant, event.source, event.key, event.part, event.type,
        event.subject, event.time, event.received_at, EventState.RECEIVED, "", "",
        event.headers, event.body,
    )  # fmt: skip


async def insert_events(
    tx: Transaction, deliveries: Sequence[Sequence[NewEvent]]
) -> dict[str, int]:
    """Stores the events that are new, with their bodies; gives their seq by id.

    An event whose (tenant, source, key) is known is left out. The store decides, so two
    deliveries at once cannot both be new.
    """
    # The first nine of an event are the first nine columns; naming each would take three times.
    rows: list[EventRow] = [
        (*event[:9], events[0].id, "received") for events in deliveries for event in events
    ]
    new = await insert_unknown(tx, rows)
    bodies = [
        (events[0].id, events[0].headers, events[0].body)
        for events in deliveries
        if events[0].id in new or any(event.id in new for event in events)
    ]
    await insert_rows(tx, INSERT_BODIES, bodies)
    return new


async def insert_unknown(tx: Transaction, rows: Sequence[EventRow]) -> dict[str, int]:
    """Inserts those rows of events whose delivery is not known; gives their seq by id.

    SQLite has no other writer while the transaction is open, so the numbers are given here: it
    would give every returned row by itself, and the interpreter's lock with it.
    """
    if tx.engine == "postgres":
        returned = await insert_rows(tx, INSERT_EVENTS, rows, f"{UNLESS_KNOWN} RETURNING seq, id")
        return {id_: seq for seq, id_ in returned}
    newest = await newest_seq(tx)
    keys = await up_to_date(tx, newest)
    digests = [digest_of(row[1], row[2], row[3]) for row in rows]
    known = await find_known(tx, keys, digests)
    if known or len(set(digests)) < len(digests):
        rows, digests = await leave_known_out(tx, rows, digests, known)
    numbered = [(seq, *row) for seq, row in enumerate(rows, newest + 1)]
    await insert_rows(tx, INSERT_NUMBERED, numbered)
    keys.add(digests, newest + 1)
    if keys.many:
        await move_slice(tx, keys)
    return {row[1]: row[0] for row in numbered}


async def leave_known_out(
    tx: Transaction,
    rows: Sequence[EventRow],
    digests: Sequence[bytes],
    known: Mapping[bytes, int],
) -> tuple[list[EventRow], list[bytes]]:
    """The rows that are new, each key once, with their digests.

    known: the seq by the digest; an event that is gone is none any more.
    """
    new: dict[bytes, EventRow] = {}
    for row, digest in zip(rows, digests, strict=True):
        if digest in new:
            continue
        seq = known.get(digest)
        if seq is None or not await is_event(tx, seq, row[1], row[2], row[3]):
            new[digest] = row
    return list(new.values()), list(new)


async def find_delivery(
    tx: Transaction, tenant: str, source: str, key: str
) -> tuple[str, EventState]:
    """The id and state of the event that a redelivery repeats. Raises NotFound."""
    if tx.engine == "postgres":
        row = await tx.row(
            "SELECT id, state FROM events WHERE tenant = ? AND source = ? AND key = ?",
            tenant,
            source,
            key,
        )
    else:
        seq = await seq_of_delivery(tx, await newest_seq(tx), tenant, source, key)
        row = await tx.row("SELECT id, state FROM events WHERE seq = ?", seq)
    if row is None:
        raise NotFound(f"no event of {source} has the key {key!r}")
    return row[0], EventState(row[1])


async def get_event(tx: Transaction, event_id: str, tenant: str | None = None) -> StoredEvent:
    """One event with its body. Raises NotFound, also when it is another tenant's."""
    row = await tx.row(f"SELECT {COLUMNS} {FROM} WHERE e.id = ?", event_id)
    if row is None or (tenant is not None and row[2] != tenant):
        raise NotFound(f"no event has the id {event_id}")
    return stored(row)


async def events_by_id(tx: Transaction, ids: Sequence[str]) -> list[StoredEvent]:
    """Those of the events that are there, without their bodies."""
    marks = ", ".join("?" * len(ids))
    rows = await tx.rows(
        f"SELECT {WITHOUT_BODIES} FROM events e WHERE e.id IN ({marks}) ORDER BY e.seq", *ids
    )
    return [stored(row) for row in rows]


async def with_bodies(tx: Transaction, ids: Sequence[str]) -> list[StoredEvent]:
    """Those of the events that are there, with their bodies, in no order."""
    marks = ", ".join("?" * len(ids))
    rows = await tx.rows(f"SELECT {COLUMNS} {FROM} WHERE e.id IN ({marks})", *ids) if ids else []
    return [stored(row) for row in rows]


async def read_received(tx: Transaction, limit: int, after_seq: int = 0) -> list[StoredEvent]:
    """The oldest events that no rule has seen yet."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} {FROM} WHERE e.state = 'received' AND e.seq > ? ORDER BY e.seq LIMIT ?",
        after_seq,
        limit,
    )
    return [stored(row) for row in rows]


async def list_events(
    tx: Transaction,
    chosen: EventFilter,
    limit: int = 50,
    oldest_first: bool = False,
    *,
    bodies: bool = True,
) -> list[StoredEvent]:
    """Events newest first (or oldest first); `before_seq` turns the page.

    bodies: whether headers and body are wanted too; else they are empty.
    """
    condition, values = where(chosen, tx.engine)
    order = "ASC" if oldest_first else "DESC"
    what = f"SELECT {COLUMNS} {FROM}" if bodies else f"SELECT {WITHOUT_BODIES} FROM events e"
    rows = await tx.rows(
        f"{what} WHERE {condition} ORDER BY e.seq {order} LIMIT ?",
        *values,
        limit,
    )
    return [stored(row) for row in rows]


async def received_by_time(
    tx: Transaction, tenant: str, since: int, step_ms: int
) -> dict[int, dict[str, int]]:
    """How many events came in each step of time, by their present state.

    since: milliseconds UTC. Read by id, which begins with the time and has an index.
    """
    rows = await tx.rows(
        "SELECT received_at / ? * ?, state, count(*) FROM events WHERE id >= ? AND tenant = ?"
        " GROUP BY 1, 2",
        step_ms,
        step_ms,
        f"evt_{since:012x}",
        tenant,
    )
    counted: dict[int, dict[str, int]] = {}
    for at, state, count in rows:
        counted.setdefault(int(at), {})[state] = int(count)
    return counted


async def count_events(tx: Transaction, chosen: EventFilter) -> int:
    """How many events a filter lets through. Reads them all: not for a hot path."""
    condition, values = where(chosen, tx.engine)
    row = await tx.row(f"SELECT count(*) FROM events e WHERE {condition}", *values)
    return int(row[0]) if row else 0


async def newest_seq(tx: Transaction) -> int:
    """The seq of the event that came last; 0 when there is none."""
    row = await tx.row("SELECT max(seq) FROM events")
    return int(row[0] or 0) if row else 0
