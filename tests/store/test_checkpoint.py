"""The log of SQLite is moved into the database while commits go on, and used again."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from bridge.store.checkpoint import PAGES_BY_ITSELF, Checkpoints
from bridge.store.events import EventFilter, count_events
from bridge.store.intake import Intake
from bridge.store.sqlite import PAGE_BYTES, SqliteDatabase
from tests.store.conftest import MovableClock, new_event


async def test_log_is_used_again_under_a_steady_load_and_nothing_is_lost(
    sqlite: SqliteDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    intake = Intake(sqlite, clock)
    body = b"x" * 30_000
    for first in range(0, 3_000, 60):
        events = [new_event(f"k{first + number}", body=body) for number in range(60)]
        await asyncio.gather(*(intake.accept([event]) for event in events))
    longest = (PAGES_BY_ITSELF + 300) * PAGE_BYTES
    assert 3_000 * len(body) > longest
    assert (tmp_path / "bridge.db-wal").stat().st_size < longest
    assert await sqlite.read(lambda tx: count_events(tx, EventFilter())) == 3_000


def test_log_that_could_not_be_moved_is_moved_another_time(tmp_path: Path) -> None:
    file = tmp_path / "some.db"
    opened: list[sqlite3.Connection] = []
    failed: list[str] = []

    def connect() -> sqlite3.Connection:
        if not failed:
            failed.append("once")
            raise sqlite3.OperationalError("disk I/O error")
        opened.append(sqlite3.connect(file, isolation_level=None, check_same_thread=False))
        return opened[-1]

    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE t (a)")
    checkpoints = Checkpoints(connect)
    while not opened:
        writer.execute("INSERT INTO t VALUES (1)")
        checkpoints.after_commit(writer)
    checkpoints.close()
    (_, in_log, moved) = writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert failed
    assert in_log == moved
    for connection in (writer, *opened):
        connection.close()
