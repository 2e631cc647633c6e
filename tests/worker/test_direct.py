"""What callers have done at once: once for a value, one at a time, on all nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge.calling import Caller
from bridge.direct import Direct
from bridge.store.database import open_database
from bridge.store.transaction import Database
from tests.engines import new_database
from tests.store.conftest import MovableClock

KEY = ("default", "push_case", "c-1")


@pytest.fixture
async def nodes(postgres_server: str, clock: MovableClock) -> AsyncIterator[list[Direct]]:
    """Two processes' worth of callers on one PostgreSQL."""
    url = await new_database(postgres_server)
    databases: list[Database] = [await open_database(url, clock) for _ in range(2)]
    yield [Direct(one, clock, Caller(one, clock)) for one in databases]
    for one in databases:
        await one.close()


async def test_whoever_comes_later_waits_also_on_another_node(nodes: list[Direct]) -> None:
    inside = 0
    met: list[int] = []

    async def visit(direct: Direct) -> None:
        nonlocal inside
        async with direct.alone(KEY):
            inside += 1
            met.append(inside)
            await direct.database.read(lambda tx: tx.row("SELECT pg_sleep(0.05)"))
            inside -= 1

    await asyncio.gather(*(visit(direct) for direct in nodes * 3))
    assert met == [1] * 6


async def test_other_keys_do_not_wait(nodes: list[Direct]) -> None:
    first, second = nodes
    others = [("default", "push_case", "c-2"), ("acme", "push_case", "c-1")]
    async with first.alone(KEY):
        for other in others:
            async with second.alone(other):
                pass
