"""A real SQLite file, and a clock that only moves when a test moves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.clock import new_id
from bridge.event import NewEvent
from bridge.store.database import open_database
from bridge.store.transaction import Database

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
async def database(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Database]:
    database = await open_database("sqlite:///bridge.db", clock, beside=tmp_path)
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
