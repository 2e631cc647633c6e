"""Access tokens that end: renewed before they do, once, whoever asks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from bridge.calling import Integration
from bridge.clock import iso
from bridge.connectors.http import HttpClient
from bridge.errors import GiveUp, TryAgain
from bridge.store.integrations import get_integration
from bridge.token_requests import OAuthClient, moment
from bridge.tokens import AHEAD_MS, Tokens
from tests.api.conftest import World
from tests.api.test_integrations import BASE, allow, jira

HOUR_MS = 3_600_000
CLIENT = OAuthClient(
    "made-up-client", SecretStr("made-up-client-secret"), "https://id.example/token"
)


@dataclass
class Issuer:
    """The remote OAuth server: each refresh token is good once, as Atlassian's are."""

    good: set[str] = field(default_factory=lambda: {"refresh-0", "the-code"})
    asked: list[dict[str, str]] = field(default_factory=list)
    status: int = 200

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        given = self.read(request)
        self.asked.append(given)
        await asyncio.sleep(0)
        if self.status != 200:
            return httpx.Response(self.status, json={"error": "server_error"})
        used = given.get("refresh_token") or given.get("code", "")
        if used not in self.good or given["client_secret"] != "made-up-client-secret":
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.good.discard(used)
        number = len(self.asked)
        self.good.add(f"refresh-{number}")
        answer = {
            "access_token": f"access-{number}", "refresh_token": f"refresh-{number}",
            "expires_in": 3600, "token_type": "Bearer",
        }  # fmt: skip
        return httpx.Response(200, json=answer)

    def read(self, request: httpx.Request) -> dict[str, str]:
        if request.headers["content-type"].startswith("application/json"):
            value: dict[str, str] = json.loads(request.content)
            return value
        return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def tokens(world: World, issuer: Issuer) -> AsyncIterator[Tokens]:
    """The bridge's own, with the remote server replaced."""
    allow(world)
    mine = world.parts.tokens
    mine.http = HttpClient(world.clock, httpx.MockTransport(issuer))
    mine.clients = {"jira": CLIENT}
    yield mine
    await mine.http.aclose()


async def make(world: World, **auth: str) -> Integration:
    body = jira(world)
    del body["options"]["auth"]
    body["auth_data"] = {"token_type": "Bearer", **auth}
    answer = await world.ask("POST", f"{BASE}/create", json=body)
    assert answer.status_code == 200, answer.text
    known = world.parts.registry.get(("default", "jira-made"))
    assert known is not None, answer.json()["data"]["problem"]
    return known


async def test_a_token_that_lasts_is_left_alone(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    made = await make(world, access_token="old", expires_at=iso(world.clock.now + HOUR_MS))
    assert await tokens.renew(made) is made
    assert issuer.asked == []


async def test_a_token_is_renewed_before_it_ends_and_the_call_goes_out_with_the_new_one(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    soon = iso(world.clock.now + AHEAD_MS - 1)
    made = await make(world, access_token="old", refresh_token="refresh-0", expires_at=soon)
    renewed = await tokens.renew(made)
    assert issuer.asked[0]["grant_type"] == "refresh_token"
    assert issuer.asked[0]["refresh_token"] == "refresh-0"
    assert renewed.client.settings.auth.header() == "Bearer access-1"
    assert renewed.valid_until == world.clock.now + HOUR_MS
    assert world.parts.registry.get(("default", "jira-made")) is not made


async def test_twenty_calls_at_once_renew_once(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    past = iso(world.clock.now - 1000)
    made = await make(world, access_token="old", refresh_token="refresh-0", expires_at=past)
    renewed = await asyncio.gather(*(tokens.renew(made) for _ in range(20)))
    assert len(issuer.asked) == 1
    assert {one.client.settings.auth.header() for one in renewed} == {"Bearer access-1"}


async def test_a_second_node_waits_for_the_first(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    """The row is the lock: another process shares the database, not the memory."""
    past = iso(world.clock.now - 1000)
    made = await make(world, access_token="old", refresh_token="refresh-0", expires_at=past)
    parts = world.parts
    other = Tokens(parts.database, world.clock, parts.made, tokens.http, tokens.clients)
    await asyncio.gather(tokens.renew(made), other.renew(made), tokens.renew(made))
    assert len(issuer.asked) == 1


async def test_the_next_renewal_uses_the_refresh_token_of_the_last(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    past = iso(world.clock.now - 1000)
    made = await make(world, access_token="old", refresh_token="refresh-0", expires_at=past)
    made = await tokens.renew(made)
    world.clock.now += 2 * HOUR_MS
    await tokens.renew(made)
    assert [one["refresh_token"] for one in issuer.asked] == ["refresh-0", "refresh-1"]


async def test_a_code_becomes_a_token_when_the_integration_is_made(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    made = await make(world, code="the-code")
    assert issuer.asked[0]["grant_type"] == "authorization_code"
    assert made.client.settings.auth.header() == "Bearer access-1"


async def test_a_renewal_that_fails_keeps_nobody_from_the_token_that_still_holds(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    soon = iso(world.clock.now + AHEAD_MS - 1)
    made = await make(world, access_token="old", refresh_token="refresh-0", expires_at=soon)
    issuer.status = 503
    assert await tokens.renew(made) is made
    world.clock.now += AHEAD_MS
    with pytest.raises(TryAgain):
        await tokens.renew(made)
    issuer.status = 200
    assert (await tokens.renew(made)).client.settings.auth.header() == "Bearer access-3"


async def test_a_refresh_token_that_is_refused_is_shown_as_the_integrations_problem(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    past = iso(world.clock.now - 1000)
    made = await make(world, access_token="old", refresh_token="stolen", expires_at=past)
    with pytest.raises(GiveUp):
        await tokens.renew(made)
    shown = (await world.ask("GET", f"{BASE}/{made.id}", "viewer")).text
    assert "token not renewed" in shown
    assert "stolen" not in shown
    assert "made-up-client-secret" not in shown
    stored = await world.parts.database.read(lambda tx: get_integration(tx, "default", made.id))
    assert stored.trouble


async def test_a_round_renews_what_nobody_calls(
    world: World, tokens: Tokens, issuer: Issuer
) -> None:
    soon = iso(world.clock.now + AHEAD_MS - 1)
    await make(world, access_token="old", refresh_token="refresh-0", expires_at=soon)
    await tokens.renew_due()
    await tokens.renew_due()
    assert len(issuer.asked) == 1


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T00:00:01", 1000),
        ("1970-01-01T01:00:01+01:00", 1000),
        ("never", 0),
    ],
)
def test_a_moment_without_an_offset_is_utc(text: str, milliseconds: int) -> None:
    assert moment(text) == milliseconds
