"""PostgreSQL: the same text, for several processes that share one database."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from bridge.errors import StoreUnavailable
from bridge.store.transaction import CHANNEL, Row, Work

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")

CONNECTIONS = 10
"""Per process. The default server allows 100, so eight processes fit beside a person's psql."""

REPEATS = 5
"""How often a transaction that met another one is run again."""

CONNECT_SECONDS = 5.0

NOTICED_SOON = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""The server notices within half a minute that a node is gone without a word, and frees what it
had locked; by itself it would take two hours."""

SILENT_LEADER_MS = 15_000
"""A leader says something twice a second. One that stands still makes room for another."""

KNOWS_IDLE_SESSIONS = (14,)

LISTEN_CHECK_SECONDS = 5.0
"""How often the listening connection is tried; in between only the tables are looked at."""


async def leave_as_it_is(connection: object) -> None:
    """In place of the statements that put a connection back into its first state: our transactions
    leave nothing behind, and each reset is a round trip."""


@functools.cache
def numbered(sql: str) -> str:
    """`?` as `$1`, `$2` … No text of ours holds a question mark of another meaning."""
    head, *rest = sql.split("?")
    return head + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


class PostgresTransaction:
    """Statements on one connection, inside its transaction."""

    engine = "postgres"
    newest_keys = None

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, *values: object) -> Sequence[Row]:
        return [tuple(row) for row in await self._connection.fetch(numbered(sql), *values)]

    async def row(self, sql: str, *values: object) -> Row | None:
        found = await self._connection.fetchrow(numbered(sql), *values)
        return None if found is None else tuple(found)

    async def run(self, sql: str, *values: object) -> int:
        status: str = await self._connection.execute(numbered(sql), *values)
        count = status.rsplit(" ", 1)[-1]
        return int(count) if count.isdigit() else 0

    async def run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            await self._connection.executemany(numbered(sql), rows)


class PostgresDatabase:
    """A pool of connections to one database.

    url: `postgresql://user@host/db`, as libpq writes it; never shown in an error.
    """

    engine = "postgres"
    single_process = False

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self._url = url
        self._connections = connections
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self.commits = 0
        self.committed = 0
        self._leading: dict[str, asyncpg.Connection] = {}
        self._listening: asyncio.Task[None] | None = None

    async def write(
        self,
        work: Work[T],
        *,
        short: bool = False,
        begin: Callable[[], None] | None = None,
        enough: Callable[[], bool] | None = None,
    ) -> T:
        """Runs the work in a transaction; again from the start when another one was in its way."""
        import asyncpg

        if begin is not None:
            begin()
        for _ in range(REPEATS - 1):
            try:
                return await self._run(work, readonly=False)
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                continue
        return await self._run(work, readonly=False)

    async def read(self, work: Work[T], *, single: bool = False) -> T:
        if not single:
            return await self._run(work, readonly=True)
        async with self._connected() as connection:
            return await work(PostgresTransaction(connection))

    async def lead(self, what: str) -> bool:
        """Holds an advisory lock on a connection of its own; it goes when the connection does."""
        import asyncpg

        connection = self._leading.get(what)
        leads = False
        try:
            if connection is None:
                connection = await asyncpg.connect(
                    self._url, timeout=CONNECT_SECONDS, server_settings=NOTICED_SOON
                )
                if connection.get_server_version() >= KNOWS_IDLE_SESSIONS:
                    await connection.execute(f"SET idle_session_timeout = {SILENT_LEADER_MS}")
                leads = await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", what)
                if not leads:
                    await connection.close()
            else:
                await connection.execute("SELECT 1", timeout=CONNECT_SECONDS)
                leads = True
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"PostgreSQL: {type(error).__name__}: {error}") from error
        finally:
            if leads:
                self._leading[what] = connection
            else:
                self._leading.pop(what, None)
                if connection is not None:  # also where this was cancelled half way
                    connection.terminate()
        return leads

    async def listen(self, heard: Callable[[], None]) -> None:
        self._listening = asyncio.create_task(self._listen(heard))

    async def _listen(self, heard: Callable[[], None]) -> None:
        import asyncpg

        while True:
            try:
                await self._listen_once(heard)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await asyncio.sleep(LISTEN_CHECK_SECONDS)

    async def _listen_once(self, heard: Callable[[], None]) -> None:
        """Listens until the connection fails."""
        import asyncpg

        connection = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS)
        try:
            await connection.add_listener(CHANNEL, lambda *_: heard())
            heard()
            while True:
                await asyncio.sleep(LISTEN_CHECK_SECONDS)
                await connection.execute("SELECT 1")
        finally:
            connection.terminate()

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        for connection in self._leading.values():
            await connection.close()
        self._leading.clear()
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def _run(self, work: Work[T], *, readonly: bool) -> T:
        async with self._connected() as connection:
            isolation = "repeatable_read" if readonly else "read_committed"
            async with connection.transaction(isolation=isolation, readonly=readonly):
                result = await work(PostgresTransaction(connection))
        if not readonly:
            self.commits += 1
            self.committed += 1
        return result

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the pool; failures of the engine in our own words."""
        import asyncpg

        try:
            pool = await self._open_pool()
            async with pool.acquire() as connection:
                yield connection
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            raise
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"PostgreSQL: {type(error).__name__}: {error}") from error

    async def _open_pool(self) -> asyncpg.Pool:
        import asyncpg

        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,  # else it logs each failed try at one, in its own words
                    max_size=self._connections,
                    timeout=CONNECT_SECONDS,
                    command_timeout=60,
                    reset=leave_as_it_is,
                    server_settings={**NOTICED_SOON, "idle_in_transaction_session_timeout": "30s"},
                )
            return self._pool
