"""`bridge integrations`: the systems we call, and whether they let us."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import rich_click as click

from bridge.cli.doctor import progress, put_checked, reach
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put_json, put_table, say
from bridge.clock import wall_clock
from bridge.configured import Integration, configure
from bridge.doctor import RemoteClocks
from bridge.document import did_you_mean
from bridge.errors import NotFound
from bridge.event import JSON

COLUMNS = ("NAME", "TENANT", "TYPE", "ADDRESS", "", "ACTIONS")


@click.group()
def integrations() -> None:
    """List the systems that are called, and test whether they let us."""


@integrations.command("list")
@with_config
@with_json
@with_verbose
def list_(config: Path, as_json: bool) -> None:
    """List the integrations, with what rules can do there."""
    told = [_told(one) for one in known(config)]
    if as_json:
        put_json([*told])
        return
    rows = (
        (
            one["name"], one["tenant"], one["type"], one["address"],
            "" if one["enabled"] else "disabled", _words(one["actions"]),
        )
        for one in told
    )  # fmt: skip
    put_table(COLUMNS, rows)
    if not told:
        say("no integration is configured")


@integrations.command("test")
@click.argument("names", nargs=-1)
@option("--tenant", of="integrations_test", default="", help="Only of this tenant.")
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
    chosen = choose(known(config), names, tenant)
    with progress() as told:
        checked = asyncio.run(reach(chosen, RemoteClocks(wall_clock), told))
    put_checked(ctx, checked, as_json=as_json)


def known(config: Path) -> list[Integration]:
    """All there are, in their order. Raises Invalid."""
    return list(configure(settings_of(config)).integrations.values())


def choose(
    integrations: Collection[Integration], names: Collection[str], tenant: str
) -> list[Integration]:
    """Those of these names, or all. Raises NotFound naming each that is not there."""
    here = [one for one in integrations if tenant in ("", one.settings.tenant)]
    there = {one.settings.name for one in here}
    missing = [name for name in names if name not in there]
    if missing:
        hints = (did_you_mean(name, there) or f"there are: {', '.join(sorted(there)) or 'none'}"
                 for name in missing)  # fmt: skip
        told = (f'there is no integration "{name}" ({hint})'
                for name, hint in zip(missing, hints, strict=True))  # fmt: skip
        raise NotFound("; ".join(told))
    return [one for one in here if not names or one.settings.name in names]


def _told(one: Integration) -> dict[str, JSON]:
    return {
        "name": one.settings.name,
        "tenant": one.settings.tenant,
        "type": one.settings.type,
        "enabled": one.settings.enabled,
        "address": str(getattr(one.options, "base_url", "")),
        "actions": [action.shape.name for action in one.connector.actions],
    }


def _words(actions: JSON) -> str:
    assert isinstance(actions, list)
    return ", ".join(map(str, actions))
