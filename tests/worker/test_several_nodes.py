"""Several processes on one PostgreSQL: lanes keep their order, and nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bridge.action import OnFailure
from bridge.clock import wall_clock
from bridge.errors import LeaseLost
from bridge.event import EventState
from bridge.record import Ended, record_ended
from bridge.shared_clock import SharedClock
from bridge.store.actions import read_lane
from bridge.store.attempts import Attempt, AttemptOutcome
from bridge.store.database import open_database
from bridge.store.lanes import Lease, claim_lanes, release_lane, renew_leases
from bridge.store.object_leases import let_go, try_hold
from bridge.store.transaction import Database, database_now
from tests.engines import new_database
from tests.store.conftest import MovableClock
from tests.worker.conftest import FarSide, Route
from tests.worker.test_worker import LOG, SCAN

Make = Callable[..., Route]

NODES = 3


@pytest.fixture
async def store_url(postgres_server: str) -> str:
    return await new_database(postgres_server)


@pytest.fixture
async def others(store_url: str, clock: MovableClock) -> AsyncIterator[list[Database]]:
    """Further nodes' own connections to the same database."""
    found = [await open_database(store_url, clock) for _ in range(NODES - 1)]
    yield found
    for database in found:
        await database.close()


async def test_three_nodes_keep_every_lane_in_order_and_do_nothing_twice(
    make_route: Make, far: FarSide, others: list[Database]
) -> None:
    first = make_route(LOG)
    for number in range(120):
        data = {**SCAN, "scan_id": f"{number % 12}/{number:03d}"}
        await first.accept(f"k{number}", data, subject=f"lane-{number % 12}")

    async def give_way(call: Any) -> None:
        await asyncio.sleep(0)

    far.before = give_way
    nodes = [first, *(make_route(LOG, on=database) for database in others)]
    for node in nodes:
        await node.worker.start()
    async with asyncio.timeout(60):
        done = 0
        while done < 120:
            waiting = [asyncio.ensure_future(node.states.get()) for node in nodes]
            ended, late = await asyncio.wait(
                waiting, timeout=0.05, return_when=asyncio.FIRST_COMPLETED
            )
            first.clock.advance(50)  # what waits for another node's write comes again
            for task in late:
                task.cancel()
            done += sum(task.result() is EventState.DONE for task in ended)
    for node in nodes:
        await node.worker.stop()
    said = [call.parameters.body for call in far.calls]
    assert len(said) == len(set(said)) == 120
    for lane in range(12):
        mine = [body for body in said if body.startswith(f"{lane}/")]
        assert mine == sorted(mine)


async def test_only_one_node_leads_and_another_follows_when_it_goes(
    database: Database, others: list[Database]
) -> None:
    assert await database.lead("retention")
    assert not await others[0].lead("retention")
    await database.close()
    assert await others[0].lead("retention")


async def test_lane_of_a_silent_node_is_taken_over_and_its_action_looked_for(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(LOG)
    event = await route.accept("k1", SCAN)
    gone = Lease("wrk_gone", 30_000)
    await route.worker.match()
    claimed = await route.database.write(lambda tx: claim_lanes(tx, route.clock(), 10, gone))
    assert claimed == [("default", "scan-1")]
    await route.run()
    assert far.calls == []
    route.clock.advance(3_600_000)  # of one node: the leases go by the database's clock
    await route.run()
    assert far.calls == []
    await route.database.write(lambda tx: renew_leases(tx, Lease("wrk_gone", -1)))
    await route.run()
    assert [call.may_exist for call in far.calls] == [True]
    assert (await route.state(event))[0] == "done"


async def test_node_that_lost_its_lease_records_nothing(make_route: Make) -> None:
    route = make_route(LOG)
    await route.accept("k1", SCAN)
    await route.worker.match()
    now = route.clock()
    await route.database.write(lambda tx: claim_lanes(tx, now, 10, Lease("wrk_a", -1)))
    await route.database.write(lambda tx: claim_lanes(tx, now, 10, Lease("wrk_b", 9_999)))
    (action,) = await route.database.read(lambda tx: read_lane(tx, "default", "scan-1", 9))
    ended = Ended(Attempt(action.id, 1, now, 0, AttemptOutcome.DONE, "", None, ()))
    with pytest.raises(LeaseLost):
        await route.database.write(
            lambda tx: record_ended(tx, action, ended, OnFailure.STOP, now, "wrk_a")
        )
    (still,) = await route.database.read(lambda tx: read_lane(tx, "default", "scan-1", 9))
    assert still.may_exist


async def test_action_ended_by_another_is_not_ended_twice_by_a_node_that_has_the_lane_again(
    make_route: Make,
) -> None:
    route = make_route(LOG)
    event = await route.accept("k1", SCAN)
    await route.accept("k2", SCAN)
    await route.worker.match()
    now = route.clock()
    stood_still, went_on = Lease("wrk_a", -1), Lease("wrk_b", -1)
    await route.database.write(lambda tx: claim_lanes(tx, now, 10, stood_still))
    action, _ = await route.database.read(lambda tx: read_lane(tx, "default", "scan-1", 9))
    await route.database.write(lambda tx: claim_lanes(tx, now, 10, went_on))
    ended = Ended(Attempt(action.id, 1, now, 0, AttemptOutcome.DONE, "", None, ()))

    async def end(owner: str) -> None:
        await route.database.write(
            lambda tx: record_ended(tx, action, ended, OnFailure.STOP, now, owner)
        )

    await end("wrk_b")
    await route.database.write(lambda tx: release_lane(tx, ("default", "scan-1"), "wrk_b"))
    await route.database.write(lambda tx: claim_lanes(tx, now, 10, stood_still))
    with pytest.raises(LeaseLost):
        await end("wrk_a")
    assert (await route.state(event))[0] == "done"


async def test_object_held_by_one_node_is_refused_to_another_until_it_is_let_go(
    database: Database,
) -> None:
    key = ("default", "jira", "SEC-1")
    assert await database.write(lambda tx: try_hold(tx, key, "nod_a", 60_000))
    assert not await database.write(lambda tx: try_hold(tx, key, "nod_b", 60_000))
    assert await database.write(lambda tx: try_hold(tx, key, "nod_a", -1))
    assert await database.write(lambda tx: try_hold(tx, key, "nod_b", 60_000))
    await database.write(lambda tx: let_go(tx, key, "nod_b"))
    assert await database.write(lambda tx: try_hold(tx, key, "nod_c", 60_000))


async def test_nodes_whose_own_clocks_differ_or_jump_go_by_the_databases(
    database: Database,
) -> None:
    off = 3_600_000

    def jumping() -> int:
        return wall_clock() + off

    clocks = [SharedClock(database, own) for own in (wall_clock, jumping)]
    for clock in clocks:
        await clock.agree()
    off = -7_200_000
    there = await database.read(database_now)
    assert [abs(clock() - there) < 1_000 for clock in clocks] == [True, True]
