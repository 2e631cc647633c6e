"""An issue in Jira and a case in Kibana are kept alike, in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sync.world import World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as world:
        yield world


async def test_change_on_either_side_is_carried_to_the_other_once(world: World) -> None:
    key, case_id = await world.pair()
    await world.settle()
    assert await world.move(key, "In Progress")
    await world.settle()
    assert (await world.kibana(case_id))["status"] == "in-progress"
    await world.change(case_id, {"status": "closed", "severity": "high", "title": "Worse"})
    await world.settle()
    assert await world.jira(key) == {"status": "Done", "priority": "High", "summary": "Worse"}
    states = [row[0] for row in await world.rows("SELECT state FROM events ORDER BY seq")]
    assert states.count("echo") == 3, states
    assert not [one for one in states if one not in ("done", "echo", "ignored")]
