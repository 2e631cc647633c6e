"""An issue as sync sees it; its events say when it was closed, assigned, labeled or renamed."""

from __future__ import annotations

from bridge.connectors.answers import as_object, child
from bridge.connectors.github.client import GitHub, Ticket
from bridge.connectors.github.comments import newest_comments, without_marks
from bridge.connectors.github.fields import label_names
from bridge.connectors.github.history import changes_of, priority_of
from bridge.connectors.github.marks import marks_in
from bridge.connectors.mirror import Mirrored, Said, latest, moment, text_of, with_times
from bridge.event import JSON


async def mirror(github: GitHub, key: str, comments: bool) -> Mirrored:
    """status: open or closed. priority: of the label that stands for one, where there is one."""
    ticket = github.ticket(key)
    issue = await github.issue(ticket)
    values = values_of(github, issue)
    changes = latest(await changes_of(github, ticket, issue, values))
    seen = with_times(values, changes, moment(issue.get("updated_at")))
    said = await _said(github, ticket) if comments and issue.get("comments") else ()
    return Mirrored(values["summary"], text_of(issue.get("html_url")), seen, said)


def values_of(github: GitHub, issue: dict[str, JSON]) -> dict[str, str]:
    """The fields that sync knows, by the names it has for them."""
    values = {
        "status": text_of(issue.get("state")),
        "summary": text_of(issue.get("title")),
        "assignee": text_of(child(issue, "assignee", "login")),
    }
    if github.settings.priority_label:
        named = (priority_of(github, one) for one in label_names(issue))
        values["priority"] = next(filter(None, named), "")
    return values


async def _said(github: GitHub, ticket: Ticket) -> tuple[Said, ...]:
    found = []
    async for one in newest_comments(github, ticket):
        body = text_of(as_object(one).get("body"))
        found.append(
            Said(
                str(one.get("id", "")),
                text_of(child(one, "user", "login")),
                without_marks(body),
                moment(one.get("created_at")),
                frozenset(marks_in(body)),
                moment(one.get("updated_at")),
            )
        )
    return tuple(reversed(found))
