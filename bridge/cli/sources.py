"""`bridge sources`: who may send, where to, and which secrets they still use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import rich_click as click

from bridge.access.vault import Vault
from bridge.cli.opened import with_store
from bridge.cli.options import settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put_json, put_table, say
from bridge.configured import configure, open_vault
from bridge.counting import counted
from bridge.errors import NotFound
from bridge.event import JSON
from bridge.senders import describe_source
from bridge.settings import Settings
from bridge.store.secrets_seen import Named, Seen, list_seen
from bridge.store.transaction import Database

COLUMNS = ("NAME", "TENANT", "PRESET", "VERIFIED", "PROOF", "ADDRESS", "SECRETS")


@click.group()
def sources() -> None:
    """List the senders, and when each secret was last used."""


@sources.command("list")
@with_config
@with_json
@with_verbose
def list_(config: Path, as_json: bool) -> None:
    """List the configured sources, with each secret's last use.

    A secret is named by eight digits that help nobody to guess it. Uses are counted from the first
    start on; with PostgreSQL that takes encryption.keys. VERIFIED is what the preset was held
    against: the vendor's own page, code or library, a third party's account of it, or nothing.
    """
    settings = settings_of(config)
    configured = configure(settings)
    vault, seen = _seen(settings)
    told = [
        describe_source(source, settings.public_url, vault, seen)
        for source in configured.sources.values()
    ]
    if as_json:
        put_json([*told])
        return
    put_table(COLUMNS, (_line(one) for one in told))
    if not told:
        say("no source is configured")


def _seen(settings: Settings) -> tuple[Vault | None, Mapping[Named, Seen]]:
    """What names the secrets, and their uses. Before the first start there is neither."""

    async def work(database: Database) -> Mapping[Named, Seen]:
        return await database.read(list_seen)

    try:
        seen = with_store(settings, work)
    except NotFound:
        return None, {}
    return open_vault(settings), seen


def _line(told: Mapping[str, JSON]) -> list[JSON]:
    secrets = told["secrets"]
    assert isinstance(secrets, list)
    cells = [told[column.lower()] for column in COLUMNS[:-1]]
    return [*cells, "; ".join(_use(one) for one in secrets) or "none"]


def _use(secret: JSON) -> str:
    assert isinstance(secret, dict)
    name, times = secret["name"], secret["times"]
    if name is None or not isinstance(times, int):
        return "not counted"
    return f"{name} {secret['last_seen']} ({counted(times, 'use')})" if times else f"{name} never"
