"""comment, edit_comment: added once, since its id is made of the mark."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, child
from bridge.connectors.linear.client import Linear, ticket_key
from bridge.connectors.linear.texts import body_text
from bridge.connectors.mirror import check_expected, text_of
from bridge.connectors.own_ids import own_id
from bridge.connectors.parameters import Comment, EditComment
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

CREATE = """\
mutation AddComment($input: CommentCreateInput!) {
  commentCreate(input: $input) { success comment { id } }
}"""
FIND = """\
query FindComment($id: ID!) {
  comments(first: 1, includeArchived: true, filter: {id: {eq: $id}}) { nodes { id } }
}"""
READ = """\
query TextOfComment($id: ID!) {
  comments(first: 1, filter: {id: {eq: $id}}) { nodes { body } }
}"""
EDIT = """\
mutation EditComment($id: String!, $input: CommentUpdateInput!) {
  commentUpdate(id: $id, input: $input) { success }
}"""
ISSUE = """\
query IdOfIssue($id: String!) {
  issue(id: $id) { id }
}"""


async def comment(linear: Linear, call: Call[Comment]) -> Outcome:
    key = ticket_key(call.parameters.ticket)
    written = body_text(call.parameters.body, call.parameters.format)
    if not written.text.strip():
        raise GiveUp("the comment is empty")
    made, found = await add_comment(linear, key, written.text, call.mark, may_exist=call.may_exist)
    return Outcome({"id": made}, found=found, lost=() if found else written.lost)


async def edit_comment(linear: Linear, call: Call[EditComment]) -> Outcome:
    """Replaces the text."""
    given = call.parameters
    found = as_list(child(await linear.ask(READ, id=given.comment), "comments", "nodes"))
    if not found:
        raise GiveUp(f"{given.ticket} has no comment {given.comment[:100]!r}", status=404)
    there = text_of(child(found[0], "body"))
    check_expected(call.expected, given.ticket, {"comment": there})
    written = body_text(given.body, given.format)
    if not written.text.strip():
        raise GiveUp("the comment is empty")
    if written.text != there:
        await linear.change(EDIT, id=given.comment, input={"body": written.text})
    return Outcome({"id": given.comment}, found=written.text == there, lost=written.lost)


async def add_comment(
    linear: Linear, key: str, text: str, mark: str, *, may_exist: bool
) -> tuple[str, bool]:
    """The comment's id, and whether it was there already."""
    comment_id = own_id(mark)
    if may_exist and await _exists(linear, comment_id):
        return comment_id, True
    issue = str(child(await linear.ask(ISSUE, id=key), "issue", "id"))
    wanted: JSON = {"id": comment_id, "issueId": issue, "body": text}
    try:
        made = await linear.change(CREATE, input=wanted)
    except GiveUp as error:
        if error.status == 401 or not await _exists(linear, comment_id):
            raise
        return comment_id, True
    if not child(made, "commentCreate", "comment", "id"):
        raise TryAgain("Linear's answer to the comment names none", may_have_happened=True)
    return comment_id, False


async def _exists(linear: Linear, comment_id: str) -> bool:
    return bool(as_list(child(await linear.ask(FIND, id=comment_id), "comments", "nodes")))
