"""`sync_status`: carries the status of what an event is about to what it is tied to."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.connectors.parameters import SyncStatus
from bridge.event import JSON, Event
from bridge.store.links import Link, find_link, links_of_ticket
from bridge.store.records import get_record, set_status
from bridge.store.transaction import Database, Transaction


@dataclass(frozen=True, slots=True)
class Linked:
    """A record that is to have the status. source: who tells of it."""

    kind: str
    id: str
    source: str


@dataclass(frozen=True, slots=True)
class Synced:
    """What is to be done.

    status: the status in the words of the other side; empty when there is nothing to do.
    records: those that shall have it.
    ticket: the ticket that is to be moved there by its connector, with its integration.
    nothing: why there is nothing to do; empty otherwise.
    """

    status: str = ""
    records: tuple[Linked, ...] = ()
    ticket: str = ""
    integration: str = ""
    nothing: str = ""


def mapped_status(parameters: SyncStatus, data: JSON) -> str:
    """The event's status in the other side's words; empty when the map has none for it."""
    status = data.get("status") if isinstance(data, dict) else None
    if not isinstance(status, str):
        return ""
    folded = {name.casefold(): meaning for name, meaning in parameters.map.items()}
    return folded.get(status.casefold(), parameters.default or "")


async def find_synced(database: Database, event: Event, parameters: SyncStatus) -> Synced:
    """The records or the ticket that the event's subject is tied to, and the status they get."""
    status = mapped_status(parameters, event.data)
    if not status:
        return Synced(nothing="the map says nothing of this event's status, and has no default")
    if parameters.to == "ticket":
        return await find_ticket(database, event, status)

    async def work(tx: Transaction) -> tuple[Linked, ...]:
        found: dict[tuple[str, str], Linked] = {}
        for link in await linked(tx, event):
            record = await get_record(tx, event.tenant, link.kind, link.record_id)
            if link.kind == parameters.to and record is not None:
                found[link.kind, link.record_id] = Linked(link.kind, link.record_id, record.source)
        return tuple(found.values())

    records = await database.read(work)
    if not records:
        return Synced(nothing=f"no {parameters.to} is linked to {event.subject}")
    return Synced(status, records)


async def keep_status(database: Database, tenant: str, synced: Synced, now: int) -> None:
    """Gives the records their status. Repeating it changes nothing, so no crash needs a mark."""

    async def work(tx: Transaction) -> None:
        for one in synced.records:
            await set_status(tx, tenant, one.kind, one.id, synced.status, now)

    await database.write(work)


async def linked(tx: Transaction, event: Event) -> list[Link]:
    """All that the event's subject is tied to: as a ticket, else as a subject of its own."""
    links = list(await links_of_ticket(tx, event.tenant, event.subject))
    if links:
        return links
    own = await find_link(tx, event.tenant, event.subject)
    return [own] if own else []


async def find_ticket(database: Database, event: Event, status: str) -> Synced:
    """The ticket that an event's subject is tied to."""
    link = await database.read(lambda tx: find_link(tx, event.tenant, event.subject))
    if link is None:
        return Synced(nothing=f"no ticket is linked to {event.subject}")
    return Synced(status, ticket=link.ticket, integration=link.integration)
