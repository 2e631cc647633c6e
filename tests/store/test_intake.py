"""The door of the store: durable before the answer, once for each delivery key."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.action import ActionState, PlannedAction
from bridge.errors import StoreFull, StoreUnavailable
from bridge.event import EventState, NewEvent
from bridge.store import actions, event_states, events, runs
from bridge.store.database import open_database
from bridge.store.intake import ENOUGH, Intake
from bridge.store.sqlite import TURNS, SqliteDatabase
from bridge.store.transaction import Database, Transaction
from tests.store.conftest import MovableClock, new_event
from tests.store.plans import plan_one_action


async def test_accepted_event_is_read_back_from_another_connection(
    database: Database, clock: MovableClock, store_url: str
) -> None:
    body = b'{"raw":  "bytes stay as they came"}'
    (accepted,) = await Intake(database, clock).accept([new_event("k1", body=body)])
    other = await open_database(store_url, clock)
    found = await other.read(lambda tx: events.get_event(tx, accepted.id))
    await other.close()
    assert (found.body, found.state, accepted.duplicate) == (body, EventState.RECEIVED, False)


async def test_second_delivery_with_same_key_is_a_duplicate_of_the_first(
    database: Database, clock: MovableClock
) -> None:
    intake = Intake(database, clock)
    (first,) = await intake.accept([new_event("k1")])
    (second,) = await intake.accept([new_event("k1")])
    assert (second.id, second.duplicate) == (first.id, True)


async def test_same_key_of_another_source_is_another_event(
    database: Database, clock: MovableClock
) -> None:
    intake = Intake(database, clock)
    (first,) = await intake.accept([new_event("k1", source="a")])
    (second,) = await intake.accept([new_event("k1", source="b")])
    assert first.id != second.id
    assert not second.duplicate


async def test_fifty_deliveries_of_one_key_at_once_store_one_event(
    database: Database, clock: MovableClock
) -> None:
    intake = Intake(database, clock)
    answers = await asyncio.gather(*(intake.accept([new_event("k1")]) for _ in range(50)))
    assert sum(1 for (one,) in answers if not one.duplicate) == 1
    assert len({one.id for (one,) in answers}) == 1


async def test_many_deliveries_share_few_commits(
    sqlite: SqliteDatabase, clock: MovableClock
) -> None:
    before = sqlite.commits
    intake = Intake(sqlite, clock)
    await asyncio.gather(*(intake.accept([new_event(f"k{n}")]) for n in range(200)))
    assert sqlite.commits - before <= 4


async def test_few_that_wait_are_one_commit_and_of_many_it_takes_half(
    sqlite: SqliteDatabase, clock: MovableClock
) -> None:
    intake = Intake(sqlite, clock)
    for count, commits in ((ENOUGH, 1), (2 * ENOUGH, 2), (8 * ENOUGH, 4)):
        before = sqlite.commits
        events_of_it = [new_event(f"{count}-{n}") for n in range(count)]
        await asyncio.gather(*(intake.accept([event]) for event in events_of_it))
        assert sqlite.commits - before == commits


async def turns_between(database: SqliteDatabase, *, enough: bool) -> int:
    """How often the loop turns from the answer of one commit to the beginning of the next."""
    turns = 0
    begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def nothing(tx: Transaction) -> None:
        """Only to be waited for."""

    for _ in range(2 * TURNS):
        await asyncio.sleep(0)  # what was written before is over
    first = asyncio.create_task(database.write(nothing, short=True))
    await asyncio.sleep(0)  # its commit is under way
    second = asyncio.create_task(
        database.write(
            nothing, short=True, begin=lambda: begun.set_result(turns), enough=lambda: enough
        )
    )
    await first
    while not begun.done():
        turns += 1
        await asyncio.sleep(0)
    await second
    return begun.result()


async def test_commit_waits_a_moment_for_more_unless_enough_waits(sqlite: SqliteDatabase) -> None:
    await sqlite.write(lambda tx: tx.row("SELECT 1"))  # opens the connection
    assert await turns_between(sqlite, enough=True) < await turns_between(sqlite, enough=False)


async def test_commit_is_answered_before_the_next_one_is_begun(sqlite: SqliteDatabase) -> None:
    seen: list[str] = []

    async def second(tx: Transaction) -> None:
        seen.append("second begun")

    async def first(tx: Transaction) -> asyncio.Task[None]:
        seen.append("first begun")
        return asyncio.create_task(sqlite.write(second, short=True))

    await sqlite.write(lambda tx: tx.row("SELECT 1"))  # opens the connection, in the other thread
    further = await sqlite.write(first, short=True)
    seen.append("first answered")
    await further
    assert seen == ["first begun", "first answered", "second begun"]


async def test_parts_of_one_body_share_it_and_keep_their_order(
    database: Database, clock: MovableClock
) -> None:
    parts = [new_event("d#0", body=b"[1,2]"), new_event("d#1", body=b"[1,2]", part=1)]
    accepted = await Intake(database, clock).accept(parts)
    waiting = await database.read(lambda tx: events.read_received(tx, 10))
    bodies = await database.read(lambda tx: tx.row("SELECT count(*) FROM bodies"))
    assert [event.id for event in waiting] == [one.id for one in accepted]
    assert {event.body for event in waiting} == {b"[1,2]"}
    assert bodies == (1,)


async def test_new_part_beside_a_known_one_still_finds_its_body(
    database: Database, clock: MovableClock
) -> None:
    intake = Intake(database, clock)
    await intake.accept([new_event("a", body=b"[1]")])
    known, new = await intake.accept(
        [new_event("a", body=b"[1,2]"), new_event("b", body=b"[1,2]", part=1)]
    )
    found = await database.read(lambda tx: events.get_event(tx, new.id))
    assert (known.duplicate, new.duplicate, found.body) == (True, False, b"[1,2]")


async def test_full_line_refuses_and_stores_nothing_of_it(
    database: Database, clock: MovableClock
) -> None:
    intake = Intake(database, clock, limit=2)
    waiting = [asyncio.ensure_future(intake.accept([new_event(f"k{n}")])) for n in range(3)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(result, StoreFull) for result in results] == [False, False, True]
    stored = await database.read(lambda tx: events.read_received(tx, 10))
    assert [event.key for event in stored] == ["k0", "k1"]


async def test_failed_write_fails_every_waiter_and_the_next_write_works(
    sqlite: SqliteDatabase, clock: MovableClock
) -> None:
    intake = Intake(sqlite, clock)
    pages = await sqlite.write(lambda tx: tx.row("PRAGMA page_count"))
    assert pages is not None
    await sqlite.write(lambda tx: tx.row(f"PRAGMA max_page_count={pages[0] + 2}"))
    big = b"x" * 100_000
    results = await asyncio.gather(
        *(intake.accept([new_event(f"k{n}", body=big)]) for n in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, StoreUnavailable) for result in results)
    assert "full" in str(results[0])
    await sqlite.write(lambda tx: tx.row("PRAGMA max_page_count=1000000"))
    (accepted,) = await intake.accept([new_event("k0", body=big)])
    assert not accepted.duplicate


async def test_stored_events_are_told_after_their_commit(
    database: Database, clock: MovableClock
) -> None:
    told: list[tuple[list[str], bool]] = []

    def note(new: Sequence[tuple[int, NewEvent]], requeued: bool) -> None:
        told.append(([event.key for _, event in new], requeued))

    intake = Intake(database, clock, on_stored=note)
    await intake.accept([new_event("k1")])
    await intake.accept([new_event("k1")])
    assert told == [(["k1"], False)]


async def test_redelivery_of_a_failed_event_puts_it_back_and_keeps_its_id(
    database: Database, clock: MovableClock
) -> None:
    requeued: list[bool] = []
    intake = Intake(database, clock, on_stored=lambda new, again: requeued.append(again))
    (first,) = await intake.accept([new_event("k1")])
    action = await plan_one_action(database, first.id, clock())

    async def die(tx: Transaction) -> None:
        await actions.end_action(tx, action.id, ActionState.DEAD, "boom", {}, clock(), 3)
        await event_states.count_finished(tx, first.id, 1, 1, "boom")

    await database.write(die)
    (again,) = await intake.accept([new_event("k1")])
    event = await database.read(lambda tx: events.get_event(tx, first.id))
    revived = await database.read(lambda tx: actions.get_action(tx, action.id))
    assert (again.id, again.duplicate, requeued[-1]) == (first.id, False, True)
    assert event.state is EventState.RECEIVED
    assert (revived.state, revived.attempts, revived.may_exist) == (ActionState.PENDING, 0, True)


async def test_unwritable_file_is_an_error_that_names_it(
    tmp_path: Path, clock: MovableClock
) -> None:
    folder = tmp_path / "not-a-folder"
    folder.write_text("")
    database = SqliteDatabase(folder / "bridge.db")
    with pytest.raises(StoreUnavailable, match=r"bridge\.db"):
        await database.write(lambda tx: tx.row("SELECT 1"))
    await database.close()


async def test_locked_database_gives_an_error_and_recovers(
    sqlite: SqliteDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    sqlite.wait_ms = 20
    other = sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    intake = Intake(sqlite, clock)
    with pytest.raises(StoreUnavailable, match="locked"):
        await intake.accept([new_event("k1")])
    other.execute("ROLLBACK")
    other.close()
    (accepted,) = await intake.accept([new_event("k1")])
    assert not accepted.duplicate


async def test_planned_rows_survive_beside_their_event(
    database: Database, clock: MovableClock
) -> None:
    (accepted,) = await Intake(database, clock).accept([new_event("k1")])
    action = await plan_one_action(database, accepted.id, clock())
    run = await database.read(lambda tx: runs.get_run(tx, action.run_id))
    assert run.event_id == accepted.id
    assert action.planned == PlannedAction(0, "log", "", "", {"message": "hello"})
