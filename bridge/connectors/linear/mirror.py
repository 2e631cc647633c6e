"""An issue as sync sees it; its history says when its state was changed."""

from __future__ import annotations

from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.linear.client import Linear, ticket_key
from bridge.connectors.mirror import Mirrored, Said, Seen, latest, moment, text_of, with_times

READ = """\
query MirrorOfIssue($id: String!) {
  issue(id: $id) {
    id identifier title url priorityLabel updatedAt
    state { name }
    assignee { id email name }
    comments(first: 100) { nodes { id body createdAt editedAt user { name } } }
    history(first: 100) { nodes { createdAt toState { name } } }
  }
}"""


async def mirror(linear: Linear, key: str, comments: bool) -> Mirrored:
    """priority: Urgent, High, Medium, Low or No priority. assignee: an e-mail address."""
    issue = as_object((await linear.ask(READ, id=ticket_key(key))).get("issue"))
    values = {
        "status": text_of(child(issue, "state", "name")),
        "priority": text_of(issue.get("priorityLabel")),
        "summary": text_of(issue.get("title")),
        "assignee": text_of(child(issue, "assignee", "email")),
    }
    moves = [
        (moment(child(one, "createdAt")), "status", "", text_of(child(one, "toState", "name")))
        for one in as_list(child(issue, "history", "nodes"))
        if child(one, "toState") is not None
    ]
    updated = moment(issue.get("updatedAt"))
    status = with_times(values, latest(moves), updated)["status"]
    # What stood there before would be the row behind it; of other fields no history is asked for.
    seen = {name: Seen(value, updated, exact=False) for name, value in values.items()}
    seen["status"] = Seen(status.value, status.at, exact=status.exact)
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
