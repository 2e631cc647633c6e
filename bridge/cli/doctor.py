"""`bridge doctor`: the installation and every system it calls, looked at from here."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext
from pathlib import Path

import rich_click as click
from rich.console import Console

from bridge.cli.made import MadeOne, look_at_made, made_offers
from bridge.cli.opened import opened
from bridge.cli.options import with_config, with_json, with_verbose
from bridge.cli.output import put_json, put_table, say
from bridge.clock import wall_clock
from bridge.configured import Examined, Integration, examine
from bridge.connectors.contract import Finding
from bridge.connectors.guard import Guard
from bridge.connectors.http import HttpClient
from bridge.counting import counted
from bridge.doctor import Checked, RemoteClocks, check_integrations
from bridge.errors import NotFound, StoreError
from bridge.event import JSON
from bridge.premises import (
    check_address,
    check_configuration,
    check_disk,
    check_keys,
    check_sources,
    check_store,
    check_subscriptions,
)
from bridge.settings import Settings
from bridge.store.transaction import Database

OURS = "bridge"
COLUMNS = ("", "PART", "LOOKED AT", "FOUND")


@click.command()
@with_config
@with_json
@with_verbose
@click.pass_context
def doctor(ctx: click.Context, config: Path, as_json: bool) -> None:
    """Reach every integration, and look at the store, the disk, the keys and the clock.

    Changes nothing. Ends with 1 when something is wrong; a warning is not.
    """
    with progress() as told:
        checked = asyncio.run(_examine(config, told))
    put_checked(ctx, checked, as_json=as_json)


async def _examine(config: Path, told: Callable[[str], None]) -> list[Checked]:
    """Our own checks first, since what is wrong there explains the rest."""
    told("the configuration and the rules")
    examined = await asyncio.to_thread(examine, config, os.environ, made_offers)
    checked = [Checked(OURS, finding) for finding in check_configuration(examined)]
    if examined.configured is None:
        words = "not looked at: the configuration has mistakes"
        return [*checked, Checked(OURS, Finding("integrations", False, words))]
    settings = examined.configured.settings
    told("the store, the disk and the keys")
    checked += [Checked(OURS, one) for one in await _look_around(examined, settings)]
    clocks = RemoteClocks(wall_clock)
    async with aclosing(HttpClient(wall_clock)) as http:
        told(settings.public_url)
        checked.append(Checked(OURS, await check_address(settings, http)))
    checked += await reach(examined.configured.integrations.values(), clocks, told)
    checked += await reach_made(await look_at_made(settings, renew=True), settings, clocks, told)
    return [*checked, Checked(OURS, clocks.finding())]


async def _look_around(examined: Examined, settings: Settings) -> list[Finding]:
    """What is at this end: disk, store, keys, senders."""
    file = settings.store.sqlite_file
    findings = [check_disk(file.parent)] if file else []
    try:
        async with opened(settings) as database:
            return findings + await _look_inside(examined, settings, database)
    except NotFound as error:
        return [*findings, Finding("store", True, str(error)), await check_keys(settings, None)]
    except StoreError as error:
        hint = "look at store.url, the disk and its rights"
        return [*findings, Finding("store", False, str(error), hint)]


async def _look_inside(examined: Examined, settings: Settings, database: Database) -> list[Finding]:
    findings = await check_store(database, wall_clock())
    findings.append(await check_keys(settings, database))
    assert examined.configured is not None
    findings += await check_sources(examined.configured, database, wall_clock())
    return findings + await check_subscriptions(database, wall_clock())


# --- shared with `bridge integrations test` -----------------------------------------------


async def reach(
    integrations: Iterable[Integration],
    clocks: RemoteClocks,
    told: Callable[[str], None],
    guard: Guard | None = None,
) -> list[Checked]:
    """What the connectors find out about these systems. guard: for addresses of callers."""
    under_way: dict[str, None] = {}

    def moved(integration: Integration, done: bool) -> None:
        name = integration.settings.name
        if done:
            under_way.pop(name, None)
        else:
            under_way[name] = None
        told(", ".join(under_way))

    async with aclosing(HttpClient(wall_clock, on_reply=clocks.note, guard=guard)) as http:
        return await check_integrations(integrations, http, moved)


async def reach_made(
    made: Iterable[MadeOne],
    settings: Settings,
    clocks: RemoteClocks,
    told: Callable[[str], None],
) -> list[Checked]:
    """The same of those that API callers made; what cannot be used says why."""
    usable = [one.known for one in made if one.known is not None]
    broken = [
        Checked(
            one.stored.identifier,
            Finding("settings", False, one.trouble, "change it by the API"),
            one.stored.tenant,
            one.stored.type,
        )
        for one in made
        if one.known is None
    ]
    guard = Guard(settings.server.allowed_hosts)
    return [*broken, *await reach(usable, clocks, told, guard)]


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Tells what is being looked at, on a line of stderr that goes away; only on a terminal."""
    status = Console(stderr=True).status("looking …")
    shown: AbstractContextManager[object] = status if sys.stderr.isatty() else nullcontext()
    with shown:
        yield lambda words: status.update(f"looking at {words or 'the last of it'} …")


def put_checked(ctx: click.Context, checked: Sequence[Checked], *, as_json: bool) -> None:
    """Every finding, and exit code 1 when one of them is bad."""
    levels = Counter(_level(one.finding) for one in checked)
    wrong = levels["error"]
    if as_json:
        put_json({"ok": not wrong, "findings": [_json(one) for one in checked]})
    else:
        put_table(COLUMNS, (line for one in checked for line in _lines(one)))
        told = [counted(levels[one], noun) for one, noun in NOUNS.items() if levels[one]]
        say(", ".join(told) or "all is well")
    if wrong:
        ctx.exit(1)


def _level(finding: Finding) -> str:
    if not finding.ok:
        return "error"
    return "warning" if finding.hint else "ok"


MARKS = {"ok": "✓", "warning": "!", "error": "✗"}
NOUNS = {"error": "problem", "warning": "warning"}


def _lines(one: Checked) -> Iterator[Sequence[str]]:
    """A line for what was found, and one for what to do about it."""
    place = one.part if one.tenant in ("", "default") else f"{one.tenant}/{one.part}"
    found = one.finding
    yield (MARKS[_level(found)], place, found.what, found.message)
    if found.hint:
        yield ("", "", "", f"→ {found.hint}")


def _json(one: Checked) -> JSON:
    return {
        "part": one.part,
        "tenant": one.tenant,
        "type": one.type,
        "what": one.finding.what,
        "level": _level(one.finding),
        "ok": one.finding.ok,
        "message": one.finding.message,
        "hint": one.finding.hint,
    }
