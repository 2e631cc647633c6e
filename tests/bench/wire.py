"""From the answer to the sender to the request on the wire to Jira; and a burst that drains."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bridge.cli.sandbox import LATENCY_MS
from bridge.demo.patience import ask_until
from bridge.demo.processes import free_port, running
from tests.bench.table import Row, bound, ratio

HOST = "127.0.0.1"
SECRET = "not-a-secret-only-for-measuring"
CONCURRENCY = 16
RATE, SECONDS = 50, 10
BURST = 3_000

RULES = """\
version: 1
rules:
  - name: ticket
    on: finding.opened
    then:
      - create_ticket:
          summary: ${{ data.title }}
          description: ${{ data.description }}
          issue_type: Task
"""

CONFIGURATION = """\
server: {{host: 127.0.0.1, port: {port}}}
store: {{url: "sqlite:///bridge.db"}}
log: {{level: warning}}
worker: {{concurrency: {concurrency}}}
sources:
  - {{name: events, preset: generic-hmac, secrets: ["{secret}"]}}
integrations:
  - {{name: jira, type: jira, base_url: "{jira}", project: SEC,
      auth: {{email: bench@example.com, api_token: not-a-token}}}}
"""


def body_of(number: int) -> bytes:
    """About 2 KB, each of another lane."""
    data = {
        "id": f"f{number}", "title": f"finding {number}", "severity": "high",
        "description": "What was found, and where. " * 65, "target": "shop.example",
    }  # fmt: skip
    return json.dumps({"id": f"d{number}", "type": "finding.opened", "data": data}).encode()


def signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}


@asynccontextmanager
async def bridge_against(jira: str) -> AsyncIterator[str]:
    """A bridge process with one rule; its address."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port(HOST, 0)
        (folder / "rules").mkdir()
        (folder / "rules" / "bench.yaml").write_text(RULES)
        configuration = folder / "bridge.yaml"
        configuration.write_text(
            CONFIGURATION.format(port=port, concurrency=CONCURRENCY, secret=SECRET, jira=jira)
        )
        words = ("serve", "--config", str(configuration))
        address = f"http://{HOST}:{port}"
        async with running("bridge", words, folder / "bridge.log", f"{address}/readyz"):
            yield address


class QuickJira(asyncio.Protocol):
    """Answers every request at once, and notes when each ticket was asked for."""

    arrived: dict[str, float]

    def __init__(self, arrived: dict[str, float]) -> None:
        self.arrived = arrived
        self.buffer = b""
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        lower = self.buffer[: max(head, 0)].lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if head < 0 or len(self.buffer) < head + 4 + length:
            return
        sent = self.buffer[head + 4 :]
        answer: object = {"deploymentType": "Cloud", "accountId": "bench"}
        if self.buffer.startswith(b"POST") and sent:
            summary = json.loads(sent)["fields"]["summary"]
            self.arrived[summary] = now
            answer = {"id": "1", "key": "SEC-1", "self": "http://jira.example/1"}
        self.buffer = b""
        body = json.dumps(answer).encode()
        assert self.transport is not None
        self.transport.write(
            b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            % len(body)
            + body
        )


async def latencies() -> list[float]:
    """Milliseconds from each 202 to its ticket's request, at RATE events a second."""
    arrived: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: QuickJira(arrived), HOST, 0)
    jira = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    answered: dict[str, float] = {}
    count = RATE * SECONDS
    async with bridge_against(jira) as address, aiohttp.ClientSession() as session:

        async def send(number: int) -> None:
            body = body_of(number)
            url = f"{address}/hooks/events"
            async with session.post(url, data=body, headers=signed(body)) as answer:
                answered[f"finding {number}"] = time.perf_counter()
                assert answer.status == 202, await answer.text()

        for number in range(100_000, 100_020):
            await send(number)
        started = time.perf_counter()
        tasks = []
        for number in range(count):
            await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
            tasks.append(asyncio.create_task(send(number)))
        await asyncio.gather(*tasks)

        async def here() -> int:
            return len(arrived)

        await ask_until(here, lambda seen: seen >= count + 20, 30)
    server.close()
    names = [f"finding {number}" for number in range(count)]
    return [max(0.0, arrived[name] - answered[name]) * 1000 for name in names]


async def bare_rate(jira: str) -> float:
    """Tickets a second by the bare HTTP client, with the same concurrency."""
    semaphore = asyncio.Semaphore(CONCURRENCY)
    fields = {
        "project": {"key": "SEC"}, "issuetype": {"name": "Task"}, "summary": "bare",
        "description": "What was found, and where. " * 65,
    }  # fmt: skip
    auth = ("bench@example.com", "not-a-token")
    async with httpx.AsyncClient(transport=AiohttpTransport(), auth=auth) as client:

        async def create() -> None:
            async with semaphore:
                answer = await client.post(f"{jira}/rest/api/2/issue", json={"fields": fields})
                assert answer.status_code == 201, answer.text

        started = time.perf_counter()
        await asyncio.gather(*(create() for _ in range(BURST)))
        return BURST / (time.perf_counter() - started)


async def drain_rate(jira: str, sandbox: str) -> float:
    """Tickets a second from the first delivery of a burst to the last ticket."""
    async with bridge_against(jira) as address, aiohttp.ClientSession() as session:
        bodies = [body_of(number) for number in range(BURST)]
        before = await tickets(session, sandbox)
        semaphore = asyncio.Semaphore(64)

        async def send(body: bytes) -> None:
            url = f"{address}/hooks/events"
            async with semaphore, session.post(url, data=body, headers=signed(body)) as answer:
                assert answer.status == 202, await answer.text()

        started = time.perf_counter()
        await asyncio.gather(*(send(body) for body in bodies))

        async def made() -> int:
            return await tickets(session, sandbox) - before

        if await ask_until(made, lambda count: count >= BURST, 120) < BURST:
            raise RuntimeError("the burst did not drain in two minutes")
        return BURST / (time.perf_counter() - started)


async def tickets(session: aiohttp.ClientSession, sandbox: str) -> int:
    """How many requests for a new ticket the sandbox has answered; nothing else is posted."""
    async with session.get(f"{sandbox}/sandbox/requests?last=0") as answer:
        counted: dict[str, int] = (await answer.json())["by_method"]
    return counted.get("POST", 0)


@asynccontextmanager
async def sandbox_process(latency_ms: int) -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory() as name:
        port = free_port(HOST, 0)
        address = f"http://{HOST}:{port}"
        log = Path(name) / "sandbox.log"
        words = ("sandbox", "--port", str(port), "--latency", str(latency_ms))
        async with running("sandbox", words, log, f"{address}/"):
            yield address


async def burst(latency_ms: int) -> tuple[float, float]:
    """Tickets a second of the bridge and of the bare client, the better of two tries."""
    rates = []
    for _ in range(2):
        async with sandbox_process(latency_ms) as sandbox:
            bare = await bare_rate(f"{sandbox}/jira")
        async with sandbox_process(latency_ms) as sandbox:
            rates.append((await drain_rate(f"{sandbox}/jira", sandbox), bare))
    return max(rates, key=lambda pair: pair[0] / pair[1])


async def measure_all() -> list[Row]:
    found = sorted(await latencies())
    p99 = found[int(len(found) * 0.99)]
    drained, bare = await burst(LATENCY_MS)
    at_once, bare_at_once = await burst(0)
    figure = f"{at_once:,.0f} /s against {bare_at_once:,.0f}: {at_once / bare_at_once:.2f}"
    return [
        bound(f"202 to the wire at {RATE} events/s, median", statistics.median(found), 10, "ms"),
        bound(f"202 to the wire at {RATE} events/s, p99", p99, 50, "ms"),
        ratio(f"a burst of {BURST:,} drains, against the bare client", drained, bare, 0.5, "/s"),
        Row(f"  the same where Jira answers at once and not in {LATENCY_MS} ms", figure),
    ]


def measure() -> list[Row]:
    return asyncio.run(measure_all())
