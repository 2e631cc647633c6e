"""What the bridge is measured against: three small applications on the same server.

`python -m tests.bench.servers NAME PORT FOLDER` serves one of them until it is killed.
All run under uvicorn with the settings of `bridge serve`, one process, no access log.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import aiosqlite
import uvicorn

SECRET = b"not-a-secret-only-for-measuring"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

ANSWER = b'{"id":"evt_00000000000000000000000000000000","status":"accepted"}'
HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(ANSWER)).encode()),
]


async def answer_accepted(send: Send) -> None:
    await send({"type": "http.response.start", "status": 202, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def bare(scope: Message, receive: Receive, send: Send) -> None:
    """Answers 202 and looks at nothing."""
    await answer_accepted(send)


async def read_and_check(scope: Message, receive: Receive) -> tuple[bytes, object]:
    """The least a receiver of signed webhooks does: read all, compare the HMAC, parse."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    given = next(value for key, value in scope["headers"] if key == b"x-hub-signature-256")
    expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given, expected.encode()):
        raise ValueError("the signature is wrong")
    return body, json.loads(body)


async def checking(scope: Message, receive: Receive, send: Send) -> None:
    """Reads, checks the HMAC, parses; stores nothing."""
    await read_and_check(scope, receive)
    await answer_accepted(send)


class CommitPerRequest:
    """Checks as above, then inserts and commits each request by itself through aiosqlite."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "commit-per-request.db"
        self.connection: aiosqlite.Connection | None = None
        self.lock = asyncio.Lock()

    async def open(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self.path, isolation_level=None)
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS event (key TEXT PRIMARY KEY, body BLOB NOT NULL)"
        )
        return connection

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body, _ = await read_and_check(scope, receive)
        key = next(value for name, value in scope["headers"] if name == b"x-github-delivery")
        async with self.lock:
            if self.connection is None:
                self.connection = await self.open()
            await self.connection.execute("BEGIN IMMEDIATE")
            await self.connection.execute(
                "INSERT INTO event VALUES (?, ?) ON CONFLICT DO NOTHING", (key, body)
            )
            await self.connection.execute("COMMIT")
        await answer_accepted(send)


def serve(application: Application, port: int) -> None:
    """uvicorn as `bridge serve` runs it."""
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )


def main(name: str, port: int, folder: Path) -> None:
    applications: dict[str, Application] = {
        "bare": bare,
        "checking": checking,
        "commit-per-request": CommitPerRequest(folder),
    }
    serve(applications[name], port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
