"""A token whose end nobody told, refused by its system: renewed then, once, and called again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.sandbox.app import SandboxOptions
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from tests.api.conftest import World
from tests.api.test_integrations import BASE, allow, write
from tests.api.test_six_systems import body, replace_issuer

RULE = """\
version: 1
rules:
  - name: ticket
    on: case.created
    then:
      - create_ticket: {in: made-github, summary: "${{ data.title }}"}
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """One whose stand-ins beside Jira let in a single token."""
    async with running_sandbox(SandboxOptions(tokens=frozenset({"new"}))) as running:
        yield running


def issuer(world: World, token: str = "new") -> list[httpx.Request]:
    """What it is asked; it gives this token."""
    asked: list[httpx.Request] = []

    def issue(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = {"access_token": token, "refresh_token": "next", "expires_in": 28800}
        return httpx.Response(200, json=answer)

    replace_issuer(world, "github", issue)
    return asked


async def make(world: World, **auth: str) -> dict[str, Any]:
    allow(world)
    given = body(world, "github", **auth)
    data: dict[str, Any] = (await world.ask("POST", f"{BASE}/create", json=given)).json()["data"]
    assert data["problem"] == ""
    return data


async def tickets(world: World, folder: Path, count: int = 1) -> list[str]:
    """Cases whose tickets a rule makes; the states of its actions, the newest first."""
    write(folder / "rules" / "one.yaml", RULE)
    await world.parts.reload()
    for number in range(count):
        await world.event("case.created", {"id": f"c-{number}", "title": f"It leaks {number}"})
    actions = (await world.ask("GET", "/api/v1/actions")).json()["actions"]
    return [one["state"] for one in actions]


async def test_a_refused_token_is_renewed_and_the_call_goes_out_again(
    world: World, tmp_path: Path
) -> None:
    asked = issuer(world)
    made = await make(world, refresh_token="first")
    assert await tickets(world, tmp_path, 2) == ["done", "done"]
    assert len(asked) == 1
    auth = (await world.ask("GET", f"{BASE}/{made['integration_id']}")).json()["data"]["auth_data"]
    assert (auth["access_token"], auth["refresh_token"]) == ("new", "next")
    assert auth["expires_at"]


async def test_calls_that_are_refused_at_once_renew_once(world: World) -> None:
    asked = issuer(world)
    await make(world, refresh_token="first")
    known = world.parts.registry.get(("default", "made-github"))
    assert known is not None
    others = await asyncio.gather(*(world.parts.tokens.refused(known) for _ in range(10)))
    assert len(asked) == 1
    assert all(one is not None for one in others)


async def test_a_token_that_is_refused_as_it_came_is_not_renewed_again(
    world: World, tmp_path: Path
) -> None:
    asked = issuer(world, "wrong too")
    await make(world, refresh_token="first")
    assert await tickets(world, tmp_path, 3) == ["dead"] * 3
    assert len(asked) == 1


async def test_without_a_refresh_token_a_refusal_is_final(world: World, tmp_path: Path) -> None:
    asked = issuer(world)
    made = await make(world)
    assert await tickets(world, tmp_path) == ["dead"]
    assert asked == []
    shown = (await world.ask("GET", f"{BASE}/{made['integration_id']}")).json()["data"]
    assert shown["problem"] == ""
