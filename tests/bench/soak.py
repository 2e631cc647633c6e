"""A long run: the rate must not fall and the memory must not grow. Prints a line a minute.

`python -m tests.bench.soak MINUTES`. Kept events are forgotten after a minute instead of a month,
so that retention works all the time; nothing else is accelerated.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bridge.cli.sandbox import LATENCY_MS
from bridge.demo.processes import free_port, running
from tests.bench.backlog import done_events, resident_mb
from tests.bench.wire import body_of, sandbox_process, signed

HOST = "127.0.0.1"
SENDERS = 8
AHEAD = 500

RULES = """\
version: 1
rules:
  - name: ticket-for-each-twentieth
    on: finding.opened
    when: data.id.endsWith("00")
    then: [{create_ticket: {summary: "${{ data.title }}", issue_type: Task}}]
  - name: note
    on: finding.opened
    then: [{log: {message: "${{ data.title }}", level: debug}}]
"""

CONFIGURATION = """\
server: {{host: 127.0.0.1, port: {port}}}
store: {{url: "sqlite:///bridge.db"}}
log: {{level: warning}}
retention: {{done_days: {days}, record_days: {days}}}
sources:
  - {{name: events, preset: generic-hmac, secrets: [not-a-secret-only-for-measuring]}}
integrations:
  - {{name: jira, type: jira, base_url: "{jira}/jira", project: SEC,
      auth: {{email: bench@example.com, api_token: not-a-token}}}}
"""


@dataclass
class Progress:
    """How many deliveries were accepted, and how many events are done."""

    accepted: int = 0
    done: int = 0


async def send_until(
    session: aiohttp.ClientSession, url: str, first: int, until: float, progress: Progress
) -> None:
    """One sender: the next delivery as soon as the last one is answered, and not too far ahead
    of what is done, so that the rate is that of the whole route."""
    number = first
    while time.perf_counter() < until:
        if progress.accepted - progress.done > AHEAD:
            await asyncio.sleep(0.02)
            continue
        body = body_of(number)
        async with session.post(url, data=body, headers=signed(body)) as answer:
            await answer.read()
            if answer.status == 503:
                await asyncio.sleep(0.1)
                continue
            if answer.status != 202:
                raise RuntimeError(f"{answer.status} to delivery {number}")
        progress.accepted += 1
        number += SENDERS


async def follow(session: aiohttp.ClientSession, address: str, progress: Progress) -> None:
    """Keeps the progress up to date, until cancelled."""
    while True:
        progress.done = await done_events(session, address)
        await asyncio.sleep(0.2)


async def soak(minutes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port(HOST, 0)
        address = f"http://{HOST}:{port}"
        (folder / "rules").mkdir()
        (folder / "rules" / "soak.yaml").write_text(RULES)
        configuration = folder / "bridge.yaml"
        async with sandbox_process(LATENCY_MS) as jira:
            text = CONFIGURATION.format(port=port, days=1 / 1440, jira=jira)
            configuration.write_text(text)
            words = ("serve", "--config", str(configuration))
            log = folder / "bridge.log"
            async with running("bridge", words, log, f"{address}/readyz") as process:
                await watch(address, process.pid, folder, minutes)


async def watch(address: str, pid: int, folder: Path, minutes: int) -> None:
    """Sends for so long, and prints how it goes each minute."""
    print("minute  done/s  resident MB  store MB", flush=True)
    async with aiohttp.ClientSession() as session:
        until = time.perf_counter() + minutes * 60
        url = f"{address}/hooks/events"
        progress = Progress()
        senders = [
            asyncio.create_task(send_until(session, url, number, until, progress))
            for number in range(SENDERS)
        ]
        following = asyncio.create_task(follow(session, address, progress))
        before, started = 0, time.perf_counter()
        for minute in range(1, minutes + 1):
            await asyncio.sleep(max(0.0, started + minute * 60 - time.perf_counter()))
            done = await done_events(session, address)
            size = store_mb(folder)
            rate = (done - before) / 60
            print(f"{minute:6}  {rate:6.0f}  {resident_mb(pid):11.1f}  {size:8.1f}", flush=True)
            before = done
        await asyncio.gather(*senders)
        following.cancel()


def store_mb(folder: Path) -> float:
    """The database with its log."""
    return sum(file.stat().st_size for file in folder.glob("bridge.db*")) / 1e6


if __name__ == "__main__":
    asyncio.run(soak(int(sys.argv[1]) if len(sys.argv) > 1 else 30))
