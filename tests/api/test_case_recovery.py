"""Document 004, pushed to a Kibana whose answers get lost and whose search lags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bridge.access.role import Role
from bridge.casework import Casework
from bridge.direct import Direct
from bridge.errors import PushFailed
from bridge.principal import Principal
from tests.api.conftest import World
from tests.api.test_cases import ID, note, push, tell
from tests.api.test_described_pushes import KIBANA
from tests.connectors.conftest import set_faults


@pytest.fixture
def more_integrations() -> str:
    return KIBANA


@pytest.fixture
async def cased(world: World) -> World:
    """A world with a Kibana beside the Jira, and one case with one comment."""
    await tell(world, comments=[note(1)])
    return world


WHO = Principal("key_1", "default", Role.OPERATOR, "operator", 1, "operator", "")


def casework(world: World, sleep: Callable[[float], Awaitable[None]]) -> Casework:
    """The API's own, with waiting that takes no time."""
    parts = world.parts
    direct = Direct(parts.database, world.clock, parts.engine.caller)
    return Casework(parts.database, world.clock, parts.registry, direct, sleep)


def cases(world: World) -> list[Any]:
    return list(world.sandbox.app.neighbours["kibana"].state.cases.values())


@pytest.mark.parametrize("answers", ["next:1", "next:2", "every:2"])
async def test_what_was_made_is_found_inside_the_request(cased: World, answers: str) -> None:
    set_faults(cased.sandbox, lost_answer=answers)
    answer = await push(cased, connector="kibana")
    assert answer.status_code == 200, answer.text
    (case,) = cases(cased)
    assert answer.json()["external_service"]["external_id"] == case.id
    assert len(case.comments) == 1


async def test_a_search_that_lags_is_waited_for_inside_the_request(cased: World) -> None:
    """By the clock of the tests; the index has caught up when the wait is over."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        cased.clock.advance(int(seconds * 1000))
        set_faults(cased.sandbox)

    set_faults(cased.sandbox, lost_answer="next:1", index_lag="600")
    known = await casework(cased, sleep).push(WHO, ID, "kibana", "", "req_1")
    assert waited == [3.0]
    (case,) = cases(cased)
    assert known.service is not None
    assert known.service["external_id"] == case.id


async def test_where_it_takes_too_long_the_next_push_finds_it(cased: World) -> None:
    async def sleep(seconds: float) -> None:
        del seconds

    set_faults(cased.sandbox, lost_answer="on", index_lag="600")
    with pytest.raises(PushFailed, match="search has to catch up"):
        await casework(cased, sleep).push(WHO, ID, "kibana", "", "req_1")
    set_faults(cased.sandbox)
    cased.clock.advance(60_000)
    again = await push(cased, connector="kibana")
    assert again.status_code == 200, again.text
    (case,) = cases(cased)
    assert len(case.comments) == 1
