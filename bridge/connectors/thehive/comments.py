"""comment, edit_comment: added once, recognised by a mark that does not show."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.hidden import ROOM, bare, lines_in, mark_line, with_lines
from bridge.connectors.mirror import check_expected, text_of
from bridge.connectors.parameters import Comment, EditComment, Transition
from bridge.connectors.prose import markdown_text
from bridge.connectors.site import part
from bridge.connectors.thehive.client import TheHive, case_key, case_path
from bridge.connectors.thehive.options import TEXT_LIMIT
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON


async def comment(thehive: TheHive, call: Call[Comment]) -> Outcome:
    """Adds a comment, once."""
    parameters = call.parameters
    words = markdown_text(parameters.body, parameters.format, TEXT_LIMIT - ROOM)
    if not words.text.strip():
        raise GiveUp("the comment is empty")
    made, found = await add_once(thehive, call, parameters.ticket, words.text)
    return Outcome({"id": made}, found=found, lost=words.lost)


async def edit_comment(thehive: TheHive, call: Call[EditComment]) -> Outcome:
    """Replaces the text; the marks below it stay."""
    given = call.parameters
    old = await thehive.comment_of(case_key(given.ticket), given.comment)
    there = text_of(old.get("message"))
    check_expected(call.expected, given.ticket, {"comment": bare(there)})
    words = markdown_text(given.body, given.format, TEXT_LIMIT - ROOM)
    if not words.text.strip():
        raise GiveUp("the comment is empty")
    text = with_lines(words.text, *lines_in(there))
    if text != there:
        await thehive.patch(f"/comment/{part(given.comment)}", {"message": text})
    return Outcome({"id": given.comment}, found=text == there, lost=words.lost)


async def add_once(
    thehive: TheHive, call: Call[Comment] | Call[Transition], ticket: str, text: str
) -> tuple[str, bool]:
    """The id of the comment with the call's mark, and whether it was there already."""
    if call.may_exist:
        known = await thehive.find_comment("getCase", case_key(ticket), call.mark)
        if known is not None:
            return known, True
    return await add_comment(thehive, case_path(ticket), text, call.mark), False


async def add_comment(thehive: TheHive, path: str, text: str, mark: str) -> str:
    """The new comment's id. path: of the case or the alert."""
    body: JSON = {"message": with_lines(text, mark_line(mark))}
    made = await thehive.post(f"{path}/comment", body)
    if not made.get("_id"):
        raise TryAgain("TheHive's answer to the comment names none", may_have_happened=True)
    return str(made["_id"])
