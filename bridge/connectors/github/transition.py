"""transition: open or closed, and why."""

from __future__ import annotations

from datetime import datetime

from bridge.action import Call, Outcome
from bridge.connectors.github.client import GitHub, Ticket
from bridge.connectors.github.comments import add_comment, find_comment
from bridge.connectors.github.texts import body_text
from bridge.connectors.mirror import check_expected
from bridge.connectors.parameters import Transition
from bridge.errors import GiveUp
from bridge.event import JSON

STATES: dict[str, tuple[str, str]] = {
    "open": ("open", "reopened"),
    "reopened": ("open", "reopened"),
    "to do": ("open", "reopened"),
    "closed": ("closed", ""),
    "done": ("closed", "completed"),
    "completed": ("closed", "completed"),
    "resolved": ("closed", "completed"),
    "not planned": ("closed", "not_planned"),
    "won't do": ("closed", "not_planned"),
    "won't fix": ("closed", "not_planned"),
    "wontfix": ("closed", "not_planned"),
    "canceled": ("closed", "not_planned"),
    "duplicate": ("closed", "duplicate"),
}
"""Names of a status, in any case, to GitHub's state and its reason; `_` and `-` are as blanks."""


async def transition(github: GitHub, call: Call[Transition]) -> Outcome:
    """Nothing to do where the issue is there already, or where it was after the intention: then
    an earlier try or a person has moved it, and somebody has moved it on since.

    The comment follows, with the mark, so that a retry adds no second one.
    """
    parameters = call.parameters
    ticket = github.ticket(parameters.ticket)
    state, reason = _wanted(parameters)
    body: dict[str, JSON] = {"state": state}
    if reason:
        body["state_reason"] = reason
    body |= parameters.fields or {}
    issue = await github.issue(ticket)
    check_expected(call.expected, ticket.key, {"status": str(issue.get("state"))})
    there = issue.get("state") == state and (
        state == "open" or not reason or issue.get("state_reason") == reason
    )
    was = not there and call.may_exist and await _was_there(github, ticket, state, call)
    lost: list[str] = []
    if not there and not was:
        issue = await github.write("PATCH", ticket.path, body)
    if parameters.comment:
        lost += await _comment(github, ticket, call)
    return Outcome({"status": str(issue.get("state"))}, found=there or was, lost=tuple(lost))


def _wanted(parameters: Transition) -> tuple[str, str]:
    name = parameters.to.strip().casefold().replace("_", " ").replace("-", " ")
    if name not in STATES:
        known = ", ".join(STATES)
        raise GiveUp(f"GitHub has no status {parameters.to!r}; what it takes: {known}")
    return STATES[name]


async def _was_there(github: GitHub, ticket: Ticket, state: str, call: Call[Transition]) -> bool:
    """Whether the issue came into this state since the intention, by its history.

    https://docs.github.com/en/rest/issues/events#list-issue-events, read 2026-11: the oldest
    first, so the last page is what is needed; it is found by going there.
    """
    event = "closed" if state == "closed" else "reopened"
    async for page in github.pages(f"{ticket.path}/events", {}, 100):
        for one in page:
            at = datetime.fromisoformat(str(one.get("created_at"))).timestamp() * 1000
            # GitHub gives whole seconds, so that one begun in the same second counts.
            if one.get("event") == event and at >= call.intended_at - call.intended_at % 1000:
                return True
    return False


async def _comment(github: GitHub, ticket: Ticket, call: Call[Transition]) -> tuple[str, ...]:
    if call.may_exist and await find_comment(github, ticket, call.mark):
        return ()
    words = body_text(github, call.parameters.comment or "", call.parameters.format)
    if words.text.strip():
        await add_comment(github, ticket, words.text, call.mark)
    return words.lost
