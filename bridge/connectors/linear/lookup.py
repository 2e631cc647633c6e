"""Names of rules as Linear's ids: teams, people, labels, priorities."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.linear.client import Linear
from bridge.connectors.prose import label_texts
from bridge.errors import GiveUp
from bridge.event import JSON

TEAM = """\
query Team($name: String!) {
  teams(first: 5, filter: {or: [{key: {eqIgnoreCase: $name}}, {name: {eqIgnoreCase: $name}}]}) {
    nodes { id key name }
  }
}"""
PEOPLE = """\
query People($who: String!) {
  users(first: 5, filter: {or: [{email: {eqIgnoreCase: $who}}, {name: {eqIgnoreCase: $who}},
      {displayName: {eqIgnoreCase: $who}}]}) {
    nodes { id name email }
  }
}"""
LABELS = """\
query Labels($names: [String!]!, $team: ID!) {
  issueLabels(first: 250, filter: {name: {in: $names},
      or: [{team: {null: true}}, {team: {id: {eq: $team}}}]}) {
    nodes { id name }
  }
}"""
MAKE_LABEL = """\
mutation MakeLabel($input: IssueLabelCreateInput!) {
  issueLabelCreate(input: $input) { success issueLabel { id name } }
}"""

PRIORITIES = {
    "none": 0, "no priority": 0,
    "urgent": 1, "critical": 1, "highest": 1, "blocker": 1,
    "high": 2, "major": 2,
    "medium": 3, "normal": 3,
    "low": 4, "lowest": 4, "minor": 4, "trivial": 4,
}  # fmt: skip
"""Linear's five numbers by its own names, and by those that others use."""
LABEL_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Team:
    id: str
    key: str


async def find_team(linear: Linear, name: str | None) -> Team:
    """The team of this key or name. Raises GiveUp for none or several."""
    wanted = name or linear.settings.team
    if not wanted:
        raise GiveUp("no team: neither the rule's `project` nor the integration names one")
    found = [as_object(one) for one in _nodes(await linear.ask(TEAM, name=wanted), "teams")]
    by_key = [one for one in found if str(one.get("key")).casefold() == wanted.casefold()]
    chosen = by_key or found
    if len(chosen) != 1:
        raise GiveUp(f"{wanted!r} fits {len(chosen)} teams of Linear; name one by its key")
    return Team(str(chosen[0]["id"]), str(chosen[0]["key"]))


async def find_person(linear: Linear, who: str) -> str:
    """The id of the user with this e-mail address or name. Raises GiveUp for none or several."""
    found = _nodes(await linear.ask(PEOPLE, who=who), "users")
    if len(found) != 1:
        raise GiveUp(f"assignee {who!r} fits {len(found)} people; name one by e-mail address")
    return str(as_object(found[0])["id"])


async def label_ids(linear: Linear, team: str, names: list[str], lost: list[str]) -> list[JSON]:
    """The ids of labels; one that is missing is made where the settings let us."""
    wanted = label_texts(names, LABEL_LIMIT)
    if not wanted:
        return []
    known = await _known(linear, team, wanted)
    for name in wanted:
        if name not in known and linear.settings.make_labels:
            known |= await _make(linear, team, name)
    if missing := [name for name in wanted if name not in known]:
        lost.append(f"the labels {', '.join(missing)} were left out: the team has none such")
    return [known[name] for name in wanted if name in known]


async def _known(linear: Linear, team: str, names: list[str]) -> dict[str, str]:
    asked: list[JSON] = [*names]
    found = _nodes(await linear.ask(LABELS, names=asked, team=team), "issueLabels")
    return {str(child(one, "name")): str(child(one, "id")) for one in found}


async def _make(linear: Linear, team: str, name: str) -> dict[str, str]:
    """A new label; where it was refused, somebody may have made it in this moment."""
    wanted: JSON = {"name": name, "teamId": team}
    try:
        made = await linear.change(MAKE_LABEL, input=wanted)
    except GiveUp as error:
        if error.status == 401:
            raise
        return await _known(linear, team, [name])
    return {name: str(child(made, "issueLabelCreate", "issueLabel", "id"))}


def priority_number(name: str) -> int:
    number = PRIORITIES.get(name.strip().casefold())
    if number is None and name.strip() in ("0", "1", "2", "3", "4"):
        return int(name)
    if number is None:
        raise GiveUp(f"Linear has no priority {name!r}; it takes: urgent, high, medium, low, none")
    return number


def _nodes(data: dict[str, JSON], name: str) -> list[JSON]:
    return as_list(child(data, name, "nodes"))
