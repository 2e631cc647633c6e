"""The processes: a sandbox, nodes of the bridge, and where they live."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bridge.event import JSON
from tests.chaos.story import RULES

ROOT = Path(__file__).resolve().parents[2]
SECRET = "made-up-chaos-secret"
START_SECONDS = 90.0
BOT = {"authorization": "Basic " + base64.b64encode(b"anna:made-up").decode()}
HUMAN_TEXT = "Written by a person, and to stay."

CONFIGURATION = """\
server: {{host: 127.0.0.1, port: {port}}}
store: {{url: "{store}"}}
rules: {{path: rules, reload: false}}
log: {{level: warning}}
sources:
  - {{name: chaos, preset: generic-hmac, secrets: [{secret}]}}
worker:
  {{max_attempts: 6, backoff_base_seconds: 0.2, backoff_cap_seconds: 2, action_timeout_seconds: 8}}
integrations:
  - name: jira
    type: jira
    base_url: {sandbox}/jira
    auth: {{email: bridge@sandbox.example, api_token: made-up}}
    project: SEC
    timeout_seconds: 5
    description_limit: 4000   # so that tables have to move into comments
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Process:
    """One process of ours, its output in a file."""

    def __init__(self, words: Sequence[str], log: Path) -> None:
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream,
            )  # fmt: skip

    @property
    def dead(self) -> bool:
        return self._process.poll() is not None

    @property
    def killed(self) -> bool:
        """Whether it ended by SIGKILL and not of its own accord."""
        return self._process.poll() == -signal.SIGKILL

    def send(self, number: int) -> None:
        if not self.dead:
            self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """As an operator ends it; gives its exit code."""
        self.send(signal.SIGTERM)
        return self._process.wait(30)


async def answers(client: httpx.AsyncClient, url: str, process: Process) -> bool:
    """Waits until a process answers; false when it has died instead."""
    async with asyncio.timeout(START_SECONDS):
        while not process.dead:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(url, timeout=2)).status_code < 500:
                    return True
            await asyncio.sleep(0.02)
    return False


class Node:
    """A place where a bridge runs, again and again: its port, its configuration, its control."""

    def __init__(self, folder: Path, name: str, store: str, sandbox: str) -> None:
        self.name = name
        self.url_port = free_port()
        self.url = f"http://127.0.0.1:{self.url_port}"
        self.home = folder / name
        self.control = self.home / "control"
        self.control.mkdir(parents=True)
        (self.home / "rules").mkdir()
        (self.home / "rules" / "chaos.yaml").write_text(RULES)
        self.config = self.home / "bridge.yaml"
        self.config.write_text(
            CONFIGURATION.format(port=self.url_port, store=store, sandbox=sandbox, secret=SECRET)
        )
        self.process: Process | None = None
        self.stopped = False
        self.woke_at = 0.0

    def start(self, point: str = "", nth: int = 0) -> Process:
        words = ["-m", "tests.chaos.entry", str(self.config), str(self.control), point, str(nth)]
        self.process = Process(words, self.home / "log.txt")
        return self.process

    def set_clock(self, off_ms: int) -> None:
        draft = self.control / "clock.new"
        draft.write_text(str(off_ms))
        draft.rename(self.control / "clock")

    def fill_disk(self, full: bool) -> None:
        mark = self.control / "disk-full"
        if full:
            mark.touch()
        else:
            mark.unlink(missing_ok=True)


class SandboxClient:
    """The sandbox as the suite sees it: faults, made-ready issues, what it holds."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self.url = url

    async def set_faults(self, faults: dict[str, JSON]) -> None:
        answer = await self._client.put(f"{self.url}/sandbox/faults", json=faults)
        answer.raise_for_status()

    async def make_issue(self, summary: str) -> str:
        fields = {
            "project": {"key": "SEC"},
            "issuetype": {"name": "Task"},
            "summary": summary,
            "description": HUMAN_TEXT,
        }
        answer = await self._client.post(
            f"{self.url}/jira/rest/api/2/issue", json={"fields": fields}, headers=BOT
        )
        return str(answer.raise_for_status().json()["key"])

    async def issues(self) -> list[dict[str, JSON]]:
        answer = await self._client.get(f"{self.url}/sandbox/issues", timeout=60)
        found: list[dict[str, JSON]] = answer.raise_for_status().json()["issues"]
        return found

    async def content(self, attachment_id: str) -> str:
        url = f"{self.url}/jira/rest/api/2/attachment/content/{attachment_id}"
        answer = await self._client.get(url, headers=BOT)
        return answer.raise_for_status().text


@asynccontextmanager
async def running_sandbox(
    client: httpx.AsyncClient, folder: Path, seed: int
) -> AsyncIterator[SandboxClient]:
    port = free_port()
    words = ["-m", "bridge", "sandbox", "--port", str(port), "--seed", str(seed)]
    process = Process(words, folder / "sandbox.log")
    url = f"http://127.0.0.1:{port}"
    try:
        if not await answers(client, f"{url}/sandbox/faults", process):
            raise RuntimeError((folder / "sandbox.log").read_text())
        yield SandboxClient(client, url)
    finally:
        process.kill()
