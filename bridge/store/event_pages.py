"""Pages of events, newest first, as quick over a million events as over a hundred.

Question: how are filters kept quick without making receiving dearer? Options: an index for each
filter on all events; indexes on settled events only. Choice: the second. Consequence: what is not
settled yet, which is little, is read by the small indexes that the worker has anyway, and the two
parts are put together here.

Newest means: received last, as the ids tell to the millisecond. A page begins behind the event that
the page before ended with, so scrolling on is a seek and never gets slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.event import StoredEvent
from bridge.store.event_filter import EventFilter, conditions, led_to
from bridge.store.events import WITHOUT_BODIES, stored, with_bodies
from bridge.store.transaction import Transaction

SETTLED = ("done", "failed", "ignored", "echo")
IS_SETTLED = "e.state IN ('done', 'failed', 'ignored', 'echo')"
"""Word for word as in the indexes: SQLite uses a partial index only then."""

OPEN = {"received": "events_received", "matched": "events_matched"}
"""States in which an event is not settled, and the index that holds it."""

INDEXES = (("subject", "events_by_subject"), ("type", "events_by_type"),
           ("source", "events_by_source"))  # fmt: skip
"""The narrower first: a type has its source beside it in its index."""

MOST_SEARCHED = 1_000
"""Bodies one page of a search looks into: some 2 MB of them, some 50 ms."""


MOST_SORTED = 2_000
"""Events that wait, sorted for a page. Arbitrary: some milliseconds."""


RARE = 5_000
"""Events in a state. Arbitrary: so many are counted in a millisecond and read in twenty."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A page of a search. last: the seq up to which was looked; None when that was the end."""

    events: Sequence[StoredEvent]
    last: int | None


async def page_of_events(
    tx: Transaction, chosen: EventFilter, limit: int = 50, rare: int = RARE
) -> list[StoredEvent]:
    """The newest events that fit, without their bodies; `before_seq` turns the page.

    rare: events of a state up to which they are looked at one by one.
    """
    found = [
        stored(row)
        for sql, values in await statements(tx, chosen, limit, rare)
        for row in await tx.rows(sql, *values)
    ]
    found.sort(key=lambda one: one.id, reverse=True)
    return found[:limit]


async def statements(
    tx: Transaction, chosen: EventFilter, limit: int, rare: int = RARE
) -> list[tuple[str, Sequence[object]]]:
    """What is asked for one page: each gives the newest of its part, and parts share no event."""
    terms, values = conditions(chosen)
    before = await before_id(tx, chosen.before_seq)
    if before:
        terms, values = [*terms, "e.id < ?"], [*values, before]
    if chosen.ticket:
        ids, key = led_to(tx.engine, chosen.tenant, chosen.ticket)
        return [_newest(f"FROM events e WHERE e.id IN ({ids})", terms, key, values, limit)]
    if chosen.rule:
        return [_of_rule(chosen, before, terms, values, limit)]
    parts = [
        _newest_open(f"FROM events e {_by(tx, index)} WHERE e.state = '{state}'", terms, values,
                     limit)
        for state, index in OPEN.items()
        if chosen.state in ("", state)
    ]  # fmt: skip
    if chosen.state in OPEN:
        return parts
    index = next((name for field, name in INDEXES if _plain(getattr(chosen, field))), "")
    if chosen.state and index != "events_by_subject" and await is_rare(tx, chosen, rare):
        index = ""
    if index and chosen.tenant:
        return [
            *parts,
            _newest(f"FROM events e {_by(tx, index)} WHERE {IS_SETTLED}", terms, (), values, limit),
        ]
    if not chosen.tenant:  # the command line, which may look at all tenants: it walks by id
        return [*parts, _newest(f"FROM events e WHERE {IS_SETTLED}", terms, (), values, limit)]
    by_state = f"FROM events e {_by(tx, 'events_by_state')} WHERE {IS_SETTLED} AND e.state = ?"
    return parts + [
        _newest(by_state, terms, (state,), values, limit)
        for state in SETTLED
        if chosen.state in ("", state)
    ]


async def is_rare(tx: Transaction, chosen: EventFilter, rare: int) -> bool:
    """Whether so few events are in a state that looking at all of them is quicker than looking
    for it among those of a source or a type."""
    some = (
        f"SELECT 1 FROM events e {_by(tx, 'events_by_state')} WHERE e.tenant = ? AND e.state = ?"
        f" AND {IS_SETTLED} LIMIT {rare + 1}"
    )
    row = await tx.row(f"SELECT count(*) FROM ({some}) o", chosen.tenant, chosen.state)
    return row is not None and int(row[0]) <= rare


def _newest(
    asked: str,
    terms: Sequence[str],
    first: Sequence[object],
    values: Sequence[object],
    limit: int,
    order: str = "e.id",
) -> tuple[str, Sequence[object]]:
    more = "".join(f" AND {term}" for term in terms)
    sql = f"SELECT {WITHOUT_BODIES} {asked}{more} ORDER BY {order} DESC LIMIT ?"
    return sql, (*first, *values, limit)


def _newest_open(
    asked: str, terms: Sequence[str], values: Sequence[object], limit: int
) -> tuple[str, Sequence[object]]:
    """Of what is not settled, whose indexes are sorted by seq: sorted anew, if there is no more of
    it than can be sorted in a moment. Else what was stored so much later than it came, as what
    leaves the quarantine, may be missing until it is settled."""
    last, given = _newest(asked, terms, (), values, max(limit, MOST_SORTED), "e.seq")
    return f"SELECT * FROM ({last}) o ORDER BY id DESC LIMIT ?", (*given, limit)


def _of_rule(
    chosen: EventFilter, before: str, terms: Sequence[str], values: Sequence[object], limit: int
) -> tuple[str, Sequence[object]]:
    """By the runs of a rule, which are as old as their events; of several runs of one, by one."""
    older, key = ("AND r.event_id < ?", [before]) if before else ("", [])
    tenant, of = ("r.tenant = ? AND", [chosen.tenant]) if chosen.tenant else ("", [])
    met = (
        f"FROM runs r CROSS JOIN events e WHERE {tenant} r.rule = ? {older} AND e.id = r.event_id"
        " AND NOT EXISTS (SELECT 1 FROM runs s WHERE s.tenant = r.tenant AND s.rule = r.rule"
        " AND s.event_id = r.event_id AND s.id < r.id)"
    )
    return _newest(met, terms, (*of, chosen.rule, *key), values, limit, "r.event_id")


def _by(tx: Transaction, index: str) -> str:
    """PostgreSQL chooses by what it knows of the values; SQLite knows nothing of them."""
    return f"INDEXED BY {index}" if tx.engine == "sqlite" else ""


def _plain(wanted: str) -> bool:
    return bool(wanted) and "*" not in wanted and "?" not in wanted


async def before_id(tx: Transaction, seq: int) -> str:
    """The id that a page's events are older than; empty for the first page.

    Where the event itself is forgotten meanwhile, the one before it counts, and is shown.
    """
    if not seq:
        return ""
    row = await tx.row("SELECT seq, id FROM events WHERE seq <= ? ORDER BY seq DESC LIMIT 1", seq)
    if row is None:
        return "evt_"
    return str(row[1]) if row[0] == seq else f"{row[1]}~"


async def count_by_state(tx: Transaction, tenant: str | None = None) -> dict[str, int]:
    """How many events are in each state. Reads an index from end to end: not for a hot path."""
    if tenant is None:
        rows = list(await tx.rows("SELECT state, count(*) FROM events GROUP BY state"))
    else:
        index = _by(tx, "events_by_state")
        settled = (
            f"SELECT state, count(*) FROM events e {index}"
            f" WHERE e.tenant = ? AND {IS_SETTLED} GROUP BY e.tenant, e.state"
        )
        rows = list(await tx.rows(settled, tenant))
        for state in OPEN:
            waiting = f"SELECT count(*) FROM events WHERE state = '{state}' AND tenant = ?"
            row = await tx.row(waiting, tenant)
            if row and row[0]:
                rows.append((state, row[0]))
    return {state: int(count) for state, count in rows}


async def search_events(
    tx: Transaction,
    chosen: EventFilter,
    text: str,
    limit: int = 50,
    most: int = MOST_SEARCHED,
) -> Searched:
    """Those of the newest events in which a text stands: id, subject, reason, key or body.

    Upper and lower case are the same. It looks at so many events and then says where it stopped,
    so that a text that is nowhere costs no more than one that is everywhere.
    """
    wanted, found, looked = text.casefold(), list[StoredEvent](), 0
    while looked < most:
        step = min(500, most - looked)
        page = await page_of_events(tx, chosen, step)
        whole = {one.id: one for one in await with_bodies(tx, [one.id for one in page])}
        for one in page:
            if one.id not in whole or not stands_in(whole[one.id], wanted):
                continue
            found.append(one)
            if len(found) == limit:
                return Searched(found, one.seq)
        if len(page) < step:
            return Searched(found, None)
        looked += step
        chosen = replace(chosen, before_seq=page[-1].seq)
    return Searched(found, chosen.before_seq)


def stands_in(event: StoredEvent, wanted: str) -> bool:
    """Whether a text, in lower case, stands anywhere in what is shown of an event."""
    words = "\n".join((event.id, event.type, event.subject, event.key, event.reason))
    return wanted in words.casefold() or wanted in event.body.decode("utf-8", "replace").casefold()
