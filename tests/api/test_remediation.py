"""Scans, their findings, and the push of one: the documented call, its errors, and one ticket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import World
from tests.connectors.conftest import set_faults

FINDING = {
    "id": "rem_001",
    "title": "RSA-1024 certificate {code}",
    "severity": "high",
    "description": "Line one\n{code}\n[~admin] *bold* !x.png!",
    "location": "legacy.example:443",
    "url": "https://scanner.example/rem_001",
}
SCAN = {
    "scan_id": "scan_1",
    "scanner": "tests",
    "target": "shop.example",
    "score": 41,
    "band": "at-risk",
    "findings": [FINDING, {"id": "rem_002", "title": "TLS 1.0", "severity": "critical"}],
    "counts": {"high": 1, "critical": 1, "total": 2},
}
PUSH = "/tenant/scans/scan_1/integrations/push"
BODY = {"remediationId": "rem_001", "provider": "jira"}

RULE = """
version: 1
rules:
  - name: ticket
    on: scan.finished
    each: data.findings.filter(f, f.id == "rem_001")
    {once}
    then:
      - create_ticket: {{in: jira, summary: "by a rule: ${{{{ each.title }}}}"{more}}}
"""


async def use_rule(
    world: World, folder: Path, once: str = "once_per: each.id", more: str = ""
) -> None:
    (folder / "rules" / "ticket.yaml").write_text(RULE.format(once=once, more=more), "utf-8")
    await world.parts.reload()
    assert world.parts.rules.count == 1


async def push(world: World, body: Any = BODY, role: str = "operator", **more: Any) -> Any:
    more |= {"content": body} if isinstance(body, bytes) else {"json": body}
    return await world.ask("POST", more.pop("path", PUSH), role, **more)


def made(world: World) -> list[str]:
    """The tickets that there are beside those the sandbox begins with."""
    return [key for key, issue in world.sandbox.state.issues.items() if marked(issue.labels)]


def marked(labels: Any) -> bool:
    return any(str(one).startswith("scanbridge-") for one in labels)


async def test_documented_call_makes_a_ticket(world: World) -> None:
    await world.event("scan.finished", SCAN)
    answer = await world.client.post(
        PUSH,
        headers={
            "Authorization": f"Bearer {world.keys['default/operator']}",
            "Content-Type": "application/json",
        },
        content='{\n  "remediationId": "rem_001",\n  "provider": "jira"\n}',
    )
    assert answer.status_code == 200
    (key,) = made(world)
    assert answer.json() == {"ticketId": key, "provider": "jira"}
    issue = world.sandbox.state.issues[key]
    assert issue.values["summary"] == "[high] RSA-1024 certificate {code}"
    assert "shop.example" in str(issue.values["description"])
    assert "\n{code}\n" not in str(issue.values["description"])
    assert "[~admin]" not in str(issue.values["description"])


async def test_provider_is_jira_unless_it_is_named(world: World) -> None:
    await world.event("scan.finished", SCAN)
    answer = await push(world, {"remediationId": "rem_002"}, "admin")
    assert answer.json()["provider"] == "jira"


async def test_second_push_gives_the_same_ticket(world: World) -> None:
    await world.event("scan.finished", SCAN)
    first = await push(world)
    assert (await push(world)).json() == first.json()
    await world.event("scan.finished", {**SCAN, "scan_id": "scan_2"})
    later = await push(world, path="/tenant/scans/scan_2/integrations/push")
    assert later.json() == first.json()
    assert len(made(world)) == 1


async def test_many_pushes_at_once_make_one_ticket(world: World) -> None:
    await world.event("scan.finished", SCAN)
    answers = await asyncio.gather(*(push(world) for _ in range(20)))
    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["ticketId"] for one in answers}) == 1
    assert len(made(world)) == 1


@pytest.mark.parametrize("once", ["once_per: each.id", ""])
async def test_ticket_of_a_rule_is_the_ticket_of_a_push(
    world: World, tmp_path: Path, once: str
) -> None:
    await use_rule(world, tmp_path, once)
    await world.event("scan.finished", SCAN)
    (key,) = made(world)
    assert (await push(world)).json() == {"ticketId": key, "provider": "jira"}
    assert made(world) == [key]


@pytest.mark.parametrize("once", ["once_per: each.id", ""])
async def test_ticket_of_a_push_is_the_ticket_of_a_rule(
    world: World, tmp_path: Path, once: str
) -> None:
    await world.event("scan.finished", SCAN)
    key = (await push(world)).json()["ticketId"]
    await use_rule(world, tmp_path, once)
    await world.event("scan.finished", SCAN)
    assert made(world) == [key]
    items = (await world.ask("GET", "/tenant/scans/scan_1/remediation")).json()["items"]
    assert [one["ticketId"] for one in items[0]["tickets"]] == [key]


async def test_subtask_of_a_rule_is_made_beside_the_ticket_of_a_push(
    world: World, tmp_path: Path
) -> None:
    await world.event("scan.finished", SCAN)
    key = (await push(world)).json()["ticketId"]
    await use_rule(world, tmp_path, more=f", parent: {key}, issue_type: Sub-task")
    await world.event("scan.finished", SCAN)
    assert len(made(world)) == 2


@pytest.mark.parametrize("first", ["push", "rule"])
@pytest.mark.parametrize("slow", ["0", "0.05"])
async def test_push_and_rule_at_once_make_one_ticket(
    world: World, tmp_path: Path, first: str, slow: str
) -> None:
    await world.event("scan.finished", SCAN)
    await use_rule(world, tmp_path)
    set_faults(world.sandbox, slow=slow)
    both = [push(world), world.event("scan.finished", SCAN)]
    await asyncio.gather(*(both if first == "push" else reversed(both)))
    world.clock.advance(60_000)
    await world.parts.worker.drain()
    assert (await push(world)).status_code == 200
    assert len(made(world)) == 1


async def test_push_waits_for_a_rule_that_makes_the_ticket(world: World, tmp_path: Path) -> None:
    await use_rule(world, tmp_path)
    set_faults(world.sandbox, lost_answer="next:1")
    await world.event("scan.finished", SCAN)
    refused = await push(world)
    assert refused.status_code == 503
    assert "the rule ticket is making this ticket" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    world.clock.advance(3_600_000)
    await world.parts.worker.drain()
    assert (await push(world)).json()["ticketId"] == made(world)[0]
    assert len(made(world)) == 1


@pytest.mark.parametrize("once", ["once_per: each.id", ""])
async def test_push_finds_what_a_rule_made_before_it_gave_up(
    world: World, tmp_path: Path, once: str
) -> None:
    """The ticket is there, its answer was lost, and the later tries were refused."""
    await use_rule(world, tmp_path, once)
    set_faults(world.sandbox, lost_answer="next:1", index_lag="600")
    event_id = await world.event("scan.finished", SCAN)
    (key,) = made(world)
    set_faults(world.sandbox, **{"5xx": "on"})
    for _ in range(40):
        world.clock.advance(3_600_000)
        await world.parts.worker.drain()
    set_faults(world.sandbox)
    assert (await push(world)).json()["ticketId"] == key
    replayed = await world.ask("GET", "/tenant/scans/scan_1/remediation")
    assert replayed.json()["items"][0]["tickets"][0]["ticketId"] == key
    await world.event("scan.finished", SCAN)
    assert event_id
    assert made(world)[0] == key
    assert len(made(world)) == 1


async def test_rule_finds_what_a_push_made_before_its_answer_was_lost(
    world: World, tmp_path: Path
) -> None:
    await world.event("scan.finished", SCAN)
    set_faults(world.sandbox, lost_answer="next:1")
    assert (await push(world)).status_code == 503
    (key,) = made(world)
    await use_rule(world, tmp_path)
    await world.event("scan.finished", SCAN)
    assert made(world) == [key]
    assert (await push(world)).json()["ticketId"] == key


@pytest.mark.parametrize(
    "faults",
    [
        {"lost_answer": "next:1"},
        {"lost_answer": "next:1", "index_lag": "600"},
        {"5xx": "before:next:1"},
        {"5xx": "after:next:1"},
    ],
)
async def test_push_after_an_error_finds_the_ticket_by_its_mark(
    world: World, faults: dict[str, str]
) -> None:
    await world.event("scan.finished", SCAN)
    set_faults(world.sandbox, **faults)
    first = await push(world)
    assert first.status_code == 503
    assert first.json()["requestId"]
    assert int(first.headers["retry-after"]) >= 1
    assert (await push(world)).status_code == 200
    assert len(made(world)) == 1


async def test_refusal_of_the_provider_is_a_500_with_its_words_and_a_request_id(
    world: World,
) -> None:
    await world.event("scan.finished", SCAN)
    set_faults(world.sandbox, html="on")
    answer = await push(world)
    assert answer.status_code == 500
    assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert "where JSON was expected" in answer.json()["detail"]


async def test_key_is_needed_and_a_viewer_may_not_push(world: World) -> None:
    await world.event("scan.finished", SCAN)
    nobody = await world.client.post(PUSH, json=BODY)
    assert nobody.status_code == 401
    assert set(nobody.json()) == {"detail", "requestId"}
    wrong = await world.client.post(PUSH, json=BODY, headers={"x-api-key": "wrong"})
    assert wrong.status_code == 401
    viewer = await push(world, role="viewer")
    assert viewer.status_code == 403
    assert "operator" in viewer.json()["detail"]
    assert made(world) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tenant/scans/scan_9/integrations/push", BODY),
        ("/tenant/scans/%20/integrations/push", BODY),
        ("/tenant/scans/a%00b/integrations/push", BODY),
        ("/tenant/scans/a%0Ab/integrations/push", BODY),
        (PUSH, {"remediationId": "rem_009"}),
        (PUSH, {"remediationId": "\u202e\U0001f600' OR 1=1 --"}),
        (PUSH, b'{"remediationId": "\\ud83d\\u0000"}'),
        (PUSH, {"remediationId": "x" * 1000}),
    ],
)
async def test_what_is_not_there_is_404(world: World, path: str, body: Any) -> None:
    await world.event("scan.finished", SCAN)
    answer = await push(world, body, path=path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail", "requestId"}


async def test_scans_of_another_tenant_are_not_there(world: World) -> None:
    await world.event("scan.finished", SCAN)
    assert (await push(world, tenant="acme")).status_code == 404
    for path in ("/tenant/scans/scan_1", "/tenant/scans/scan_1/remediation"):
        assert (await world.ask("GET", path, tenant="acme")).status_code == 404
    assert (await world.ask("GET", "/tenant/scans", tenant="acme")).json()["scans"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "remediationId"),
        ({"remediationId": ""}, "remediationId"),
        ({"remediationId": None}, "remediationId"),
        ({"remediationId": 7}, "remediationId"),
        ({"remediationId": ["rem_001"]}, "remediationId"),
        ({"remediationId": "x" * 1001}, "remediationId"),
        ({**BODY, "provider": "servicenow"}, "provider"),
        ({**BODY, "provider": ""}, "provider"),
        ({**BODY, "provider": None}, "provider"),
        ({**BODY, "provider": "JIRA"}, "provider"),
        ({**BODY, "provider": "github"}, "provider"),
        ({**BODY, "provider": "linear"}, "provider"),
        ({**BODY, "remediation": "x"}, "remediation"),
        ([BODY], "body"),
        ("rem_001", "body"),
    ],
)
async def test_fields_that_cannot_be_used_are_named(world: World, body: Any, field: str) -> None:
    await world.event("scan.finished", SCAN)
    answer = await push(world, body)
    assert answer.status_code == 422
    assert field in [one["loc"][-1] for one in answer.json()["detail"]]
    assert made(world) == []


async def test_too_many_requests_are_429(world: World) -> None:
    key = await world.ask(
        "POST", "/api/v1/keys", json={"name": "few", "role": "operator", "per_minute": 1}
    )
    mine = {"x-api-key": key.json()["key"]}
    await world.client.get("/tenant/scans", headers=mine)
    answer = await world.client.post(PUSH, json=BODY, headers=mine)
    assert answer.status_code == 429
    assert set(answer.json()) == {"detail", "requestId"}
    assert int(answer.headers["retry-after"]) >= 1


async def test_scans_are_listed_by_page_and_shown(world: World) -> None:
    for number in range(5):
        await world.event("scan.finished", {**SCAN, "scan_id": f"scan_{number}"})
        world.clock.advance(1000 if number % 2 else 0)  # two have the same time
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await world.ask(
            "GET", "/tenant/scans", "viewer", params={"limit": 2, "cursor": cursor}
        )
        assert page.status_code == 200
        seen += [one["scanId"] for one in page.json()["scans"]]
        cursor = page.json()["next"]
    assert seen == ["scan_4", "scan_3", "scan_2", "scan_1", "scan_0"]
    one = (await world.ask("GET", "/tenant/scans/scan_1", "viewer")).json()
    assert one["target"] == "shop.example"
    assert json.dumps(one["score"]) == "41"  # as it was sent
    assert one["counts"] == {
        "critical": 1, "high": 1, "medium": 0, "low": 0, "info": 0, "total": 2,
    }  # fmt: skip


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "cursor=x", "cursor=1", "offset=1"])
async def test_page_that_is_none_is_422(world: World, query: str) -> None:
    assert (await world.ask("GET", f"/tenant/scans?{query}")).status_code == 422


async def test_findings_of_later_events_are_items_of_their_scan(world: World) -> None:
    await world.event("scan.finished", SCAN)
    await world.event("finding.opened", {
        "id": "rem_003", "title": "Late", "severity": "low", "scan_id": "scan_1",
    })  # fmt: skip
    await world.event("finding.resolved", {**FINDING, "status": "resolved", "scan_id": "scan_1"})
    listed = (await world.ask("GET", "/tenant/scans/scan_1/remediation", "viewer")).json()
    assert listed["total"] == 3
    assert [(one["remediationId"], one["status"]) for one in listed["items"]] == [
        ("rem_001", "resolved"),
        ("rem_002", "open"),
        ("rem_003", "open"),
    ]
    assert listed["items"][0]["location"] == "legacy.example:443"
    answer = await push(world, {"remediationId": "rem_003"})
    assert answer.status_code == 200
    part = await world.ask("GET", "/tenant/scans/scan_1/remediation?limit=1&offset=2")
    assert [one["remediationId"] for one in part.json()["items"]] == ["rem_003"]
    assert part.json()["items"][0]["tickets"][0]["ticketId"] == answer.json()["ticketId"]


async def test_finding_of_two_scans_can_be_pushed_from_both(world: World) -> None:
    await world.event("scan.finished", SCAN)
    await world.event("scan.finished", {**SCAN, "scan_id": "scan_2"})
    assert (await push(world)).status_code == 200


async def test_scan_id_may_hold_slashes(world: World) -> None:
    await world.event("scan.finished", {**SCAN, "scan_id": "sonarqube/shop/2026"})
    for id_ in ("sonarqube%2Fshop%2F2026", "sonarqube/shop/2026"):
        path = f"/tenant/scans/{id_}"
        assert (await world.ask("GET", path)).json()["scanId"] == "sonarqube/shop/2026"
        assert (await world.ask("GET", f"{path}/remediation")).json()["total"] == 2
        assert (await push(world, path=f"{path}/integrations/push")).status_code == 200
    assert len(made(world)) == 1


async def test_scan_of_a_signed_webhook_can_be_pushed(world: World) -> None:
    await world.scan(
        {
            "schemaVersion": "qtangl-webhook-v2", "event": "scan.complete", "tenantId": "t",
            "scanId": "scan_1", "targetDomain": "shop.example", "readinessScore": 41,
            "topFindings": [{"id": "rem_001", "title": "Weak key", "severity": "high"}],
        },
        "d-1",
    )  # fmt: skip
    assert (await push(world)).status_code == 200


async def test_push_is_in_the_audit_trail_once(world: World) -> None:
    await world.event("scan.finished", SCAN)
    key = (await push(world)).json()["ticketId"]
    await push(world)
    changes = (await world.ask("GET", "/api/v1/audit")).json()["changes"]
    pushes = [one for one in changes if one["what"] == "remediation.push"]
    assert [(one["object"], one["detail"]["ticket"]) for one in pushes] == [("rem_001", key)]


async def test_jira_that_cannot_be_reached_is_503(world: World) -> None:
    await world.event("scan.finished", SCAN)
    set_faults(world.sandbox, **{"5xx": "on"})
    answer: httpx.Response = await push(world)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    set_faults(world.sandbox)
    assert (await push(world)).status_code == 200
