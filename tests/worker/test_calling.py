"""Calls to one object: alone, or several in one write."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.action import Call
from bridge.calling import Caller, Integration
from bridge.connectors.contract import Action
from bridge.connectors.parameters import AppendTable
from bridge.connectors.shapes import BY_NAME
from bridge.errors import TryAgain
from bridge.store.transaction import Database
from tests.store.conftest import MovableClock
from tests.worker.conftest import FarSide, far_connector


@dataclass
class Door:
    """Holds the first call at the far side until the test opens it."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, call: Any) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.opened.wait()


def table_call(number: int) -> Call[Any]:
    parameters = AppendTable(ticket="SEC-1", columns=["Scan"], row=[f"s{number}"])
    return Call("append_table", parameters, f"mark-{number}", False, 1, 0, 0, "evt_1", "r")


def offered(integration: Integration) -> Action:
    found = integration.connector.action("append_table")
    assert found is not None
    assert found.shape is BY_NAME["append_table"]
    return found


async def start_six(
    caller: Caller, integration: Integration, door: Door
) -> list[asyncio.Task[Any]]:
    """One call that is under way, and five that have queued up behind it."""
    action = offered(integration)
    tasks = [asyncio.create_task(caller.carry_out(integration, action, table_call(0)))]
    await door.reached.wait()
    tasks += [
        asyncio.create_task(caller.carry_out(integration, action, table_call(number)))
        for number in range(1, 6)
    ]
    for _ in range(5):  # turns of the loop, in which the tasks come to their queue
        await asyncio.sleep(0)
    return tasks


@pytest.fixture
def integration(far: FarSide) -> Integration:
    return Integration("jira", "default", far_connector(far), far)


async def test_calls_that_wait_for_one_issue_become_one_write(
    database: Database, clock: MovableClock, far: FarSide, integration: Integration
) -> None:
    door = Door()
    far.before = door
    caller = Caller(database, clock)
    tasks = await start_six(caller, integration, door)
    door.opened.set()
    await asyncio.gather(*tasks)
    assert sorted(call.parameters.row[0] for call in far.calls) == [f"s{n}" for n in range(6)]
    if database.single_process:  # several nodes ask the store first, which takes turns of its own
        assert far.together == [5]
    assert len(caller.locks) == 0


async def test_failure_of_a_common_write_is_told_to_each(
    database: Database, clock: MovableClock, far: FarSide, integration: Integration
) -> None:
    door = Door()
    far.before = door
    caller = Caller(database, clock)
    tasks = await start_six(caller, integration, door)
    far.replies = [TryAgain("503", status=503) for _ in range(6)]
    door.opened.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, TryAgain) for result in results] == [True] * 6


async def test_leader_that_is_cancelled_leaves_nobody_waiting(
    database: Database, clock: MovableClock, far: FarSide, integration: Integration
) -> None:
    door = Door()
    far.before = door
    caller = Caller(database, clock)
    first, leader, *others = await start_six(caller, integration, door)
    leader.cancel()
    door.opened.set()
    results = await asyncio.gather(first, leader, *others, return_exceptions=True)
    assert isinstance(results[1], asyncio.CancelledError)
    assert all(isinstance(result, TryAgain) for result in results[2:])
