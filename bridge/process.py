"""The processes: what runs between the command and the signal that ends it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from bridge.app import GRACE_SECONDS, build
from bridge.clock import Clock, wall_clock
from bridge.errors import BridgeError
from bridge.logs import configure_logging
from bridge.settings import Settings
from bridge.web.hooks import Hooks
from bridge.web.protocol import protocol_for

YOUNG_OBJECTS = 50_000
"""Objects made before the garbage collector looks for cycles. At Python's 700 it ran several
times for each batch of bodies and found nothing: a third of the rate of receiving."""

SWITCH_SECONDS = 0.00001
"""How long a thread waits for the interpreter before it asks that it be handed over. A commit wants
it for two moments only, at its start and its end. With Python's own 0.005, and still with 0.0002,
it never came to ask: the event loop gives the interpreter up between its callbacks, every 40 µs,
which ends the wait, and has it back before the other thread is awake. So commits waited longer for
it than for the disk, and each such awakening cost both threads: a quarter of the rate."""

log = structlog.get_logger("bridge")


class Server(uvicorn.Server):
    """uvicorn, told when to stop by us: what comes after its own end is still to be done.

    The port is open before it starts: a request that comes early waits a moment and is answered.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_config(application: ASGIApp, hooks: Hooks | None = None) -> uvicorn.Config:
    """The same for the bridge and for what it is measured against.

    hooks: what takes deliveries the short way; without it all requests go uvicorn's own way.

    Nothing of a proxy's is believed here; `hooks.py` says what is, and where. Without a lifespan,
    because the parts are started and stopped around the server.
    """
    return uvicorn.Config(
        application,
        http="httptools" if hooks is None else protocol_for(hooks),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        backlog=2048,
        timeout_graceful_shutdown=int(GRACE_SECONDS),
    )


async def serve(
    settings: Settings,
    *,
    clock: Clock = wall_clock,
    started: Callable[[str], None] = lambda address: None,
) -> None:
    """Receives and acts until SIGTERM or SIGINT, then ends in order.

    started: told the address once requests are answered, such as `http://127.0.0.1:8080`.
    Raises what `build` raises, and BridgeError when the port cannot be had.
    """
    configure_logging(settings.log.level, settings.log.format)
    parts = await build(settings, clock)
    try:
        listener = listen(settings.server.host, settings.server.port)
        await parts.start()
        settle_memory()
        server = Server(server_config(parts.application, parts.hooks))
        until_told(lambda: ask_to_stop(server, parts.closing))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        address = address_of(listener)
        log.info("listening", address=address, sources=len(parts.configured.sources))
        started(address)
        await running
    finally:
        await parts.stop()
    log.info("stopped")


async def work(settings: Settings, *, clock: Clock = wall_clock) -> None:
    """Acts on what is stored until SIGTERM or SIGINT; listens on no port.

    Raises what `build` raises.
    """
    configure_logging(settings.log.level, settings.log.format)
    parts = await build(settings, clock)
    told = asyncio.Event()
    try:
        await parts.start()
        settle_memory()
        until_told(told.set)
        log.info("working", integrations=len(parts.configured.integrations))
        await told.wait()
    finally:
        await parts.stop()
    log.info("stopped")


def run(process: Coroutine[Any, Any, None]) -> None:
    """Runs `serve` or `work` to its end, on the faster event loop where there is one."""
    sys.setswitchinterval(SWITCH_SECONDS)
    if sys.platform == "win32":
        asyncio.run(process)
    else:
        import uvloop

        uvloop.run(process)


def ask_to_stop(server: Server, closing: asyncio.Event) -> None:
    """The first time in order, the second time at once. closing: ends the streams."""
    closing.set()
    server.force_exit = server.should_exit
    server.should_exit = True


def until_told(stop: Callable[[], None]) -> None:
    """Calls back at SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def listen(host: str, port: int) -> socket.socket:
    """An open port. Raises BridgeError in words that say what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise BridgeError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; "
            "another process may have it; set server.port"
        ) from error


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def settle_memory() -> None:
    """Everything built so far stays for good: the garbage collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
