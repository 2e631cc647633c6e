"""What a back-test costs: two rule sets over a hundred thousand stored events."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import tempfile
import time
from pathlib import Path

from bridge.clock import new_id
from bridge.configuration import load_settings
from bridge.configured import Configured, configure
from bridge.event import NewEvent
from bridge.match.rules import read_files
from bridge.store.database import open_database
from bridge.store.event_filter import EventFilter
from bridge.store.events import insert_events
from bridge.workbench.backtest import Asked, backtest
from bridge.workbench.play import Side, play
from tests.bench.table import Row, bound, cost

EVENTS = 100_000
REFERENCE = 10_000
START = 1_795_000_000_000
ROOT = Path(__file__).parents[2]

CONFIGURATION = """\
store: {url: sqlite:///bridge.db}
sources: [{name: qtangl, preset: cloudevents, proof: none}]
integrations: [{name: jira, type: jira, base_url: "http://127.0.0.1:9", project: SEC,
                auth: {email: a@example.com, api_token: made-up-for-the-bench}}]
"""

HEADERS = '{"content-type": "application/cloudevents+json"}'


def event(number: int) -> NewEvent:
    """A scan of 1.5 KB with five findings, two of them bad; each target comes a hundred times."""
    target = f"www-{number % (EVENTS // 100)}.example"
    findings = [
        {"id": f"f{one}", "title": f"Finding number {one}", "severity": severity,
         "description": "What was found, and what to do about it. " * 3}
        for one, severity in enumerate(("critical", "high", "medium", "low", "low"))
    ]  # fmt: skip
    data = {"scan_id": f"scan-{number}", "scanner": "qtangl", "target": target,
            "score": number % 100, "findings": findings}  # fmt: skip
    body = {"specversion": "1.0", "id": f"k{number}", "source": "bench", "type": "scan.finished",
            "subject": target, "data": data}  # fmt: skip
    at = START + number * 1000
    return NewEvent(
        new_id("evt", at), "default", "qtangl", f"k{number}", 0, "scan.finished", target, at, at,
        HEADERS, json.dumps(body).encode(),
    )  # fmt: skip


async def fill(configured: Configured) -> None:
    database = await open_database(configured.settings.store.url, lambda: START)
    for start in range(0, EVENTS, 1_000):
        new = [[event(number)] for number in range(start, start + 1_000)]
        await database.write(lambda tx, new=new: insert_events(tx, new))  # type: ignore[misc]
    await database.close()


async def play_some(configured: Configured, files: dict[str, str]) -> float:
    """Seconds in which this process alone plays one set over some of the events."""
    database = await open_database(configured.settings.store.url, lambda: START)
    side = Side(configured.settings, files, EventFilter(before_seq=REFERENCE + 1))
    started = time.perf_counter()
    async for _ in play(side, database):
        pass
    await database.close()
    return time.perf_counter() - started


def measure() -> list[Row]:
    before = {
        str(file): text for file, text in read_files([ROOT / "rules" / "scans.yaml"], []).items()
    }
    after = {file: text.replace("[high, critical]", "[critical]") for file, text in before.items()}
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("bridge.yaml").write_text(CONFIGURATION, encoding="utf-8")
            configured = configure(load_settings(Path("bridge.yaml"), {}))
            asyncio.run(fill(configured))
            alone = asyncio.run(play_some(configured, before)) / REFERENCE
            started = time.perf_counter()
            report = backtest(configured, Asked(before, after, EventFilter(), keep=20))
            seconds = time.perf_counter() - started
        finally:
            os.chdir(here)
    assert report.tally.events == EVENTS, report.tally.headline
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        cost(
            "an event back-tested with two sets, against playing one set alone",
            seconds / EVENTS * 1e6, alone * 1e6, 1.5,
        ),
        bound("100,000 events back-tested", seconds, 60.0, "s"),
        bound("memory of the larger process of a back-test", memory, 200.0, "MB"),
    ]  # fmt: skip
