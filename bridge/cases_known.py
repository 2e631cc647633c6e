"""A case as it is known now: its record, and what came since that no rule has seen yet.

A sender that asks for a case right after telling of it is answered from the events, because the
record is kept when the event is matched, a moment later.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.about import text
from bridge.errors import ExpressionFailed, Malformed
from bridge.event import JSON, Delivery, StoredEvent
from bridge.sources.moment import read_moment
from bridge.sources.source import Source
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from bridge.store.links import Link, find_link
from bridge.store.records import Record, get_record
from bridge.store.transaction import Database, Transaction

MOST_EVENTS = 100
"""Looked at, the newest; a case that changed more often since its record was kept does not exist
outside of a store that is hours behind."""
OF_THE_EVENT = ("changed", "comment")


@dataclass(frozen=True, slots=True)
class KnownCase:
    """Times in milliseconds. ticket, url: what it is tied to; empty where nothing is."""

    id: str
    title: str
    status: str
    severity: str
    created_at: int
    updated_at: int
    ticket: str = ""
    url: str = ""


async def known_case(database: Database, source: Source, case_id: str) -> KnownCase | None:
    """The case of this id in the source's tenant; None when nothing was ever told of it."""
    subject = subject_of(source, case_id)

    async def work(tx: Transaction) -> tuple[Record | None, list[StoredEvent], Link | None]:
        record = await get_record(tx, source.tenant, "case", case_id)
        chosen = EventFilter(tenant=source.tenant, source=source.name, subject=subject)
        events = await list_events(tx, chosen, MOST_EVENTS)
        return record, list(events), await find_link(tx, source.tenant, subject)

    record, events, link = await database.read(work)
    return put_together(source, case_id, record, events[::-1], link)


def subject_of(source: Source, case_id: str) -> str:
    """What events about this case have as their subject, by the source's own preset."""
    headers = (("x-case-call", "update"), ("x-case-id", case_id))
    made = Delivery("PUT", headers, b"{}", (), None, 0)
    (event, *_) = source.read(made, {})
    return event.subject


def put_together(
    source: Source,
    case_id: str,
    record: Record | None,
    events: list[StoredEvent],
    link: Link | None,
) -> KnownCase | None:
    """events: those of the case, in their order. The record goes before those that it was kept
    after, since a rule may have changed it, and those that came later go before the record."""
    times = [event.time for event in events]
    data: dict[str, JSON] = {}
    kept_until = -1
    if record is not None:
        kept_until = record.event_time
        times.append(kept_until)
    for event in [event for event in events if event.time <= kept_until]:
        data |= _told(source, event)
    if record is not None:
        data |= _filled(record.data)
        data |= _filled(
            {"title": record.title, "status": record.status, "severity": record.severity}
        )
    for event in [event for event in events if event.time > kept_until]:
        data |= _told(source, event)
    if not times:
        return None
    created = read_moment(text(data, "created_at"))
    return KnownCase(
        id=case_id,
        title=text(data, "title") or case_id,
        status=text(data, "status") or "open",
        severity=text(data, "severity"),
        created_at=min(times) if created is None else created,
        updated_at=max(times),
        ticket=link.ticket if link else "",
        url=link.url if link else "",
    )


def _told(source: Source, event: StoredEvent) -> dict[str, JSON]:
    """What an event says of the case itself."""
    try:
        told = source.normalise(event).data
    except (ExpressionFailed, Malformed):  # it fails as an event, too, and is shown as failed there
        return {}
    return _filled(told)


def _filled(told: JSON) -> dict[str, JSON]:
    """What is there of it; a comment, say, comes without the title of its case."""
    return {
        name: value
        for name, value in (told.items() if isinstance(told, dict) else ())
        if name not in OF_THE_EVENT and value not in (None, [], "")
    }
