"""PostgreSQL: the same text, for several processes that share one database."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from bridge.errors import StoreUnavailable
from bridge.store.transaction import Row, Work

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")

CONNECTIONS = 10
"""Per process. The default server allows 100, so eight processes fit beside a person's psql."""

REPEATS = 5
"""How often a transaction that met another one is run again."""

CONNECT_SECONDS = 5.0


@functools.cache
def numbered(sql: str) -> str:
    """`?` as `$1`, `$2` … No text of ours holds a question mark of another meaning."""
    head, *rest = sql.split("?")
    return head + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


class PostgresTransaction:
    """Statements on one connection, inside its transaction."""

    engine = "postgres"

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

    async def write(self, work: Work[T]) -> T:
        """Runs the work in a transaction; again from the start when another one was in its way."""
        import asyncpg

        for _ in range(REPEATS - 1):
            try:
                return await self._run(work, readonly=False)
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                continue
        return await self._run(work, readonly=False)

    async def read(self, work: Work[T]) -> T:
        return await self._run(work, readonly=True)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def _run(self, work: Work[T], *, readonly: bool) -> T:
        async with self._connected() as connection:
            isolation = "repeatable_read" if readonly else "read_committed"
            async with connection.transaction(isolation=isolation, readonly=readonly):
                return await work(PostgresTransaction(connection))

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
                    min_size=1,
                    max_size=self._connections,
                    timeout=CONNECT_SECONDS,
                    command_timeout=60,
                )
            return self._pool
