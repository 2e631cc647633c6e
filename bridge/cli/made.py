"""Integrations that API callers made, read from the store, if there is one.

It is opened without being brought to the present schema: whoever looks changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.access.vault import Vault
from bridge.cli.output import say
from bridge.clock import wall_clock
from bridge.configured import NOTHING, Integration, open_vault
from bridge.connectors.guard import Guard
from bridge.connectors.http import HttpClient
from bridge.engine import oauth_clients
from bridge.errors import ConnectorError, GiveUp, StoreError, VaultClosed
from bridge.made import MadeIntegrations, as_configured, named, offers_of
from bridge.registry import Offers, Registry
from bridge.settings import Settings
from bridge.store.database import connect
from bridge.store.integrations import StoredIntegration, list_integrations
from bridge.store.transaction import Database
from bridge.tokens import Tokens
from bridge.workbench.requests import Find


@dataclass(frozen=True, slots=True)
class MadeOne:
    """A row; what it is as if the configuration named it, or why it cannot be used."""

    stored: StoredIntegration
    known: Integration | None
    trouble: str


def made_offers(settings: Settings) -> Offers:
    """What they offer to rules, by name. A store that does not answer is told."""

    async def read() -> Offers:
        async with _looked_into(settings) as database:
            return offers_of(await database.read(list_integrations)) if database else NOTHING

    try:
        return asyncio.run(read())
    except StoreError as error:
        say(f"integrations that API callers made are not known here: {error}")
        return NOTHING


async def look_at_made(settings: Settings, *, renew: bool) -> Sequence[MadeOne]:
    """All of them, oldest first. A store that does not answer is told.

    renew: tokens that end are renewed first, as before every call.
    """
    try:
        async with _looked_into(settings) as database:
            rows = await database.read(list_integrations) if database else ()
            if database is None or not rows:
                return ()
            vault = open_vault(settings)
            if renew:
                rows = await _renewed(settings, database, vault)
            return [_opened(vault, row) for row in rows]
    except StoreError as error:
        say(f"integrations that API callers made are not known here: {error}")
        return ()


async def made_finder(settings: Settings, database: Database) -> Find:
    """Finds them as `Previewer` asks for them."""
    rows = named(await database.read(list_integrations))
    vault = open_vault(settings) if rows else None

    def find(tenant: str, name: str) -> Integration | None:
        row = rows.get((tenant, name))
        return as_configured(vault, row) if row else None

    return find


@asynccontextmanager
async def _looked_into(settings: Settings) -> AsyncIterator[Database | None]:
    file = settings.store.sqlite_file
    if file and not file.exists():
        yield None
        return
    database = connect(settings.store.url, Path.cwd())
    try:
        yield database
    finally:
        await database.close()


async def _renewed(
    settings: Settings, database: Database, vault: Vault | None
) -> Sequence[StoredIntegration]:
    """The rows, with tokens that hold where that can be; what fails stands in its row."""
    guard = Guard(settings.server.allowed_hosts)
    async with (
        aclosing(HttpClient(wall_clock)) as http,
        aclosing(HttpClient(wall_clock, guard=guard)) as outside,
    ):
        made = MadeIntegrations(database, vault, outside, Registry({}))
        tokens = Tokens(database, wall_clock, made, http, oauth_clients(settings))
        for row in await database.read(list_integrations):
            if not row.valid_until:
                continue
            try:
                await tokens.renew(made.open(row))
            except (ConnectorError, VaultClosed) as error:
                say(f"{row.identifier}: {error}")
    return await database.read(list_integrations)


def _opened(vault: Vault | None, row: StoredIntegration) -> MadeOne:
    try:
        return MadeOne(row, as_configured(vault, row), row.trouble)
    except (GiveUp, VaultClosed) as error:
        return MadeOne(row, None, str(error))
