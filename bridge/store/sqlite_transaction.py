"""One transaction on a connection to SQLite: how it begins, and what runs in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from bridge.errors import StoreUnavailable
from bridge.store.newest_keys import NewestKeys
from bridge.store.transaction import Row, Work

T = TypeVar("T")


class SqliteTransaction:
    """Statements on one connection. They run at once; nothing here ever really waits."""

    engine = "sqlite"

    def __init__(
        self, connection: sqlite3.Connection, newest_keys: NewestKeys | None = None
    ) -> None:
        self._connection = connection
        self.newest_keys = newest_keys

    async def rows(self, sql: str, *values: object) -> Sequence[Row]:
        return self._connection.execute(sql, values).fetchall()

    async def row(self, sql: str, *values: object) -> Row | None:
        found = self._connection.execute(sql, values).fetchone()
        return cast("Row | None", found)

    async def run(self, sql: str, *values: object) -> int:
        return self._connection.execute(sql, values).rowcount

    async def run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            self._connection.executemany(sql, rows)


def drive(work: Awaitable[T]) -> T:
    """Runs a coroutine that never waits to its end, without an event loop."""
    coroutine = cast("Coroutine[Any, Any, T]", work)
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    coroutine.close()
    raise RuntimeError("a store function waited for something other than its transaction")


def begin_now(connection: sqlite3.Connection) -> bool:
    """Begins a transaction without waiting for anybody; false when it cannot.

    Whatever the reason, the writer thread tries again, and reports it.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error:
        return False
    return True


def begin_waiting(connection: sqlite3.Connection, wait_ms: int) -> None:
    """Begins a transaction, after another process has ended its own. In the writer thread."""
    connection.execute(f"PRAGMA busy_timeout={wait_ms}")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute("PRAGMA busy_timeout=0")


@dataclass(frozen=True, slots=True)
class Result:
    """How one work ended: with a value, or with an error."""

    value: object = None
    error: BaseException | None = None


def in_savepoint(connection: sqlite3.Connection, tx: SqliteTransaction, work: Work[Any]) -> Result:
    """Runs one work so that its failure undoes it alone.

    Raises sqlite3.Error when the engine has given the whole transaction up.
    """
    connection.execute("SAVEPOINT work")
    try:
        value = drive(work(tx))
    except Exception as error:  # the error belongs to the one who waits for this work
        if not connection.in_transaction:
            raise sqlite3.OperationalError(str(error)) from error
        connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")
        return Result(error=translated(error, None))
    connection.execute("RELEASE work")
    return Result(value=value)


def translated(error: BaseException, path: Path | None) -> BaseException:
    """Engine errors in our own words; everything else as it is."""
    if isinstance(error, sqlite3.Error | OSError):
        where = f"{path}: " if path else ""
        failure = StoreUnavailable(f"{where}{error}")
        failure.__cause__ = error
        return failure
    return error
