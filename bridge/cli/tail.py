"""`bridge events tail`: events as they come in and as their state changes, one line each."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import rich_click as click

from bridge.cli.opened import opened
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import plain, put, put_json
from bridge.clock import iso
from bridge.errors import NotFound
from bridge.event import EventState, StoredEvent
from bridge.settings import Settings
from bridge.store.event_filter import EventFilter
from bridge.store.events import get_event, list_events, newest_seq
from bridge.store.transaction import Database, Transaction
from bridge.trail import event_summary

STATES = [state.value for state in EventState]
ON_THE_WAY = {EventState.RECEIVED, EventState.MATCHED}
LOOK_EVERY_SECONDS = 0.5
NEW_AT_ONCE = 1_000
MOST_WATCHED = 500
"""Events on their way whose state is looked at again; of more, the newest. Events that wait for a
system that is down would else cost a reading each, twice a second."""


@click.command("tail")
@option("--source", of="tail", default="", help="Only events of this source; * and ? stand in.")
@option("--type", "type_", of="tail", default="", help="Only events of this type, such as alert.*")
@option("--state", of="tail", type=click.Choice(STATES), help="Only what comes into this state.")
@option("--subject", of="tail", default="", help="Only events about this issue, scan, case or job.")
@option("--tenant", of="tail", default="", help="Only events of this tenant.")
@option(
    "--last", of="tail", type=click.IntRange(0, 1000), default=10, show_default=True,
    help="How many of the events that are there already are shown first.",
)  # fmt: skip
@option("--seconds", of="tail", type=float, help="End after this time. Without it: at Ctrl-C.")
@with_config
@with_json
@with_verbose
def tail(
    config: Path,
    as_json: bool,
    source: str,
    type_: str,
    state: str | None,
    subject: str,
    tenant: str,
    last: int,
    seconds: float | None,
) -> None:
    """Follow events as they come in and as their state changes, one line each."""
    fits = EventFilter(tenant=tenant, source=source, type=type_, subject=subject)
    printer = Printer(as_json, EventState(state) if state else None)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_tail(settings_of(config), fits, last, printer, seconds))


class Printer:
    """Prints each event once in each state. only: the state that is waited for; None: any."""

    def __init__(self, as_json: bool, only: EventState | None) -> None:
        self._as_json = as_json
        self._only = only
        self._told: dict[str, EventState] = {}

    @property
    def watched(self) -> list[str]:
        """The events whose state will change."""
        return list(self._told)

    def take(self, events: Sequence[StoredEvent]) -> None:
        for event in events:
            if self._told.get(event.id) is not event.state and self._only in (None, event.state):
                self._put(event)
            self._told[event.id] = event.state
            if event.state not in ON_THE_WAY:
                del self._told[event.id]
        for event_id in self.watched[:-MOST_WATCHED]:
            del self._told[event_id]

    def forget(self, event_id: str) -> None:
        del self._told[event_id]

    def _put(self, event: StoredEvent) -> None:
        if self._as_json:
            put_json(event_summary(event), indent=None)
        else:
            put(plain("  ".join(cell for cell in event_line(event) if cell)))


async def _tail(
    settings: Settings, fits: EventFilter, last: int, printer: Printer, seconds: float | None
) -> None:
    ends_at = time.monotonic() + seconds if seconds is not None else None

    async def begin(tx: Transaction) -> tuple[int, Sequence[StoredEvent]]:
        return await newest_seq(tx), await list_events(tx, fits, last) if last else []

    async with opened(settings) as database:
        after, shown = await database.read(begin)
        printer.take(shown[::-1])
        while ends_at is None or time.monotonic() < ends_at:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            new = await _newer(database, replace(fits, after_seq=after))
            after = new[-1].seq if new else after
            await _look_again(database, printer)
            printer.take(new)


async def _newer(database: Database, fits: EventFilter) -> Sequence[StoredEvent]:
    return await database.read(lambda tx: list_events(tx, fits, NEW_AT_ONCE, oldest_first=True))


async def _look_again(database: Database, printer: Printer) -> None:
    async def work(tx: Transaction) -> list[StoredEvent]:
        found = []
        for event_id in printer.watched:
            try:
                found.append(await get_event(tx, event_id))
            except NotFound:  # forgotten meanwhile
                printer.forget(event_id)
        return found

    printer.take(await database.read(work))


def event_line(event: StoredEvent) -> tuple[str, ...]:
    """The cells of an event in a list."""
    return (
        iso(event.received_at),
        event.id,
        event.source,
        event.type,
        event.subject,
        event.state.value,
        event.reason,
    )
