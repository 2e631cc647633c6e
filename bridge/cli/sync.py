"""`bridge sync`: conflicts that wait for a person."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from bridge.cli.opened import with_store
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put, put_json, put_table, say
from bridge.clock import iso, wall_clock
from bridge.store.audit import Change
from bridge.store.sync_fields import FieldRow, held_fields
from bridge.store.transaction import Database
from bridge.sync.asking import resolve
from bridge.trail import held_field

COLUMNS = ("ID", "HELD SINCE", "RULE", "FIELD", "LEFT", "ITS VALUE", "RIGHT", "ITS VALUE")


@click.group()
def sync() -> None:
    """List and decide conflicts between systems that are kept alike."""


@sync.command("held")
@option("--tenant", of="held", default="", help="Only of this tenant.")
@with_config
@with_json
@with_verbose
def held(config: Path, as_json: bool, tenant: str) -> None:
    """List the fields that both sides have changed and that wait for a person."""

    async def work(database: Database) -> list[FieldRow]:
        return list(await database.read(lambda tx: held_fields(tx, tenant or None)))

    found = with_store(settings_of(config), work)
    if as_json:
        put_json([held_field(one) for one in found])
        return
    rows = (
        (
            one.id, iso(one.held_at), one.pair.rule, one.field, one.pair.left, one.held_left,
            one.pair.right, one.held_right,
        )
        for one in found
    )  # fmt: skip
    put_table(COLUMNS, rows)
    if not found:
        say("nothing waits for a person")


@sync.command("resolve")
@click.argument("id_", metavar="ID")
@option(
    "--take", of="resolve", type=click.Choice(("left", "right")), required=True,
    help="Whose value counts.",
)  # fmt: skip
@option("--tenant", of="resolve", default="default", help="Whose conflict it is.")
@with_config
@with_json
@with_verbose
def resolve_(config: Path, as_json: bool, id_: str, take: str, tenant: str) -> None:
    """Decide the conflict ID: one side's value counts, and a running bridge carries it over."""
    change = Change(tenant, wall_clock(), "cli", "cli", "sync.resolve", id_, {"take": take})

    async def work(database: Database) -> tuple[FieldRow, str]:
        return await resolve(database, id_, take, change)

    one, event = with_store(settings_of(config), work)
    if as_json:
        put_json({"id": one.id, "field": one.field, "take": take, "event": event})
        return
    value = one.held_left if take == "left" else one.held_right
    put(f"{one.field}: {value!r} counts; {event or 'asked for before'}")
