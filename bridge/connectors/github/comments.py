"""comment, edit_comment: added once, recognised by its mark, which is not shown."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object
from bridge.connectors.github.client import PER_PAGE, GitHub, Ticket
from bridge.connectors.github.marks import OWN, holds_mark, with_mark
from bridge.connectors.github.texts import body_text
from bridge.connectors.mirror import check_expected, text_of
from bridge.connectors.parameters import Comment, EditComment
from bridge.connectors.site import part
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

MOST_PAGES = 50


async def comment(github: GitHub, call: Call[Comment]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then adds."""
    ticket = github.ticket(call.parameters.ticket)
    if call.may_exist:
        known = await find_comment(github, ticket, call.mark)
        if known:
            return Outcome({"id": known}, found=True)
    written = body_text(github, call.parameters.body, call.parameters.format)
    if not written.text.strip():
        raise GiveUp("the comment is empty")
    made = await add_comment(github, ticket, written.text, call.mark)
    return Outcome({"id": made}, lost=written.lost)


async def edit_comment(github: GitHub, call: Call[EditComment]) -> Outcome:
    """Replaces the text; the marks below it stay."""
    given = call.parameters
    ticket = github.ticket(given.ticket)
    path = f"{ticket.beside}/comments/{part(given.comment)}"
    there = text_of(as_object(await github.get(path)).get("body"))
    check_expected(call.expected, ticket.key, {"comment": without_marks(there)})
    written = body_text(github, given.body, given.format)
    if not written.text.strip():
        raise GiveUp("the comment is empty")
    text = "\n\n".join((written.text, *(one[0] for one in OWN.finditer(there))))
    if text != there:
        await github.write("PATCH", path, {"body": text})
    return Outcome({"id": given.comment}, found=text == there, lost=written.lost)


def without_marks(text: str) -> str:
    return OWN.sub("", text).rstrip()


async def add_comment(github: GitHub, ticket: Ticket, text: str, mark: str) -> str:
    """The new comment's id."""
    made = await github.write("POST", f"{ticket.path}/comments", {"body": with_mark(text, mark)})
    if not made.get("id"):
        raise TryAgain("GitHub's answer to the comment names none", may_have_happened=True)
    return str(made["id"])


async def find_comment(github: GitHub, ticket: Ticket, mark: str) -> str | None:
    """The id of the comment carrying the mark; None when there is none."""
    async for one in newest_comments(github, ticket):
        if holds_mark(one.get("body"), mark):
            return str(one["id"])
    return None


async def newest_comments(github: GitHub, ticket: Ticket) -> AsyncIterator[dict[str, JSON]]:
    """The comments of an issue, the newest page first.

    GitHub lists the oldest first, so it begins a page behind the last by the issue's own count.
    """
    count = (await github.issue(ticket)).get("comments")
    last = (count if isinstance(count, int) else 0) // PER_PAGE + 2
    for number in range(last, max(last - MOST_PAGES, 0), -1):
        asked: dict[str, str | int] = {"per_page": PER_PAGE, "page": number}
        for one in reversed(as_list(await github.get(f"{ticket.path}/comments", asked))):
            yield as_object(one)
