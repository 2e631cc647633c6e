"""Pages of events: the newest first, every filter, the same as looking at each event."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from bridge.clock import new_id
from bridge.event import EventState, NewEvent
from bridge.store.event_filter import EventFilter
from bridge.store.event_pages import page_of_events, search_events, statements
from bridge.store.events import insert_events
from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Database, Transaction
from tests.store.conftest import START, new_event

RULES = ("often", "seldom")


class Known:
    """One event as the test knows it."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.at = START + number * 1000
        self.id = new_id("evt", self.at)
        self.seq = 0
        self.tenant = chance.choice(("default", "default", "acme"))
        self.source = chance.choice(("jira", "qtangl", "qtangl-2"))
        self.type = chance.choice(("scan.finished", "issue.created", "issue.updated"))
        self.subject = f"s-{number % 7}"
        self.state = chance.choice(list(EventState))
        self.rule = chance.choice(("", "often", "often", "seldom"))
        self.body = f'{{"n": "Number {number}"}}'.encode()


async def filled(database: Database, count: int = 90, *, mixed: bool = True) -> list[Known]:
    """mixed: as if much of it had been refused at first, and was stored late."""
    chance = random.Random(7)
    known = [Known(number, chance) for number in range(count)]
    order = chance.sample(known, count) if mixed else known

    async def work(tx: Transaction) -> None:
        for one in order:
            event = as_new(one)
            one.seq = (await insert_events(tx, [[event]]))[one.id]
            await tx.run("UPDATE events SET state = ? WHERE id = ?", one.state.value, one.id)
            for position in range(2 if one.rule else 0):
                await add_run(tx, one.tenant, one.id, one.rule, position)

    await database.write(work)
    return sorted(known, key=lambda one: one.id, reverse=True)


def as_new(one: Known) -> NewEvent:
    return new_event(one.id, source=one.source, subject=one.subject, body=one.body)._replace(
        id=one.id, tenant=one.tenant, type=one.type, received_at=one.at
    )


async def add_run(
    tx: Transaction, tenant: str, event_id: str, rule: str, position: int, once: str | None = None
) -> str:
    run_id = new_id("run", START)
    await tx.run(
        "INSERT INTO runs (id, event_id, tenant, rule, position, element, once, on_failure,"
        " variables, planned_at) VALUES (?, ?, ?, ?, ?, 'null', ?, 'free', '{}', ?)",
        run_id, event_id, tenant, rule, position, once, START,
    )  # fmt: skip
    return run_id


def fits(one: Known, chosen: EventFilter) -> bool:
    return all(
        (
            chosen.tenant in ("", one.tenant),
            not chosen.source or fnmatchcase(one.source, chosen.source),
            not chosen.type or fnmatchcase(one.type, chosen.type),
            chosen.state in ("", one.state.value),
            chosen.subject in ("", one.subject),
            chosen.rule in ("", one.rule),
            one.at >= chosen.since,
            not chosen.until or one.at < chosen.until,
        )
    )


async def leaf(database: Database, chosen: EventFilter, size: int) -> Sequence[str]:
    """All pages, one after the other; small ones with every state taken for a rare one."""
    rare = 1_000 if size < 10 else 0
    ids: list[str] = []
    before = 0
    while True:
        at = replace(chosen, before_seq=before)
        page = await database.read(lambda tx, at=at: page_of_events(tx, at, size, rare))  # type: ignore[misc]
        ids += [one.id for one in page]
        if len(page) < size:
            return ids
        before = page[-1].seq


async def test_pages_of_every_filter_hold_what_fits_once_newest_first(database: Database) -> None:
    known = await filled(database)
    filters = [
        EventFilter(
            tenant, source=source, type=type_, state=state, subject=subject, rule=rule,
            since=since, until=until,
        )
        for tenant in ("default", "")
        for source, type_ in (
            ("", ""), ("qtangl", ""), ("qtangl*", ""), ("", "issue.created"), ("jira", "issue.*"),
            ("jira", "scan.finished"),
        )
        for state in ("", "received", "matched", "done", "echo")
        for subject, rule in (("", ""), ("s-3", ""), ("", "seldom"))
        for since, until in ((0, 0), (START + 20_000, START + 60_000))
    ]  # fmt: skip
    for number, chosen in enumerate(filters):
        wanted = [one.id for one in known if fits(one, chosen)]
        size = (5, 50)[number % 2]
        assert await leaf(database, chosen, size) == wanted, chosen


async def test_page_goes_on_where_the_last_event_of_it_was_forgotten(database: Database) -> None:
    known = [one for one in await filled(database, mixed=False) if one.tenant == "default"]
    chosen = EventFilter("default")
    first = await database.read(lambda tx: page_of_events(tx, chosen, 5))
    await database.write(lambda tx: tx.run("DELETE FROM events WHERE id = ?", first[-1].id))
    at = replace(chosen, before_seq=first[-1].seq)
    second = await database.read(lambda tx: page_of_events(tx, at, 200))
    assert [one.id for one in second] == [one.id for one in known[5:]]


async def test_ticket_shows_what_made_it_what_it_stood_in_for_and_what_was_grouped(
    database: Database,
) -> None:
    known = [one for one in await filled(database) if one.tenant == "default"]
    made, skipped, grouped = known[0], known[1], known[2]

    async def work(tx: Transaction) -> None:
        run_id = await add_run(tx, "default", made.id, "ticket", 0, "finding-1")
        await add_run(tx, "default", skipped.id, "ticket", 0, "finding-1")
        await add_run(tx, "acme", known[3].id, "ticket", 0, "finding-1")
        await tx.run("UPDATE runs SET grouped = ? WHERE id = ?", f'["{grouped.id}"]', run_id)
        await tx.run(
            "INSERT INTO links (tenant, rule, once, subject, kind, record_id, run_id, event_id,"
            " state, ticket, created_at, updated_at) VALUES ('default', 'ticket', 'finding-1', '',"
            " '', '', ?, ?, 'done', 'SEC-12', 1, 1)",
            run_id, made.id,
        )  # fmt: skip

    await database.write(work)
    for tenant in ("default", ""):
        chosen = EventFilter(tenant, ticket="SEC-12")
        page = await database.read(lambda tx, chosen=chosen: page_of_events(tx, chosen))  # type: ignore[misc]
        assert [one.id for one in page] == [made.id, skipped.id, grouped.id]
    others = EventFilter("acme", ticket="SEC-12")
    assert await database.read(lambda tx: page_of_events(tx, others)) == []


async def test_text_is_found_in_bodies_and_a_search_stops_and_goes_on(database: Database) -> None:
    known = [one for one in await filled(database) if one.tenant == "default"]
    chosen, wanted = EventFilter("default"), known[-1]
    text = f'NUMBER {(wanted.at - START) // 1000}"'
    ids: list[str] = []
    rounds = 0
    while True:
        rounds += 1
        at = chosen
        found = await database.read(lambda tx, at=at: search_events(tx, at, text, most=20))  # type: ignore[misc]
        ids += [one.id for one in found.events]
        if found.last is None:
            break
        chosen = replace(chosen, before_seq=found.last)
    assert ids == [wanted.id]
    assert rounds == len(known) // 20 + 1


async def test_pages_are_read_by_an_index_and_sorted_by_nothing(sqlite: SqliteDatabase) -> None:
    filters = [
        EventFilter("default"), EventFilter("default", state="echo"),
        EventFilter("default", source="jira"), EventFilter("default", type="scan.finished"),
        EventFilter("default", subject="s-1"), EventFilter("default", rule="often"),
        EventFilter("default", source="jira", state="done", before_seq=3),
    ]  # fmt: skip
    await filled(sqlite, 5)

    async def plans(tx: Transaction) -> list[str]:
        asked = [
            part
            for chosen in filters
            for part in await statements(tx, chosen, 50)
            if "(SELECT e.seq" not in part[0]  # what is not settled is little, and is sorted
        ]
        return [
            str(row[3])
            for sql, values in asked
            for row in await tx.rows(f"EXPLAIN QUERY PLAN {sql}", *values)
        ]

    told = await sqlite.read(plans)
    assert [one for one in told if "TEMP B-TREE" in one or one == "SCAN e"] == []
