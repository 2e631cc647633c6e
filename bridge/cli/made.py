"""What integrations that API callers made offer to rules, read from the store, if there is one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bridge.cli.output import say
from bridge.configured import NOTHING
from bridge.errors import StoreError
from bridge.made import offers_of
from bridge.registry import Offers
from bridge.settings import Settings
from bridge.store.database import connect
from bridge.store.integrations import list_integrations


def made_offers(settings: Settings) -> Offers:
    """By name. Nothing where there is no store yet; a store that does not answer is told.

    Opened without being brought to the present schema: whoever checks changes nothing.
    """
    file = settings.store.sqlite_file
    if file and not file.exists():
        return NOTHING
    try:
        return asyncio.run(_read(settings))
    except StoreError as error:
        say(f"integrations that API callers made are not known here: {error}")
        return NOTHING


async def _read(settings: Settings) -> Offers:
    database = connect(settings.store.url, Path.cwd())
    try:
        return offers_of(await database.read(list_integrations))
    finally:
        await database.close()
