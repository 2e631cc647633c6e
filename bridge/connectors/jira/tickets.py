"""A ticket as APIs show and change it: its state, its comments, its end.

For callers that act at a person's word, beside the actions of rules. All raise TryAgain or
GiveUp; what is not there is a GiveUp with the status 404. Files are in `files.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.action import Call, Outcome
from bridge.connectors.jira.client import (
    NOT_FOUND,
    Jira,
    as_list,
    as_object,
)
from bridge.connectors.jira.comments import comment as add_marked
from bridge.connectors.jira.comments import comment_path, mark_of, newest_comments, replace_text
from bridge.connectors.jira.files import AttachedFile, attached_file
from bridge.connectors.jira.people import Person, moment, person
from bridge.connectors.jira.texts import long_text, read_text
from bridge.connectors.parameters import Comment, TextFormat
from bridge.errors import GiveUp
from bridge.event import JSON

FIELDS = (
    "summary,description,issuetype,priority,status,resolution,assignee,reporter,labels,"
    "created,updated,attachment"
)


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment. body: its words. mark: of the call that wrote it; empty for everybody else's.

    created, updated: milliseconds UTC.
    """

    id: str
    author: Person | None
    body: str
    created: int
    updated: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """A ticket as it is now.

    status_category: `new`, `indeterminate` or `done`; done is what Jira calls finished.
    created, updated: milliseconds UTC. comments: the oldest first; empty unless asked for.
    """

    key: str
    id: str
    url: str
    summary: str
    description: str
    issue_type: str
    priority: str
    status: str
    status_category: str
    resolution: str
    assignee: Person | None
    reporter: Person | None
    labels: tuple[str, ...]
    created: int
    updated: int
    attachments: tuple[AttachedFile, ...]
    comments: tuple[Remark, ...] = ()

    @property
    def done(self) -> bool:
        return self.status_category == "done"


async def get_issue(jira: Jira, ticket: str, *, comments: bool = False) -> Issue:
    """A ticket with its attachments, and with all its comments where they are asked for."""
    url = (await jira.facts()).url
    issue = _issue(await jira.issue(ticket, FIELDS), url)
    return replace(issue, comments=await list_comments(jira, ticket)) if comments else issue


async def list_comments(jira: Jira, ticket: str) -> tuple[Remark, ...]:
    """All comments of a ticket, the oldest first."""
    found = [await _remark(jira, one) async for one in newest_comments(jira, ticket)]
    return tuple(reversed(found))


async def get_comment(jira: Jira, ticket: str, comment_id: str) -> Remark:
    path = comment_path(ticket, comment_id)
    return await _remark(jira, as_object(await jira.get(path, {"expand": "properties"})))


async def add_comment(jira: Jira, call: Call[Comment]) -> tuple[Remark, Outcome]:
    """The new comment as Jira shows it, or the one that an earlier try of the call has made."""
    outcome = await add_marked(jira, call)
    made = await get_comment(jira, call.parameters.ticket, str(outcome.outputs["id"]))
    return made, outcome


async def edit_comment(
    jira: Jira,
    ticket: str,
    comment_id: str,
    body: str,
    text_format: TextFormat = "markdown",
    mark: str = "",
) -> tuple[Remark, tuple[str, ...]]:
    """The comment with its new words, and what they lost. Doing it twice is doing it once.

    mark: written where it is given; else the comment keeps the one it has.
    """
    written = long_text(body, text_format, jira.settings)
    if written.empty:
        raise GiveUp("the comment is empty")
    changed = await replace_text(jira, comment_path(ticket, comment_id), written.value, mark)
    return await _remark(jira, changed), written.lost


async def delete_comment(jira: Jira, ticket: str, comment_id: str) -> bool:
    """Whether there was one. A missing ticket is a missing comment too."""
    path = comment_path(ticket, comment_id)
    status, _ = await jira.site.fetch("DELETE", jira.api + path, allow=NOT_FOUND)
    return status != 404


async def myself(jira: Jira) -> Person:
    """The account that the bridge writes as."""
    found = person(await jira.get("/myself"))
    if found is None:
        raise GiveUp("Jira does not say who is signed in")
    return found


def _issue(found: dict[str, JSON], url: str) -> Issue:
    fields = as_object(found.get("fields", {}))
    status = _part(fields, "status")
    key = str(found.get("key", ""))
    return Issue(
        key=key,
        id=str(found.get("id", "")),
        url=f"{url}/browse/{key}",
        summary=str(fields.get("summary") or ""),
        description=read_text(fields.get("description")),
        issue_type=_name(fields, "issuetype"),
        priority=_name(fields, "priority"),
        status=str(status.get("name", "")),
        status_category=str(_part(status, "statusCategory").get("key", "")),
        resolution=_name(fields, "resolution"),
        assignee=person(fields.get("assignee")),
        reporter=person(fields.get("reporter")),
        labels=tuple(str(one) for one in as_list(fields.get("labels"))),
        created=moment(fields.get("created")),
        updated=moment(fields.get("updated")),
        attachments=tuple(
            attached_file(as_object(one)) for one in as_list(fields.get("attachment"))
        ),
    )


def _part(value: dict[str, JSON], name: str) -> dict[str, JSON]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _name(fields: dict[str, JSON], name: str) -> str:
    return str(_part(fields, name).get("name") or "")


async def _remark(jira: Jira, found: dict[str, JSON]) -> Remark:
    return Remark(
        id=str(found.get("id", "")),
        author=person(found.get("author")),
        body=read_text(found.get("body")),
        created=moment(found.get("created")),
        updated=moment(found.get("updated")),
        mark=await mark_of(jira, found),
    )
