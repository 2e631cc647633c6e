"""A million events that wait: how soon the bridge starts, what it needs, how fast it takes them."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import tempfile
import time
from pathlib import Path

import aiohttp

from bridge.clock import wall_clock
from bridge.demo.patience import ask_until
from bridge.demo.processes import free_port, running
from bridge.store.database import open_database
from tests.bench.table import Row, bound, ratio

HOST = "127.0.0.1"
MILLION, FEW = 1_000_000, 10_000
TAKEN = 6_000
"""Events whose way to `done` is timed: fewer than the smaller store holds."""

RULES = """\
version: 1
rules:
  - {name: note, on: finding.opened, then: [{log: {message: "${{ data.title }}", level: debug}}]}
"""

CONFIGURATION = """\
server: {{host: 127.0.0.1, port: {port}}}
store: {{url: "sqlite:///bridge.db"}}
log: {{level: warning}}
sources:
  - {{name: events, preset: generic-hmac, secrets: [not-a-secret-only-for-measuring]}}
"""

FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO events (id, tenant, source, key, part, type, subject, time, received_at, body_of, state)
SELECT printf('evt_%032x', i), 'default', 'events', 'k' || i, 0, 'finding.opened', 's' || i,
    {now}, {now}, printf('evt_%032x', i), 'received' FROM n
"""

FILL_BODIES = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO bodies (event_id, headers, body)
SELECT printf('evt_%032x', i), '{{}}', CAST('{{"id": "k' || i || '", "type": "finding.opened",'
    || ' "data": {{"id": "f' || i || '", "title": "what was found", "severity": "high",'
    || ' "target": "shop.example"}}}}' AS BLOB) FROM n
"""


FILL_KEYS = """
INSERT INTO delivery_keys (digest, seq) SELECT CAST('' AS BLOB), {count}
UNION ALL SELECT randomblob(16), seq FROM events
"""


async def fill(path: Path, count: int) -> None:
    """A store with so many events that no rule has seen."""
    database = await open_database(f"sqlite:///{path}", wall_clock)
    await database.close()
    connection = sqlite3.connect(path)
    for statement in (FILL, FILL_BODIES, FILL_KEYS):
        connection.execute(statement.format(count=count, now=wall_clock()))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def resident_mb(pid: int) -> float:
    """What the process holds in memory now."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


async def done_events(session: aiohttp.ClientSession, address: str) -> int:
    async with session.get(f"{address}/metrics") as answer:
        text = await answer.text()
    found = re.search(r'bridge_events_total\{state="done"\} ([\d.e+]+)', text)
    return int(float(found[1])) if found else 0


async def run(count: int) -> tuple[float, float, float]:
    """Seconds to the first answer, events done a second, and the most memory meanwhile in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if count:
            await fill(folder / "bridge.db", count)
        port = free_port(HOST, 0)
        (folder / "rules").mkdir()
        (folder / "rules" / "bench.yaml").write_text(RULES)
        configuration = folder / "bridge.yaml"
        configuration.write_text(CONFIGURATION.format(port=port))
        words = ("serve", "--config", str(configuration))
        address = f"http://{HOST}:{port}"
        started = time.perf_counter()
        async with running("bridge", words, folder / "bridge.log", f"{address}/readyz") as process:
            ready = time.perf_counter() - started
            rate, most = 0.0, resident_mb(process.pid)
            async with aiohttp.ClientSession() as session:

                async def seen() -> int:
                    nonlocal most
                    most = max(most, resident_mb(process.pid))
                    return await done_events(session, address)

                first = await seen()
                begun = time.perf_counter()
                if count:
                    last = await ask_until(seen, lambda done: done - first >= TAKEN // 2, 120)
                    rate = (last - first) / (time.perf_counter() - begun)
                else:
                    await asyncio.sleep(1)
                    await seen()
            return ready, rate, most


async def measure_all() -> list[Row]:
    _, _, idle = await run(0)
    _, few_rate, _ = await run(FEW)
    ready, rate, most = await run(MILLION)
    return [
        bound("start over 1,000,000 waiting events", ready, 3.0, "s"),
        bound("memory over idle meanwhile", most - idle, 50, "MB"),
        ratio("events done, against a store of 10,000", rate, few_rate, 0.6, "/s"),
    ]


def measure() -> list[Row]:
    return asyncio.run(measure_all())
