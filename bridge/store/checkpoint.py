"""SQLite's log is moved into the database file beside the writer, not by it.

By itself SQLite lets the commit that finds the log full move all of it, and everybody waited a
dozen milliseconds for that. Here another connection moves it while commits go on, and the writer
only what came in meanwhile; then the log is used again from its beginning.

How long the log is, is learnt from moving it. It stands in the file beside the log too, but that
must not be opened here: closing it would drop the locks that SQLite holds on it for this process.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

PAGES = 2_000
"""In the log when it is moved: 16 MB. At 4 MB it came every few hundred events."""

PAGES_BY_ITSELF = 4 * PAGES
"""In the log when SQLite moves it by itself, because commits were larger than the last ones."""

FIRST_COMMITS = 40
"""Before the log is moved for the first time: commits of a full load have fifty pages each."""

MOST_COMMITS = 2_000
"""Between two moves, however small commits are."""


class Checkpoints:
    """Moves the log of one database. All but the moving itself runs in the writer's thread.

    connect: opens a connection to the database.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._mover = ThreadPoolExecutor(1, thread_name_prefix="store-checkpoint")
        self._connection: sqlite3.Connection | None = None
        self._commits = 0
        self._due = FIRST_COMMITS
        self._moving = False
        self._moved = False

    def after_commit(self, writer: sqlite3.Connection) -> None:
        """Has the log moved where it is likely to be long enough, or moves its rest."""
        self._commits += 1
        if self._moved:
            with contextlib.suppress(sqlite3.Error):  # as below
                move(writer)
            self._commits, self._moved, self._moving = 0, False, False
        elif not self._moving and self._commits >= self._due:
            self._moving = True
            self._mover.submit(self._move, self._commits)

    def close(self) -> None:
        """Waits until nothing is moved."""
        self._mover.shutdown(wait=True)

    def _move(self, commits: int) -> None:
        """In the mover's thread."""
        with contextlib.suppress(sqlite3.Error):  # the log stays, and is moved another time
            if self._connection is None:
                self._connection = self._connect()
            pages = move(self._connection)
            self._due = max(1, min(MOST_COMMITS, PAGES * commits // max(1, pages)))
        self._moved = True


def move(connection: sqlite3.Connection) -> int:
    """Moves what no reader needs in the log any more, and waits for nobody.

    Gives how many pages the log had.
    """
    row = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(row[1])
