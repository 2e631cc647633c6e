"""What an event is about: the record it names, and the records it tells the state of."""

from __future__ import annotations

from bridge.event import JSON, Event
from bridge.store.records import Record

ID_FIELDS = {
    "scan": "scan_id",
    "finding": "id",
    "issue": "key",
    "case": "id",
    "job": "job_id",
    "alert": "id",
}
"""For each kind of record, the field of `data` that holds its id."""

TITLE_FIELDS = {"scan": "target", "issue": "summary", "job": "name"}
"""Where it is not `title`."""

STATUS_BY_TYPE = {
    "scan.finished": "finished",
    "finding.resolved": "resolved",
    "alert.raised": "open",
    "alert.resolved": "resolved",
    "case.closed": "closed",
    "issue.deleted": "deleted",
}
"""What the type alone says, for senders that give no status of their own."""


def about(event: Event) -> tuple[str, str]:
    """The kind and the id of the record an event is about; two empty texts when it is none."""
    kind = event.type.split(".")[0]
    if kind not in ID_FIELDS or not isinstance(event.data, dict):
        return "", ""
    found = text(event.data, ID_FIELDS[kind])
    return (kind, found) if found else ("", "")


def records_of(event: Event) -> tuple[Record, ...]:
    """The records whose state an event tells: what it is about, and a scan's findings."""
    kind, record_id = about(event)
    if not kind or not isinstance(event.data, dict):
        return ()
    first = record(event, kind, record_id, event.data, parent="")
    if kind == "finding":
        first = record(event, kind, record_id, event.data, parent=text(event.data, "scan_id"))
    if kind != "scan":
        return (first,)
    findings = event.data.get("findings")
    found = findings if isinstance(findings, list) else []
    parts = [
        record(event, "finding", text(finding, "id"), finding, parent=record_id)
        for finding in found
        if isinstance(finding, dict) and text(finding, "id")
    ]
    return (first, *parts)


def record(
    event: Event, kind: str, record_id: str, data: dict[str, JSON], *, parent: str
) -> Record:
    """One record as this event tells it."""
    told = event.type if kind == event.type.split(".")[0] else ""
    return Record(
        tenant=event.tenant,
        kind=kind,
        id=record_id,
        source=event.source,
        subject=event.subject,
        title=text(data, TITLE_FIELDS.get(kind, "title")),
        status=text(data, "status") or STATUS_BY_TYPE.get(told, ""),
        severity=text(data, "severity"),
        parent=parent,
        url=text(data, "url"),
        data=data,
        event_id=event.id,
        event_time=event.time,
    )


def text(data: dict[str, JSON], name: str) -> str:
    """A field as text; empty when it is absent or no single value."""
    value = data.get(name)
    return str(value) if isinstance(value, str | int | float) else ""
