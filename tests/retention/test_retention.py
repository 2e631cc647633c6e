"""Old events go, links stay, and the file gets smaller."""

from __future__ import annotations

from bridge.action import PlannedAction
from bridge.retention import DAY_MS, Keep, Retention
from bridge.store.attempts import AttemptOutcome
from bridge.store.event_pages import count_by_state
from bridge.store.intake import Intake
from bridge.store.links import Link, LinkState, find_once, intend
from bridge.store.records import Record, keep_records, list_records
from bridge.store.retention import free_pages, shrink
from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Database, Transaction
from tests.record.test_plans_and_tries import accept, actions_of, end
from tests.store.conftest import MovableClock, new_event
from tests.store.plans import plan, run_of

TICKET = PlannedAction(0, "create_ticket", "ticket", "jira", {"summary": "s"})
TABLES = ("events", "bodies", "runs", "actions", "attempts")


async def rows(database: Database) -> dict[str, int]:
    counts = {}
    for table in TABLES:
        row = await database.read(lambda tx, table=table: tx.row(f"SELECT count(*) FROM {table}"))  # type: ignore[misc]
        assert row is not None
        counts[table] = row[0]
    return counts


async def done_event(database: Database, clock: MovableClock, key: str) -> str:
    event = await accept(database, clock, key)
    await plan(database, event, clock(), run_of("r", TICKET, once=key))
    (action,) = await actions_of(database, event)
    made = {"key": "SEC-1", "id": "1", "url": "https://jira.example/SEC-1"}
    await end(database, clock, action, AttemptOutcome.DONE, outputs=dict(made))
    return event


async def test_old_done_event_goes_with_all_that_hangs_on_it_and_its_link_stays(
    database: Database, clock: MovableClock
) -> None:
    await done_event(database, clock, "old")
    clock.advance(31 * DAY_MS)
    assert await Retention(database, clock, Keep({"done": 30})).forget() == 1
    link = await database.read(lambda tx: find_once(tx, "default", "r", "old"))
    assert await rows(database) == dict.fromkeys(TABLES, 0)
    assert link is not None
    assert link.ticket == "SEC-1"


async def test_each_state_has_its_own_age_and_waiting_events_have_none(
    database: Database, clock: MovableClock
) -> None:
    await done_event(database, clock, "done")
    ignored = await accept(database, clock, "ignored")
    await plan(database, ignored, clock())
    await accept(database, clock, "waiting")
    clock.advance(8 * DAY_MS)
    keep = Keep({"done": 30, "ignored": 7})
    assert await Retention(database, clock, keep).forget() == 1
    assert await database.read(count_by_state) == {"done": 1, "received": 1}
    clock.advance(365 * DAY_MS)
    assert await Retention(database, clock, keep).forget() == 1
    assert await database.read(count_by_state) == {"received": 1}


async def test_body_shared_by_parts_stays_until_the_last_part_goes(
    database: Database, clock: MovableClock
) -> None:
    parts = [new_event("d#0", body=b"[1]"), new_event("d#1", body=b"[1]", part=1)]
    first, second = await Intake(database, clock).accept(parts)
    await plan(database, first.id, clock())
    clock.advance(8 * DAY_MS)
    retention = Retention(database, clock, Keep({"ignored": 7}))
    assert await retention.forget() == 1
    assert (await rows(database))["bodies"] == 1
    await plan(database, second.id, clock())
    assert await retention.forget() == 1
    assert (await rows(database))["bodies"] == 0


async def test_size_limit_forgets_the_oldest_first_and_the_file_shrinks(
    sqlite: SqliteDatabase, clock: MovableClock
) -> None:
    intake = Intake(sqlite, clock)
    for number in range(600):
        (one,) = await intake.accept([new_event(f"k{number}", body=b"x" * 4_000)])
        await plan(sqlite, one.id, clock())
    before = await pages(sqlite)
    forgotten = await Retention(sqlite, clock, Keep({}, max_bytes=1_500_000)).forget()
    left = await sqlite.read(lambda tx: tx.rows("SELECT key FROM events ORDER BY seq"))
    assert forgotten == 600 - len(left)
    assert left[-1] == ("k599",)
    assert await pages(sqlite) < before * 0.6


async def pages(sqlite: SqliteDatabase) -> int:
    row = await sqlite.read(lambda tx: tx.row("PRAGMA page_count"))
    assert row is not None
    return int(row[0])


async def test_pages_are_given_back_many_in_one_transaction(sqlite: SqliteDatabase) -> None:
    async def fill_and_empty(tx: Transaction) -> None:
        await tx.run("CREATE TABLE large (text TEXT)")
        for _ in range(40):
            await tx.run("INSERT INTO large VALUES (?)", "x" * 8_000)
        await tx.run("DELETE FROM large")

    await sqlite.write(fill_and_empty)
    free = await sqlite.read(free_pages)
    assert free >= 40
    assert await sqlite.write(lambda tx: shrink(tx, 30)) == free - 30
    assert await sqlite.write(lambda tx: shrink(tx, 300)) == 0


async def test_record_without_news_goes_unless_a_ticket_is_tied_to_it(
    database: Database, clock: MovableClock
) -> None:
    link = Link(
        "default", "r", "f1", "scan-1", "finding", "f1", "run_1", "evt_1", LinkState.DONE,
        "jira", "SEC-1", "1", "",
    )  # fmt: skip
    records = [
        Record("default", "finding", name, "qtangl", "scan-1", "t", "open", "high", "", "", {},
               "evt_1", clock())
        for name in ("f1", "f2")
    ]  # fmt: skip
    await database.write(lambda tx: keep_records(tx, records, clock()))
    await database.write(lambda tx: intend(tx, link, clock()))
    retention = Retention(database, clock, Keep({}, record_days=365))
    clock.advance(364 * DAY_MS)
    await retention.forget()
    assert len(await database.read(lambda tx: list_records(tx, "default", "finding"))) == 2
    clock.advance(2 * DAY_MS)
    await retention.forget()
    (left,) = await database.read(lambda tx: list_records(tx, "default", "finding"))
    assert left.id == "f1"
