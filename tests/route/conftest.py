"""A whole bridge as an operator runs it: a configuration, rules, and `bridge serve`."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from bridge.verify.signature import Algorithm, hmac_digest

SECRET = "made-up-for-these-tests"

CONFIGURATION = f"""
server: {{port: 0, body_limit_bytes: 100000, body_timeout_seconds: 0.5}}
sources:
  - {{name: github, preset: github, secrets: ["{SECRET}"]}}
"""

RULES = """
version: 1
rules:
  - name: tell
    on: finding.opened
    then:
      - log: {message: "${{ data.title }}"}
"""


def github(body: bytes, delivery: str = "", kind: str = "push") -> dict[str, str]:
    """The headers GitHub would send."""
    signature = hmac_digest(body, SECRET.encode(), Algorithm.SHA256).hex()
    return {
        "content-type": "application/json",
        "x-github-event": kind,
        "x-github-delivery": delivery or str(uuid.uuid4()),
        "x-hub-signature-256": f"sha256={signature}",
    }


@dataclass
class Server:
    """`bridge serve` in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    lines: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def post(self, body: bytes, delivery: str = "") -> httpx.Response:
        headers = github(body, delivery)
        return httpx.post(f"{self.address}/hooks/github", content=body, headers=headers)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Asks it to end; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@dataclass
class Installation:
    """A folder with a configuration. Servers that a test started end with it."""

    folder: Path
    servers: list[Server] = field(default_factory=list)

    def serve(self, largest_file: int = 0) -> Server:
        """Starts a server. largest_file: bytes it may write to one file, as if the disk ended."""

        def in_bounds() -> None:
            if largest_file:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", "serve", "--config", self.folder / "bridge.yaml"],
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=in_bounds,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        server = Server(process, "")
        self.servers.append(server)
        assert process.stderr is not None
        for line in process.stderr:
            server.lines.append(line)
            if '"listening"' in line:
                server.address = json.loads(line)["address"]
                return server
        raise AssertionError(f"it did not start: {server.lines}")

    def end(self) -> None:
        for server in self.servers:
            server.kill()
            assert server.process.stderr is not None
            server.process.stderr.close()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    (tmp_path / "bridge.yaml").write_text(CONFIGURATION, "utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yaml").write_text(RULES, "utf-8")
    made = Installation(tmp_path)
    yield made
    made.end()
