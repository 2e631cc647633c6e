"""A server in a process of its own: what it needs for large files, and a thousand requests at once.

One server for all of it: only a process can show what it holds in memory.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.sandbox.serve import RunningSandbox
from tests.api.conftest import CONFIGURATION, SECRET
from tests.api.files import PNG
from tests.api.test_tickets import BASE
from tests.route.conftest import Installation, Server

MB = 1024 * 1024
WHOLE = PNG + bytes(10 * MB - len(PNG))


@dataclass
class Running:
    """A server, and who made the tickets on it."""

    server: Server
    folder: Path
    client: httpx.AsyncClient

    def first_key(self) -> str:
        """Made as an operator makes it, while the server runs."""
        made = subprocess.run(
            [sys.executable, "-m", "bridge", "keys", "create", "--json", "--role", "admin",
             "--config", self.folder / "bridge.yaml"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return str(json.loads(made.stdout)["key"])

    def peak_bytes(self) -> int:
        """The most memory the server has held since `forget_peak`."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text("utf-8")
        line = next(one for one in status.splitlines() if one.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        """Source: https://www.kernel.org/doc/html/latest/filesystems/proc.html, `clear_refs`,
        read 2026-11."""
        Path(f"/proc/{self.server.process.pid}/clear_refs").write_text("5", "ascii")


@pytest.fixture
async def running(tmp_path: Path, sandbox: RunningSandbox) -> AsyncIterator[Running]:
    text = CONFIGURATION.format(folder=tmp_path, secret=SECRET, jira=sandbox.jira_url)
    (tmp_path / "bridge.yaml").write_text(text + "server: {port: 0}\n", "utf-8")
    (tmp_path / "rules").mkdir()
    installation = Installation(tmp_path)
    server = await asyncio.to_thread(installation.serve)
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
        yield Running(server, tmp_path, client)
    installation.end()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
async def test_large_files_and_a_thousand_requests_leave_a_server_well(running: Running) -> None:
    admin = await asyncio.to_thread(running.first_key)
    await large_files_stay_out_of_memory(running, admin)
    made = await running.client.post(
        "/api/v1/keys", json={"name": "many", "role": "operator"}, headers={"x-api-key": admin}
    )
    await three_hundred_of_a_thousand_are_let_through(running, made.json()["key"])
    assert running.server.process.poll() is None


async def large_files_stay_out_of_memory(running: Running, key: str) -> None:
    client, mine = running.client, {"x-api-key": key}
    made = await client.post(BASE, json={"summary": "x"}, headers=mine)
    files = f"{BASE}/{made.json()['data']['id']}/attachments"

    async def there_and_back(content: bytes) -> None:
        form = {"file": ("a.png", content)}
        sent = await client.post(files, files=form, headers=mine)
        assert sent.status_code == 201, sent.text
        path = f"{files}/{sent.json()['data']['id']}/preview"
        size = 0
        async with client.stream("GET", path, headers=mine) as shown:
            assert shown.status_code == 200
            async for piece in shown.aiter_bytes():
                size += len(piece)
        assert size == len(content)

    await there_and_back(PNG)  # what is loaded at the first use is no part of the file
    running.forget_peak()
    before = running.peak_bytes()
    await there_and_back(WHOLE)
    assert running.peak_bytes() - before < 5 * MB, "half of one file"
    await asyncio.gather(*(there_and_back(WHOLE) for _ in range(4)))
    assert running.peak_bytes() - before < 15 * MB, "of forty that were under way at once"


async def three_hundred_of_a_thousand_are_let_through(running: Running, key: str) -> None:
    """All requests are sent before the first answer is read: 100 connections, ten on each."""
    address = httpx.URL(running.server.address)
    head = f"host: bridge\r\nx-api-key: {key}\r\n"
    body = '{"remediationId": "x"}'
    read = f"GET /tenant/scans HTTP/1.1\r\n{head}\r\n"
    push = (
        f"POST /tenant/scans/none/integrations/push HTTP/1.1\r\n{head}"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    )
    began = time.monotonic()
    lines = [await asyncio.open_connection(address.host, address.port) for _ in range(100)]
    for _, writer in lines:
        writer.write((read + push).encode() * 5)
    answers = [answer for reader, _ in lines for answer in await answers_of(reader, 10)]
    passed_seconds = time.monotonic() - began
    for _, writer in lines:
        writer.close()
        await writer.wait_closed()
    counted = Counter(status for status, _, _ in answers)
    assert set(counted) == {200, 404, 429}, counted
    through = counted[200] + counted[404]
    assert 300 <= through <= 300 + 5 * passed_seconds, "five a second come back"
    left = [
        int(headers["x-ratelimit-remaining"]) for status, headers, _ in answers if status != 429
    ]
    assert set(range(300)) <= set(left)
    for status, headers, value in answers:
        assert headers["x-ratelimit-limit"] == "300"
        assert 0 <= int(headers["x-ratelimit-reset"]) <= 60
        if status == 429:
            assert headers["x-ratelimit-remaining"] == "0"
            assert int(headers["retry-after"]) >= 1
            assert set(value) == {"detail", "requestId"}
            assert value["requestId"] == headers["x-request-id"]


async def answers_of(
    reader: asyncio.StreamReader, number: int
) -> list[tuple[int, dict[str, str], Any]]:
    """So many answers of one connection: status, headers and JSON."""
    found = []
    for _ in range(number):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (one.partition(":") for one in head[1:-2])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        found.append((int(head[0].split()[1]), headers, json.loads(body)))
    return found
