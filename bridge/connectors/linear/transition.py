"""transition: to a workflow state of the issue's team, by its name."""

from __future__ import annotations

from datetime import datetime

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.linear.client import Linear, ticket_key
from bridge.connectors.linear.comments import add_comment
from bridge.connectors.linear.edit import set_fields
from bridge.connectors.linear.texts import body_text
from bridge.connectors.mirror import check_expected
from bridge.connectors.parameters import Transition
from bridge.errors import GiveUp
from bridge.event import JSON

STATES = """\
query StatesOfIssue($id: String!) {
  issue(id: $id) {
    id
    state { id name type }
    team { id states(first: 100) { nodes { id name type position } } }
  }
}"""
HISTORY = """\
query HistoryOfIssue($id: String!) {
  issue(id: $id) {
    id
    history(first: 100) { nodes { createdAt toState { id } } }
  }
}"""
TYPES = {
    "to do": "unstarted", "open": "unstarted", "reopened": "unstarted",
    "in progress": "started",
    "done": "completed", "closed": "completed", "resolved": "completed",
    "cancelled": "canceled", "won't do": "canceled", "won't fix": "canceled",
}  # fmt: skip
"""Usual names, for teams whose states have other ones: the first state of that type is meant."""


async def transition(linear: Linear, call: Call[Transition]) -> Outcome:
    """Nothing to do where the issue is there already, or where it was after the intention: then
    an earlier try or a person has moved it, and somebody has moved it on since.
    """
    parameters = call.parameters
    key = ticket_key(parameters.ticket)
    issue = as_object((await linear.ask(STATES, id=key)).get("issue"))
    state = as_object(issue.get("state"))
    states = [as_object(one) for one in as_list(child(issue, "team", "states", "nodes"))]
    check_expected(call.expected, key, {"status": str(state.get("name"))})
    target = _choose(parameters.to, state, states)
    there = target["id"] == state.get("id")
    was = not there and call.may_exist and await _was_there(linear, key, str(target["id"]), call)
    now = str(state.get("name"))
    if not there and not was:
        await set_fields(linear, key, {"stateId": target["id"], **(parameters.fields or {})})
        now = str(target["name"])
    lost: tuple[str, ...] = ()
    if parameters.comment:
        words = body_text(parameters.comment, parameters.format)
        lost = words.lost
        if words.text.strip():
            may_exist = call.may_exist
            await add_comment(linear, key, words.text, call.mark, may_exist=may_exist)
    return Outcome({"status": now}, found=there or was, lost=lost)


def _choose(wanted: str, state: dict[str, JSON], states: list[dict[str, JSON]]) -> dict[str, JSON]:
    """By the name; by the type of a usual name, where the issue may be in one of it already."""
    name = wanted.strip().casefold()
    for one in states:
        if str(one.get("name")).casefold() == name:
            return one
    kind = TYPES.get(name, name)
    if state.get("type") == kind:
        return state
    of_type = [one for one in states if one.get("type") == kind]
    if of_type:
        return min(of_type, key=lambda one: float(str(one.get("position") or 0)))
    known = ", ".join(str(one.get("name")) for one in states)
    raise GiveUp(f"the team has no state {wanted!r}; there are: {known}")


async def _was_there(linear: Linear, key: str, state: str, call: Call[Transition]) -> bool:
    """Whether the issue came into this state since the intention, by its history."""
    found = as_object((await linear.ask(HISTORY, id=key)).get("issue"))
    for one in as_list(child(found, "history", "nodes")):
        at = datetime.fromisoformat(str(child(one, "createdAt"))).timestamp() * 1000
        if child(one, "toState", "id") == state and at >= call.intended_at:
            return True
    return False
