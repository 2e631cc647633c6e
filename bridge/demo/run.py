"""The demo from start to end: two processes, every scenario, what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bridge.access.role import Role
from bridge.clock import wall_clock
from bridge.demo.processes import free_port, running
from bridge.demo.scenarios import SCENARIOS
from bridge.demo.shown import Shown
from bridge.demo.world import World, open_world, write_configuration
from bridge.principal import Wanted, make_key

HOST = "127.0.0.1"
BRIDGE_PORT = 8080
SANDBOX_PORT = 8090


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that runs: where it is, and the key its pages and APIs are used with.

    key: an admin's; it ends with the demo's folder, and is in no log.
    """

    world: World
    configuration: Path
    key: str = field(repr=False)

    async def play(self, shown: Callable[[Shown], None]) -> bool:
        """Play every scenario and tell of each; true when all did what they should."""
        results = []
        for scenario in SCENARIOS:
            result = await scenario(self.world)
            shown(result)
            results.append(result)
        return all(result.ok for result in results)

    async def webhooks_of_jira(self) -> dict[str, int]:
        """How Jira's own webhooks ended, by state."""
        states = await self.world.webhooks_of_jira()
        return {state: states.count(state) for state in sorted(set(states))}


@asynccontextmanager
async def running_demo(folder: Path, *, any_port: bool = False) -> AsyncIterator[Demo]:
    """The sandbox and the bridge on this machine, with everything they keep in this folder.

    any_port: not the ports a person would look at, so that several can run side by side.
    """
    port = free_port(HOST, 0 if any_port else BRIDGE_PORT)
    sandbox_port = free_port(HOST, 0 if any_port else SANDBOX_PORT)
    sandbox_url = f"http://{HOST}:{sandbox_port}"
    configuration = write_configuration(folder, port, sandbox_url)
    sandbox_words = ("sandbox", "--port", str(sandbox_port))
    serve_words = ("serve", "--config", str(configuration))
    async with (
        running("sandbox", sandbox_words, folder / "sandbox.log", f"{sandbox_url}/"),
        running("bridge", serve_words, folder / "bridge.log", f"http://{HOST}:{port}/readyz"),
        httpx.AsyncClient(timeout=30.0, trust_env=False) as client,
    ):
        world = await open_world(configuration, port, sandbox_url, client)
        try:
            wanted = Wanted("default", "demo", Role.ADMIN)
            _, key = await world.database.write(lambda tx: make_key(tx, wanted, wall_clock()))
            yield Demo(world, configuration, key)
        finally:
            await world.database.close()
