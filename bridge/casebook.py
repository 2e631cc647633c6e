"""Keeps cases: an event may tell a whole case or only what changed, a comment most of all.

What an event does not tell stays as it was, and every comment that was ever told is kept.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.clock import iso
from bridge.event import JSON
from bridge.store import cases
from bridge.store.cases import CaseComment, Incident
from bridge.store.records import Record, get_record
from bridge.store.transaction import Transaction

KIND = "case"
OF_THE_EVENT = ("changed", "comment")
"""Fields that tell of the event and not of the case."""


def new_version(changes: int) -> str:
    """A version in the form that Kibana's have: base64 of `[number, 1]`."""
    return base64.b64encode(f"[{changes},1]".encode()).decode()


def has_case(records: Sequence[Record]) -> bool:
    """Whether one of the records is a case."""
    return any(record.kind == KIND for record in records)


async def complete_cases(tx: Transaction, records: Sequence[Record], now: int) -> Sequence[Record]:
    """The records that an event tells, cases with all that is known of them; writes their
    comments and versions. Records of other kinds pass through."""
    if not has_case(records):
        return records
    return [
        await _complete(tx, record, now) if record.kind == KIND else record for record in records
    ]


async def _complete(tx: Transaction, told: Record, now: int) -> Record:
    changes = await cases.count_change(tx, told.tenant, told.id, now)
    data = told.data if isinstance(told.data, dict) else {}
    await _keep_comments(tx, told, data)
    before = await get_record(tx, told.tenant, KIND, told.id)
    if before is None or not isinstance(before.data, dict):
        await cases.set_version(tx, told.tenant, told.id, _version(data, changes))
        return replace(told, data={"created_at": iso(told.event_time), **data})
    if told.event_time < before.event_time:  # came late: it may only add what is not known
        return replace(before, data={**_lasting(data), **before.data})
    version = _version(data, changes, before.data.get("version"))
    await cases.set_version(tx, told.tenant, told.id, version)
    return replace(
        told,
        data={**_lasting(before.data), **data},
        title=told.title or before.title,
        status=told.status or before.status,
        severity=told.severity or before.severity,
        url=told.url or before.url,
    )


def _lasting(data: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in data.items() if name not in OF_THE_EVENT}


def _version(data: Mapping[str, JSON], changes: int, before: JSON = None) -> str:
    """The sender's word for it, where it gives a new one."""
    told = data.get("version")
    return told if isinstance(told, str) and told not in ("", before) else new_version(changes)


async def _keep_comments(tx: Transaction, told: Record, data: Mapping[str, JSON]) -> None:
    listed = data.get("comments")
    given = [*(listed if isinstance(listed, list) else []), data.get("comment")]
    new = {str(one["id"]): _spelt(one) for one in given if isinstance(one, dict) and one.get("id")}
    if not new:
        return
    known = await cases.comments_named(tx, told.tenant, told.id, list(new))
    kept = []
    for id_, comment in new.items():
        old = known.get(id_)
        if old is None:
            kept.append(CaseComment(id_, comment, told.event_time))
        elif (both := _both(old.data, comment)) != old.data:
            kept.append(replace(old, data=both))
    await cases.keep_comments(tx, told.tenant, told.id, kept)


def _both(old: Mapping[str, JSON], new: Mapping[str, JSON]) -> dict[str, JSON]:
    """What two tellings of a comment say. An author who is only named takes nothing away from one
    who is described."""
    before, after = old.get("created_by"), new.get("created_by")
    if isinstance(before, dict) and isinstance(after, dict):
        told = {name: value for name, value in after.items() if value is not None}
        return {**old, **new, "created_by": {**before, **told}}
    return {**old, **new}


def _spelt(given: Mapping[str, JSON]) -> dict[str, JSON]:
    """A comment in Kibana's words; our vocabulary says `body` and `author`."""
    comment = {name: value for name, value in given.items() if name not in ("body", "author")}
    body, author = given.get("body"), given.get("author")
    if isinstance(body, str) and not isinstance(comment.get("comment"), str):
        comment["comment"] = body
    if isinstance(author, str) and author and not comment.get("created_by"):
        comment["created_by"] = {"username": author, "full_name": None, "email": None}
    return comment


async def keep_push(
    tx: Transaction,
    tenant: str,
    integration: str,
    outputs: Mapping[str, JSON],
    by: JSON,
    now: int,
    comments: Sequence[str] = (),
) -> None:
    """Writes what a case is outside, and that it has another version now.

    outputs: of a connector's `push_case`; what it wants to remember goes into the next one as it
        is. by: who had it pushed, as answers show it.
    comments: ids of those that are outside besides the ones that this push added.
    """
    case_id = str(outputs.get("case") or "")
    changes = await cases.count_change(tx, tenant, case_id, now)
    await cases.set_version(tx, tenant, case_id, new_version(changes))
    service: dict[str, JSON] = {
        "external_id": str(outputs.get("id") or outputs.get("key") or ""),
        "external_title": str(outputs.get("title") or outputs.get("key") or ""),
        "external_url": str(outputs.get("url") or ""),
        "pushed_by": by,
    }
    if outputs.get("memory"):
        service["memory"] = outputs["memory"]
    await cases.keep_incident(tx, tenant, Incident(case_id, integration, service, now))
    added = outputs.get("comments")
    ids = [str(one) for one in added] if isinstance(added, list) else []
    await cases.comments_pushed(tx, tenant, case_id, [*ids, *comments], by, now)


def known_service(incident: Incident, connector_id: str, connector_name: str) -> dict[str, JSON]:
    """`external_service` as the document shows it."""
    service = incident.service
    return {
        "pushed_at": iso(incident.pushed_at),
        "pushed_by": service.get("pushed_by"),
        "connector_name": connector_name,
        "external_id": service.get("external_id"),
        "external_title": service.get("external_title"),
        "external_url": service.get("external_url"),
        "connector_id": connector_id,
    }
