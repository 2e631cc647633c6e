"""A vendor's stand-in on a real socket that reports to the receiver."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx

from bridge.sandbox.app import SandboxOptions
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from bridge.sandbox.webhooks import Target
from bridge.sources.catalogue import load_presets
from tests.sandbox.conftest import MovingClock
from tests.sandbox.receiver import Receiver
from tests.sources.deliveries import delivery, events, source

SECRET = "made-up secret of a test"


@asynccontextmanager
async def vendor(
    name: str, receiver: Receiver, clock: MovingClock, token: str = "anything"
) -> AsyncGenerator[tuple[httpx.AsyncClient, RunningSandbox], None]:
    """A client whose base is the stand-in's, and the sandbox around it."""
    options = SandboxOptions(webhooks=(Target(receiver.url, SECRET, sites=(name,)),))
    async with running_sandbox(options, clock=clock) as running:
        headers = {"authorization": f"Bearer {token}"}
        base = f"{running.base_url}/{name}/"
        async with httpx.AsyncClient(base_url=base, headers=headers) as client:
            yield client, running


async def our_events(
    preset: str, running: RunningSandbox, receiver: Receiver, now: int
) -> list[tuple[str, str, dict[str, object]]]:
    """What our own preset makes of what was received: verified, then type, subject and data."""
    await running.app.webhooks.settled()
    by = source(load_presets()[preset], SECRET)
    found: list[tuple[str, str, dict[str, object]]] = []
    for headers, body in receiver.received:
        given = delivery(body, headers, at=now)
        by.verify(given, now)
        for event in events(by, given):
            assert isinstance(event.data, dict)
            found.append((event.type, event.subject, dict(event.data)))
    return found
