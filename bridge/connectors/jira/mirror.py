"""An issue as sync sees it; its changelog says when each field was changed, and from what."""

from __future__ import annotations

from bridge.connectors.jira.client import Jira, as_list, as_object, issue_path
from bridge.connectors.jira.comments import as_markdown, mark_of, newest_comments
from bridge.connectors.jira.people import moment, person
from bridge.connectors.mirror import Change, Mirrored, Said, latest, text_of, with_times
from bridge.event import JSON

FIELDS = "summary,status,priority,assignee,updated"
WITH_ID = ("assignee",)
"""Fields whose changelog is read by id: names of people change and repeat."""


async def mirror(jira: Jira, ticket: str, comments: bool) -> Mirrored:
    """assignee: an account id on Cloud, a user name on Data Center."""
    query: dict[str, str | int] = {"fields": FIELDS, "expand": "changelog"}
    issue = as_object(await jira.get(issue_path(ticket), query))
    fields = as_object(issue.get("fields"))
    who = person(fields.get("assignee"))
    values = {
        "summary": text_of(fields.get("summary")),
        "status": _name(fields.get("status")),
        "priority": _name(fields.get("priority")),
        "assignee": who.id if who else "",
    }
    log = issue.get("changelog")
    histories = as_list(log.get("histories")) if isinstance(log, dict) else []
    changes = _changes(histories, await jira.own_id())
    seen = with_times(values, latest(changes), moment(fields.get("updated")))
    url = f"{(await jira.facts()).url}/browse/{issue.get('key')}"
    said = await _said(jira, ticket) if comments else ()
    return Mirrored(values["summary"], url, seen, said)


def _changes(histories: list[JSON], own_id: str) -> list[Change]:
    found = []
    # Jira gives the newest first, and its ids count up; two changes may be of one moment.
    for history in sorted(map(as_object, histories), key=lambda one: int(str(one.get("id") or 0))):
        at, author = moment(history.get("created")), person(history.get("author"))
        ours = author.id == own_id if author and own_id else None
        for item in map(as_object, as_list(history.get("items"))):
            name = str(item.get("field", "")).casefold()
            ends = ("from", "to") if name in WITH_ID else ("fromString", "toString")
            before, after = (str(item.get(end) or "") for end in ends)
            found.append(Change(at, name, before, after, ours))
    return found


async def _said(jira: Jira, ticket: str) -> tuple[Said, ...]:
    found = []
    async for one in newest_comments(jira, ticket):
        author = person(one.get("author"))
        its_mark = await mark_of(jira, one)
        found.append(
            Said(
                str(one.get("id", "")),
                author.name if author else "",
                as_markdown(one.get("body")),
                moment(one.get("created")),
                frozenset({its_mark} if its_mark else ()),
                moment(one.get("updated")),
            )
        )
    return tuple(reversed(found))


def _name(value: JSON) -> str:
    return str(value.get("name") or "") if isinstance(value, dict) else ""
