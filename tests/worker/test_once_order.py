"""Runs that wait for one another's value of `once_per`, in one lane and across, after replays."""

from __future__ import annotations

from collections.abc import Callable

from bridge.errors import GiveUp, TryAgain
from bridge.store.links import LinkState, find_once
from bridge.store.replay import replay_event
from tests.worker.conftest import FarSide, Route

ONCE = """
version: 1
rules:
  - name: once
    on: scan.finished
    once_per: data.value
    then:
      - create_ticket: {in: jira, summary: "${{ data.value }}"}
      - log: {message: done}
"""
NOTHING = ONCE.replace("on: scan.finished", "on: scan.finished\n    when: data.value == ''")


async def replay(route: Route, event: str) -> None:
    await route.database.write(lambda tx: replay_event(tx, event, route.clock()))


async def settle(route: Route) -> None:
    """Runs until nothing is due any more, however often something asks to be looked at again."""
    for _ in range(20):
        await route.run()
        route.clock.advance(3_000)


async def test_replayed_run_does_not_wait_for_one_behind_it_in_its_own_lane(
    make_route: Callable[..., Route], far: FarSide
) -> None:
    route = make_route(ONCE)
    far.replies = [GiveUp("no"), TryAgain("later", after_seconds=60.0)]
    first = await route.accept("1", {"value": "x"})
    await route.run()
    second = await route.accept("2", {"value": "x"})
    await route.run()  # takes the value over, and is to be tried again in a minute
    await replay(route, first)
    route.clock.advance(60_000)
    await settle(route)
    assert (await route.state(first), await route.state(second)) == (("done", ""), ("done", ""))
    assert far.names.count("create_ticket") == 3
    assert all(call.may_exist for call in far.calls[1:])  # each after the first looks for its mark


async def test_lanes_do_not_wait_for_values_owned_behind_each_others_head(
    make_route: Callable[..., Route], far: FarSide
) -> None:
    before, route = make_route(NOTHING), make_route(ONCE)
    heads = [
        await before.accept("1", {"value": "x"}, subject="a"),
        await before.accept("2", {"value": "y"}, subject="b"),
    ]
    await before.run()  # no rule is for them yet
    behind = [
        await route.accept("3", {"value": "y"}, subject="a"),
        await route.accept("4", {"value": "x"}, subject="b"),
    ]
    await route.worker.match()
    for event in heads:
        await replay(route, event)
    await settle(route)
    assert [(await route.state(event))[0] for event in (*heads, *behind)] == ["done"] * 4
    assert [call.parameters.summary for call in far.calls if call.name == "create_ticket"] == [
        "x", "y",
    ]  # fmt: skip


async def test_begun_run_is_not_overtaken_by_a_replayed_one(
    make_route: Callable[..., Route], far: FarSide
) -> None:
    route = make_route(ONCE)
    far.replies = [GiveUp("no"), GiveUp("no")]
    heads = [
        await route.accept("1", {"value": "x"}, subject="a"),
        await route.accept("2", {"value": "y"}, subject="b"),
    ]
    await route.run()
    far.replies = [TryAgain("later", after_seconds=60.0) for _ in range(2)]
    behind = [
        await route.accept("3", {"value": "y"}, subject="a"),
        await route.accept("4", {"value": "x"}, subject="b"),
    ]
    await route.run()  # both have begun with what the other lane's head is for
    for event in heads:
        await replay(route, event)
    route.clock.advance(60_000)
    await settle(route)
    assert [(await route.state(event))[0] for event in (*heads, *behind)] == ["done"] * 4


async def test_value_belongs_to_the_run_whose_turn_came_first(
    make_route: Callable[..., Route], far: FarSide
) -> None:
    route = make_route(ONCE)
    first = await route.accept("1", {"value": "x"}, subject="a")
    await route.worker.match()
    planned = await route.database.read(lambda tx: find_once(tx, "default", "once", "x"))
    assert planned is not None
    assert planned.state is LinkState.PLANNED
    await route.run()
    done = await route.database.read(lambda tx: find_once(tx, "default", "once", "x"))
    assert done is not None
    assert (done.state, done.event_id) == (LinkState.DONE, first)
    assert [call.may_exist for call in far.calls] == [False, False]
