"""Puts events back before the rules: one, or all that fit, for the command line and the API."""

from __future__ import annotations

from dataclasses import replace

from bridge.errors import Conflict
from bridge.event import EventState
from bridge.store.event_filter import EventFilter
from bridge.store.events import get_event, list_events
from bridge.store.replay import replay_event
from bridge.store.transaction import Database

SETTLED = frozenset({EventState.DONE, EventState.FAILED, EventState.ECHO, EventState.IGNORED})
"""An event in another state is still on its way, and left alone."""

PAGE = 500


async def replay_one(database: Database, event_id: str, now: int, tenant: str | None = None) -> int:
    """Gives the number of dead actions that are tried again.

    Raises NotFound, Conflict where the event is still on its way.
    """
    event = await database.read(lambda tx: get_event(tx, event_id, tenant))
    if event.state not in SETTLED:
        raise Conflict(f"{event_id} is still on its way ({event.state.value})")
    return await database.write(lambda tx: replay_event(tx, event_id, now))


async def settled(database: Database, fits: EventFilter, most: int = 0) -> list[str]:
    """The ids of all events that fit and are not on their way, oldest first.

    most: where to stop; 0 for however many there are.
    """
    found: list[str] = []
    page = await _page(database, fits)
    while page and (not most or len(found) < most):
        found += [event_id for _, event_id, state in page if state in SETTLED]
        page = await _page(database, replace(fits, after_seq=page[-1][0]))
    return found[:most] if most else found


async def _page(database: Database, fits: EventFilter) -> list[tuple[int, str, EventState]]:
    found = await database.read(
        lambda tx: list_events(tx, fits, PAGE, oldest_first=True, bodies=False)
    )
    return [(event.seq, event.id, event.state) for event in found]
