"""Serving the sandbox on a real socket: for the command line, and inside a test or the demo."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bridge.clock import Clock, wall_clock
from bridge.errors import BridgeError
from bridge.sandbox.app import Sandbox, SandboxOptions, create_sandbox
from bridge.sandbox.jira.state import JiraState


class Protocol(HttpToolsProtocol):
    """Uvicorn's own, which besides tells the application how to close its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # abort, not close: close would first send what uvicorn may still write.
        self.app_state = {**self.app_state, "hang_up": transport.abort}
        super().connection_made(transport)


TICK_SECONDS = 0.1
TICKS = 864_000
"""As Uvicorn's own loop: what it does now and then, such as the date of answers, counts on them."""

LOOK_SECONDS = 0.002
"""How soon it is seen that the last connection has closed; a turn or two of the loop does it."""


class Server(uvicorn.Server):
    """Leaves the process's signals alone: whoever started the sandbox stops it.

    answering: set once it does, or once it never will.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()
        self.leaving = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends as soon as the last connection has; Uvicorn's own looks ten times a second, which
        the tests, each with a sandbox of its own, would wait for a thousand times."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        state, grace = self.server_state, self.config.timeout_graceful_shutdown
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(LOOK_SECONDS)
        for task in state.tasks:
            task.cancel("the sandbox ends")
        await self.lifespan.shutdown()

    async def main_loop(self) -> None:
        """As Uvicorn's, and is woken when it shall end."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks = (ticks + 1) % TICKS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self.leaving.wait()

    def leave(self) -> None:
        """Ends it soon."""
        self.should_exit = True
        self.leaving.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _config(app: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Protocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small pieces at once (TCP_NODELAY) only where the protocol is named: without it
    # every answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        words = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise BridgeError(f"{words}; another process may have it; --port takes another") from error
    return listener


async def serve_sandbox(
    host: str,
    port: int,
    options: SandboxOptions | None = None,
    clock: Clock = wall_clock,
    started: Callable[[str, Sandbox], None] | None = None,
) -> None:
    """Serve until cancelled. started: called with the address once it answers.

    port: 0 takes any free one. Raises OSError when the address is taken.
    """
    async with running_sandbox(options, clock=clock, host=host, port=port) as sandbox:
        if started is not None:
            started(sandbox.base_url, sandbox.app)
        await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """base_url: without a slash at the end; it is the root site's base URL as it stands.

    jira_url and jira_dc_url: the base URLs of the Cloud and of the Data Center site.
    """

    base_url: str
    app: Sandbox

    @property
    def jira_url(self) -> str:
        return f"{self.base_url}/jira"

    @property
    def jira_dc_url(self) -> str:
        return f"{self.base_url}/jira-dc"

    @property
    def state(self) -> JiraState:
        """What the root site remembers."""
        return self.app.state


@asynccontextmanager
async def running_sandbox(
    options: SandboxOptions | None = None,
    *,
    clock: Clock = wall_clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncGenerator[RunningSandbox, None]:
    """The sandbox on this event loop and a real socket, gone when the block ends."""
    app = create_sandbox(options, clock, sleep)
    listener = _listen(host, port)
    name = f"[{host}]" if ":" in host else host
    server = Server(_config(app))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.answering.wait()
        yield RunningSandbox(f"http://{name}:{listener.getsockname()[1]}", app)
    finally:
        server.leave()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        listener.close()
