"""An issue as sync sees it; its events say when it was closed, assigned, labeled or renamed."""

from __future__ import annotations

from bridge.connectors.answers import as_object, child
from bridge.connectors.github.client import PER_PAGE, GitHub, Ticket
from bridge.connectors.github.comments import newest_comments, without_marks
from bridge.connectors.github.fields import label_names
from bridge.connectors.github.marks import marks_in
from bridge.connectors.mirror import Mirrored, Said, latest, moment, text_of, with_times
from bridge.event import JSON

MOST_PAGES = 10


async def mirror(github: GitHub, key: str, comments: bool) -> Mirrored:
    """status: open or closed. priority: of the label that stands for one, where there is one."""
    ticket = github.ticket(key)
    issue = await github.issue(ticket)
    values = values_of(github, issue)
    changes = latest(await _changes(github, ticket))
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
        named = (_priority(github, one) for one in label_names(issue))
        values["priority"] = next(filter(None, named), "")
    return values


async def _changes(github: GitHub, ticket: Ticket) -> list[tuple[int, str, str, str]]:
    found = []
    async for page in github.pages(f"{ticket.path}/events", {}, MOST_PAGES):
        for one in page:
            at, who = moment(one.get("created_at")), text_of(child(one, "assignee", "login"))
            match one.get("event"):
                case "closed":
                    found.append((at, "status", "open", "closed"))
                case "reopened":
                    found.append((at, "status", "closed", "open"))
                case "assigned":
                    found.append((at, "assignee", "", who))
                case "unassigned":
                    found.append((at, "assignee", who, ""))
                case "labeled" if named := _priority(github, text_of(child(one, "label", "name"))):
                    found.append((at, "priority", "", named))
                case "renamed":
                    before, after = (text_of(child(one, "rename", end)) for end in ("from", "to"))
                    found.append((at, "summary", before, after))
        if len(page) < PER_PAGE:
            break
    return found


def _priority(github: GitHub, label: str) -> str:
    """What a label says of the priority; empty for every other one."""
    prefix = github.settings.priority_label
    named = prefix and label.casefold().startswith(prefix.casefold())
    return label[len(prefix) :] if named else ""


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
