"""Durable ingest, against applications that do less on the same server, and against `webhook`.

One process each, 64 connections, signed bodies of 2 KB. All servers run at the same time and are
driven in turn, round after round, so that what the machine does besides falls on all alike; a
ratio is taken within its round, and the median of the rounds counts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.demo.processes import free_port
from tests.bench.load import write_requests
from tests.bench.servers import SECRET
from tests.bench.table import Row

HOST = "127.0.0.1"
CONNECTIONS = 64
ROUNDS, SECONDS = 9, 1.0
MOST_A_SECOND = 20_000
"""Requests made for each second of a round; what answers faster than that gets them again."""

IDLE_SECONDS = 0.15
"""Without any CPU, in which a server counts as having finished: more than ten clock ticks."""

BODY_BYTES = 2_000
OURS = "bridge"
SERVERS = ("bare", "checking", "commit-per-request", OURS, "bridge-and-worker")
DEBIAN = "webhook"


@dataclass
class Answered:
    """What came of the rounds of one server."""

    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


class LoadProcess:
    """The load generator, told round by round what to do."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def round(self, port: int, requests: Path, seconds: float) -> dict[str, Any]:
        order = {
            "port": port, "connections": CONNECTIONS, "requests": str(requests),
            "seconds": seconds,
        }  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        answered = {
            name: Answered() for name in (*SERVERS, *((DEBIAN,) if shutil.which(DEBIAN) else ()))
        }
        running = {name: stack.enter_context(served(name, Path(folder))) for name in answered}
        load = stack.enter_context(loading())
        for number in range(ROUNDS + 1):
            requests = Path(folder) / f"requests-{number}"
            write_requests(requests, list(make_requests(int(MOST_A_SECOND * SECONDS))))
            for name, (process, port) in running.items():
                run_round(answered[name], load, process, port, requests, warm=number > 0)
            requests.unlink()
    return rows(answered)


def run_round(
    answered: Answered,
    load: LoadProcess,
    process: subprocess.Popen[bytes],
    port: int,
    requests: Path,
    *,
    warm: bool,
) -> None:
    """One round of one server; the first of all is only to warm up."""
    before = cpu_seconds(process.pid)
    started = time.perf_counter()
    answer = load.round(port, requests, SECONDS if warm else 0.5)
    answered_after = time.perf_counter() - started
    rest_after = wait_until_idle(process.pid)
    spent = cpu_seconds(process.pid) - before
    good = sum(count for status, count in answer["statuses"].items() if status in ("200", "202"))
    total = sum(answer["statuses"].values())
    if good != total:
        raise RuntimeError(f"not every request was accepted: {answer['statuses']}")
    if warm:
        # What a server still does after its answers is part of its work: `webhook` runs a program
        # for each delivery, and would run them in the next server's time.
        share = answered_after / (answered_after + rest_after)
        answered.rates.append(answer["rate"] * share)
        answered.p50.append(answer["p50"])
        answered.p99.append(answer["p99"])
        answered.cpu_us.append(spent / total * 1e6)


def rows(answered: dict[str, Answered]) -> list[Row]:
    ours = answered[OURS]
    made = [
        Row(
            f"durable ingest, {BODY_BYTES // 1000} KB signed, {CONNECTIONS} connections",
            f"{statistics.median(ours.rates):,.0f} a second, median {median(ours.p50):.1f} ms,"
            f" p99 {median(ours.p99):.1f} ms, {median(ours.cpu_us):.0f} µs of CPU each",
        ),
        against("  a bare application that only answers 202", ours, answered["bare"], 0.30),
        against("  one that reads, checks and parses", ours, answered["checking"], 0.5),
        against("  a commit for each request", ours, answered["commit-per-request"], 7),
        against("  the same with the worker matching beside it", ours,
                answered["bridge-and-worker"], None),
    ]  # fmt: skip
    if DEBIAN in answered:
        made.append(
            against("  Debian's webhook, HMAC rule, running /bin/true", ours, answered[DEBIAN], 2)
        )
    else:
        made.append(Row("  Debian's webhook, HMAC rule", "not installed here: left out"))
    return made


def against(what: str, ours: Answered, theirs: Answered, least: float | None) -> Row:
    """Ours as a part of theirs: the median of what it was in each round."""
    parts = [a / b for a, b in zip(ours.rates, theirs.rates, strict=True)]
    part = statistics.median(parts)
    figure = (
        f"{median(theirs.rates):,.0f} a second, {median(theirs.cpu_us):.0f} µs:"
        f" {part:.2f} ({min(parts):.2f} to {max(parts):.2f})"
    )
    if least is None:
        return Row(what, figure)
    return Row(what, figure, f"at least {least:g}", part >= least)


def median(values: list[float]) -> float:
    return statistics.median(values)


def make_requests(count: int) -> Iterator[bytes]:
    """Deliveries as GitHub sends them, each with a body and an id of its own."""
    steps = [{"name": f"step {number}", "done": True} for number in range(30)]
    alert = {"action": "created", "alert": {"number": 1, "steps": steps}, "text": ""}
    alert["text"] = "x" * (BODY_BYTES - len(json.dumps(alert)) - len(', "number": 10000000'))
    head = json.dumps(alert)[:-1]
    for number in range(count):
        body = f'{head}, "number": {10_000_000 + number}}}'.encode()
        signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        yield (
            "POST /hooks/github HTTP/1.1\r\n"
            f"Host: {HOST}\r\n"
            "User-Agent: GitHub-Hookshot/0000000\r\n"
            "Accept: */*\r\n"
            "Content-Type: application/json\r\n"
            "X-GitHub-Event: code_scanning_alert\r\n"
            f"X-GitHub-Delivery: {uuid.uuid4()}\r\n"
            "X-GitHub-Hook-ID: 1\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


@contextmanager
def served(name: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """One of the servers, from when its port answers until the block ends."""
    port = free_port(HOST, 0)
    words = webhook_words(folder, port) if name == DEBIAN else [
        sys.executable, "-m", "tests.bench.servers", name, str(port), str(folder)
    ]  # fmt: skip
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        wait_for(process, port)
        yield process, port
    finally:
        process.terminate()
        process.wait()


def webhook_words(folder: Path, port: int) -> list[str]:
    """`webhook` with the same check; it runs a program for each delivery, here the smallest."""
    rule = {
        "type": "payload-hmac-sha256",
        "secret": SECRET.decode(),
        "parameter": {"source": "header", "name": "X-Hub-Signature-256"},
    }
    hook = {"id": "github", "execute-command": "/bin/true", "trigger-rule": {"match": rule}}
    file = folder / "hooks.json"
    file.write_text(json.dumps([hook]), "utf-8")
    return [DEBIAN, "-hooks", str(file), "-ip", HOST, "-port", str(port)]


def wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"a server ended with {process.returncode}")
        try:
            socket.create_connection((HOST, port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("a server did not start")


@contextmanager
def loading() -> Iterator[LoadProcess]:
    words = [sys.executable, "-m", "tests.bench.load"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield LoadProcess(process)
    finally:
        process.terminate()
        process.wait()


def wait_until_idle(pid: int) -> float:
    """Waits until a process and its children do nothing any more; gives how long they still did."""
    started = last = time.perf_counter()
    spent = cpu_seconds(pid)
    while time.perf_counter() - last < IDLE_SECONDS:
        time.sleep(0.02)
        now = cpu_seconds(pid)
        if now > spent:
            last, spent = time.perf_counter(), now
    return last - started


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its ended children; 0 where /proc does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
