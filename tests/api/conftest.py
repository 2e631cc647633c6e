"""A whole bridge in this process, its APIs called over ASGI, with a sandbox on a real socket."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.access.role import Role
from bridge.app import Parts, build
from bridge.configuration import load_settings
from bridge.principal import Wanted, make_key
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from bridge.store.transaction import Transaction
from bridge.verify.signature import Algorithm, hmac_digest
from tests.store.conftest import MovableClock, clock

__all__ = ["clock"]

SECRET = "made-up-for-these-tests"
TENANTS = ("default", "acme")

CONFIGURATION = """
store: {{url: "sqlite:///{folder}/bridge.db"}}
rules: {{path: "{folder}/rules"}}
tenants: [{{name: acme}}]
sources:
  - {{name: qtangl, preset: qtangl, secrets: ["{secret}"]}}
  - {{name: events, preset: cloudevents, proof: none}}
  - {{name: theirs, preset: cloudevents, proof: none, tenant: acme}}
integrations:
  - name: jira
    type: jira
    base_url: "{jira}"
    auth: {{email: bridge@example.com, api_token: made-up}}
    project: SEC
"""


@dataclass
class World:
    """keys: by tenant and role, as `default/admin`."""

    parts: Parts
    client: httpx.AsyncClient
    clock: MovableClock
    sandbox: RunningSandbox
    keys: Mapping[str, str]

    async def ask(
        self, method: str, path: str, role: str = "admin", *, tenant: str = "default", **more: Any
    ) -> httpx.Response:
        """A request with the key of a role."""
        headers = {"authorization": f"Bearer {self.keys[f'{tenant}/{role}']}"}
        headers.update(more.pop("headers", {}))
        return await self.client.request(method, path, headers=headers, **more)

    async def event(self, type_: str, data: Any, *, tenant: str = "default", id_: str = "") -> str:
        """Sends a CloudEvent and lets all that is due be done; gives its id."""
        body = {
            "specversion": "1.0",
            "id": id_ or str(uuid.uuid4()),
            "source": "tests",
            "type": type_,
            "data": data,
        }
        path = "/hooks/events" if tenant == "default" else f"/t/{tenant}/hooks/theirs"
        sent = await self.client.post(
            path, json=body, headers={"content-type": "application/cloudevents+json"}
        )
        assert sent.status_code == 202, sent.text
        await self.parts.worker.drain()
        return str(sent.json()["id"])

    async def scan(self, body: Mapping[str, Any], delivery: str) -> str:
        """Sends a qtangl webhook, signed, and lets all that is due be done; gives its id."""
        raw = json.dumps(body).encode()
        at = str(self.clock.now // 1000)
        proof = hmac_digest(at.encode() + b"." + raw, SECRET.encode(), Algorithm.SHA256).hex()
        sent = await self.client.post(
            "/hooks/qtangl",
            content=raw,
            headers={
                "content-type": "application/json",
                "x-qtangl-signature": f"sha256={proof}",
                "x-qtangl-timestamp": at,
                "x-qtangl-delivery-id": delivery,
            },
        )
        assert sent.status_code in (200, 202), sent.text
        await self.parts.worker.drain()
        return str(sent.json()["id"])


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as running:
        yield running


@pytest.fixture
def more_integrations() -> str:
    """Lines of the configuration, `{base}` for the sandbox; modules that need some say them."""
    return ""


@pytest.fixture
async def world(
    tmp_path: Path, clock: MovableClock, sandbox: RunningSandbox, more_integrations: str
) -> AsyncIterator[World]:
    """Not started: `event` and `scan` drain the worker themselves."""
    (tmp_path / "rules").mkdir()
    file = tmp_path / "bridge.yaml"
    text = CONFIGURATION.format(folder=tmp_path, secret=SECRET, jira=sandbox.jira_url)
    file.write_text(text + more_integrations.format(base=sandbox.base_url), "utf-8")
    parts = await build(load_settings(file, {}), clock)
    keys = await make_keys(parts, clock)
    transport = httpx.ASGITransport(parts.application, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        yield World(parts, client, clock, sandbox, keys)
    await parts.stop()


async def make_keys(parts: Parts, clock: MovableClock) -> dict[str, str]:
    """A key of each role of each tenant."""
    keys: dict[str, str] = {}

    async def work(tx: Transaction) -> None:
        for tenant in TENANTS:
            for role in Role:
                wanted = Wanted(tenant, f"{role.value} of {tenant}", role)
                _, keys[f"{tenant}/{role.value}"] = await make_key(tx, wanted, clock())

    await parts.database.write(work)
    return keys
