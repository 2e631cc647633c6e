"""Nodes on one PostgreSQL match side by side: each lane in one of them, what they share once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from bridge.event import StoredEvent
from bridge.store.database import open_database
from bridge.store.partitions import claim_received
from bridge.store.transaction import Database, Transaction
from tests.engines import new_database
from tests.store.conftest import MovableClock
from tests.worker.conftest import FarSide, Route
from tests.worker.test_worker import LOG, SCAN

Make = Callable[..., Route]

LANES = 20

SHARED = """
version: 1
rules:
  - name: once
    on: scan.finished
    once_per: data.scanner
    then: [{comment: {ticket: SEC-1, body: once}}]
  - name: five
    on: scan.finished
    throttle: {at_most: 5, per: 1h, over: drop}
    then: [{comment: {ticket: SEC-2, body: five}}]
"""


@pytest.fixture
async def store_url(postgres_server: str) -> str:
    return await new_database(postgres_server)


@pytest.fixture
async def other(store_url: str, clock: MovableClock) -> AsyncIterator[Database]:
    """Another node's own connections to the same database."""
    found = await open_database(store_url, clock)
    yield found
    await found.close()


async def fill(route: Route, rounds: int) -> None:
    for number in range(rounds * LANES):
        data = {**SCAN, "scan_id": f"{number % LANES}/{number // LANES}"}
        await route.accept(f"k{number}", data, subject=f"lane-{number % LANES}")


def lanes_of(events: Sequence[StoredEvent]) -> set[str]:
    return {event.subject for event in events}


async def test_lanes_that_one_node_is_matching_are_left_to_it_and_the_others_are_not(
    make_route: Make, database: Database, other: Database
) -> None:
    await fill(make_route(LOG), 2)
    claimed, go_on = asyncio.Event(), asyncio.Event()
    mine: list[StoredEvent] = []

    async def stand_still(tx: Transaction) -> None:
        mine.extend(await claim_received(tx, 16))
        claimed.set()
        await go_on.wait()

    standing = asyncio.create_task(database.write(stand_still))
    await claimed.wait()
    theirs = await other.write(lambda tx: claim_received(tx, 1_000))
    go_on.set()
    await standing
    assert mine
    assert theirs
    assert not lanes_of(mine) & lanes_of(theirs)
    assert [event.seq for event in theirs] == sorted(event.seq for event in theirs)
    everything = await other.write(lambda tx: claim_received(tx, 1_000))
    assert len(everything) == 2 * LANES


async def test_two_nodes_that_match_at_once_share_throttles_and_once_per(
    make_route: Make, far: FarSide, other: Database
) -> None:
    first, second = make_route(SHARED), make_route(SHARED, on=other)
    await fill(first, 3)
    await asyncio.gather(first.worker.match(), second.worker.match())
    await first.run()
    said = [call.parameters.body for call in far.calls]
    assert sorted(said) == ["five"] * 5 + ["once"]


async def test_two_nodes_that_match_at_once_keep_every_lane_in_order(
    make_route: Make, far: FarSide, other: Database
) -> None:
    first, second = make_route(LOG), make_route(LOG, on=other)
    await fill(first, 3)
    await asyncio.gather(first.worker.match(), second.worker.match())
    await first.run()
    for lane in range(LANES):
        mine = [c.parameters.body for c in far.calls if c.parameters.body.startswith(f"{lane}/")]
        assert mine == [f"{lane}/{number}" for number in range(3)]
