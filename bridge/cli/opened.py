"""The store that the configuration names, opened for the length of one command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from bridge.clock import wall_clock
from bridge.errors import NotFound
from bridge.settings import Settings
from bridge.store.database import open_database
from bridge.store.transaction import Database

T = TypeVar("T")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The store, also while a server works on it. Raises NotFound when there is none yet."""
    file = settings.store.sqlite_file
    if file and not file.exists():
        raise NotFound(f"there is no store yet: {file} is made by `bridge serve`")
    async with opened_or_made(settings) as database:
        yield database


@asynccontextmanager
async def opened_or_made(settings: Settings) -> AsyncIterator[Database]:
    """The store, made where there is none: the first key may come before the first start."""
    database = await open_database(settings.store.url, wall_clock)
    try:
        yield database
    finally:
        await database.close()


def with_store(
    settings: Settings,
    work: Callable[[Database], Awaitable[T]],
    opens: Callable[[Settings], AbstractAsyncContextManager[Database]] = opened,
) -> T:
    """Run the work on the store, and close it."""

    async def run() -> T:
        async with opens(settings) as database:
            return await work(database)

    return asyncio.run(run())
