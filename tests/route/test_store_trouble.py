"""A store that takes no writes: the sender is told to come back, and loses nothing by it."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import httpx

from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Database, Transaction
from tests.store.conftest import clock
from tests.web.conftest import Door, database, door

__all__ = ["clock", "database", "door"]

BODY = b'{"action": "opened"}'
LARGE = b'{"pad": "' + b"x" * 9_000 + b'"}'


def delivery(name: str) -> tuple[str, str]:
    return ("x-github-delivery", name)


async def tell_engine(database: Database, sql: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run(sql)

    await database.write(work)


async def test_full_disk_is_503_until_there_is_room_again(door: Door) -> None:
    assert (await door.send("github", BODY, [delivery("before")])).status_code == 202
    await tell_engine(door.database, "PRAGMA max_page_count = 1")
    answers = [await door.send("github", LARGE, [delivery(f"d{each}")]) for each in range(8)]
    assert_to_come_back(answers[-1])

    await tell_engine(door.database, "PRAGMA max_page_count = 1000000")
    assert (await door.send("github", LARGE, [delivery("d7")])).status_code == 202
    keys = [event.key for event in await door.events()]
    assert keys[0] == "before"
    assert keys.count("d7") == 1


async def test_read_only_store_is_503_and_keeps_what_was_accepted(door: Door) -> None:
    assert (await door.send("github", BODY, [delivery("before")])).status_code == 202
    await tell_engine(door.database, "PRAGMA query_only = ON")
    assert_to_come_back(await door.send("github", BODY, [delivery("after")]))
    assert [event.key for event in await door.events()] == ["before"]


async def test_locked_database_is_503_and_accepts_once_the_other_has_finished(
    door: Door, tmp_path: Path
) -> None:
    assert isinstance(door.database, SqliteDatabase)
    door.database.wait_ms = 50
    other = sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert_to_come_back(await door.send("github", BODY, [delivery("a")]))

    other.execute("ROLLBACK")
    other.close()
    assert (await door.send("github", BODY, [delivery("a")])).status_code == 202


async def test_lock_held_for_a_moment_is_only_a_wait(door: Door, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(door.send("github", BODY, [delivery("a")]))
    for _ in range(50):  # turns of the loop, enough to bring it before the lock
        await asyncio.sleep(0)
    other.execute("ROLLBACK")
    other.close()
    assert (await waiting).status_code == 202


def assert_to_come_back(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["code"] == "store_unavailable"
    assert "bridge.db" not in answer.text
