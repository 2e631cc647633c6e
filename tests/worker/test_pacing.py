"""Only what another system limits waits, and a system that is down is left alone."""

from __future__ import annotations

from collections.abc import Callable

from bridge.action import ActionState
from bridge.breaker import FAILURES, FIRST_OPEN_MS, Breaker, BreakerState
from bridge.errors import TryAgain
from bridge.pace import Pace
from tests.worker.conftest import FarSide, Route
from tests.worker.test_worker import SCAN

Make = Callable[..., Route]

TWO_ISSUES = """
version: 1
rules:
  - name: note
    on: scan.finished
    then: [{comment: {ticket: "${{ data.scan_id }}", body: b}}]
"""


async def send(route: Route, lane: str, ticket: str) -> str:
    return await route.accept(lane, {**SCAN, "scan_id": ticket}, subject=lane)


async def test_limit_on_one_issue_lets_the_others_go_on(make_route: Make, far: FarSide) -> None:
    far.replies = [TryAgain("429", after_seconds=60, status=429, scope="object")]
    route = make_route(TWO_ISSUES)
    first = await send(route, "a", "SEC-1")
    await route.run()
    same = await send(route, "b", "SEC-1")
    other = await send(route, "c", "SEC-2")
    await route.run()
    assert [call.parameters.ticket for call in far.calls] == ["SEC-1", "SEC-2"]
    assert (await route.state(other))[0] == "done"
    route.clock.advance(62_000)
    await route.run()
    assert (await route.state(first))[0] == (await route.state(same))[0] == "done"


async def test_limit_on_the_site_lets_everything_wait_without_using_up_tries(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [TryAgain("429", after_seconds=60, status=429, scope="site")]
    route = make_route(TWO_ISSUES)
    await send(route, "a", "SEC-1")
    await route.run()
    other = await send(route, "b", "SEC-2")
    await route.run()
    (action,) = await route.actions(other)
    assert (action.state, action.attempts) == (ActionState.WAITING, 0)
    assert action.reason == "jira asked for a pause"
    assert len(far.calls) == 1


async def test_breaker_opens_after_failures_and_its_probe_closes_it(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [TryAgain("503", status=503) for _ in range(FAILURES)]
    route = make_route(TWO_ISSUES)
    events = [await send(route, f"lane-{n}", f"SEC-{n}") for n in range(FAILURES + 4)]
    await route.run()
    assert len(far.calls) == FAILURES
    assert list(route.pacing.states().values()) == [BreakerState.OPEN]
    route.clock.advance(FIRST_OPEN_MS + 10_000)
    await route.run()
    route.clock.advance(60_000)
    await route.run()
    assert [(await route.state(event))[0] for event in events] == ["done"] * len(events)
    assert route.pacing.states() == {}


def test_failed_probe_opens_the_breaker_for_twice_as_long() -> None:
    breaker = Breaker()
    assert [breaker.failed(0) for _ in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    assert breaker.wait_ms(0) == FIRST_OPEN_MS
    now = FIRST_OPEN_MS
    assert breaker.wait_ms(now) == 0
    assert breaker.wait_ms(now) > 0
    assert breaker.failed(now)
    assert breaker.wait_ms(now) == 2 * FIRST_OPEN_MS


def test_writes_to_one_object_keep_every_window() -> None:
    pace = Pace()
    key, windows = ("t", "jira", "object:SEC-1"), ((2, 1_000), (3, 10_000))
    assert [pace.take(key, windows, at) for at in (0, 1, 2)] == [0, 0, 1_000]
    assert pace.take(key, windows, 1_000) == 0
    assert pace.take(key, windows, 2_500) == 10_000
    assert pace.take(("t", "jira", "object:SEC-2"), windows, 2_500) == 0


async def test_writes_to_one_issue_are_counted_before_they_are_made(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(TWO_ISSUES, windows=((2, 2_000),))
    for number in range(5):
        await send(route, f"lane-{number}", "SEC-1")
    await route.run()
    assert len(far.calls) == 2
    route.clock.advance(2_000)
    await route.run()
    assert len(far.calls) == 4
