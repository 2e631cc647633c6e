"""comment: added once, recognised by a property written with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from bridge.action import Call, Outcome
from bridge.connectors.jira.client import Jira, as_list, as_object, as_properties, issue_path
from bridge.connectors.jira.marks import PROPERTY, holds_mark, property_value
from bridge.connectors.jira.texts import long_text
from bridge.connectors.parameters import Comment
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

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
