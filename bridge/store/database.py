"""Opens the store that the configuration names, brought to the present schema."""

from __future__ import annotations

from pathlib import Path

from bridge.clock import Clock
from bridge.errors import StoreUnavailable
from bridge.store.delivery_keys import up_to_date
from bridge.store.events import newest_seq
from bridge.store.migrate import migrate
from bridge.store.postgres import PostgresDatabase
from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Database, Transaction

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")

MIGRATION_LOCK = 0x5CA_B41D6E
"""Arbitrary; the same for every version of this program, and nobody else's."""


def sqlite_path(url: str, beside: Path) -> Path:
    """The file of a `sqlite:///…` address; a relative one starts at `beside`."""
    return beside / url.removeprefix(SQLITE)


def connect(url: str, beside: Path, *, exclusive: bool = False) -> Database:
    """The store of an address, not yet looked at. Raises StoreUnavailable when it is of no kind
    we know, or when `exclusive` and another process has the SQLite file."""
    if url.startswith(POSTGRES):
        return PostgresDatabase(url)
    if not url.startswith(SQLITE):
        raise StoreUnavailable(f"store.url: {url.split(':')[0]}: is no store this program knows")
    database = SqliteDatabase(sqlite_path(url, beside))
    if exclusive:
        database.claim_file()
    return database


async def open_database(
    url: str, clock: Clock, *, beside: Path | None = None, exclusive: bool = False
) -> Database:
    """Opens and migrates the store.

    url: `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://user@host/db`.
    exclusive: for servers and workers; another of them on the same SQLite file is refused.

    Raises StoreUnavailable, StoreOutdated.
    """
    database = connect(url, beside or Path.cwd(), exclusive=exclusive)

    async def work(tx: Transaction) -> None:
        if tx.engine == "postgres":  # nodes that start together migrate one after the other
            await tx.run("SELECT pg_advisory_xact_lock(?)", MIGRATION_LOCK)
        await migrate(tx, clock())
        if exclusive and tx.engine == "sqlite":  # so that the first delivery need not wait for it
            await up_to_date(tx, await newest_seq(tx))

    try:
        await database.write(work)
    except BaseException:
        await database.close()
        raise
    return database
