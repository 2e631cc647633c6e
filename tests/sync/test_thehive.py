"""An issue in Jira and a case in TheHive are kept alike, in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.action import Call
from bridge.calling import AnyCall
from bridge.connectors.mirror import Moved
from bridge.connectors.parameters import Transition, UpdateTicket
from bridge.event import JSON
from bridge.store.sync_fields import held_fields
from tests.sync.world import World, open_world

ANNA = "5b0000000000000000000002"
RULES = """
version: 1
sync:
  - name: issue-and-case
    left: {in: jira, kind: issue}
    right: {in: thehive, kind: case}
    fields:
      status:
        to_right: {To Do: New, Reopened: New, In Progress: InProgress, Done: TruePositive}
        to_left: {New: [To Do, Reopened], InProgress: In Progress, TruePositive: Done, Other: Done}
      priority:
        to_right: {Lowest: low, Low: low, Medium: medium, High: high, Highest: critical}
        to_left: {low: Low, medium: Medium, high: High, critical: Highest}
      assignee:
        to_right: {"5b0000000000000000000002": anna@sandbox.example}
        to_left: {anna@sandbox.example: "5b0000000000000000000002"}
      summary: {}
      comments: {}
"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, rules=RULES) as world:
        yield world


async def pair(world: World) -> tuple[str, str]:
    key = await world.issue()
    body: JSON = {"title": "Weak key", "description": "d", "severity": 1}
    made = await world.person("POST", "/thehive/api/v1/case", body)
    await world.tie("case", made["_id"], f"thehive/{made['_id']}", "jira", key)
    await world.settle()
    return key, str(made["_id"])


async def case(world: World, case_id: str) -> Any:
    return await world.person("GET", f"/thehive/api/v1/case/{case_id}")


async def change(world: World, case_id: str, fields: JSON) -> None:
    await world.person("PATCH", f"/thehive/api/v1/case/{case_id}", fields)


async def states(world: World, source: str, kind: str) -> set[str]:
    sql = "SELECT state FROM events WHERE source = ? AND type = ?"
    return {row[0] for row in await world.rows(sql, source, kind)}


async def test_change_in_jira_is_carried_to_the_case_and_comes_back_as_an_echo(
    world: World,
) -> None:
    key, case_id = await pair(world)
    await world.move(key, "Done")
    fields: JSON = {
        "summary": "Worse", "priority": {"name": "High"}, "assignee": {"accountId": ANNA},
    }  # fmt: skip
    await world.edit(key, fields)
    await world.settle()
    found = await case(world, case_id)
    assert (found["status"], found["severity"], found["title"], found["assignee"]) == (
        "TruePositive", 3, "Worse", "anna@sandbox.example",
    )  # fmt: skip
    assert await states(world, "thehive", "case.closed") == {"echo"}
    assert await states(world, "thehive", "case.updated") == {"echo"}


async def test_change_of_the_case_is_carried_to_jira(world: World) -> None:
    key, case_id = await pair(world)
    await change(world, case_id, {"status": "InProgress", "severity": 4, "title": "Worse"})
    await world.settle()
    assert await world.jira(key) == {
        "status": "In Progress", "priority": "Highest", "summary": "Worse",
    }  # fmt: skip
    assert await states(world, "jira", "issue.updated") == {"echo"}


async def test_edit_of_the_case_is_refused_where_somebody_was_faster(world: World) -> None:
    _, case_id = await pair(world)
    await change(world, case_id, {"title": "Theirs", "status": "InProgress"})
    integration = world.parts.engine.registry.get(("default", "thehive"))
    assert integration is not None
    for name, parameters, expected in (
        ("update_ticket", UpdateTicket(ticket=case_id, summary="Ours"), {"summary": "Weak key"}),
        ("transition", Transition(ticket=case_id, to="TruePositive"), {"status": "New"}),
    ):
        offered = integration.connector.action(name)
        assert offered is not None
        call: AnyCall = Call(
            name, parameters, "a" * 24, False, 1, 0, 0, "evt", "issue-and-case", expected
        )
        with pytest.raises(Moved):
            await world.parts.engine.caller.carry_out(integration, offered, call)
    found = await case(world, case_id)
    assert (found["title"], found["status"]) == ("Theirs", "InProgress")


async def test_comments_go_both_ways_once(world: World) -> None:
    key, case_id = await pair(world)
    await world.remark(key, "Seen in Jira.")
    path = f"/thehive/api/v1/case/{case_id}/comment"
    await world.person("POST", path, {"message": "Seen in TheHive."})
    await world.settle()
    bodies = sorted(text.split("\n")[0] for text in await world.remarks(key))
    assert bodies == ["Seen in Jira.", "Seen in TheHive."]
    integration = world.parts.engine.registry.get(("default", "thehive"))
    assert integration is not None
    there = await integration.connector.mirrors["case"](integration.client, case_id, True)
    assert sorted(one.body.split("\n")[0] for one in there.comments) == bodies


async def test_conflict_is_held_since_thehive_gives_no_times(world: World) -> None:
    key, case_id = await pair(world)
    await change(world, case_id, {"title": "Theirs"})
    await world.edit(key, {"summary": "Ours"})
    await world.settle()
    (held,) = await world.parts.database.read(held_fields)
    assert (held.field, held.held_left, held.held_right) == ("summary", "Ours", "Theirs")
    assert (await case(world, case_id))["title"] == "Theirs"
    assert (await world.jira(key))["summary"] == "Ours"
