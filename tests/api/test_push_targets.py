"""Cases pushed by the API into each system that takes them: once, and what changed ever after."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.sandbox.faults import read_faults
from tests.api.conftest import World, clock, sandbox, world

__all__ = ["clock", "sandbox", "world"]

ID = "b917f300-0ed9-11ed-bd18-65557fe66949"
INTEGRATIONS = """
  - {name: github, type: github, base_url: "BASE/github", auth: {token: made-up},
     repository: sandbox/shop}
  - {name: linear, type: linear, base_url: "BASE/linear", auth: {api_key: made-up}, team: ENG}
  - {name: thehive, type: thehive, base_url: "BASE/thehive", auth: {api_key: made-up}}
  - {name: kibana, type: kibana, base_url: "BASE/kibana", auth: {api_key: made-up}}
  - name: tracker
    type: cases-webhook
    base_url: "BASE/jira-dc/rest/api/2"
    headers: {Authorization: Bearer made-up}
    in_doubt: repeat
    create_incident_url: /issue
    create_incident_json: |
      {"fields": {"project": {"key": "SEC"}, "issuetype": {"name": "Bug"},
       "summary": {{{case.title}}}, "description": {{{case.description}}}}}
    get_incident_url: /issue/{{{external.system.id}}}
    get_incident_response_external_title_key: key
    view_incident_url: /issue/{{{external.system.title}}}
    update_incident_url: /issue/{{{external.system.id}}}
    update_incident_json: |
      {"fields": {"summary": {{{case.title}}}, "description": {{{case.description}}}}}
    create_comment_url: /issue/{{{external.system.id}}}/comment
    create_comment_method: post
    create_comment_json: '{"body": {{{case.comment}}}}'
"""


@pytest.fixture
def more_integrations() -> str:
    return INTEGRATIONS.replace("{", "{{").replace("}", "}}").replace("BASE", "{base}")


async def tell(world: World, kind: str, **change: Any) -> None:
    case = {"id": ID, "title": "Case title", "description": "Words.", "tags": ["tls"], **change}
    await world.event(f"case.{kind}", {"severity": "high", "status": "open", **case})


async def pushed(world: World, target: str) -> dict[str, Any]:
    path = f"/api/cases/{ID}/connector/{target}/_push"
    answer = await world.ask("POST", path, "operator", json={})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["external_service"])


def text_of(world: World, target: str) -> str:
    """Everything that the stand-in holds."""
    app = world.sandbox.app
    if target == "tracker":
        issues = app.states["jira-dc"].issues.values()
        made = [one for one in issues if one.key != "SEC-1"]
        assert len(made) == 1
        return str([(one.values, [str(c.body) for c in one.comments.values()]) for one in made])
    return str(app.neighbours[target].show())


@pytest.mark.parametrize("target", ["github", "linear", "thehive", "kibana", "tracker"])
async def test_case_is_there_once_and_follows(target: str, world: World) -> None:
    await tell(world, "created", comment={"id": "c-1", "body": "First of all."})
    world.sandbox.app.conditions.faults = read_faults({"lost-answer": "next:1"})
    if target == "tracker":  # which takes a repeat for another one
        world.sandbox.app.conditions.faults = read_faults({})
    first = await pushed(world, target)
    again = await pushed(world, target)
    assert again["external_id"] == first["external_id"]
    text = text_of(world, target)
    assert text.count("First of all.") == 1
    assert "'Case title'" in text
    await tell(world, "updated", title="Another title")
    await tell(world, "commented", title="Another title", comment={"id": "c-2", "body": "Second."})
    await pushed(world, target)
    text = text_of(world, target)
    assert (text.count("First of all."), text.count("Second.")) == (1, 1)
    assert "'Another title'" in text
    assert "'Case title'" not in text
    assert "memory" not in again
