"""SQLite: one writer thread that commits many transactions at once, and a few readers.

A commit with `synchronous=FULL` waits for the disk. Transactions that queue up meanwhile are
written together, each in a savepoint of its own, and answered after the one commit.

Only one thread at a time runs Python, and two that both want to hand the interpreter to and fro at
each statement: it took more time than the statements. So short works, above all what is received,
run in the event loop's own thread, and the writer thread only waits for the disk. Measured on two
idle cores, 64 connections: 7,900 deliveries a second against 5,000.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

from bridge.errors import BridgeError, StoreUnavailable
from bridge.store.checkpoint import PAGES_BY_ITSELF, Checkpoints
from bridge.store.newest_keys import NewestKeys
from bridge.store.sqlite_transaction import (
    Result,
    SqliteTransaction,
    begin_now,
    begin_waiting,
    drive,
    in_savepoint,
    translated,
)
from bridge.store.transaction import Work
from bridge.store.writer_thread import WriterThread

T = TypeVar("T")

BATCH = 256
"""Transactions in one commit, at most. Beyond it the commit itself gets noticeably longer."""

TURNS = 4
"""Of the event loop between two commits, at most: in the first, those who waited are answered, and
in the others what they send next comes into the next commit, unless enough waits for it already."""

READERS = 2
BUSY_TIMEOUT_MS = 5_000
"""How long a write waits for another process, such as the command line, to finish its own."""

PAGE_BYTES = 8_192
"""Of a new file. Of bodies of 2 KB, three fit into such a page and only one into SQLite's own
4,096: a third less to write for each event. A file that exists keeps what it has."""

WRITER_CACHE_KIB = 16_384
"""Delivery keys are random: those of a full table lie on far more pages than SQLite's own 2 MB
holds, both when a delivery is looked for and when newer keys are moved there."""


@dataclass(slots=True)
class Waiting:
    """A work in the line, and who waits for it; `Database.write` says what the others are.

    result: how it ended, once it has run.
    """

    work: Work[Any]
    future: asyncio.Future[Any]
    short: bool
    begin: Callable[[], None] | None
    enough: Callable[[], bool] | None
    result: Result | None = None


class SqliteDatabase:
    """One SQLite file, for one process at a time.

    path: the file; its folder is made. Other processes may read, and write short transactions.
    wait_ms: how long a write waits for such a transaction.
    """

    engine = "sqlite"
    single_process = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wait_ms = BUSY_TIMEOUT_MS
        self._waiting: deque[Waiting] = deque()
        self._flush: asyncio.Task[None] | None = None
        self._writer: WriterThread | None = None
        self._checkpoints = Checkpoints(self._connect)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._write_connection: sqlite3.Connection | None = None
        self._lock_file: IO[str] | None = None
        self.newest_keys = NewestKeys()
        self.commits = 0
        self.committed = 0

    def claim_file(self) -> None:
        """Keeps other servers and workers off this file until it is closed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = (self.path.parent / f"{self.path.name}.lock").open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise StoreUnavailable(
                f"{self.path} is in use by another bridge process; SQLite serves one process, "
                "several need store.url: postgresql://…"
            ) from error
        self._lock_file = handle

    async def write(
        self,
        work: Work[T],
        *,
        short: bool = False,
        begin: Callable[[], None] | None = None,
        enough: Callable[[], bool] | None = None,
    ) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(Waiting(work, future, short, begin, enough))
        if self._flush is None:
            self._flush = loop.create_task(self._write_waiting())
        return await future

    async def read(self, work: Work[T], *, single: bool = False) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, work)

    async def lead(self, what: str) -> bool:
        return True

    async def listen(self, heard: Callable[[], None]) -> None:
        """One process tells itself."""

    async def close(self) -> None:
        while self._flush is not None:
            await self._flush
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._checkpoints.close()
        self._readers.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    async def _write_waiting(self) -> None:
        if self._writer is None:
            self._writer = WriterThread("store-writer")
        batch: list[Waiting] = []
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                for one in batch:
                    if one.begin is not None:
                        one.begin()
                begun = self._run_short(batch)
                answer_all(batch, await self._writer.run(partial(self._commit, batch, begun)))
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                    if any(one.enough is not None and one.enough() for one in self._waiting):
                        break
        except BaseException as error:  # closed or cancelled: nobody is left waiting
            answer_all(batch, StoreUnavailable(f"not written: {error!r}"))
            raise
        finally:
            self._flush = None

    def _run_short(self, batch: list[Waiting]) -> BaseException | None:
        """In the loop's thread: begins, and runs the short works; gives what ended the transaction.

        Where the connection is not open yet, or another process holds the lock, nothing is begun:
        the writer thread may wait for that, this one may not.
        """
        connection = self._write_connection
        short = [one for one in batch if one.short]
        if connection is None or not short or not begin_now(connection):
            return None
        return self._run(connection, short)

    def _commit(self, batch: list[Waiting], failure: BaseException | None) -> BaseException | None:
        """In the writer thread: what has not run yet, and the one commit. Never raises.

        failure: what ended the transaction in the loop's thread already.
        """
        if failure is not None:
            return failure
        try:
            connection = self._writing()
            if not connection.in_transaction:
                begin_waiting(connection, self.wait_ms)
        except (sqlite3.Error, OSError, BridgeError) as error:
            return translated(error, self.path)
        failure = self._run(connection, [one for one in batch if one.result is None])
        if failure is not None:
            return failure
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(connection)
            return translated(error, self.path)
        self.newest_keys.committed()
        self.commits += 1
        self.committed += len(batch)
        self._checkpoints.after_commit(connection)
        return None

    def _run(self, connection: sqlite3.Connection, batch: list[Waiting]) -> BaseException | None:
        """Runs works in the open transaction, each in a savepoint of its own."""
        tx = SqliteTransaction(connection, self.newest_keys)
        try:
            for one in batch:
                point = self.newest_keys.savepoint()
                one.result = in_savepoint(connection, tx, one.work)
                if one.result.error is not None:
                    self.newest_keys.roll_back(point)
        except sqlite3.Error as error:
            self._roll_back(connection)
            return translated(error, self.path)
        return None

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        """Undoes the whole transaction, and leaves the connection usable.

        A failed commit may have rolled back by itself.
        """
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self.newest_keys.roll_back()

    def _read(self, work: Work[T]) -> T:
        """In a reader thread."""
        try:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
            connection.execute("BEGIN")
            try:
                return drive(work(SqliteTransaction(connection)))
            finally:
                connection.execute("ROLLBACK")
        except (sqlite3.Error, OSError) as error:
            raise translated(error, self.path) from error

    def _writing(self) -> sqlite3.Connection:
        if self._write_connection is None:
            self._write_connection = self._connect()
            self._write_connection.execute(f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")
            self._write_connection.execute("PRAGMA busy_timeout=0")  # see begin_waiting
        return self._write_connection

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._connections.append(connection)
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        # Only a new file takes these two on; the second lets retention give pages back.
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={PAGES_BY_ITSELF}")
        connection.execute("PRAGMA temp_store=MEMORY")
        return connection


def answer_all(batch: list[Waiting], failure: BaseException | None) -> None:
    """Hands each result to the one who waits, unless it has gone away.

    failure: what kept the whole batch from being written; then all of them get it.
    """
    for one in batch:
        if one.future.done():
            continue
        error = failure or (one.result.error if one.result else None)
        if error is not None:
            one.future.set_exception(error)
        else:
            one.future.set_result(one.result.value if one.result else None)
