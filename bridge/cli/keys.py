"""`bridge keys`: API keys, also while the server runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from bridge.access.role import ORDER, Role
from bridge.cli.opened import opened_or_made, with_store
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put, put_json, put_table, say
from bridge.clock import iso, wall_clock
from bridge.errors import NotFound
from bridge.principal import Wanted, end_key, make_key
from bridge.settings import Settings
from bridge.store.keys import Key, list_keys
from bridge.store.transaction import Database, Transaction

COLUMNS = ("ID", "TENANT", "NAME", "ROLE", "USER", "BEGINS", "LAST USED", "STATE")


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command("create")
@option(
    "--role", of="create", type=click.Choice([role.value for role in ORDER]),
    default=Role.VIEWER.value, show_default=True,
    help="viewer reads, operator acts, admin configures.",
)  # fmt: skip
@option("--tenant", of="create", default="default", show_default=True, help="Whose key it is.")
@option("--name", of="create", default="", help="What it is for; else the role's name.")
@option("--user", of="create", default="", help="Who it is for; else the key's name.")
@option("--email", of="create", default="", help="That user's e-mail address.")
@option(
    "--per-minute", of="create", type=click.IntRange(0, 1_000_000), default=0,
    help="Requests a minute; 0 for the configured number.",
)  # fmt: skip
@with_config
@with_json
@with_verbose
def create(
    config: Path,
    as_json: bool,
    role: str,
    tenant: str,
    name: str,
    user: str,
    email: str,
    per_minute: int,
) -> None:
    """Make a key. Its secret is printed this once, alone on stdout."""
    settings = settings_of(config)
    check_tenant(settings, tenant)
    wanted = Wanted(tenant, name or role, Role(role), user, email, per_minute)

    async def work(database: Database) -> tuple[Key, str]:
        async def made(tx: Transaction) -> tuple[Key, str]:
            return await make_key(tx, wanted, wall_clock())

        return await database.write(made)

    key, secret = with_store(settings, work, opened_or_made)
    if as_json:
        put_json({**key.as_json(), "key": secret})
        return
    say(f"{key.id}: {key.role} of {key.tenant}; keep the secret, it is not shown again")
    put(secret)


@keys.command("list")
@option("--tenant", of="keys_list", default="", help="Only this tenant's.")
@with_config
@with_json
@with_verbose
def list_(config: Path, as_json: bool, tenant: str) -> None:
    """List the keys, without their secrets."""

    async def work(database: Database) -> Sequence[Key]:
        return await database.read(lambda tx: list_keys(tx, tenant or None))

    found = with_store(settings_of(config), work)
    if as_json:
        put_json([key.as_json() for key in found])
        return
    put_table(COLUMNS, (line(key) for key in found))
    if not found:
        say("there is no key; `bridge keys create --role admin` makes one")


@keys.command("revoke")
@click.argument("key_id")
@with_config
@with_json
@with_verbose
def revoke(config: Path, as_json: bool, key_id: str) -> None:
    """Revoke a key: it is refused from now on, and the sessions it began too."""

    async def work(database: Database) -> Key:
        async def ended(tx: Transaction) -> Key:
            return await end_key(tx, key_id, wall_clock())

        return await database.write(ended)

    key = with_store(settings_of(config), work)
    if as_json:
        put_json(key.as_json())
    else:
        put(f"{key.id} is revoked")


def check_tenant(settings: Settings, tenant: str) -> None:
    """Raises NotFound for a tenant the configuration does not name."""
    known = sorted({"default", *(each.name for each in settings.tenants)})
    if tenant not in known:
        raise NotFound(f'there is no tenant "{tenant}" (configured: {", ".join(known)})')


def line(key: Key) -> tuple[str, ...]:
    used = iso(key.last_used_at) if key.last_used_at else "never"
    state = f"revoked {iso(key.revoked_at)}" if key.revoked_at else "valid"
    return (key.id, key.tenant, key.name, key.role, key.username, key.hint, used, state)
