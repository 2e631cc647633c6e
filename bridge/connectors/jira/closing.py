"""Closing a ticket: into the category done, by whatever name the workflow has for it."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.connectors.jira.client import Jira, as_list, as_object, as_properties, issue_path
from bridge.connectors.jira.marks import MOVES_KEPT, MOVES_PROPERTY
from bridge.connectors.jira.transition import Way, demand, is_required, status_of, ways_from
from bridge.errors import GiveUp
from bridge.event import JSON

DONE = "done"
RESOLUTION = "resolution"
USUAL = ("done", "fixed", "resolved")
"""Resolutions taken first where the screen demands one and the caller names none."""


@dataclass(frozen=True, slots=True)
class Closed:
    """status: the one it has now. found: it was closed before."""

    status: str
    found: bool


async def close_issue(jira: Jira, ticket: str, mark: str, resolution: str = "") -> Closed:
    """Moves a ticket to a status of the category done; leaves alone one that is in such a status.

    mark: of the call; written with the transition, so that the change is known as our own.
    resolution: by name, where the screen of the transition has that field.
    Raises GiveUp where no status of that category can be reached from here, or where the screens
    on the way demand fields that nobody gave.
    """
    path = issue_path(ticket)
    status, category, marks = await status_of(jira, ticket)
    if category == DONE:
        return Closed(status, found=True)
    ways = [way for way in await ways_from(jira, path) if way.category == DONE]
    if not ways:
        raise GiveUp(f"{ticket} cannot be closed from {status!r}: no way leads to a done status")
    way, fields = _passable(ways, resolution)
    known: JSON = {"marks": [*marks[1 - MOVES_KEPT :], mark]}
    body: dict[str, JSON] = {
        "transition": {"id": way.id},
        "properties": as_properties({MOVES_PROPERTY: known}),
    }
    if fields:
        body["fields"] = fields
    await jira.post(f"{path}/transitions", body)
    return Closed(way.to, found=False)


def _passable(ways: list[Way], resolution: str) -> tuple[Way, dict[str, JSON]]:
    """The first way whose screen is satisfied, and its fields. Raises GiveUp as the first does."""
    refused: GiveUp | None = None
    for way in ways:
        fields = _resolution(way, resolution)
        try:
            demand(way, set(fields))
        except GiveUp as problem:
            refused = refused or problem
        else:
            return way, fields
    assert refused is not None
    raise refused


def _resolution(way: Way, wanted: str) -> dict[str, JSON]:
    """The resolution to set: the wanted one, or the most usual one where the screen demands it."""
    meta = way.screen.get(RESOLUTION)
    if not isinstance(meta, dict) or not (wanted or is_required(way, RESOLUTION)):
        return {}
    names = [str(as_object(one).get("name", "")) for one in as_list(meta.get("allowedValues"))]
    by_name = {name.casefold(): name for name in names}
    if wanted and wanted.casefold() not in by_name:
        raise GiveUp(f"resolution {wanted!r} is not allowed; allowed are: {', '.join(names)}")
    usual = next((by_name[one] for one in USUAL if one in by_name), names[0] if names else "")
    name = by_name[wanted.casefold()] if wanted else usual
    return {RESOLUTION: {"name": name}} if name else {}
