"""`bridge sync` and `bridge reconcile`: what is held, and what is different."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.store.database import open_database
from bridge.store.sync_fields import PairKey, hold
from tests.cli.conftest import Run

PAIR = PairKey("default", "issue-and-case", "SEC-1", "c-1")


@pytest.fixture
def held(folder: Path) -> None:
    """A conflict in the store."""

    async def work() -> None:
        settings = load_settings(folder / "bridge.yaml", {})
        database = await open_database(settings.store.url, wall_clock)
        await database.write(lambda tx: hold(tx, PAIR, "status", "Done", "open", "evt_1", 5))
        await database.close()

    asyncio.run(work())


@pytest.mark.usefixtures("held")
def test_conflict_is_listed_and_decided_once(folder: Path, run: Run) -> None:
    (one,) = json.loads(run("sync", "held", "--json").stdout)
    assert (one["left"], one["left_value"], one["right_value"]) == ("SEC-1", "Done", "open")
    assert "SEC-1" in run("sync", "held").stdout
    done = run("sync", "resolve", one["id"], "--take", "right")
    assert done.exit_code == 0
    assert done.stdout.startswith("status: 'open' counts; evt_")
    assert "asked for before" in run("sync", "resolve", one["id"], "--take", "right").stdout
    unknown = run("sync", "resolve", "syn_1", "--take", "left")
    assert (unknown.exit_code, unknown.stderr.strip()) == (
        1, "error: nothing that sync holds has the id syn_1",
    )  # fmt: skip


@pytest.mark.usefixtures("held")
def test_reconciling_without_sync_rules_says_so(folder: Path, run: Run) -> None:
    done = run("reconcile", "--dry-run", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"dry_run": True, "pairs": []})
    wrong = run("reconcile", "--rule", "issue-and-case")
    assert wrong.exit_code == 1
    assert "no sync rule is called" in wrong.stderr
