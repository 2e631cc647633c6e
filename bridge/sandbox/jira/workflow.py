"""The workflow of every sandbox project, and the screens of its transitions.

To Do, In Progress, Done, and Reopened for what comes back from Done.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer, as_object
from bridge.sandbox.jira.changes import carry_out, read_wish
from bridge.sandbox.jira.screens import field_meta
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Issue, Values
from bridge.sandbox.jira.world import (
    DONE,
    FIELDS,
    IN_PROGRESS,
    REOPENED,
    RESOLVED,
    TO_DO,
    Status,
)


@dataclass(frozen=True, slots=True)
class Transition:
    """sources: the statuses it leaves from. fields: those of its screen, none without a screen."""

    id: str
    name: str
    to: Status
    sources: tuple[Status, ...]
    fields: tuple[str, ...] = ()


TRANSITIONS = (
    Transition("11", "Start Progress", IN_PROGRESS, (TO_DO, REOPENED)),
    Transition("21", "Stop Progress", TO_DO, (IN_PROGRESS,)),
    Transition(
        "31", "Done", DONE, (TO_DO, IN_PROGRESS, REOPENED), ("resolution", "assignee", "labels")
    ),
    Transition("41", "Reopen", REOPENED, (DONE,)),
)


def _available(issue: Issue) -> list[Transition]:
    status = issue.values["status"]
    return [t for t in TRANSITIONS if any(source.id == status for source in t.sources)]


def _screen(call: Call, transition: Transition) -> tuple[dict[str, bool], str]:
    """The fields of the screen with whether each is demanded, and the demanded one."""
    demanded = call.site.conditions.faults.required_transition_field
    if transition.to is not DONE:
        demanded = ""
    names = dict.fromkeys(transition.fields, False)
    if demanded:
        names[demanded] = True
    return names, demanded


def show_transition(call: Call, transition: Transition, with_fields: bool) -> JSON:
    names, _ = _screen(call, transition)
    shown: dict[str, JSON] = {
        "id": transition.id,
        "name": transition.name,
        "to": call.view.status(transition.to),
    }
    if call.site.cloud:
        shown |= {
            "hasScreen": bool(names),
            "isGlobal": False,
            "isInitial": False,
            "isAvailable": True,
            "isConditional": False,
            "isLooped": False,
        }
    if with_fields:
        shown["fields"] = {
            name: field_meta(call.view, FIELDS[name], required) for name, required in names.items()
        }
    return shown


def transitions_of(call: Call, issue: Issue, with_fields: bool) -> list[JSON]:
    return [show_transition(call, entry, with_fields) for entry in _available(issue)]


def list_transitions(call: Call) -> Answer:
    issue = call.issue()
    with_fields = "transitions.fields" in call.request.words("expand")
    found = transitions_of(call, issue, with_fields)
    wanted = call.request.option("transitionId")
    if wanted:
        found = [entry for entry in found if as_object(entry).get("id") == wanted]
    return answer({"expand": "transitions", "transitions": found})


def make_transition(call: Call) -> Answer:
    """204, or 400 when the transition does not exist here or its screen is not satisfied."""
    issue = call.issue()
    body = call.request.object()
    wanted = str(as_object(body.get("transition")).get("id", ""))
    if not wanted:
        raise Declined(400, "Missing 'transition' identifier")
    transition = next((t for t in _available(issue) if t.id == wanted), None)
    if transition is None:
        raise Declined(
            400,
            "It seems that you have tried to perform an illegal workflow operation: "
            f"transition {wanted[:20]} is not valid for the current status.",
        )
    names, demanded = _screen(call, transition)
    wish = read_wish(call, body, issue)
    if demanded and wish.fields.get(demanded) in (None, "", [], {}):
        raise Declined(400, errors={demanded: f"{FIELDS[demanded].name} is required."})
    carry_out(call, issue, wish, names, _consequences(call, transition, wish.fields))
    return NO_CONTENT


def _consequences(call: Call, transition: Transition, sent: dict[str, JSON]) -> Values:
    """What the workflow sets by itself: the status, and the resolution on the way in and out."""
    values: Values = {"status": transition.to.id}
    if transition.to is DONE:
        values["resolutiondate"] = call.now
        if "resolution" not in sent:
            values["resolution"] = RESOLVED.id
    elif DONE in transition.sources:
        values["resolution"] = values["resolutiondate"] = None
    return values
