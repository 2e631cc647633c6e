"""`bridge rules backtest`: what is printed of a changed rule set, in each form."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.configured import configure
from bridge.event import Delivery
from bridge.rehearse import source_for
from bridge.sources.sample import load_sample
from bridge.store.database import open_database
from bridge.store.events import insert_events
from tests.cli.conftest import RULES, SAMPLES, Run


def store_samples(folder: Path) -> None:
    """Both scans of the samples, received a moment ago."""

    async def fill() -> None:
        configured = configure(load_settings(folder / "bridge.yaml", {}))
        database = await open_database(configured.settings.store.url, wall_clock)
        for case in ("scan-complete", "scan-clean"):
            sample = load_sample(SAMPLES / "qtangl" / case)
            source = source_for(configured, sample)
            delivery = Delivery("POST", sample.headers, sample.body, (), None, wall_clock())
            events = source.read(delivery, source.parse(delivery))
            await database.write(lambda tx, new=events: insert_events(tx, [new]))  # type: ignore[misc]
        await database.close()

    asyncio.run(fill())


def change(folder: Path) -> None:
    (folder / "changed").mkdir()
    (folder / "changed" / "first.yaml").write_text(RULES.replace("< 70", "> 0"), encoding="utf-8")


def test_difference_is_told_with_its_events(run: Run, folder: Path) -> None:
    store_samples(folder)
    change(folder)
    done = run("rules", "backtest", "--rules", "changed")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "1 more log line"
    assert "2 events since" in lines[1]
    assert ["log", "1", "2", "1", "0", "0"] in [line.split() for line in lines]
    assert "  + say-it: log shop.example has 93" in lines
    assert done.stderr == ""  # no terminal, no bar


def test_difference_is_printed_for_programs_and_for_pull_requests(run: Run, folder: Path) -> None:
    store_samples(folder)
    change(folder)
    report = json.loads(run("rules", "backtest", "--rules", "changed", "--json").stdout)
    assert report["headline"] == "1 more log line"
    assert report["actions"]["log"] == {
        "before": 1,
        "after": 2,
        "more": 1,
        "fewer": 0,
        "changed": 0,
    }
    (change_,) = report["differences"]
    assert change_["more"][0]["parameters"] == {"message": "shop.example has 93"}
    text = run("rules", "backtest", "--rules", "changed", "--markdown").stdout
    assert text.startswith("### Back-test: 1 more log line\n")
    assert run("rules", "backtest", "--markdown", "--json").exit_code == 2


def test_without_a_changed_set_the_rules_are_held_against_what_was_done(
    run: Run, folder: Path
) -> None:
    store_samples(folder)
    done = run("rules", "backtest", "--source", "qtangl", "--events", "0")
    assert "1 more log line" in done.stdout
    assert "against what was done" in done.stdout
    assert "… and 1 more event with a difference" in done.stdout
    assert run("rules", "backtest", "--source", "other").stdout.startswith("no event fits")
    assert run("rules", "backtest", "--since", "soon").exit_code == 2


def test_backtest_without_a_store_or_with_a_broken_set_says_so(run: Run, folder: Path) -> None:
    assert "there is no store yet" in run("rules", "backtest").stderr
    store_samples(folder)
    change(folder)
    (folder / "changed" / "second.yaml").write_text("version: 2\n", encoding="utf-8")
    done = run("rules", "backtest", "--rules", "changed")
    assert done.exit_code == 1
    assert "changed/second.yaml:1:10" in done.stderr
