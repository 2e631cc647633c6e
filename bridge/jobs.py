"""Jobs: how far they are, the notes on them, and the ticket each is tied to.

How far a job is stands in its record, which `job.progressed` events and callers write alike; the
later word counts. A tie that a person made holds against what events say, until a person changes
it; where nobody made one, the ticket that an event names counts, else the one that a rule made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.clock import new_id
from bridge.event import JSON
from bridge.store import job_notes, links, records
from bridge.store.job_notes import Note
from bridge.store.links import Link, LinkState
from bridge.store.records import Record
from bridge.store.transaction import Transaction

KIND = "job"
TIED_BY_HAND = "api:job"
"""The rule that stands in the link of a tie made by a person."""

SOURCE = "api"
TICKET = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[0-9]+")


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Path:
    """A way through the steps. completed: how many have passed all of them."""

    name: str
    steps: tuple[Step, ...]
    completed: int


@dataclass(frozen=True, slots=True)
class Job:
    """ticket: the key of its ticket; empty while it has none. integration: where that is, if it
    is known. updated_at: milliseconds."""

    id: str
    name: str
    ticket: str
    integration: str
    paths: tuple[Path, ...]
    notes: tuple[Note, ...]
    updated_at: int


@dataclass(frozen=True, slots=True)
class Given:
    """A job as a caller gives it. ticket, notes: None leaves them as they are; an empty ticket
    unties."""

    id: str
    name: str
    paths: tuple[Path, ...]
    ticket: str | None = None
    notes: Sequence[Note] | None = None


async def get_job(tx: Transaction, tenant: str, job_id: str) -> Job | None:
    record = await records.get_record(tx, tenant, KIND, job_id)
    if record is None:
        return None
    data = record.data if isinstance(record.data, dict) else {}
    notes = await job_notes.list_notes(tx, tenant, job_id)
    ticket, integration = await _ticket(tx, record, data)
    return Job(
        job_id,
        record.title,
        ticket,
        integration,
        _paths(data.get("paths")),
        tuple(notes),
        record.event_time,
    )


async def put_job(tx: Transaction, tenant: str, given: Given, now: int) -> Job:
    """Writes a job over what was known of it, and gives what is known then."""
    before = await records.get_record(tx, tenant, KIND, given.id)
    known = before.data if before and isinstance(before.data, dict) else {}
    data: dict[str, JSON] = {"job_id": given.id, "name": given.name, "paths": _written(given.paths)}
    if known.get("ticket"):
        data["ticket"] = known["ticket"]
    time = max(now, before.event_time) if before else now
    subject = before.subject if before else given.id
    record = Record(
        tenant, KIND, given.id, SOURCE, subject, given.name, "", "", "", "", data, "", time
    )
    await records.keep_records(tx, [record], now)
    if given.ticket is not None:
        await tie(tx, tenant, given.id, given.ticket, "", now)
    if given.notes is not None:
        await job_notes.replace_notes(tx, tenant, given.id, given.notes)
    job = await get_job(tx, tenant, given.id)
    assert job is not None
    return job


async def tie(
    tx: Transaction, tenant: str, job_id: str, ticket: str, integration: str, now: int
) -> bool:
    """Ties a job to a ticket, or to none; false when there is no such job."""
    record = await records.get_record(tx, tenant, KIND, job_id)
    if record is None:
        return False
    wanted = Link(
        tenant, TIED_BY_HAND, job_id, record.subject, KIND, job_id, new_id("tie", now), "",
        LinkState.DONE, integration, ticket, "", "",
    )  # fmt: skip
    held = await links.intend(tx, wanted, now)
    await links.set_ticket(tx, held.run_id, integration, ticket, "", "", now)
    return True


def ticket_key(text: str) -> str:
    """A key in the one spelling it is kept in; empty for what is none."""
    text = text.strip().upper()
    return text if TICKET.fullmatch(text) else ""


async def _ticket(tx: Transaction, record: Record, data: dict[str, JSON]) -> tuple[str, str]:
    """The ticket of a job, and its integration where that is known."""
    tied = await links.find_once(tx, record.tenant, TIED_BY_HAND, record.id)
    if tied is not None:
        return tied.ticket, tied.integration
    named = ticket_key(_text(data.get("ticket")))
    if named:
        return named, ""
    made = await links.link_of_record(tx, record.tenant, record.subject, KIND, record.id)
    return (made.ticket, made.integration) if made else ("", "")


def _paths(value: JSON) -> tuple[Path, ...]:
    """The paths of a record. An event may hold anything; what is no path or step is left out."""
    return tuple(
        Path(
            _text(one.get("name")),
            tuple(
                Step(_text(step.get("name")), _count(step.get("count")))
                for step in _objects(one.get("steps"))
            ),
            _count(one.get("completed")),
        )
        for one in _objects(value)
    )


def _written(paths: Sequence[Path]) -> JSON:
    return [
        {
            "name": path.name,
            "steps": [{"name": step.name, "count": step.count} for step in path.steps],
            "completed": path.completed,
        }
        for path in paths
    ]


def _objects(value: JSON) -> list[dict[str, JSON]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: JSON) -> str:
    return str(value) if isinstance(value, str | int | float) and value is not True else ""


def _count(value: JSON) -> int:
    """A number of things; what is none counts as nothing."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"[0-9]{1,15}", value.strip()) else 0
    return max(int(value), 0) if isinstance(value, int | float) and abs(value) < 2**53 else 0
