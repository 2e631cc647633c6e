"""Integrations that API callers made, on each engine, and tokens that several nodes renew."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import httpx
import pytest
from pydantic import SecretStr

from bridge.access.vault import Vault
from bridge.calling import Integration
from bridge.clock import new_id
from bridge.connectors.http import HttpClient
from bridge.errors import Conflict, NotFound
from bridge.made import MadeIntegrations, Secrets, seal, unseal
from bridge.registry import Registry
from bridge.store import integrations as table
from bridge.store.database import open_database
from bridge.store.integrations import StoredIntegration
from bridge.store.transaction import Database
from bridge.token_requests import OAuthClient
from bridge.tokens import Tokens
from tests.store.conftest import START, MovableClock

VAULT = Vault([b"\1" * 32])
HOUR_MS = 3_600_000


def made(identifier: str = "one", *, tenant: str = "default", **more: object) -> StoredIntegration:
    """A row of type jira whose token is over."""
    id_ = new_id("int", START)
    secrets = Secrets(
        {"access_token": "old", "refresh_token": "refresh-0"},
        {"base_url": "https://jira.example.com"},
    )
    stored = StoredIntegration(
        id_, tenant, "Made", "jira", identifier, seal(VAULT, id_, secrets), {"project_id": "SEC"},
        {"tags": ["\u202e'\";--"]}, "alice", "key_1", True, "", START - 1, START, START, 1,
    )  # fmt: skip
    return replace(stored, **more)  # type: ignore[arg-type]


async def insert(database: Database, *rows: StoredIntegration) -> None:
    for row in rows:
        await database.write(lambda tx, one=row: table.insert_integration(tx, one))  # type: ignore[misc]


async def test_a_row_comes_back_as_it_was_and_only_to_its_tenant(database: Database) -> None:
    row, theirs = made(), made(tenant="acme")
    await insert(database, row, theirs)
    read = await database.read(lambda tx: table.get_integration(tx, "default", row.id))
    assert read == row
    with pytest.raises(NotFound):
        await database.read(lambda tx: table.get_integration(tx, "default", theirs.id))
    assert await database.read(lambda tx: table.list_integrations(tx, "acme")) == [theirs]
    assert len(await database.read(table.list_integrations)) == 2


async def test_an_identifier_is_taken_once_in_a_tenant(database: Database) -> None:
    await insert(database, made())
    with pytest.raises(Conflict, match="unique_identifier"):
        await insert(database, made())
    await insert(database, made(tenant="acme"))


async def test_a_change_over_an_older_version_is_a_conflict(database: Database) -> None:
    row = made()
    await insert(database, row)
    await database.write(lambda tx: table.update_integration(tx, replace(row, name="New")))
    with pytest.raises(Conflict):
        await database.write(lambda tx: table.update_integration(tx, replace(row, name="Late")))
    read = await database.read(lambda tx: table.get_integration(tx, "default", row.id))
    assert (read.name, read.version) == ("New", 2)


async def test_every_change_is_seen_also_one_that_came_for_one_that_went(
    database: Database,
) -> None:
    row = made()
    marks = [await database.read(table.change_mark)]
    await insert(database, row)
    marks.append(await database.read(table.change_mark))
    await database.write(lambda tx: table.update_integration(tx, row))
    marks.append(await database.read(table.change_mark))
    await database.write(lambda tx: table.delete_integration(tx, "default", row.id))
    await insert(database, made(version=2))
    marks.append(await database.read(table.change_mark))
    assert len(set(marks)) == 4


async def test_one_node_renews_at_a_time_and_gives_back_only_what_is_its_own(
    database: Database,
) -> None:
    row = made()
    await insert(database, row)

    async def begin(now: int) -> bool:
        return await database.write(lambda tx: table.begin_renewal(tx, row.id, now, now + 60))

    assert await begin(0)
    assert not await begin(59)
    assert await begin(60)  # the first stood still for too long
    await database.write(lambda tx: table.end_renewal(tx, row.id, 60))
    assert not await begin(61)
    await database.write(lambda tx: table.end_renewal(tx, row.id, 120))
    assert await begin(61)


# --- nodes ------------------------------------------------------------------------------------


@dataclass
class Issuer:
    """The remote OAuth server, whose refresh tokens are good once.

    reached: set once it was asked. gate: what an answer waits for.
    """

    good: str = "refresh-0"
    asked: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.reached.set()
        await self.gate.wait()
        if json.loads(request.content)["refresh_token"] != self.good:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.good = f"refresh-{self.asked}"
        answer = {"access_token": f"access-{self.asked}", "refresh_token": self.good}
        return httpx.Response(200, json={**answer, "expires_in": 3600})


@dataclass
class Node:
    """A process of its own: its connections, its registry, its renewal."""

    database: Database
    made: MadeIntegrations
    registry: Registry
    tokens: Tokens

    async def renewed(self) -> Integration:
        known = self.registry.get(("default", "one"))
        assert known is not None
        return await self.tokens.renew(known)


@pytest.fixture
async def nodes(
    store_url: str, database: Database, clock: MovableClock
) -> AsyncIterator[tuple[Issuer, list[Node]]]:
    """Two where the engine takes two, and their issuer."""
    issuer = Issuer()
    issuer.gate.set()
    await insert(database, made())
    opened = [database]
    if not database.single_process:
        opened.append(await open_database(store_url, clock))
    http = HttpClient(clock, httpx.MockTransport(issuer))
    clients = {"jira": OAuthClient("made-up-client", SecretStr("made-up-secret"))}
    found = []
    for one in opened:
        registry = Registry({})
        integrations = MadeIntegrations(one, VAULT, http, registry)
        await integrations.load()
        tokens = Tokens(one, clock, integrations, http, clients, lambda _: asyncio.sleep(0))
        found.append(Node(one, integrations, registry, tokens))
    yield issuer, found
    for one in opened[1:]:
        await one.close()


async def test_nodes_that_need_a_token_at_once_renew_it_once(
    nodes: tuple[Issuer, list[Node]],
) -> None:
    issuer, found = nodes
    turns = itertools.islice(itertools.cycle(found), 10)
    renewed = await asyncio.gather(*(node.renewed() for node in turns))
    assert issuer.asked == 1
    assert {one.client.settings.auth.header() for one in renewed} == {"Bearer access-1"}


async def test_a_change_while_the_token_is_renewed_keeps_both(
    nodes: tuple[Issuer, list[Node]], database: Database
) -> None:
    """The old refresh token is used up then: to lose the new one would cost the integration."""
    issuer, found = nodes
    issuer.gate.clear()
    renewal = asyncio.ensure_future(found[-1].renewed())
    await issuer.reached.wait()
    (row,) = await database.read(table.list_integrations)
    await database.write(lambda tx: table.update_integration(tx, replace(row, name="New")))
    issuer.gate.set()
    assert (await renewal).client.settings.auth.header() == "Bearer access-1"
    (row,) = await database.read(table.list_integrations)
    assert (row.name, unseal(VAULT, row).auth["refresh_token"]) == ("New", "refresh-1")


async def test_credentials_that_came_while_the_token_was_renewed_stay(
    nodes: tuple[Issuer, list[Node]], database: Database
) -> None:
    issuer, found = nodes
    issuer.gate.clear()
    renewal = asyncio.ensure_future(found[-1].renewed())
    await issuer.reached.wait()
    (row,) = await database.read(table.list_integrations)
    secrets = Secrets({"access_token": "theirs"}, unseal(VAULT, row).options)
    changed = replace(row, sealed=seal(VAULT, row.id, secrets), valid_until=START + HOUR_MS)
    await database.write(lambda tx: table.update_integration(tx, changed))
    issuer.gate.set()
    assert (await renewal).client.settings.auth.header() == "Bearer theirs"


async def test_what_one_node_changes_another_one_takes_up(
    nodes: tuple[Issuer, list[Node]],
) -> None:
    _, found = nodes
    (row,) = await found[0].database.read(table.list_integrations)
    await found[0].database.write(
        lambda tx: table.update_integration(tx, replace(row, active=False))
    )
    await found[-1].made.load()
    known = found[-1].registry.get(("default", "one"))
    assert known is not None
    assert not known.enabled
