"""The log of SQLite is moved into the database while commits go on, and used again."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from bridge.store.checkpoint import Checkpoints
from bridge.store.event_filter import EventFilter
from bridge.store.events import count_events
from bridge.store.intake import Intake
from bridge.store.sqlite import SqliteDatabase
from tests.store.conftest import MovableClock, new_event

ROUNDS_WITHOUT_GROWTH = 6
"""Of 1.8 MB each."""

MOST_ROUNDS = 200


async def test_log_is_used_again_under_a_steady_load_and_nothing_is_lost(
    sqlite: SqliteDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    """How soon the log is moved is the machine's matter; that it stops growing is ours."""
    intake = Intake(sqlite, clock)
    body = b"x" * 30_000
    log, sizes, rounds = tmp_path / "bridge.db-wal", [0], 0
    while sizes.count(sizes[-1]) <= ROUNDS_WITHOUT_GROWTH:
        assert rounds < MOST_ROUNDS, f"the log grew for ever: {sizes}"
        events = [new_event(f"k{rounds}-{number}", body=body) for number in range(60)]
        await asyncio.gather(*(intake.accept([event]) for event in events))
        sizes.append(log.stat().st_size)
        rounds += 1
    assert await sqlite.read(lambda tx: count_events(tx, EventFilter())) == 60 * rounds


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
