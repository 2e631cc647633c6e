"""Two nodes on one PostgreSQL: callers of both get one ticket, and each node has its limit."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.access.role import Role
from bridge.app import Parts, build
from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.principal import Wanted, make_key
from bridge.sandbox.serve import RunningSandbox
from bridge.store.records import Record, keep_records
from bridge.store.transaction import Transaction
from tests.api.conftest import CONFIGURATION, SECRET
from tests.api.test_push_providers import OTHERS
from tests.api.test_remediation import SCAN, marked
from tests.api.test_tickets import BASE, BODY
from tests.connectors.conftest import set_faults
from tests.engines import new_database, postgres_server

__all__ = ["postgres_server"]

FAULTS: tuple[dict[str, str], ...] = (
    {},
    {"slow": "0.05"},
    {"lost_answer": "next:1"},
    {"lost_answer": "next:1", "index_lag": "600"},
)
EACH = 4


@dataclass
class Nodes:
    """keys: one of an operator, and one that may ask twice a minute."""

    parts: list[Parts]
    clients: list[httpx.AsyncClient]
    sandbox: RunningSandbox
    keys: list[str]

    async def both(self, path: str, body: Any, **headers: str) -> list[httpx.Response]:
        """A request, four times on each node, all at once."""
        headers = {"x-api-key": self.keys[0], **headers}
        return await asyncio.gather(
            *(
                client.post(path, json=body, headers=headers)
                for client in self.clients
                for _ in range(EACH)
            )
        )

    def made(self) -> list[str]:
        issues = self.sandbox.state.issues
        return [key for key, issue in issues.items() if marked(issue.labels)]


@pytest.fixture
async def nodes(
    tmp_path: Path, postgres_server: str, sandbox: RunningSandbox
) -> AsyncIterator[Nodes]:
    (tmp_path / "rules").mkdir()
    file = tmp_path / "bridge.yaml"
    text = CONFIGURATION.format(folder=tmp_path, secret=SECRET, jira=sandbox.jira_url)
    store = await new_database(postgres_server)
    text = text.replace(f"sqlite:///{tmp_path}/bridge.db", store)
    text += OTHERS.format(base=sandbox.base_url)
    key = base64.b64encode(bytes(32)).decode()
    file.write_text(f'{text}encryption: {{keys: ["{key}"]}}\n', "utf-8")
    parts = [await build(load_settings(file, {})) for _ in range(2)]

    async def work(tx: Transaction) -> list[str]:
        many = Wanted("default", "many", Role.OPERATOR, per_minute=10_000)
        few = Wanted("default", "few", Role.OPERATOR, per_minute=2)
        return [(await make_key(tx, one, wall_clock()))[1] for one in (many, few)]

    keys = await parts[0].database.write(work)
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(one.application), base_url="http://bridge")
        for one in parts
    ]
    yield Nodes(parts, clients, sandbox, keys)
    for client in clients:
        await client.aclose()
    for one in parts:
        await one.stop()


async def test_two_nodes_make_one_ticket_and_count_for_themselves(nodes: Nodes) -> None:
    """One store for all of it: a database and two bridges take a while to begin."""
    await creates_with_one_key_are_one_ticket(nodes)
    await pushes_of_one_finding_are_one_ticket(nodes)
    await each_node_has_its_own_allowance(nodes)


async def creates_with_one_key_are_one_ticket(nodes: Nodes) -> None:
    for number, faults in enumerate(FAULTS):
        before = set(nodes.made())
        once = {"Idempotency-Key": f"k-{number}"}
        set_faults(nodes.sandbox, **faults)
        answers = await nodes.both(BASE, BODY, **once)
        set_faults(nodes.sandbox)
        assert {one.status_code for one in answers} <= {201, 503}, faults
        last = await nodes.both(BASE, BODY, **once)
        (key,) = set(nodes.made()) - before
        shown = [one.json()["data"] for one in (*answers, *last) if one.status_code == 201]
        assert {(one["id"], one["jira_issue_key"]) for one in shown} == {(shown[0]["id"], key)}
        assert {one.status_code for one in last} == {201}, faults


async def pushes_of_one_finding_are_one_ticket(nodes: Nodes) -> None:
    findings = [{"id": f"f{number}", "title": "t"} for number in range(len(FAULTS))]
    data: Any = {**SCAN, "findings": findings}
    scan = Record("default", "scan", "scan_1", "s", "", "", "", "", "", "", data, "", wall_clock())
    await nodes.parts[0].database.write(lambda tx: keep_records(tx, [scan], wall_clock()))
    path = "/tenant/scans/scan_1/integrations/push"
    for number, faults in enumerate(FAULTS):
        before = set(nodes.made())
        body = {"remediationId": f"f{number}"}
        set_faults(nodes.sandbox, **faults)
        answers = await nodes.both(path, body)
        set_faults(nodes.sandbox)
        assert {one.status_code for one in answers} <= {200, 503}, faults
        last = await nodes.both(path, body)
        (key,) = set(nodes.made()) - before
        told = [one.json() for one in (*answers, *last) if one.status_code == 200]
        assert {one["ticketId"] for one in told} == {key}, faults
        assert {one.status_code for one in last} == {200}, faults


async def each_node_has_its_own_allowance(nodes: Nodes) -> None:
    """By design: the limit guards a node, it is no bill (`bridge/access/allowance.py`)."""
    headers = {"x-api-key": nodes.keys[1]}
    for client in nodes.clients:
        answers = [await client.get("/tenant/scans", headers=headers) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
