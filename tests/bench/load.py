"""The load generator: many connections, one request at a time on each, in a process of its own.

Raw sockets and a parser that knows no more than it must, because on a small machine a general HTTP
client would be the slower side and the figures would be its own. Every answer's status is read;
the body is skipped by its announced length.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What one round did. Durations are seconds, one for each answer."""

    seconds: float
    statuses: dict[int, int]
    durations: list[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, share: float) -> float:
        """The duration in milliseconds that `share` of the answers stayed under."""
        ordered = sorted(self.durations)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered."""

    def __init__(self, requests: Iterator[bytes], done: Callable[[], None], load: Load) -> None:
        self.requests = requests
        self.done = done
        self.load = load
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:

        self.transport = cast(asyncio.WriteTransport, transport)
        self.send()

    def send(self) -> None:
        assert self.transport is not None
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lower = self.buffer[:head].lower()
        mark = lower.find(b"content-length:")
        length = int(lower[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
        if len(self.buffer) < head + 4 + length:
            return
        status = int(self.buffer[9:12])
        self.buffer = self.buffer[head + 4 + length :]
        self.load.statuses[status] += 1
        self.load.durations.append(time.perf_counter() - self.sent_at)
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self.done()


async def run(port: int, connections: int, requests: list[bytes], seconds: float) -> Load:
    """Send until the time is over, from the first request again when all were sent; then report."""
    loop = asyncio.get_running_loop()
    load = Load(0.0, Counter(), [])
    started = time.perf_counter()
    until = started + seconds

    def next_request() -> Iterator[bytes]:
        for request in itertools.cycle(requests):
            if time.perf_counter() > until:
                return
            yield request

    source = next_request()
    closed = asyncio.Event()
    remaining = connections

    def one_done() -> None:
        nonlocal remaining
        remaining -= 1
        if remaining == 0:
            closed.set()

    for _ in range(connections):
        await loop.create_connection(lambda: Connection(source, one_done, load), "127.0.0.1", port)
    await closed.wait()
    return Load(time.perf_counter() - started, dict(load.statuses), load.durations)


def main() -> None:
    """Take rounds from stdin, one JSON object a line, and answer each with one line of JSON.

    A round: {"port", "connections", "requests" (a file of length-prefixed requests), "seconds"}.
    """
    for line in sys.stdin:
        order = json.loads(line)
        requests = read_requests(Path(order["requests"]))
        load = uvloop.run(run(order["port"], order["connections"], requests, order["seconds"]))
        answer = {
            "rate": load.rate,
            "statuses": load.statuses,
            "p50": load.percentile(0.5),
            "p99": load.percentile(0.99),
        }
        print(json.dumps(answer), flush=True)


def write_requests(path: Path, requests: list[bytes]) -> None:
    """Each request behind its length as four bytes, so that a million of them load at once."""
    path.write_bytes(b"".join(len(one).to_bytes(4, "big") + one for one in requests))


def read_requests(path: Path) -> list[bytes]:
    data = path.read_bytes()
    found, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


if __name__ == "__main__":
    main()
