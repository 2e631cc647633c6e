"""What `bridge doctor` finds out about a Linear integration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.connectors.answers import as_list, child
from bridge.connectors.contract import Finding
from bridge.connectors.linear.client import Linear
from bridge.connectors.linear.lookup import find_team
from bridge.errors import ConnectorError

WHO = """\
query Who {
  viewer { id name }
  organization { id name urlKey }
}"""
STATES = """\
query StatesOfTeam($id: String!) {
  team(id: $id) { id states(first: 100) { nodes { id name } } }
}"""


async def check(linear: Linear) -> tuple[Finding, ...]:
    """Credentials first; without them nothing else is asked."""
    findings = [await _finding("credentials", _credentials, linear)]
    if findings[0].ok and linear.settings.team:
        findings.append(await _finding("project", _team, linear))
    elif findings[0].ok:
        findings.append(Finding("project", True, "no default team; rules name theirs"))
    return tuple(findings)


async def _finding(
    what: str, look: Callable[[Linear], Awaitable[Finding]], linear: Linear
) -> Finding:
    try:
        return await look(linear)
    except ConnectorError as error:
        hints = {401: "check auth", 403: "check auth", 404: "check base_url"}
        return Finding(what, False, error.reason, hints.get(error.status or 0, ""))


async def _credentials(linear: Linear) -> Finding:
    found = await linear.ask(WHO)
    name, place = child(found, "viewer", "name"), child(found, "organization", "name")
    return Finding("credentials", True, f"signed in as {name} of {place}")


async def _team(linear: Linear) -> Finding:
    team = await find_team(linear, None)
    found = await linear.ask(STATES, id=team.id)
    names = [str(child(one, "name")) for one in as_list(child(found, "team", "states", "nodes"))]
    return Finding("project", True, f"team {team.key}, with the states {', '.join(names)}")
