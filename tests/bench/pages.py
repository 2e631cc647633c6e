"""A million stored events: how soon each page and filter is there, and whether the last is as soon.

The reference is the same page over a store of a thousand events, asked in turn with it.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bridge.access.role import Role
from bridge.clock import wall_clock
from bridge.demo.processes import free_port, running
from bridge.principal import Wanted, make_key
from bridge.store.database import open_database
from tests.bench.table import Row, bound

HOST = "127.0.0.1"
MILLION, FEW = 1_000_000, 1_000
ROUNDS = 9
MONTH_MS = 30 * 86_400_000
MOST_MS = 200.0

CONFIGURATION = """\
server: {{host: 127.0.0.1, port: {port}}}
store: {{url: "sqlite:///bridge.db"}}
log: {{level: warning}}
limits: {{requests_per_minute: 1000000}}
sources:
  - {{name: jira, preset: generic-hmac, secrets: [not-a-secret-only-for-measuring]}}
"""
RULES = """\
version: 1
rules:
  - {name: often, on: scan.finished, then: [{log: {message: "${{ data.target }}"}}]}
"""

Held = dict[str, int | str]

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
ID = "printf('evt_%012x7%03x8%015x', {first} + CAST(i * {step} AS INTEGER), i % 4096, i)"
FILL = (
    f"""{NUMBERS}
INSERT INTO events (id, tenant, source, key, part, type, subject, time, received_at, body_of, state,
    reason, rules_version)
SELECT {ID}, 'default',
    CASE WHEN i % 100000 = 7 THEN 'rare' WHEN i % 3 = 0 THEN 'qtangl' ELSE 'jira' END, 'k' || i, 0,
    CASE WHEN i % 50000 = 9 THEN 'ping' WHEN i % 2 = 0 THEN 'issue.updated'
        ELSE 'scan.finished' END,
    's/' || (i % 20000), {{first}} + CAST(i * {{step}} AS INTEGER),
    {{first}} + CAST(i * {{step}} AS INTEGER), {ID},
    CASE WHEN i > {{count}} - 20 THEN 'received' WHEN i > {{count}} - 60 THEN 'matched'
        WHEN i % 1000 = 3 THEN 'failed' WHEN i % 90000 = 11 THEN 'echo'
        WHEN i % 4 = 0 THEN 'ignored' ELSE 'done' END, '', 'abc' FROM n""",
    f"""{NUMBERS} INSERT INTO bodies (event_id, headers, body) SELECT {ID}, '{{{{}}}}',
    CAST('{{{{"id": "k' || i || '", "text": "' || hex(randomblob(150)) || '"}}}}'
    AS BLOB) FROM n""",
    f"""{NUMBERS} INSERT INTO runs (id, event_id, tenant, rule, position, element, once, on_failure,
    variables, planned_at) SELECT 'run_' || i, {ID}, 'default',
    CASE WHEN i % 100000 = 5 THEN 'seldom' ELSE 'often' END, 0, 'null',
    CASE WHEN i % 20 = 1 THEN 'v' || (i % 5000) END, 'free', '{{{{}}}}', 0 FROM n
    WHERE i % 4 <> 0""",
    f"""{NUMBERS} INSERT INTO links (tenant, rule, once, subject, kind, record_id, run_id, event_id,
    state, ticket, created_at, updated_at) SELECT 'default', 'often', 'v' || i, 's/' || i,
    'finding', 'f' || i, 'run_' || i, {ID}, 'done', 'SEC-' || i, 0, 0 FROM n
    WHERE i < 5000 AND i % 4 = 1""",
    f"""{NUMBERS} INSERT INTO actions (id, run_id, event_id, event_seq, tenant, lane, rule,
    position, name, step, integration, parameters, deferred, condition, mark, state,
    next_try_at, planned_at) SELECT 'act_' || i, 'run_' || i, {ID}, i, 'default', 's/' || i,
    'often', 0, 'log', '', '', '{{{{}}}}', '[]', '', '',
    CASE WHEN i % 1000 = 3 THEN 'dead' ELSE 'done' END, 0, 0
    FROM n WHERE i % 4 <> 0""",
)

PAGES = {
    "the overview": "/",
    "its chart": "/pages/chart.json",
    "the newest events": "/events",
    "by state done": "/events?state=done",
    "by state echo, one in 90,000": "/events?state=echo",
    "by state failed": "/events?state=failed",
    "by state received": "/events?state=received",
    "by source": "/events?source=jira",
    "by source, one in 100,000": "/events?source=rare",
    "by type": "/events?type=scan.finished",
    "by type, one in 50,000": "/events?type=ping",
    "by type and source that never meet": "/events?type=ping&source=rare",
    "by source and a rare state": "/events?source=qtangl&state=echo",
    "by subject": "/events?subject=s/77",
    "by rule": "/events?rule=often",
    "by rule, one in 100,000": "/events?rule=seldom",
    "by ticket": "/events?ticket=SEC-1",
    "by a text that is nowhere": "/events?text=nowhere-at-all",
    "of the last day": "/events?within=24h",
    "of a day three weeks ago": "/events?since={since}&until={until}",
    "of a source in that day": "/events?source=rare&since={since}&until={until}",
    "half way down": "/events?before={half}",
    "the last page": "/events?before=60",
    "the last page of a source": "/events?source=jira&before=90",
    "one event": "/events/{event}",
    "dead letters": "/dead",
    "links": "/links",
    "rules": "/rules",
}


async def fill(folder: Path, count: int) -> Held:
    """A store whose events came over the last month; what addresses of it hold."""
    database = await open_database(f"sqlite:///{folder / 'bridge.db'}", wall_clock)
    wanted = Wanted("default", "bench", Role.ADMIN)
    _, key = await database.write(lambda tx: make_key(tx, wanted, wall_clock()))
    await database.close()
    first = wall_clock() - MONTH_MS
    connection = sqlite3.connect(folder / "bridge.db")
    for statement in FILL:
        connection.execute(statement.format(count=count, first=first, step=MONTH_MS / count))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    event = connection.execute("SELECT id FROM events WHERE seq = 501").fetchone()[0]
    connection.close()
    week = 7 * 86_400_000
    since = first + week
    return {
        "key": key,
        "since": since,
        "until": since + week // 7,
        "half": count // 2,
        "event": event,
    }


@asynccontextmanager
async def served(
    count: int,
) -> AsyncIterator[tuple[aiohttp.ClientSession, str, dict[str, int | str]]]:
    """The real program over such a store, and a browser's session in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held = await fill(folder, count)
        (folder / "rules").mkdir()
        (folder / "rules" / "bench.yaml").write_text(RULES)
        port = free_port(HOST, 0)
        file = folder / "bridge.yaml"
        file.write_text(CONFIGURATION.format(port=port))
        address = f"http://{HOST}:{port}"
        words = ("serve", "--config", str(file))
        async with running("bridge", words, folder / "bridge.log", f"{address}/readyz"):
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                async with session.post(f"{address}/sign-in", data={"key": held["key"]}) as answer:
                    assert answer.status == 200, await answer.text()
                yield session, address, held


async def took(session: aiohttp.ClientSession, address: str) -> float:
    """Milliseconds until the whole page was there."""
    begun = time.perf_counter()
    async with session.get(address) as answer:
        await answer.read()
        assert answer.status == 200, f"{address}: {answer.status}"
    return (time.perf_counter() - begun) * 1000


async def scrolled(session: aiohttp.ClientSession, address: str, pages: int) -> list[str]:
    """The addresses of so many pages, each as the one before says."""
    paths = ["/events?type=issue.updated&limit=500"]
    while len(paths) < pages:
        async with session.get(f"{address}{paths[-1]}", headers={"hx-request": "true"}) as answer:
            text = await answer.text()
        found = re.search(r'hx-get="([^"]+)"', text)
        assert found is not None
        paths.append(found[1].replace("&amp;", "&"))
    return paths


async def measure_all() -> list[Row]:
    rows = []
    async with served(FEW) as (few, near, of_few), served(MILLION) as (many, far, of_many):
        for what, path in PAGES.items():
            small, large = [], []
            for _ in range(ROUNDS):
                small.append(await took(few, near + path.format_map(of_few)))
                large.append(await took(many, far + path.format_map(of_many)))
            median, before = statistics.median(large), statistics.median(small)
            row = bound(what, median, MOST_MS, "ms")
            figure = f"{row.figure}, over a thousand {before:,.1f}: {median / before:.1f}"
            rows.append(Row(row.what, figure, row.wanted, row.ok))
        paths = await scrolled(many, far, 400)
        top, deep = [], []
        for early, late in zip(paths[:40], paths[-40:], strict=True):
            top.append(await took(many, far + early))
            deep.append(await took(many, far + late))
        first, last = statistics.median(top), statistics.median(deep)
        figure = f"{last:,.1f} ms, at the top {first:,.1f}: {last / first:.2f}"
        wanted = "at most 1.3"
        rows.append(Row("500 events a page, 400 pages on", figure, wanted, last / first <= 1.3))
    return rows


def measure() -> list[Row]:
    return asyncio.run(measure_all())
