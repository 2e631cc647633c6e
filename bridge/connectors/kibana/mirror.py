"""A case as sync sees it; its activity says when each field was changed."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.hidden import bare, marks_in
from bridge.connectors.kibana.client import INDEX_SECONDS, Kibana
from bridge.connectors.mirror import Mirrored, Said, Seen, moment, text_of, with_times
from bridge.connectors.site import Query, part
from bridge.connectors.tagged_cases import Case
from bridge.errors import TryAgain
from bridge.event import JSON

TYPES = {"status": "status", "severity": "priority", "title": "summary", "assignees": "assignee"}
"""Kinds of activity, and the fields they tell of."""
PAGE = 100
MOST_PAGES = 10


async def mirror(kibana: Kibana, ticket: str, comments: bool) -> Mirrored:
    """priority: the severity. assignee: the first one's profile id, such as u_…"""
    case = await kibana.case(ticket)
    updated = moment(case.get("updated_at")) or moment(case.get("created_at"))
    said = await _said(kibana, case) if comments else ()
    values = values_of(case)
    changes, newest = await _changes(kibana, ticket, values)
    lags = kibana.site.http.now() - updated < INDEX_SECONDS * 1000
    if newest < updated and lags:  # it would not say that a field was changed there and back
        words = f"the activity of {ticket} is not indexed yet"
        raise TryAgain(words, after_seconds=1.0, status=409)
    seen = with_times(values, changes, updated, never=updated)
    return Mirrored(text_of(case.get("title")), kibana.page(str(case.get("id"))), seen, said)


def values_of(case: Case) -> dict[str, str]:
    """The fields that sync knows, by the names it has for them."""
    return {
        "status": text_of(case.get("status")),
        "priority": text_of(case.get("severity")),
        "summary": text_of(case.get("title")),
        "assignee": _first(case.get("assignees")),
    }


async def _changes(
    kibana: Kibana, ticket: str, values: Mapping[str, str]
) -> tuple[dict[str, Seen], int]:
    """The last change of each field, by the newest row of its kind; the first row of all has the
    first values. And when the newest row was written: they come through the index, which lags."""
    found: dict[str, Seen] = {}
    newest = 0
    for page in range(1, MOST_PAGES + 1):
        query: Query = {"page": page, "perPage": PAGE, "sortOrder": "desc"}
        path = f"/cases/{part(ticket.strip())}/user_actions/_find"
        rows = as_list(as_object(await kibana.get(path, query)).get("userActions"))
        for row in map(as_object, rows):
            at, who = moment(row.get("created_at")), child(row, "created_by", "username")
            newest = max(newest, at)
            ours = who == kibana.own if who and kibana.own else None
            for name, value in _told(row, values).items():
                found.setdefault(name, Seen(value, at, ours=ours))
        if len(rows) < PAGE or len(found) == len(TYPES):
            break
    return found, newest


def _told(row: Case, now: Mapping[str, str]) -> dict[str, str]:
    """The fields of which a row tells, with their values. now: those of the case.

    Of assignees a row tells who came, or who went; who is the first then stands in the case.
    """
    kind, payload = str(row.get("type")), as_object(row.get("payload"))
    if kind == "create_case":
        return values_of(payload)
    name = TYPES.get(kind)
    if name is None:
        return {}
    if name == "assignee" and row.get("action") in ("add", "delete"):
        people = [text_of(child(one, "uid")) for one in as_list(payload.get(kind))]
        another = row.get("action") == "add" and now[name] not in people
        return {} if another else {name: now[name]}
    return {name: values_of({kind: payload.get(kind)})[name]}


async def _said(kibana: Kibana, case: Case) -> tuple[Said, ...]:
    """From the case itself where it shows all of them, else from the index, which lags."""
    listed = [as_object(one) for one in as_list(case.get("comments"))]
    if not listed and case.get("totalComment"):
        listed = [one async for one in kibana.comments(str(case.get("id")))][::-1]
    for one in listed:
        if marks_in(text_of(one.get("comment"))):
            kibana.own = text_of(child(one, "created_by", "username")) or kibana.own
    return tuple(
        Said(
            str(one.get("id", "")),
            text_of(child(one, "created_by", "full_name"))
            or text_of(child(one, "created_by", "username")),
            bare(text_of(one.get("comment"))),
            moment(one.get("created_at")),
            frozenset(marks_in(text_of(one.get("comment")))),
            moment(one.get("updated_at")),
        )
        for one in listed
        if one.get("type") == "user"
    )


def _first(value: JSON) -> str:
    listed = as_list(value)
    return text_of(child(listed[0], "uid")) if listed else ""
