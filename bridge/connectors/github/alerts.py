"""update_alert: dismisses and reopens code scanning, Dependabot and secret scanning alerts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_object, child
from bridge.connectors.github.client import GitHub
from bridge.connectors.github.options import REPOSITORY
from bridge.connectors.github.texts import cell_text
from bridge.connectors.mirror import Mirrored, Seen, check_expected, moment, text_of
from bridge.connectors.parameters import UpdateAlert
from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.text.characters import cut_words, length, tidy

ALERT = re.compile(
    r"(?:https?://[^/\s]+/)?(?:(?P<repository>[^/\s]+/[^/\s]+)/)?(?:security/)?"
    r"(?P<kind>code-scanning|dependabot|secret-scanning)(?:/alerts)?[/#](?P<number>[1-9]\d{0,9})"
)
COMMENT_LIMIT = 280
"""https://docs.github.com/en/rest/dependabot/alerts#update-a-dependabot-alert, read 2026-11."""

OPEN = frozenset({"open", "reopened", "unresolved", "new"})
CLOSED = frozenset({"dismissed", "resolved", "closed", "fixed", "ignored", "archived", "done"})


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of alert is closed. reasons: every word a rule may use, to GitHub's own."""

    closed: str
    reason_field: str
    comment_field: str
    reasons: Mapping[str, str]


def _reasons(own: str, **others: str) -> dict[str, str]:
    known = {name.replace("_", " "): name for name in own.split(",")}
    return known | {name.replace("_", " "): value for name, value in others.items()}


KINDS: Mapping[str, Kind] = {
    "code-scanning": Kind(
        "dismissed",
        "dismissed_reason",
        "dismissed_comment",
        _reasons(
            "false positive,won't fix,used in tests",
            wont_fix="won't fix",
            inaccurate="false positive",
        ),
    ),
    "dependabot": Kind(
        "dismissed",
        "dismissed_reason",
        "dismissed_comment",
        _reasons(
            "fix_started,inaccurate,no_bandwidth,not_used,tolerable_risk",
            false_positive="inaccurate",
            wont_fix="tolerable_risk",
        )
        | {"won't fix": "tolerable_risk"},
    ),
    "secret-scanning": Kind(
        "resolved",
        "resolution",
        "resolution_comment",
        _reasons("false_positive,wont_fix,revoked,used_in_tests", inaccurate="false_positive")
        | {"won't fix": "wont_fix"},
    ),
}


async def update_alert(github: GitHub, call: Call[UpdateAlert]) -> Outcome:
    """Sets the state; an alert that has it already is left alone, with whoever's reason."""
    parameters = call.parameters
    repository, name, number = _parsed(github, parameters.alert)
    kind = KINDS[name]
    path = f"/repos/{repository}/{name}/alerts/{number}"
    lost: list[str] = []
    body = _body(github, kind, parameters, lost)
    alert = await github.get(path)
    state = str(alert.get("state")) if isinstance(alert, dict) else ""
    check_expected(call.expected, parameters.alert, {"status": state})
    if state == body["state"]:
        return Outcome({"state": state}, found=True)
    made = await github.write("PATCH", path, body)
    return Outcome({"state": str(made.get("state", body["state"]))}, lost=tuple(lost))


ENDINGS = ("dismissed", "resolved", "fixed", "auto_dismissed")
"""States that an alert is given with a time of their own, `dismissed_at` and so on."""


async def mirror_alert(github: GitHub, key: str, comments: bool) -> Mirrored:
    """An alert as sync sees it: its state alone. When it was closed GitHub tells; of an open one
    there is only the time of its last change of any kind."""
    del comments
    repository, name, number = _parsed(github, key)
    alert = as_object(await github.get(f"/repos/{repository}/{name}/alerts/{number}"))
    state = text_of(alert.get("state"))
    ended = moment(alert.get(f"{state}_at")) if state in ENDINGS else 0
    updated = max(moment(alert.get("updated_at")), moment(alert.get("created_at")))
    who, own = text_of(child(alert, f"{state}_by", "login")), await github.own_login()
    ours = who.casefold() == own.casefold() if ended and who and own else None
    seen = Seen(state, ended or updated, exact=ended > 0, ours=ours)
    return Mirrored(f"{name} {number}", text_of(alert.get("html_url")), {"status": seen})


def object_of(parameters: UpdateAlert) -> str:
    return parameters.alert.strip().casefold()


def _parsed(github: GitHub, text: str) -> tuple[str, str, str]:
    found = ALERT.fullmatch(text.strip())
    repository = (found and found["repository"]) or github.settings.repository
    if not found or not REPOSITORY.fullmatch(repository):
        raise GiveUp(
            f"{text[:100]!r} is no alert: expected code-scanning/7, dependabot/7 or "
            "secret-scanning/7, with owner/name/ before it for another repository"
        )
    return repository, found["kind"], found["number"]


def _body(github: GitHub, kind: Kind, parameters: UpdateAlert, lost: list[str]) -> dict[str, JSON]:
    state = parameters.state.strip().casefold()
    if state in OPEN:
        if parameters.reason:
            lost.append("the reason was left out: GitHub takes one with a dismissal only")
        if parameters.comment and kind.closed == "dismissed":
            lost.append("the comment was left out: GitHub takes one with a dismissal only")
            return {"state": "open"}
        return {"state": "open", **_comment(kind, parameters, github, lost)}
    if state not in CLOSED:
        known = ", ".join(sorted(OPEN | CLOSED))
        raise GiveUp(f"GitHub has no state {parameters.state!r} for an alert; it takes: {known}")
    reason = _reason(kind, parameters)
    return {
        "state": kind.closed,
        kind.reason_field: reason,
        **_comment(kind, parameters, github, lost),
    }


def _comment(
    kind: Kind, parameters: UpdateAlert, github: GitHub, lost: list[str]
) -> dict[str, JSON]:
    """The comment's field; empty where there is none."""
    words = cell_text(github, " ".join(tidy(parameters.comment or "").split()))
    if not words:
        return {}
    if length(words) > COMMENT_LIMIT:
        lost.append(f"the comment was cut to {COMMENT_LIMIT} characters")
    return {kind.comment_field: cut_words(words, COMMENT_LIMIT)}


def _reason(kind: Kind, parameters: UpdateAlert) -> str:
    given = (parameters.reason or "").strip().casefold().replace("_", " ")
    found = kind.reasons.get(given)
    if found is None:
        known = ", ".join(dict.fromkeys(kind.reasons.values()))
        what = f"no reason {parameters.reason!r}" if given else "a reason is missing"
        raise GiveUp(f"update_alert: {what}; GitHub takes here: {known}")
    return found
