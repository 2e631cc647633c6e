"""Every route there is, asked with the key of another tenant: nothing is there, nothing is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bridge.web.api.operation import Operation
from tests.api.conftest import World
from tests.api.files import PNG
from tests.api.test_remediation import SCAN
from tests.api.test_tickets import BASE, create

WORD = "kept-by-default"
"""Stands in everything that the tenant has; none of it may come out."""

OTHERWISE = {
    "put_job": 200,  # makes a job of theirs
    "find_cases_in_space": 200,  # their own space of that name, with nothing in it
    "list_connectors_in_space": 200,
    "get_rule_file": 200,
    "save_rule_file": 403,  # rules are those of all tenants; the first one's admins keep them
    "remove_rule_file": 403,
}
"""Operations whose paths have parameters and that do not answer 404 to another tenant."""


@pytest.fixture
async def there(world: World, tmp_path: Path) -> dict[str, str]:
    """Something of the tenant for each parameter of a path."""
    world.parts.closing.set()  # or the stream would not end
    (tmp_path / "rules" / "one.yaml").write_text(RULE, "utf-8")
    await world.parts.reload()
    finding = {"id": "f1", "title": WORD, "severity": "high"}
    scan = {**SCAN, "scan_id": "scan_1", "target": WORD, "findings": [finding]}
    event = await world.event("scan.finished", scan)
    await world.event("case.created", {"id": "case_1", "title": WORD, "status": "open"})
    await world.ask("PUT", "/api/jobs/job_1", json={"name": WORD, "paths": []})
    ticket = await create(world, {"summary": WORD})
    path = f"{BASE}/{ticket['id']}"
    comment = await world.ask("POST", f"{path}/comments", json={"comment": WORD})
    file = await world.ask("POST", f"{path}/attachments", files={"file": (f"{WORD}.png", PNG)})
    key = await world.ask("POST", "/api/v1/keys", json={"name": WORD})
    made = await world.ask("POST", "/api/v1/integrations/create", json=INTEGRATION)
    pushed = await world.ask(
        "POST", "/tenant/scans/scan_1/integrations/push", json={"remediationId": "f1"}
    )
    acted = await world.ask("GET", "/api/v1/actions")
    for answer in (comment, file, key, made, pushed, acted):
        assert answer.is_success, answer.text
    return {
        "event_id": event,
        "action_id": acted.json()["actions"][0]["id"],
        "name": "one.yaml",
        "key_id": key.json()["id"],
        "job_id": "job_1",
        "scan_id": "scan_1",
        "id": str(ticket["id"]),
        "commentId": comment.json()["data"]["id"],
        "attachmentId": file.json()["data"]["id"],
        "case_id": "case_1",
        "connector_id": "jira",
        "space_id": "default",
        "integration_id": made.json()["data"]["integration_id"],
    }


RULE = """
version: 1
rules:
  - {name: tell, on: case.created, then: [{log: {message: "${{ data.title }}"}}]}
"""
INTEGRATION = {
    "name": WORD,
    "integration_type": "github",
    "auth_data": {"access_token": "made-up", "token_type": "Bearer"},
    "scope_data": {},
    "metadata": {},
    "unique_identifier": WORD,
    "created_by": WORD,
}


async def ask(world: World, one: Operation, there: dict[str, str], tenant: str) -> Any:
    path = re.sub(r"\{(\w+)\}", lambda found: there[found.group(1)], one.path)
    more: dict[str, Any] = {}
    if one.examples:
        more["json"] = with_ids(next(iter(one.examples.values())), there)
    if one.upload:
        more["files"] = {"file": ("a.png", PNG)}
    if one.name == "remove_rule_file":
        more["params"] = {"base": "x"}
    headers = {"kbn-xsrf": "true"}
    return await world.ask(one.method, path, "admin", tenant=tenant, headers=headers, **more)


def with_ids(body: Any, there: dict[str, str]) -> Any:
    """An example that names what is there."""
    known = {"jobId": there["job_id"], "event": there["event_id"]}
    return {name: known.get(name, value) for name, value in body.items()}


async def test_nothing_of_a_tenant_is_there_for_another_on_any_route(
    world: World, there: dict[str, str]
) -> None:
    operations = world.parts.api.operations
    assert {name for one in operations for name in one.parameters} <= set(there)
    for one in sorted(operations, key=lambda one: one.name in OTHERWISE):  # what makes some: last
        answer = await ask(world, one, there, "acme")
        assert WORD not in answer.text, one.name
        assert answer.status_code < 500 or "not configured" in answer.text, (one.name, answer.text)
        named = one.parameters or "jobId" in str(one.examples)
        if named:
            expected = OTHERWISE.get(one.name, 404)
            assert answer.status_code == expected, (one.name, answer.text)


async def test_the_tenant_itself_finds_what_the_other_does_not(
    world: World, there: dict[str, str]
) -> None:
    """Or the test above would tell nothing."""
    told = set()
    for one in world.parts.api.operations:
        if one.method != "GET":
            continue
        answer = await ask(world, one, there, "default")
        assert answer.status_code == 200, (one.name, answer.text)
        if WORD in answer.text:
            told.add(one.name)
    assert told >= {
        "get_event", "get_action", "list_keys", "get_job", "list_scans", "get_scan",
        "list_remediation", "list_tickets", "get_ticket", "get_case", "find_cases",
        "list_integrations",
        "get_integration",
    }, told  # fmt: skip
