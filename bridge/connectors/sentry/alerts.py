"""update_alert and transition: resolve, archive and reopen an issue of Sentry's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.mirror import (
    Change,
    Mirrored,
    check_expected,
    latest,
    moment,
    text_of,
    with_times,
)
from bridge.connectors.parameters import TextFormat, Transition, UpdateAlert
from bridge.connectors.prose import folded
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
    given = call.parameters
    wanted = Wanted(given.alert, given.state, given.reason or "", given.comment or "", "plain")
    state, found, lost = await _set(sentry, call, wanted)
    return Outcome({"state": state}, found=found, lost=lost)


async def transition(sentry: Sentry, call: Call[Transition]) -> Outcome:
    """The same for who takes an issue of Sentry's for a ticket."""
    given = call.parameters
    reason = str((given.fields or {}).get("reason") or "")
    wanted = Wanted(given.ticket, given.to, reason, given.comment or "", given.format)
    state, found, lost = await _set(sentry, call, wanted)
    if others := [name for name in given.fields or {} if name != "reason"]:
        lost = (*lost, f"{', '.join(others)} left out: `fields` takes a `reason` here")
    return Outcome({"status": state}, found=found, lost=lost)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An issue and the state it shall have, with why and a comment; both may be empty."""

    issue: str
    state: str
    reason: str
    comment: str
    format: TextFormat


async def _set(
    sentry: Sentry, call: Call[UpdateAlert] | Call[Transition], wanted: Wanted
) -> tuple[str, bool, tuple[str, ...]]:
    """The state it has then, whether there was nothing to do, and what was lost.

    Nothing to do where the issue is there already, or where it was after the intention: then an
    earlier try or a person has set it, and somebody has set it otherwise since.
    """
    lost: list[str] = []
    body = _body(wanted, lost)
    path = await sentry.issue_path(wanted.issue)
    issue = await sentry.issue(path)
    check_expected(call.expected, wanted.issue, {"status": str(issue.get("status"))})
    status = STATES[folded(wanted.state)]
    there = issue.get("status") == status and body.get("substatus") in (
        None,
        issue.get("substatus"),
    )
    was = not there and call.may_exist and _last(issue, HAPPENED[status]) >= call.intended_at
    if not there and not was:
        issue = as_object((await sentry.site.fetch("PUT", path, body=body))[1])
    if wanted.comment and (text := comment_text(wanted.comment, wanted.format)).text:
        await add_comment(sentry, path, text.text, call.mark, may_exist=call.may_exist)
        lost += text.lost
    return str(issue.get("status", status)), there or was, tuple(lost)


async def mirror_alert(sentry: Sentry, key: str, comments: bool) -> Mirrored:
    """An issue as sync sees it: its status alone; its activity says when that was set, and what
    it was before. Where it ends in another status, as it may where Sentry sets one by itself, no
    time is told."""
    del comments
    issue = await sentry.issue(await sentry.issue_path(key))
    values = {"status": text_of(issue.get("status"))}
    changes: list[Change] = []
    told = sorted(map(as_object, as_list(issue.get("activity"))), key=_when)
    for one in told:
        kind = text_of(one.get("type"))
        for status, name in HAPPENED.items():
            if kind.startswith(name):
                before = changes[-1].after if changes else "unresolved"
                changes.append(Change(_when(one), "status", before, status))
    seen = with_times(values, latest(changes), 0)
    return Mirrored(text_of(issue.get("title")), text_of(issue.get("permalink")), seen)


def _when(happening: Mapping[str, JSON]) -> int:
    return moment(happening.get("dateCreated"))


def object_of(parameters: UpdateAlert) -> str:
    return parameters.alert.strip().casefold()


def _body(wanted: Wanted, lost: list[str]) -> dict[str, JSON]:
    status = STATES.get(folded(wanted.state))
    if status is None:
        raise GiveUp(f"Sentry has no state {wanted.state!r}; it takes: {', '.join(STATES)}")
    reason = folded(wanted.reason)
    if status == "ignored":
        if reason not in SUBSTATES:
            lost.append("the reason was left out: Sentry keeps none")
        return {"status": status, "substatus": SUBSTATES.get(reason, SUBSTATES[""])}
    if status == "resolved" and reason in NEXT_RELEASE:
        return {"status": "resolvedInNextRelease"}
    if reason:
        lost.append("the reason was left out: Sentry keeps none")
    return {"status": status}


def _last(issue: dict[str, JSON], *names: str) -> int:
    """When its activity last had one of these, in milliseconds; 0 for never."""
    told = (
        one for one in as_list(issue.get("activity")) if str(child(one, "type")).startswith(names)
    )
    return max((moment(child(one, "dateCreated")) for one in told), default=0)
