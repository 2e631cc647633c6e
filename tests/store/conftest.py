"""A real store on each engine, and a clock that only moves when a test moves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.clock import new_id
from bridge.event import NewEvent
from bridge.store.database import open_database
from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Database
from tests.engines import postgres_server, store_url

__all__ = ["clock", "database", "postgres_server", "sqlite", "store_url"]

START = 1_795_000_000_000


@dataclass
class MovableClock:
    now: int = START

    def __call__(self) -> int:
        return self.now

    def advance(self, milliseconds: int) -> None:
        self.now += milliseconds


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def database(store_url: str, clock: MovableClock) -> AsyncIterator[Database]:
    """A migrated store, on each engine in turn."""
    database = await open_database(store_url, clock)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(tmp_path: Path, clock: MovableClock) -> AsyncIterator[SqliteDatabase]:
    """For what only SQLite does."""
    database = await open_database("sqlite:///bridge.db", clock, beside=tmp_path)
    assert isinstance(database, SqliteDatabase)
    yield database
    await database.close()


def new_event(
    key: str, *, source: str = "qtangl", subject: str = "", body: bytes = b"{}", part: int = 0
) -> NewEvent:
    """An event as receive would hand it over."""
    return NewEvent(
        id=new_id("evt", START),
        tenant="default",
        source=source,
        key=key,
        part=part,
        type="scan.finished",
        subject=subject or key,
        time=START,
        received_at=START,
        headers="{}",
        body=body,
    )
