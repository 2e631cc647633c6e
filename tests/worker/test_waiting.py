"""An event of which nothing runs says what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.cli.trail import trail_lines
from bridge.errors import GiveUp, TryAgain
from bridge.trail import read_trail
from tests.worker.conftest import FarSide, Route

HOLD = """
version: 1
rules:
  - name: keep-order
    on: scan.finished
    on_failure: hold
    then:
      - comment: {in: jira, ticket: SEC-1, body: first}
      - comment: {in: jira, ticket: SEC-1, body: second}
"""
LINKED = HOLD.replace("on_failure: hold", "when: link.ticket == 'x'")


async def trail(route: Route, event: str) -> dict[str, Any]:
    return await route.database.read(lambda tx: read_trail(tx, event))


async def test_event_whose_lane_is_held_names_the_dead_action(
    make_route: Callable[..., Route], far: FarSide
) -> None:
    route = make_route(HOLD)
    far.replies = [GiveUp("the ticket is gone")]
    first = await route.accept("1", {})
    second = await route.accept("2", {})
    await route.run()
    for event in (first, second):
        found = await trail(route, event)
        waits = found["waits_for"]
        assert (waits["event_id"], waits["state"], waits["holds_lane"]) == (first, "dead", True)
        (line,) = (one for one in trail_lines(found) if one.startswith("  waits"))
        assert line.endswith(
            f"the lane is held by comment of keep-order (dead) in {first}: the ticket is gone;"
            " replay that event once it is mended"
        )


async def test_event_behind_another_one_names_it_and_its_next_try(
    make_route: Callable[..., Route], far: FarSide
) -> None:
    route = make_route(HOLD)
    far.replies = [TryAgain("busy", after_seconds=60.0)]
    first = await route.accept("1", {})
    second = await route.accept("2", {})
    await route.run()
    found = await trail(route, first)
    assert found["waits_for"] is None  # nobody is before it; its own next try is told
    assert found["actions"][0]["next_try_at"].startswith("2026-11-18T11:07:4")
    found = await trail(route, second)
    waits = found["waits_for"]
    assert (waits["event_id"], waits["state"], waits["holds_lane"]) == (first, "waiting", False)
    assert any("behind comment of keep-order (waiting)" in one for one in trail_lines(found))


async def test_event_that_waits_to_be_asked_about_its_link_says_so(
    make_route: Callable[..., Route], far: FarSide
) -> None:
    route = make_route(HOLD)
    far.replies = [TryAgain("busy", after_seconds=60.0)]
    first = await route.accept("1", {})
    await route.run()
    second = await make_route(LINKED).accept("2", {})
    await make_route(LINKED).run()
    found = await trail(route, second)
    assert (found["actions"], found["waits_for"]["event_id"]) == ([], first)


async def test_event_that_is_done_waits_for_nothing(
    make_route: Callable[..., Route], far: FarSide
) -> None:
    route = make_route(HOLD)
    event = await route.accept("1", {})
    await route.run()
    found = await trail(route, event)
    assert found["waits_for"] is None
    assert {one["next_try_at"] for one in found["actions"]} == {None}
    assert len(far.calls) == 2
