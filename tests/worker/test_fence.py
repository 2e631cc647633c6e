"""A process that stood still for longer than its leases changes nothing outside any more."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from bridge.connectors.ask import Ask
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.errors import LeaseLost, TryAgain
from bridge.fence import Fence
from bridge.store.lanes import Lease, claim_lanes
from bridge.store.waiting import read_waiting
from tests.engines import new_database
from tests.store.conftest import MovableClock
from tests.worker.conftest import Route
from tests.worker.test_worker import LOG, SCAN

Make = Callable[..., Route]


class Seconds:
    """A monotonic clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def store_url(postgres_server: str) -> str:
    return await new_database(postgres_server)


def test_fence_is_open_where_there_are_no_leases() -> None:
    fence = Fence(Seconds())
    fence.begin()
    assert fence.holds()


def test_nothing_may_be_changed_in_the_last_part_of_a_lease_and_after_it() -> None:
    seconds = Seconds()
    fence = Fence(seconds)
    fence.renewed(seconds(), 30)
    fence.begin()
    seconds.now += 23
    assert fence.holds()
    seconds.now += 2
    assert not fence.holds()


def test_what_began_before_a_gap_in_the_leases_stays_refused_after_their_renewal() -> None:
    seconds = Seconds()
    fence = Fence(seconds)
    fence.renewed(seconds(), 30)
    fence.begin()
    seconds.now += 60
    fence.renewed(seconds(), 30)
    assert not fence.holds()
    fence.begin()
    assert fence.holds()


def test_renewal_in_time_leaves_what_is_under_way_alone() -> None:
    seconds = Seconds()
    fence = Fence(seconds)
    for _ in range(5):
        fence.renewed(seconds(), 30)
        fence.begin()
        seconds.now += 10
    assert fence.holds()


async def test_request_that_changes_something_is_not_sent_without_the_leases() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        return httpx.Response(200, json={})

    http = HttpClient(MovableClock(), httpx.MockTransport(answer), lambda: False)
    url, redactor = "https://jira.example.com/x", Redactor(())
    await http.send(Ask("GET", url, changes=False), redactor)
    with pytest.raises(TryAgain, match="stood still") as caught:
        await http.send(Ask("POST", url), redactor)
    assert not caught.value.may_have_happened
    assert sent == ["GET"]


async def test_lane_that_was_taken_over_while_it_waited_in_line_is_not_run(
    make_route: Make,
) -> None:
    route = make_route(LOG)
    await route.accept("k1", SCAN)
    await route.worker.match()
    now = route.clock()
    await route.database.write(lambda tx: claim_lanes(tx, now, 10, Lease("wrk_a", -1)))
    await route.database.write(lambda tx: claim_lanes(tx, now, 10, Lease("wrk_b", 9_999)))
    lane = ("default", "scan-1")
    with pytest.raises(LeaseLost):
        await route.database.read(lambda tx: read_waiting(tx, lane, "wrk_a", 9))
    assert len(await route.database.read(lambda tx: read_waiting(tx, lane, "wrk_b", 9))) == 1
