"""The short form of `make chaos`: some kills on each engine, and the books balance."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import Plan, run
from tests.engines import new_database, postgres_server

__all__ = ["postgres_server"]

SEED = 4


@pytest.mark.timeout(150)
async def test_killed_and_starved_process_does_everything_once(tmp_path: Path) -> None:
    plan = Plan(SEED, events=70, kills=6, lanes=8, patience_seconds=0.8, pace=0.25, seconds=120)
    report = await run(plan, tmp_path)
    assert report.ledger.balanced, report.text()
    assert sum(report.kills.values()) == 6


@pytest.mark.timeout(150)
async def test_three_nodes_of_which_some_are_killed_do_everything_once(
    tmp_path: Path, postgres_server: str
) -> None:
    store = await new_database(postgres_server)
    plan = Plan(
        SEED, events=60, kills=5, nodes=3, store=store, lanes=8, patience_seconds=0.8, pace=0.25,
        seconds=120,
    )  # fmt: skip
    report = await run(plan, tmp_path)
    assert report.ledger.balanced, report.text()
    assert sum(report.kills.values()) == 5
