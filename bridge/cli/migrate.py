"""`bridge migrate`: bring the store to the present schema, and say what was done."""

from __future__ import annotations

import asyncio
from pathlib import Path

import rich_click as click

from bridge.cli.options import settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put, put_json
from bridge.clock import wall_clock
from bridge.store.database import open_database
from bridge.store.transaction import Transaction


@click.command()
@with_config
@with_json
@with_verbose
def migrate(config: Path, as_json: bool) -> None:
    """Bring the store to the present schema.

    Every start does the same; this command is for doing it before, on its own.
    """
    settings = settings_of(config)
    numbers = asyncio.run(_migrate(settings.store.url))
    if as_json:
        put_json({"schema": numbers[-1] if numbers else 0})
    else:
        put(f"the store is at schema {numbers[-1] if numbers else 0}")


async def _migrate(url: str) -> list[int]:
    database = await open_database(url, wall_clock)

    async def applied(tx: Transaction) -> list[int]:
        return [int(row[0]) for row in await tx.rows("SELECT number FROM migrations ORDER BY 1")]

    try:
        return await database.read(applied)
    finally:
        await database.close()
