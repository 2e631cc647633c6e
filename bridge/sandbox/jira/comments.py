"""Comments of issues."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer, as_list
from bridge.sandbox.jira import events, text
from bridge.sandbox.jira.properties import read_properties
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Comment, Issue


def read_comment(call: Call, sent: dict[str, JSON]) -> JSON:
    """The body of a comment as sent. Raises Declined."""
    body = sent.get("body")
    problem = text.problem_of(body, call.api)
    if not problem and not text.plain(body or "").strip():
        problem = "Comment body can not be empty!"
    if problem:
        raise Declined(400, errors={"comment": problem})
    return body


def add_comment(call: Call, issue: Issue, sent: dict[str, JSON]) -> Comment:
    """A new comment; the caller sends its webhook when the whole change is done."""
    body = read_comment(call, sent)
    properties = read_properties(sent.get("properties"))
    now = call.now
    comment = Comment(
        id=call.state.next_id("comment"),
        issue=issue,
        author=call.user,
        update_author=call.user,
        body=body,
        created=now,
        updated=now,
        visibility=sent.get("visibility"),
        properties=properties,
    )
    issue.comments[comment.id] = call.state.comments[comment.id] = comment
    call.state.touch(issue, now)
    return comment


def _comment(call: Call) -> Comment:
    found = call.issue().comments.get(call.arguments[1])
    if found is None:
        raise Declined(404, f"Can not find a comment for the id: {call.arguments[1]}.")
    return found


def _shown(call: Call, comment: Comment) -> dict[str, JSON]:
    return call.view.comment(comment, "properties" in call.request.words("expand"))


def list_comments(call: Call) -> Answer:
    """A page: `startAt`, `maxResults` (50 unless asked for), `orderBy=created|-created`."""
    found = list(call.issue().comments.values())
    order = call.request.option("orderBy", "created")
    if order.lstrip("+-") != "created":
        raise Declined(400, f"Unable to order by: {order}")
    if order.startswith("-"):
        found.reverse()
    start = call.request.number("startAt", 0)
    # Data Center gives all of them unless asked for fewer.
    size = call.request.number("maxResults", 50 if call.site.cloud else 1_048_576)
    page: list[JSON] = [_shown(call, comment) for comment in found[start : start + size]]
    return answer({"startAt": start, "maxResults": size, "total": len(found), "comments": page})


def create_comment(call: Call) -> Answer:
    comment = add_comment(call, call.issue(), call.request.object())
    events.comment_event(call, "comment_created", comment)
    return answer(_shown(call, comment), 201)


def get_comment(call: Call) -> Answer:
    return answer(_shown(call, _comment(call)))


def edit_comment(call: Call) -> Answer:
    comment = _comment(call)
    sent = call.request.object()
    body = read_comment(call, sent)
    comment.properties.update(read_properties(sent.get("properties")))
    comment.body = body
    comment.update_author = call.user
    comment.updated = call.now
    call.state.touch(comment.issue, comment.updated)
    events.comment_event(call, "comment_updated", comment)
    return answer(_shown(call, comment))


def delete_comment(call: Call) -> Answer:
    comment = _comment(call)
    del comment.issue.comments[comment.id], call.state.comments[comment.id]
    call.state.touch(comment.issue, call.now)
    events.comment_event(call, "comment_deleted", comment)
    return NO_CONTENT


def comments_by_id(call: Call) -> Answer:
    """Comments of any issue by their ids, those that exist."""
    ids = [str(number) for number in as_list(call.request.object().get("ids"))]
    if not ids or len(ids) > 1000:
        raise Declined(400, "Give 1 to 1000 ids.")
    found: list[JSON] = [
        _shown(call, call.state.comments[number]) for number in ids if number in call.state.comments
    ]
    return answer(
        {
            "maxResults": 1000,
            "startAt": 0,
            "total": len(found),
            "isLast": True,
            "values": found,
        }
    )
