"""`bridge events`: what came in and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import rich_click as click

from bridge.cli.opened import with_store
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put, put_json, put_table, say
from bridge.cli.period import since_moment
from bridge.cli.tail import event_line, tail
from bridge.cli.trail import put_trail
from bridge.clock import wall_clock
from bridge.configured import sources_of
from bridge.counting import counted
from bridge.event import JSON, EventState, StoredEvent
from bridge.matcher import Reader, read_stored
from bridge.replaying import SETTLED, replay_one, settled
from bridge.store.event_filter import EventFilter
from bridge.store.event_pages import page_of_events
from bridge.store.transaction import Database
from bridge.sync.asking import own_sources
from bridge.trail import event_summary, read_trail

COLUMNS = ("RECEIVED", "ID", "SOURCE", "TYPE", "SUBJECT", "STATE", "REASON")
STATES = [state.value for state in EventState]
REPLAYABLE = sorted(state.value for state in SETTLED)
LOOK_EVERY_SECONDS = 0.5


@click.group()
def events() -> None:
    """List, show, replay and follow events."""


events.add_command(tail)


@events.command("list")
@option("--source", of="list", default="", help="Only events of this source; * and ? stand in.")
@option("--type", "type_", of="list", default="", help="Only events of this type, such as alert.*")
@option("--state", of="list", type=click.Choice(STATES), help="Only events in this state.")
@option("--subject", of="list", default="", help="Only events about this issue, scan, case or job.")
@option("--ticket", of="list", default="", help="Only events that led to this ticket.")
@option("--rule", of="list", default="", help="Only events for which this rule planned something.")
@option("--tenant", of="list", default="", help="Only events of this tenant.")
@option("--since", of="list", default="", help="Only events of the last time, such as 30m, 7d.")
@option(
    "--limit",
    of="list",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="How many at most.",
)
@with_config
@with_json
@with_verbose
def list_(
    config: Path,
    as_json: bool,
    source: str,
    type_: str,
    state: str | None,
    subject: str,
    ticket: str,
    rule: str,
    tenant: str,
    since: str,
    limit: int,
) -> None:
    """List events, newest first."""
    chosen = EventFilter(
        tenant=tenant,
        source=source,
        type=type_,
        state=state or "",
        subject=subject,
        ticket=ticket,
        rule=rule,
        since=since_moment(since),
    )

    async def work(database: Database) -> Sequence[StoredEvent]:
        return await database.read(lambda tx: page_of_events(tx, chosen, limit + 1))

    found = with_store(settings_of(config), work)
    if as_json:
        put_json([event_summary(event) for event in found[:limit]])
        return
    put_table(COLUMNS, (event_line(event) for event in found[:limit]))
    if not found:
        say("no event fits")
    elif len(found) > limit:
        say(f"these are the newest {limit:,}; --limit shows more")


@events.command("show")
@click.argument("event_id")
@with_config
@with_json
@with_verbose
def show(config: Path, as_json: bool, event_id: str) -> None:
    """Show one event: its body, what rules see of it, its actions and every try."""
    settings = settings_of(config)
    # Those that are well: what is wrong with the others is `bridge check`'s to say.
    readers: dict[tuple[str, str], Reader] = {
        **own_sources(one.name for one in settings.tenants), **sources_of(settings, [])
    }  # fmt: skip

    async def work(database: Database) -> dict[str, JSON]:
        return await database.read(
            lambda tx: read_trail(tx, event_id, partial(read_stored, readers))
        )

    trail = with_store(settings, work)
    if as_json:
        put_json(trail)
    else:
        put_trail(trail)


@events.command("replay")
@click.argument("event_ids", nargs=-1)
@option("--failed", of="replay", is_flag=True, help="Every failed event; short for --state.")
@option("--source", of="replay", default="", help="All of this source.")
@option("--type", "type_", of="replay", default="", help="All of this type.")
@option("--state", of="replay", type=click.Choice(REPLAYABLE), help="All in this state.")
@option("--subject", of="replay", default="", help="All about this issue, scan, case or job.")
@option("--tenant", of="replay", default="", help="All of this tenant.")
@option("--since", of="replay", default="", help="All of the last time, such as 30m, 7d.")
@with_config
@with_json
@with_verbose
def replay(
    config: Path,
    as_json: bool,
    event_ids: tuple[str, ...],
    failed: bool,
    source: str,
    type_: str,
    state: str | None,
    subject: str,
    tenant: str,
    since: str,
) -> None:
    """Let the rules see events again; what is done already is not done twice.

    Name events, or say which: several options narrow each other. Those that are still on their
    way are left alone.
    """
    wanted = EventState.FAILED.value if failed else state or ""
    fits = EventFilter(
        tenant=tenant,
        source=source,
        type=type_,
        state=wanted,
        subject=subject,
        since=since_moment(since),
    )
    if failed and state not in (None, wanted):
        raise click.UsageError("--failed and --state contradict each other")
    if not event_ids and fits == EventFilter():
        raise click.UsageError("name events, or say which, such as --failed or --source NAME")

    async def work(database: Database) -> dict[str, int]:
        chosen = list(event_ids)
        if fits != EventFilter():
            chosen += [one for one in await settled(database, fits) if one not in event_ids]
        return {one: await replay_one(database, one, wall_clock()) for one in chosen}

    revived = with_store(settings_of(config), work)
    if as_json:
        put_json([{"id": event_id, "revived": count} for event_id, count in revived.items()])
        return
    for event_id, count in revived.items():
        put(f"{event_id}: back before the rules, {counted(count, 'dead action')} revived")
    if not revived:
        say("no event fits")
