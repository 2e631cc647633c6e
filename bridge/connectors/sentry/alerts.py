"""update_alert: resolves, archives and reopens an issue of Sentry's."""

from __future__ import annotations

from datetime import datetime

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.parameters import UpdateAlert
from bridge.connectors.sentry.client import Sentry
from bridge.connectors.sentry.comments import add_comment, comment_text
from bridge.errors import GiveUp
from bridge.event import JSON

STATES = {
    "resolved": "resolved", "closed": "resolved", "fixed": "resolved", "done": "resolved",
    "ignored": "ignored", "archived": "ignored", "dismissed": "ignored", "muted": "ignored",
    "unresolved": "unresolved", "open": "unresolved", "reopened": "unresolved",
}  # fmt: skip
SUBSTATES = {
    "": "archived_until_escalating",
    "until escalating": "archived_until_escalating",
    "archived until escalating": "archived_until_escalating",
    "forever": "archived_forever",
    "archived forever": "archived_forever",
}
"""Reasons of an archived issue: how long it stays so. Sentry's own page archives until it
escalates unless told otherwise."""
NEXT_RELEASE = frozenset({"in next release", "next release"})
HAPPENED = {"resolved": "set_resolved", "ignored": "set_ignored", "unresolved": "set_unresolved"}
"""How the issue's own activity calls these; what follows such a name tells more of it."""


async def update_alert(sentry: Sentry, call: Call[UpdateAlert]) -> Outcome:
    """Nothing to do where the issue is there already, or where it was after the intention: then
    an earlier try or a person has set it, and somebody has set it otherwise since.
    """
    parameters = call.parameters
    lost: list[str] = []
    body = _body(parameters, lost)
    path = await sentry.issue_path(parameters.alert)
    issue = await sentry.issue(path)
    wanted = STATES[parameters.state.strip().casefold()]
    there = issue.get("status") == wanted and body.get("substatus") in (
        None,
        issue.get("substatus"),
    )
    was = not there and call.may_exist and _was_there(issue, wanted, call.intended_at)
    if not there and not was:
        issue = as_object((await sentry.site.fetch("PUT", path, body=body))[1])
    if parameters.comment and (text := comment_text(parameters.comment, "plain")).text:
        await add_comment(sentry, path, text.text, call.mark, may_exist=call.may_exist)
        lost += text.lost
    return Outcome(
        {"state": str(issue.get("status", wanted))}, found=there or was, lost=tuple(lost)
    )


def object_of(parameters: UpdateAlert) -> str:
    return parameters.alert.strip().casefold()


def _body(parameters: UpdateAlert, lost: list[str]) -> dict[str, JSON]:
    status = STATES.get(parameters.state.strip().casefold())
    if status is None:
        raise GiveUp(f"Sentry has no state {parameters.state!r}; it takes: {', '.join(STATES)}")
    reason = (parameters.reason or "").strip().casefold().replace("_", " ")
    if status == "ignored":
        if reason not in SUBSTATES:
            lost.append("the reason was left out: Sentry keeps none")
        return {"status": status, "substatus": SUBSTATES.get(reason, SUBSTATES[""])}
    if status == "resolved" and reason in NEXT_RELEASE:
        return {"status": "resolvedInNextRelease"}
    if reason:
        lost.append("the reason was left out: Sentry keeps none")
    return {"status": status}


def _was_there(issue: dict[str, JSON], wanted: str, intended_at: int) -> bool:
    for one in as_list(issue.get("activity")):
        at = datetime.fromisoformat(str(child(one, "dateCreated"))).timestamp() * 1000
        if str(child(one, "type")).startswith(HAPPENED[wanted]) and at >= intended_at:
            return True
    return False
