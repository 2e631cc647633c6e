"""What is known already, on SQLite: some in memory, the rest in a table, never one twice."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import StoreUnavailable
from bridge.store.database import open_database
from bridge.store.events import insert_events
from bridge.store.intake import Intake
from bridge.store.newest_keys import NewestKeys, digest_of
from bridge.store.retention import forget
from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Transaction
from tests.store.conftest import MovableClock, new_event

FEW = 40
"""Keys in memory in these tests, so that most of some hundreds are in the table."""


@pytest.fixture
async def few(sqlite: SqliteDatabase) -> SqliteDatabase:
    sqlite.newest_keys.most = FEW
    return sqlite


@pytest.fixture
async def intake(few: SqliteDatabase, clock: MovableClock) -> Intake:
    return Intake(few, clock)


async def fill(intake: Intake, count: int, first: int = 0) -> list[str]:
    """Stores so many events of keys of their own; gives their ids."""
    ids = []
    for number in range(first, first + count):
        (one,) = await intake.accept([new_event(f"k{number}")])
        assert not one.duplicate
        ids.append(one.id)
    return ids


async def repeat(intake: Intake, count: int) -> list[str]:
    """Delivers the same keys once more; gives the ids of what was there."""
    ids = []
    for number in range(count):
        (one,) = await intake.accept([new_event(f"k{number}")])
        assert one.duplicate, number
        ids.append(one.id)
    return ids


async def in_table(database: SqliteDatabase) -> int:
    row = await database.read(lambda tx: tx.row("SELECT count(*) FROM delivery_keys"))
    assert row is not None
    return int(row[0])


async def test_every_key_is_known_wherever_it_is_kept(few: SqliteDatabase, intake: Intake) -> None:
    ids = await fill(intake, 150)
    assert 150 - FEW <= await in_table(few) < 150
    assert await repeat(intake, 150) == ids


async def test_every_key_is_known_after_a_restart(
    few: SqliteDatabase, intake: Intake, tmp_path: Path, clock: MovableClock
) -> None:
    ids = await fill(intake, 150)
    again = await open_database("sqlite:///bridge.db", clock, beside=tmp_path)
    assert await repeat(Intake(again, clock), 150) == ids
    await again.close()


async def test_store_that_grew_without_its_keys_is_read_in_pieces(
    few: SqliteDatabase, tmp_path: Path, clock: MovableClock
) -> None:
    connection = sqlite3.connect(tmp_path / "bridge.db")
    connection.executemany(
        "INSERT INTO events (id, tenant, source, key, part, type, subject, time, received_at,"
        " body_of, state) VALUES (?, 'default', 'qtangl', ?, 0, 'ping', '', 0, 0, ?, 'done')",
        [(f"evt_{n}", f"k{n}", f"evt_{n}") for n in range(5_000)],
    )
    connection.commit()
    connection.close()
    intake = Intake(few, clock)
    assert await repeat(intake, 3) == ["evt_0", "evt_1", "evt_2"]
    (last,) = await intake.accept([new_event("k4999")])
    assert (last.id, last.duplicate) == ("evt_4999", True)
    assert await in_table(few) >= 5_000 - FEW


async def test_event_stored_by_another_process_is_known(
    few: SqliteDatabase, intake: Intake, tmp_path: Path, clock: MovableClock
) -> None:
    await fill(intake, 3)
    other = await open_database("sqlite:///bridge.db", clock, beside=tmp_path)
    (theirs,) = await Intake(other, clock).accept([new_event("k-other")])
    (again,) = await intake.accept([new_event("k-other")])
    (ours,) = await intake.accept([new_event("k-ours")])
    (seen,) = await Intake(other, clock).accept([new_event("k-ours")])
    await other.close()
    assert (again.id, again.duplicate) == (theirs.id, True)
    assert (seen.id, seen.duplicate) == (ours.id, True)


async def test_deleted_event_is_no_longer_known(few: SqliteDatabase, intake: Intake) -> None:
    ids = await fill(intake, 150)
    before = await in_table(few)
    await few.write(lambda tx: forget(tx, ids[:2]))
    await few.write(lambda tx: forget(tx, ids[-2:]))
    assert await in_table(few) < before
    for number in (0, 1, 148, 149):
        (new,) = await intake.accept([new_event(f"k{number}")])
        (again,) = await intake.accept([new_event(f"k{number}")])
        assert (new.duplicate, again.id, again.duplicate) == (False, new.id, True), number


async def test_keys_of_deleted_events_do_not_fill_the_table(
    few: SqliteDatabase, intake: Intake
) -> None:
    for first in range(0, 200, 20):  # each is deleted while its key is still in memory
        ids = await fill(intake, 20, first)
        await fill(intake, 1, 1_000 + first)
        await few.write(partial(forget, ids=ids))
    assert await in_table(few) == 0


async def test_deletion_that_was_rolled_back_leaves_the_keys_known(
    few: SqliteDatabase, intake: Intake
) -> None:
    ids = await fill(intake, 5)

    async def fails(tx: Transaction) -> None:
        await forget(tx, ids[:3])
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await few.write(fails)
    assert await repeat(intake, 5) == ids


async def test_seq_that_is_given_again_hides_nobody(few: SqliteDatabase, intake: Intake) -> None:
    ids = await fill(intake, 3)
    await few.write(lambda tx: forget(tx, ids[2:]))
    (other,) = await intake.accept([new_event("other")])
    (again,) = await intake.accept([new_event("other")])
    (back,) = await intake.accept([new_event("k2")])
    assert (again.id, again.duplicate, back.duplicate) == (other.id, True, False)


async def test_events_after_all_older_ones_were_deleted_are_known_after_a_restart(
    few: SqliteDatabase, intake: Intake, tmp_path: Path, clock: MovableClock
) -> None:
    ids = await fill(intake, 150)
    await few.write(lambda tx: forget(tx, ids))
    new = await fill(intake, 10)
    again = await open_database("sqlite:///bridge.db", clock, beside=tmp_path)
    assert await repeat(Intake(again, clock), 10) == new
    await again.close()


async def test_what_was_rolled_back_is_not_known(few: SqliteDatabase, intake: Intake) -> None:
    await fill(intake, 3)

    async def fails(tx: Transaction) -> None:
        await insert_events(tx, [[new_event(f"lost{n}")] for n in range(100)])
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await few.write(fails)
    for number in range(100):
        (one,) = await intake.accept([new_event(f"lost{number}")])
        assert not one.duplicate
    assert len(await repeat(intake, 3)) == 3


async def test_commit_that_failed_leaves_nothing_known(
    few: SqliteDatabase, intake: Intake, tmp_path: Path
) -> None:
    await fill(intake, 3)
    pages = await few.write(lambda tx: tx.row("PRAGMA page_count"))
    assert pages is not None
    await few.write(lambda tx: tx.row(f"PRAGMA max_page_count={pages[0] + 2}"))
    with pytest.raises(StoreUnavailable, match="full"):
        await intake.accept([new_event("big", body=b"x" * 100_000)])
    await few.write(lambda tx: tx.row("PRAGMA max_page_count=1000000"))
    (one,) = await intake.accept([new_event("big")])
    (again,) = await intake.accept([new_event("big")])
    assert (one.duplicate, again.duplicate) == (False, True)
    assert len(await repeat(intake, 3)) == 3


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from("abcdr"), st.integers(0, 30))))
def test_memory_goes_back_to_what_the_last_commit_left(steps: list[tuple[str, int]]) -> None:
    """a: adds a key; d: drops one; c: commits; r: rolls back; b: rolls the last key back alone."""
    keys = NewestKeys()
    keys.start(0)
    keys.committed()
    settled: dict[bytes, int] = {}
    now: dict[bytes, int] = {}
    upto = settled_upto = 0
    digests = [digest_of("default", "s", str(number)) for number in range(31)]
    for step, number in steps:
        if step == "c":
            keys.committed()
            settled, settled_upto = dict(now), upto
        elif step == "r":
            keys.roll_back()
            now, upto = dict(settled), settled_upto
        elif step == "d":
            keys.drop(digests[number], now.pop(digests[number], 0))
        else:
            point = keys.savepoint()
            keys.add([digests[number]], keys.upto + 1)
            if step == "b":
                keys.roll_back(point)
            else:
                upto += 1
                now[digests[number]] = upto
        assert keys.find(digests) == now
        assert keys.upto == upto


def test_names_and_keys_do_not_run_into_each_other() -> None:
    assert digest_of("a", "bc", "d") != digest_of("ab", "c", "d")
