"""Document 003 in a tenant whose only Jira is one that an API caller made (document 002)."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.access.vault import Vault
from tests.api.conftest import World
from tests.api.test_integrations import BASE, allow, jira
from tests.api.test_progress import JOB

TENANT = "acme"


@pytest.fixture
async def made(world: World) -> str:
    """The Jira's id; a job is tied to a ticket in it."""
    allow(world)
    body = jira(world)
    answer = await world.ask("POST", f"{BASE}/create", tenant=TENANT, json=body)
    id_: str = answer.json()["data"]["integration_id"]
    await world.ask("PUT", "/api/jobs/job_abc123", tenant=TENANT, json={**JOB, "notes": []})
    link = {"jobId": "job_abc123", "ticketKey": "SEC-1"}
    assert (await world.ask("POST", "/api/jira/link", tenant=TENANT, json=link)).json()["success"]
    return id_


async def push(world: World) -> dict[str, Any]:
    answer = await world.ask("POST", "/api/jira/push", tenant=TENANT, json={"jobId": "job_abc123"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_it_is_enough_for_pushes(world: World, made: str) -> None:
    del made
    assert await push(world) == {"success": True}
    toggles = (await world.ask("GET", "/api/settings", tenant=TENANT)).json()
    assert toggles == {"jira": {"enabled": True, "pushEnabled": True}}


async def test_one_that_is_switched_off_is_told_and_no_other_is_written_to(
    world: World, made: str
) -> None:
    """Its ticket's key would name another ticket there."""
    other = jira(world, "jira-other")
    await world.ask("POST", f"{BASE}/create", tenant=TENANT, json=other)
    await world.ask("PATCH", f"{BASE}/{made}", tenant=TENANT, json={"active": False})
    told = await push(world)
    assert told == {"success": False, "error": "Jira API error: jira-made is switched off"}


async def test_one_that_no_key_opens_is_named(world: World, made: str) -> None:
    world.parts.made.vault = Vault([b"\1" * 32])
    await world.parts.made.load()
    told = await push(world)
    assert told["success"] is False
    assert told["error"].startswith("Jira API error: jira-made cannot be used: integration:int_")
    toggles = (await world.ask("GET", "/api/settings", tenant=TENANT)).json()
    assert toggles == {"jira": {"enabled": True, "pushEnabled": True}}
    finding = {"id": "f-1", "title": "It leaks", "severity": "high", "status": "open"}
    scan = {"scan_id": "s-1", "scanner": "tests", "target": "shop", "findings": [finding]}
    await world.event("scan.finished", scan, tenant=TENANT)
    path = "/tenant/scans/s-1"
    items = (await world.ask("GET", f"{path}/remediation", tenant=TENANT)).json()["items"]
    refused = await world.ask(
        "POST", f"{path}/integrations/push", tenant=TENANT,
        json={"remediationId": items[0]["remediationId"], "provider": "jira"},
    )  # fmt: skip
    assert refused.status_code == 422
    assert f"integration:{made}" in refused.text
