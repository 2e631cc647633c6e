"""The two processes of the demo: started, waited for, stopped whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bridge.demo.patience import ask_until
from bridge.errors import BridgeError

START_SECONDS = 30.0
"""A first start on a slow machine compiles every module; ten times what it takes here."""
STOP_SECONDS = 15.0
SHOWN_LINES = 15


def free_port(host: str, wanted: int) -> int:
    """The wanted port where it is free, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            return int(listener.getsockname()[1])
    raise BridgeError(f"no port is free on {host}")


@asynccontextmanager
async def running(
    name: str, words: Sequence[str], log: Path, ready_url: str
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """`bridge WORDS` as a process of its own, from when it is ready until the block ends.

    log: where its output goes. Raises BridgeError with the end of it when it does not start.
    """
    command = [sys.executable, "-P", "-m", "bridge", *words]
    environ = {key: text for key, text in os.environ.items() if not key.startswith("BRIDGE_")}
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own program; it returns at once
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environ
        )
    try:
        await _wait_until_ready(name, process, log, ready_url)
        yield process
    finally:
        await _stop(process)


async def _wait_until_ready(
    name: str, process: subprocess.Popen[bytes], log: Path, url: str
) -> None:
    async def ready() -> bool:
        if process.poll() is not None:
            raise BridgeError(f"the {name} ended with {process.returncode}:\n{_end_of(log)}")
        with contextlib.suppress(httpx.TransportError):
            return (await client.get(url)).is_success
        return False

    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
        if not await ask_until(ready, bool, START_SECONDS):
            raise BridgeError(f"the {name} was not ready in time:\n{_end_of(log)}")


async def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it as an operator would; if that does not help, at once."""

    async def ended() -> bool:
        return process.poll() is not None

    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    if not await ask_until(ended, bool, STOP_SECONDS):
        process.kill()
        process.wait()


def _end_of(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-SHOWN_LINES:])
