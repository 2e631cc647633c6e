"""comment, edit_comment: added once, recognised by a mark that does not show."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object
from bridge.connectors.hidden import ROOM, bare, lines_in, mark_line, with_lines
from bridge.connectors.kibana.client import Kibana
from bridge.connectors.kibana.options import TEXT_LIMIT
from bridge.connectors.mirror import check_expected, text_of
from bridge.connectors.parameters import Comment, EditComment, Transition
from bridge.connectors.prose import markdown_text
from bridge.connectors.site import part
from bridge.errors import ConnectorError, GiveUp
from bridge.event import JSON


async def comment(kibana: Kibana, call: Call[Comment]) -> Outcome:
    """Adds a comment, once."""
    parameters = call.parameters
    words = markdown_text(parameters.body, parameters.format, TEXT_LIMIT - ROOM)
    if not words.text.strip():
        raise GiveUp("the comment is empty")
    made, found = await add_once(kibana, call, parameters.ticket, words.text)
    return Outcome({"id": made or await _id_of(kibana, call)}, found=found, lost=words.lost)


async def _id_of(kibana: Kibana, call: Call[Comment]) -> str:
    """The id of a comment that was made and not told; empty where that look comes too soon.

    The comment is there, whatever becomes of this look: a failure of it must not add another one.
    """
    try:
        return await kibana.find_comment(call.parameters.ticket, call.mark) or ""
    except ConnectorError:
        return ""


async def edit_comment(kibana: Kibana, call: Call[EditComment]) -> Outcome:
    """Replaces the text; the marks below it stay. A comment has a version of its own."""
    given = call.parameters
    path = f"/cases/{part(given.ticket.strip())}/comments"
    old = as_object(await kibana.get(f"{path}/{part(given.comment)}"))
    there = text_of(old.get("comment"))
    check_expected(call.expected, given.ticket, {"comment": bare(there)})
    words = markdown_text(given.body, given.format, TEXT_LIMIT - ROOM)
    if not words.text.strip():
        raise GiveUp("the comment is empty")
    text = with_lines(words.text, *lines_in(there))
    if text != there:
        kept = {name: old.get(name) for name in ("id", "version", "type", "owner")}
        await kibana.edit_comment(path, {**kept, "comment": text})
    return Outcome({"id": given.comment}, found=text == there, lost=words.lost)


async def add_once(
    kibana: Kibana, call: Call[Comment] | Call[Transition], ticket: str, text: str
) -> tuple[str, bool]:
    """The id of the comment with the call's mark, and whether it was there already."""
    if call.may_exist:
        known = await kibana.find_comment(ticket, call.mark)
        if known is not None:
            return known, True
        kibana.settling.not_found(call.mark, now=call.now, doubtful=True)
    return await add_comment(
        kibana, ticket, with_lines(text, mark_line(call.mark)), call.mark
    ), False


async def add_comment(kibana: Kibana, ticket: str, text: str, mark: str) -> str:
    """The new comment's id, empty where the answer does not tell it: Kibana answers with the whole
    case, its comments in no promised order, and from 9.0 on without them."""
    case = await kibana.case(ticket)
    owner = case.get("owner") or kibana.settings.owner
    body: dict[str, JSON] = {"type": "user", "comment": text, "owner": owner}
    with kibana.settling.making(mark):
        made = await kibana.post(f"/cases/{part(str(case.get('id')))}/comments", body)
    for one in as_list(made.get("comments")):
        if isinstance(one, dict) and one.get("comment") == text:
            kibana.settling.remember(mark, str(one.get("id")))
            return str(one.get("id"))
    kibana.settling.remember(mark, "")
    return ""
