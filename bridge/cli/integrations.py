"""`bridge integrations`: the systems we call, and whether they let us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

import rich_click as click

from bridge.cli.doctor import progress, put_checked, reach, reach_made
from bridge.cli.made import MadeOne, look_at_made
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put_json, put_table, say
from bridge.clock import wall_clock
from bridge.configured import Integration, configure
from bridge.doctor import Checked, RemoteClocks
from bridge.document import did_you_mean
from bridge.errors import NotFound
from bridge.event import JSON
from bridge.settings import Settings

COLUMNS = ("NAME", "TENANT", "TYPE", "ADDRESS", "ORIGIN", "STATE", "ACTIONS")


@click.group()
def integrations() -> None:
    """List the systems that are called, and test whether they let us."""


@integrations.command("list")
@with_config
@with_json
@with_verbose
def list_(config: Path, as_json: bool) -> None:
    """List the integrations, those that API callers made too, with what rules can do there."""
    settings = settings_of(config)
    made = asyncio.run(look_at_made(settings, renew=False))
    told = [*map(_told, known(settings)), *map(_told_made, made)]
    if as_json:
        put_json([*told])
        return
    rows = (
        (
            one["name"], one["tenant"], one["type"], one["address"], one["origin"],
            one["state"], _words(one["actions"]),
        )
        for one in told
    )  # fmt: skip
    put_table(COLUMNS, rows)
    for one in told:
        if one["problem"]:
            say(f"{one['name']}: {one['problem']}")
    if not told:
        say("no integration is configured")


@integrations.command("test")
@click.argument("names", nargs=-1)
@option("--tenant", of="test_integrations", default="", help="Only of this tenant.")
@with_config
@with_json
@with_verbose
@click.pass_context
def test(
    ctx: click.Context, config: Path, as_json: bool, names: tuple[str, ...], tenant: str
) -> None:
    """Reach the integrations NAMES, or all: credentials, permissions, fields, transitions.

    Changes nothing there. Ends with 1 when something is wrong.
    """
    settings = settings_of(config)
    with progress() as told:
        checked = asyncio.run(_tested(settings, names, tenant, told))
    put_checked(ctx, checked, as_json=as_json)


async def _tested(
    settings: Settings, names: Collection[str], tenant: str, told: Callable[[str], None]
) -> list[Checked]:
    """Raises NotFound naming each name that is not there."""
    here = [one for one in known(settings) if tenant in ("", one.settings.tenant)]
    made = [
        one for one in await look_at_made(settings, renew=True) if tenant in ("", one.stored.tenant)
    ]
    check_named(
        names,
        {one.settings.name for one in here}
        | {name for one in made for name in (one.stored.identifier, one.stored.name)},
    )
    clocks = RemoteClocks(wall_clock)
    chosen = [one for one in here if not names or one.settings.name in names]
    others = [
        one for one in made if not names or {one.stored.identifier, one.stored.name} & {*names}
    ]
    checked = await reach(chosen, clocks, told)
    return [*checked, *await reach_made(others, settings, clocks, told)]


def known(settings: Settings) -> list[Integration]:
    """Those of the configuration, in their order. Raises Invalid."""
    return list(configure(settings).integrations.values())


def check_named(names: Collection[str], there: Collection[str]) -> None:
    """Raises NotFound naming each that is not there."""
    missing = [name for name in names if name not in there]
    if missing:
        hints = (did_you_mean(name, there) or f"there are: {', '.join(sorted(there)) or 'none'}"
                 for name in missing)  # fmt: skip
        told = (f'there is no integration "{name}" ({hint})'
                for name, hint in zip(missing, hints, strict=True))  # fmt: skip
        raise NotFound("; ".join(told))


def _told(one: Integration) -> dict[str, JSON]:
    return {
        "name": one.settings.name,
        "tenant": one.settings.tenant,
        "type": one.settings.type,
        "enabled": one.settings.enabled,
        "address": _address(one),
        "actions": [action.shape.name for action in one.connector.actions],
        "origin": "configuration",
        "state": "active" if one.settings.enabled else "disabled",
        "problem": "",
    }


def _told_made(one: MadeOne) -> dict[str, JSON]:
    """The same of one that an API caller made, whose id and title stand beside it."""
    stored = one.stored
    actions = one.known.connector.actions if one.known else ()
    state = "active" if stored.active else "disabled"
    return {
        "name": stored.identifier,
        "tenant": stored.tenant,
        "type": stored.type,
        "enabled": stored.active,
        "address": _address(one.known) if one.known else "",
        "actions": [action.shape.name for action in actions],
        "origin": "api",
        "state": state if one.known else "not usable",
        "problem": one.trouble,
        "id": stored.id,
        "title": stored.name,
    }


def _address(one: Integration) -> str:
    return str(getattr(one.options, "base_url", ""))


def _words(actions: JSON) -> str:
    assert isinstance(actions, list)
    return ", ".join(map(str, actions))
