"""The bridge, and what it is measured against: three small applications on the same server.

`python -m tests.bench.servers NAME PORT FOLDER` serves one of them until it is told to end.
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

from bridge.app import build
from bridge.clock import new_id, wall_clock
from bridge.configuration import load_settings
from bridge.logs import configure_logging
from bridge.process import listen, run, server_config, settle_memory
from bridge.process import serve as bridge_serve
from bridge.store.checkpoint import PAGES
from bridge.store.database import open_database
from bridge.store.events import INSERT_BODIES, INSERT_EVENTS, UNLESS_KNOWN
from bridge.store.sqlite import WRITER_CACHE_KIB
from bridge.store.transaction import multi_row
from bridge.web.hooks import Hooks

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
    """Checks as above, then inserts what the bridge inserts, each request by itself.

    Through aiosqlite, into the bridge's own tables with its own settings: the same rows, the same
    durability, but a transaction for each, and a unique index for what is known already.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "commit-per-request.db"
        self.connection: aiosqlite.Connection | None = None
        self.lock = asyncio.Lock()

    async def open(self) -> aiosqlite.Connection:
        await (await open_database(f"sqlite:///{self.path}", wall_clock)).close()
        connection = await aiosqlite.connect(self.path, isolation_level=None)
        for setting in SETTINGS:
            await connection.execute(f"PRAGMA {setting}")
        await connection.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS events_delivery ON events (tenant, source, key)"
        )
        return connection

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body, _ = await read_and_check(scope, receive)
        key = next(value for name, value in scope["headers"] if name == b"x-github-delivery")
        now = wall_clock()
        event_id = new_id("evt", now)
        event = (
            event_id, "default", "github", key.decode(), 0, "alert.raised", key.decode(), now, now,
            event_id, "received",
        )  # fmt: skip
        async with self.lock:
            if self.connection is None:
                self.connection = await self.open()
            await self.connection.execute("BEGIN IMMEDIATE")
            await self.connection.execute(INSERT_EVENT, event)
            await self.connection.execute(INSERT_BODY, (event_id, "{}", body))
            await self.connection.execute("COMMIT")
        await answer_accepted(send)


SETTINGS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"wal_autocheckpoint={PAGES}",
    f"cache_size=-{WRITER_CACHE_KIB}",
)
INSERT_EVENT = multi_row(INSERT_EVENTS, 11, 1, UNLESS_KNOWN)
INSERT_BODY = multi_row(INSERT_BODIES, 3, 1, "")


CONFIGURATION = f"""
server: {{port: {{port}}}}
store: {{url: "sqlite:///{{name}}.db"}}
log: {{level: warning}}
sources: [{{name: github, preset: github, secrets: ["{SECRET.decode()}"]}}]
"""
RULES = """
version: 1
rules: [{name: other, on: scan.finished, then: [{log: {message: seen}}]}]
"""


async def serve_bridge(name: str, port: int, folder: Path, *, with_worker: bool) -> None:
    """The bridge itself. Without its worker, receiving is all that is measured."""
    file = folder / f"{name}.yaml"
    file.write_text(CONFIGURATION.replace("{port}", str(port)).replace("{name}", name), "utf-8")
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "rules.yaml").write_text(RULES, "utf-8")
    settings = load_settings(file, {})
    if with_worker:
        await bridge_serve(settings)
        return
    configure_logging("warning")
    parts = await build(settings)
    await serve(parts.application, port, parts.hooks)


async def serve(application: Any, port: int, hooks: Hooks | None = None) -> None:
    """As `bridge serve` runs its own: the same server, the same settings, the same memory."""
    config = server_config(application, hooks)
    listener = listen("127.0.0.1", port)
    settle_memory()
    await uvicorn.Server(config).serve(sockets=[listener])


def main(name: str, port: int, folder: Path) -> None:
    if name.startswith("bridge"):
        run(serve_bridge(name, port, folder, with_worker=name.endswith("worker")))
        return
    applications: dict[str, Application] = {
        "bare": bare,
        "checking": checking,
        "commit-per-request": CommitPerRequest(folder),
    }
    run(serve(applications[name], port))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
