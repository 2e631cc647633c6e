"""comment, edit_comment: added once, recognised by a property written with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from bridge.action import Call, Outcome
from bridge.connectors.jira.client import Jira, as_list, as_object, as_properties, issue_path
from bridge.connectors.jira.marks import PROPERTY, holds_mark, property_value
from bridge.connectors.jira.texts import long_text
from bridge.connectors.mirror import check_expected, text_of
from bridge.connectors.parameters import Comment, EditComment
from bridge.connectors.site import part
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.text.adf_reader import read_adf
from bridge.text.gfm import write_markdown
from bridge.text.wiki_reader import read_wiki

PAGE = 100
MOST_PAGES = 50


async def comment(jira: Jira, call: Call[Comment]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then adds."""
    ticket = call.parameters.ticket
    if call.may_exist:
        known = await find_comment(jira, ticket, call.mark)
        if known:
            return Outcome({"id": known}, found=True)
    written = long_text(call.parameters.body, call.parameters.format, jira.settings)
    if written.empty:
        raise GiveUp("the comment is empty")
    made = await add_comment(jira, ticket, written.value, call.mark)
    return Outcome({"id": made}, lost=written.lost)


async def edit_comment(jira: Jira, call: Call[EditComment]) -> Outcome:
    """Replaces the text; the property that holds the mark stays."""
    given = call.parameters
    path = comment_path(given.ticket, given.comment)
    there = as_object(await jira.get(path)).get("body")
    check_expected(call.expected, given.ticket, {"comment": as_markdown(there)})
    written = long_text(given.body, given.format, jira.settings)
    if written.empty:
        raise GiveUp("the comment is empty")
    if written.value != there:
        await replace_text(jira, path, written.value)
    return Outcome({"id": given.comment}, found=written.value == there, lost=written.lost)


async def replace_text(jira: Jira, path: str, text: JSON, mark: str = "") -> dict[str, JSON]:
    """The comment as Jira shows it then.

    mark: written where it is given; else the comment keeps the one it has.
    """
    sent: dict[str, JSON] = {"body": text}
    if mark:
        sent["properties"] = as_properties({PROPERTY: property_value(mark)})
    query = {"expand": "properties"}
    return as_object((await jira.site.fetch("PUT", jira.api + path, query=query, body=sent))[1])


def comment_path(ticket: str, comment_id: str) -> str:
    """Raises GiveUp for what is no comment's id."""
    if not comment_id.isascii() or not comment_id.isdecimal():
        raise GiveUp(f"{comment_id[:100]!r} is no comment: expected a number", status=404)
    return f"{issue_path(ticket)}/comment/{part(comment_id)}"


def as_markdown(body: JSON) -> str:
    """A comment's text: wiki markup in version 2 of the API, ADF in version 3."""
    document = read_adf(body) if isinstance(body, dict) else read_wiki(text_of(body))
    return write_markdown(document).text


async def add_comment(
    jira: Jira, ticket: str, text: JSON, mark: str, further: Mapping[str, JSON] | None = None
) -> str:
    """The new comment's id. further: properties besides the one that holds the mark."""
    properties = as_properties({PROPERTY: property_value(mark), **(further or {})})
    made = await jira.post(
        f"{issue_path(ticket)}/comment", {"body": text, "properties": properties}
    )
    made_id = as_object(made).get("id")
    if not made_id:
        raise TryAgain("Jira's answer to the comment names none", may_have_happened=True)
    return str(made_id)


async def find_comment(jira: Jira, ticket: str, mark: str) -> str | None:
    """The id of the comment carrying the mark; None when there is none.

    `expand=properties` is not in Jira's descriptions but works; where the properties are missing
    from the list they are read one by one.
    """
    async for one in newest_comments(jira, ticket):
        if holds_mark(await _property(jira, one), mark):
            return str(one["id"])
    return None


async def newest_comments(jira: Jira, ticket: str) -> AsyncIterator[dict[str, JSON]]:
    """The comments of a ticket, the newest first."""
    start = 0
    for _ in range(MOST_PAGES):
        query: dict[str, str | int] = {
            "startAt": start,
            "maxResults": PAGE,
            "orderBy": "-created",
            "expand": "properties",
        }
        page = as_object(await jira.get(f"{issue_path(ticket)}/comment", query))
        comments = as_list(page.get("comments"))
        for one in comments:
            yield as_object(one)
        start += len(comments)
        if not comments or start >= int(str(page.get("total", 0))):
            return


async def mark_of(jira: Jira, one: dict[str, JSON]) -> str:
    """The mark that a comment carries; empty when it carries none of ours."""
    value = await _property(jira, one)
    return str(value.get("mark", "")) if isinstance(value, dict) else ""


async def _property(jira: Jira, one: dict[str, JSON]) -> JSON:
    listed = one.get("properties")
    if isinstance(listed, list):
        return next(
            (
                as_object(each).get("value")
                for each in listed
                if as_object(each).get("key") == PROPERTY
            ),
            None,
        )
    found = await jira.find(f"/comment/{one['id']}/properties/{PROPERTY}")
    return None if found is None else as_object(found).get("value")
