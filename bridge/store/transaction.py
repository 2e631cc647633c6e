"""The few things a store function may ask of an engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any, Protocol, TypeAlias, TypeVar

from bridge.store.newest_keys import NewestKeys

T = TypeVar("T")

Row: TypeAlias = tuple[Any, ...]
"""One row as the driver gives it; it is made into a value before it leaves the store."""


class Transaction(Protocol):
    """One open transaction. SQL is written with `?`; the engine's own form is made from it."""

    @property
    def engine(self) -> str:
        """`sqlite` or `postgres`, for the few statements that differ."""
        ...

    @property
    def newest_keys(self) -> NewestKeys | None:
        """SQLite's delivery keys that are only in memory; None where nothing may be written."""
        ...

    async def rows(self, sql: str, *values: object) -> Sequence[Row]: ...

    async def row(self, sql: str, *values: object) -> Row | None: ...

    async def run(self, sql: str, *values: object) -> int:
        """Runs one statement; gives the number of rows it changed."""
        ...

    async def run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Runs one statement for each row of values, in their order; with one round trip where
        statements travel."""
        ...


Work: TypeAlias = Callable[[Transaction], Awaitable[T]]
"""What is done in one transaction. It may run again from the start, so it changes nothing else."""


class Database(Protocol):
    """Where everything durable lives. Raises StoreUnavailable when the engine says no."""

    commits: int
    """Transactions committed since the start."""
    committed: int
    """Writes in them; divided by the commits, the size of a batch."""

    @property
    def engine(self) -> str: ...

    @property
    def single_process(self) -> bool:
        """True where only one process may work on it, so that no claim has to be written."""
        ...

    async def write(
        self,
        work: Work[T],
        *,
        short: bool = False,
        begin: Callable[[], None] | None = None,
        enough: Callable[[], bool] | None = None,
    ) -> T:
        """Runs the work and returns once it is durable. Either all of it is, or none.

        short: it takes no more than a few milliseconds, so it may run where the requests do.
        begin: called once, in the loop's thread, when the turn of this work has come.
        enough: asked whether to begin at once where otherwise more would be waited for.
        """
        ...

    async def read(self, work: Work[T], *, single: bool = False) -> T:
        """Runs the work on one snapshot, beside the writers.

        single: it is one statement, which needs no transaction around it.
        """
        ...

    async def lead(self, what: str) -> bool:
        """Whether this process is the one that does something alone; always so on SQLite."""
        ...

    async def listen(self, heard: Callable[[], None]) -> None:
        """Calls back soon after any process called `wake_all`; a lost connection is made again.

        A hint only: whoever listens looks at the tables now and then all the same.
        """
        ...

    async def close(self) -> None: ...


DATABASE_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
"""The present by PostgreSQL's clock, in milliseconds UTC. Leases are measured with it alone: a node
whose own clock is ahead would take over what others are still working on."""


async def database_now(tx: Transaction) -> int:
    """The present by PostgreSQL's clock."""
    row = await tx.row(f"SELECT {DATABASE_NOW}")
    assert row is not None
    return int(row[0])


CHANNEL = "scanbridge"


async def wake_all(tx: Transaction) -> None:
    """Tells every process, after the commit, that there is something to do."""
    if tx.engine == "postgres":
        await tx.run(f"NOTIFY {CHANNEL}")


def placeholders(count: int) -> str:
    """`(?, ?, ?)`"""
    return "(" + ", ".join("?" * count) + ")"


MOST_ROWS = 64
"""In one statement. Up to here every count has a statement of its own, which the engine's cache
holds: one statement for a batch, because each costs a handing over of the interpreter's lock."""


async def insert_rows(
    tx: Transaction, head: str, rows: Sequence[Sequence[object]], tail: str = ""
) -> list[Row]:
    """`INSERT … VALUES` for many rows, in few statements; gives what `tail` returns.

    head: up to and without `VALUES`. On SQLite half the time of `executemany` (measured, see
    docs). On PostgreSQL, where each shape has to be planned and kept on every connection, one
    statement goes out for all rows together, unless it is to give something back.
    """
    if not rows:
        return []
    returning = "RETURNING" in tail
    if tx.engine == "postgres" and not returning:
        await tx.run_many(multi_row(head, len(rows[0]), 1, tail), rows)
        return []
    returned: list[Row] = []
    at = 0
    while at < len(rows):
        part = rows[at : at + MOST_ROWS]
        sql = multi_row(head, len(part[0]), len(part), tail)
        values = list(chain.from_iterable(part))
        if returning:
            returned.extend(await tx.rows(sql, *values))
        else:
            await tx.run(sql, *values)
        at += MOST_ROWS
    return returned


_texts: dict[tuple[str, int, int, str], str] = {}


def multi_row(head: str, width: int, height: int, tail: str) -> str:
    """The text of a multi-row insert, made once for each shape."""
    shape = (head, width, height, tail)
    text = _texts.get(shape)
    if text is None:
        text = f"{head} VALUES {', '.join([placeholders(width)] * height)} {tail}"
        _texts[shape] = text
    return text
