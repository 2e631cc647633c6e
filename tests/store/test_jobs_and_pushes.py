"""Toggles, notes and pushes on both engines."""

from __future__ import annotations

from bridge.retention import DAY_MS, Keep, Retention
from bridge.store import app_settings, job_notes, pushes
from bridge.store.job_notes import Note
from bridge.store.pushes import LOST_AFTER_MS, Push, PushState
from bridge.store.records import Record, keep_records
from bridge.store.transaction import Database
from tests.store.conftest import MovableClock

T = "default"


def push(id_: str, digest: str = "d") -> Push:
    return Push(id_, T, "job", "table", "SEC-1", digest, "key_1")


async def begin(database: Database, wanted: Push, now: int) -> Push:
    return await database.write(lambda tx: pushes.begin_push(tx, wanted, now))


async def end(database: Database, id_: str, state: PushState, now: int) -> None:
    await database.write(lambda tx: pushes.end_push(tx, id_, state, "why", now))


async def test_what_was_set_last_is_got_for_its_tenant_only(database: Database) -> None:
    for value in (True, False):
        await database.write(
            lambda tx, value=value: app_settings.put_setting(tx, T, "jira", {"enabled": value}, 1)  # type: ignore[misc]
        )
    assert await database.read(lambda tx: app_settings.get_setting(tx, T, "jira")) == {
        "enabled": False
    }
    assert await database.read(lambda tx: app_settings.get_setting(tx, "acme", "jira")) == {}


async def test_a_push_in_doubt_is_taken_over_once_by_one_that_says_the_same(
    database: Database,
) -> None:
    assert await begin(database, push("a"), 1) == push("a")
    await end(database, "a", PushState.DOUBT, 2)
    assert (await begin(database, push("b", "other"), 3)).id == "b"
    again = await begin(database, push("c"), 4)
    assert (again.id, again.may_exist) == ("a", True)
    assert (await begin(database, push("d"), 5)).id == "d"


async def test_a_push_that_ended_is_not_taken_over_and_one_without_end_only_later(
    database: Database,
) -> None:
    for number, state in enumerate((PushState.DONE, PushState.FAILED)):
        await begin(database, push(state.value), number)
        await end(database, state.value, state, number)
    assert (await begin(database, push("a"), 10)).id == "a"
    assert (await begin(database, push("b"), 10 + LOST_AFTER_MS)).id == "b"
    later = await begin(database, push("c"), 11 + LOST_AFTER_MS)
    assert (later.id, later.may_exist) == ("a", True)


async def test_a_note_that_says_the_same_stays_pushed(database: Database) -> None:
    notes = [Note("job", "b", "Cut", ("S1",), "one"), Note("job", "a", "", 3, "two")]
    pushed = Note("job", "b", "Cut", ("S1",), "one", "SEC-1", "10")
    await database.write(lambda tx: job_notes.replace_notes(tx, T, "job", notes))
    await database.write(lambda tx: job_notes.note_pushed(tx, T, pushed))
    await database.write(lambda tx: job_notes.replace_notes(tx, T, "job", notes))
    assert await database.read(lambda tx: job_notes.list_notes(tx, T, "job")) == [pushed, notes[1]]
    changed = [Note("job", "b", "Cut", ("S1",), "other")]
    await database.write(lambda tx: job_notes.replace_notes(tx, T, "job", changed))
    assert await database.read(lambda tx: job_notes.list_notes(tx, T, "job")) == changed
    assert await database.read(lambda tx: job_notes.notes_named(tx, "acme", "b")) == []


async def test_old_pushes_and_notes_go_with_their_job(
    database: Database, clock: MovableClock
) -> None:
    now = clock()
    job = Record(T, "job", "job", "s", "job", "J", "", "", "", "", {}, "", now)
    note = [Note("job", "a", "", (), "x")]
    await database.write(lambda tx: keep_records(tx, [job], now))
    await database.write(lambda tx: job_notes.replace_notes(tx, T, "job", note))
    await begin(database, push("a"), now)
    clock.advance(366 * DAY_MS)
    await Retention(database, clock, Keep({}, record_days=365)).forget()
    assert await database.read(lambda tx: job_notes.list_notes(tx, T, "job")) == []
    assert (await begin(database, push("b"), clock())).may_exist is False
