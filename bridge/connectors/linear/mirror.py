"""An issue as sync sees it; its history says when each field was changed."""

from __future__ import annotations

from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.linear.client import Linear, ticket_key
from bridge.connectors.linear.history import ROWS, seen_in
from bridge.connectors.mirror import Mirrored, Said, moment, text_of

READ = (
    """\
query MirrorOfIssue($id: String!) {
  viewer { id }
  issue(id: $id) {
    id identifier title url priorityLabel updatedAt
    state { name }
    assignee { id email name }
    comments(first: 100) { nodes { id body createdAt editedAt user { name } } }
    """
    + ROWS
    + """
  }
}"""
)


async def mirror(linear: Linear, key: str, comments: bool) -> Mirrored:
    """priority: Urgent, High, Medium, Low or No priority. assignee: an e-mail address."""
    found = await linear.ask(READ, id=ticket_key(key))
    issue = as_object(found.get("issue"))
    values = {
        "status": text_of(child(issue, "state", "name")),
        "priority": text_of(issue.get("priorityLabel")),
        "summary": text_of(issue.get("title")),
        "assignee": text_of(child(issue, "assignee", "email")),
    }
    own = text_of(child(found, "viewer", "id"))
    seen = seen_in(issue.get("history"), values, moment(issue.get("updatedAt")), own)
    said = [
        Said(
            text_of(child(one, "id")),
            text_of(child(one, "user", "name")),
            text_of(child(one, "body")),
            moment(child(one, "createdAt")),
            edited_at=moment(child(one, "editedAt")),
        )
        for one in as_list(child(issue, "comments", "nodes"))
    ]
    ordered = tuple(sorted(said, key=lambda one: one.at)) if comments else ()
    return Mirrored(values["summary"], text_of(issue.get("url")), seen, ordered)
