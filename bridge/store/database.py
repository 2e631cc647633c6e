"""Opens the store that the configuration names, brought to the present schema."""

from __future__ import annotations

from pathlib import Path

from bridge.clock import Clock
from bridge.errors import StoreUnavailable
from bridge.store.migrate import migrate
from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Database, Transaction

SQLITE = "sqlite:///"


def sqlite_path(url: str, beside: Path) -> Path:
    """The file of a `sqlite:///…` address; a relative one starts at `beside`."""
    return beside / url.removeprefix(SQLITE)


async def open_database(
    url: str, clock: Clock, *, beside: Path | None = None, exclusive: bool = False
) -> Database:
    """Opens and migrates the store.

    url: `sqlite:///relative.db`, `sqlite:////absolute.db`.
    exclusive: for servers and workers; another of them on the same SQLite file is refused.

    Raises StoreUnavailable, StoreOutdated.
    """
    if not url.startswith(SQLITE):
        raise StoreUnavailable(f"store.url: {url.split(':')[0]}: is no store this program knows")
    database = SqliteDatabase(sqlite_path(url, beside or Path.cwd()))
    if exclusive:
        database.claim_file()

    async def work(tx: Transaction) -> None:
        await migrate(tx, clock())

    try:
        await database.write(work)
    except BaseException:
        await database.close()
        raise
    return database
