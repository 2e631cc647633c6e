"""Document 003: what is refused, in which order, with which words, and to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from bridge.access.role import Role
from bridge.app import build
from bridge.configuration import load_settings
from bridge.principal import Wanted, make_key
from tests.api.conftest import World
from tests.api.test_progress import JOB, put_job
from tests.store.conftest import MovableClock

PUSHES = ("/api/jira/push", "/api/jira/comment")
OFF = "Jira integration is not enabled"
NO_PUSH = "Jira push is not enabled"
NO_ID = "jobId is required"


def check_error(answer: httpx.Response, status: int, message: str) -> None:
    """The whole shape of an error of this document."""
    assert answer.status_code == status, answer.text
    assert answer.json() == {
        "success": False,
        "error": message,
        "message": message,
        "requestId": answer.headers["x-request-id"],
    }


async def switch(world: World, **toggles: Any) -> httpx.Response:
    return await world.ask("PUT", "/api/settings", json={"jira": toggles})


@pytest.mark.parametrize("path", PUSHES)
async def test_checks_come_in_the_order_of_the_document(world: World, path: str) -> None:
    await switch(world, enabled=False, pushEnabled=False)
    check_error(await world.ask("POST", path, json={}), 400, OFF)
    await switch(world, pushEnabled=True)
    check_error(await world.ask("POST", path, json={"jobId": "no"}), 400, OFF)
    await switch(world, enabled=True, pushEnabled=False)
    check_error(await world.ask("POST", path, json={}), 400, NO_PUSH)
    await switch(world, pushEnabled=True)
    for body in ({}, {"jobId": ""}, {"jobId": "  "}, {"jobId": None}):
        check_error(await world.ask("POST", path, json=body), 400, NO_ID)
    check_error(await world.ask("POST", path), 400, NO_ID)
    answer = await world.ask("POST", path, json={"jobId": "job_abc123"})
    check_error(answer, 404, "Job not found: job_abc123")


async def test_link_takes_the_name_that_jobs_have_for_a_ticket(world: World) -> None:
    await put_job(world, jiraTicketKey=None)
    body = {"jobId": "job_abc123", "jiraTicketKey": "SEC-1"}
    answer = await world.ask("POST", "/api/jira/link", "operator", json=body)
    assert answer.json() == {"success": True, "jobId": "job_abc123", "jiraTicketKey": "SEC-1"}


async def test_link_needs_the_integration_a_job_and_a_ticket(world: World) -> None:
    path = "/api/jira/link"
    await switch(world, enabled=False)
    check_error(await world.ask("POST", path, json={}), 400, OFF)
    await switch(world, enabled=True, pushEnabled=False)
    check_error(await world.ask("POST", path, json={"ticketKey": "SEC-1"}), 400, NO_ID)
    for body in ({"jobId": "j"}, {"jobId": "j", "ticketKey": " "}):
        check_error(await world.ask("POST", path, json=body), 400, "ticketKey is required")
    answer = await world.ask("POST", path, json={"jobId": "j", "ticketKey": "SEC-1"})
    check_error(answer, 404, "Job not found: j")
    answer = await world.ask("POST", path, json={"jobId": "j", "ticketKey": "../SEC-1"})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["loc"] == ["body", "ticketKey"]


# --- toggles ----------------------------------------------------------------------------------


async def test_whoever_configured_a_jira_has_both_toggles_on(world: World) -> None:
    on = {"jira": {"enabled": True, "pushEnabled": True}}
    off = {"jira": {"enabled": False, "pushEnabled": False}}
    assert (await world.ask("GET", "/api/settings", "viewer")).json() == on
    assert (await world.ask("GET", "/api/settings", "viewer", tenant="acme")).json() == off
    answer = await world.ask("POST", "/api/jira/push", tenant="acme", json={"jobId": "j"})
    check_error(answer, 400, OFF)


async def test_toggles_switched_on_without_a_jira_do_not_push(world: World) -> None:
    body = {"jira": {"enabled": True, "pushEnabled": True}}
    answer = await world.ask("PUT", "/api/settings", tenant="acme", json=body)
    assert answer.json() == body
    await world.ask("PUT", "/api/jobs/j", tenant="acme", json=JOB)
    answer = await world.ask("POST", "/api/jira/push", tenant="acme", json={"jobId": "j"})
    assert answer.json() == {"success": False, "error": "Jira integration is not configured"}


async def test_a_toggle_that_is_left_out_stays_and_the_change_is_in_the_trail(world: World) -> None:
    assert (await switch(world, pushEnabled=False)).json() == {
        "jira": {"enabled": True, "pushEnabled": False}
    }
    assert (await switch(world)).json()["jira"]["pushEnabled"] is False
    changes = (await world.ask("GET", "/api/v1/audit")).json()["changes"]
    (change,) = [one for one in changes if one["what"] == "settings.update"]
    assert (change["object"], change["detail"]) == ("jira", {"pushEnabled": False})


# --- fields -----------------------------------------------------------------------------------

BAD_JOBS: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name"),
    ({"name": ""}, "name"),
    ({"name": "x" * 256}, "name"),
    ({"name": 5}, "name"),
    ({"jiraTicketKey": "no ticket"}, "jiraTicketKey"),
    ({"jiraTicketKey": "SEC-1/../2"}, "jiraTicketKey"),
    ({"jiraTicketKey": 12}, "jiraTicketKey"),
    ({"paths": None}, "paths"),
    ({"paths": {}}, "paths"),
    ({"paths": [{"name": "p"}]}, "steps"),
    ({"paths": [{"name": "", "steps": []}]}, "name"),
    ({"paths": [{"name": "p", "steps": [], "completed": -1}]}, "completed"),
    ({"paths": [{"name": "p", "steps": [], "completed": "1"}]}, "completed"),
    ({"paths": [{"name": "p", "steps": [], "completed": True}]}, "completed"),
    ({"paths": [{"name": "p", "steps": [{"name": "s"}]}]}, "count"),
    ({"paths": [{"name": "p", "steps": [{"name": "s", "count": 1.5}]}]}, "count"),
    ({"paths": [{"name": "p", "steps": [{"name": "s", "count": 10**13}]}]}, "count"),
    ({"paths": [{"name": "p", "steps": [{"name": "s" * 256, "count": 1}]}]}, "name"),
    ({"paths": [{"name": "p", "steps": []}] * 101}, "paths"),
    ({"notes": [{"text": "x"}]}, "id"),
    ({"notes": [{"id": "n", "text": ""}]}, "text"),
    ({"notes": [{"id": "n", "text": "x" * 30_001}]}, "text"),
    ({"notes": [{"id": "n", "text": "x", "serials": "A"}]}, "serials"),
    ({"notes": [{"id": "n", "text": "x"}] * 2}, "id"),
    ({"job_name": "x"}, "job_name"),
    ({"jira_ticket_key": "SEC-1"}, "jira_ticket_key"),
]


@pytest.mark.parametrize(("change", "field"), BAD_JOBS)
async def test_each_field_of_a_job_that_cannot_be_used_is_named(
    world: World, change: dict[str, Any], field: str
) -> None:
    answer = await world.ask("PUT", "/api/jobs/j", json={**JOB, **change})
    assert answer.status_code == 422, answer.text
    assert answer.json()["success"] is False
    assert field in [part for one in answer.json()["details"] for part in one["loc"]]
    assert (await world.ask("GET", "/api/jobs/j")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/jira/push", {"jobId": 5}, "jobId"),
        ("/api/jira/push", {"jobId": ["j"]}, "jobId"),
        ("/api/jira/push", {"jobId": "x" * 201}, "jobId"),
        ("/api/jira/push", [], "body"),
        ("/api/jira/comment", {"jobId": "j", "noteId": 1}, "noteId"),
        ("/api/jira/link", {"jobId": "j", "ticketKey": {}}, "ticketKey"),
    ],
)
async def test_wrong_types_are_named(world: World, path: str, body: Any, field: str) -> None:
    answer = await world.ask("POST", path, json=body)
    assert answer.status_code == 422
    assert field in [part for one in answer.json()["details"] for part in one["loc"]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"jira": None},
        {"jira": {"enabled": "yes"}},
        {"jira": {"enabled": 1}},
        {"jira": {"pushenabled": True}},
        {"jira": {"enabled": True}, "other": {}},
    ],
)
async def test_settings_that_are_none_change_nothing(world: World, body: Any) -> None:
    assert (await world.ask("PUT", "/api/settings", json=body)).status_code == 422
    shown = (await world.ask("GET", "/api/settings")).json()
    assert shown == {"jira": {"enabled": True, "pushEnabled": True}}


HOSTILE = ["\u202e\u0000x", "𝒳" * 50, "e\u0301\u200d", "'; DROP TABLE jobs; --", "%2e%2e%2f", "{x}"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_is_kept_as_text(world: World, text: str) -> None:
    shown = await put_job(world, name=text, notes=[{"id": text, "text": text, "stepName": text}])
    kept = text.replace("\0", "\ufffd")
    assert (shown["name"], shown["notes"][0]["text"]) == (kept, kept)
    body = {"jobId": text, "noteId": text}
    answer = await world.ask("POST", "/api/jira/comment", json=body)
    check_error(answer, 404, f"Job not found: {kept}")
    answer = await world.ask("POST", "/api/jira/comment", json={**body, "jobId": "job_abc123"})
    assert answer.json() == {"success": True}


async def test_an_id_in_the_path_may_be_anything_that_is_no_nul(world: World) -> None:
    for id_ in ("a b", "ä", "a?b", "%00x", "x" * 201):
        answer = await world.ask("PUT", f"/api/jobs/{quote(id_)}", json=JOB)
        if len(id_) > 200:
            assert answer.status_code == 422
        else:
            assert answer.json()["jobId"] == id_
    assert (await world.ask("PUT", "/api/jobs/a%00b", json=JOB)).status_code == 404


# --- who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "least"),
    [
        ("GET", "/api/settings", None, "viewer"),
        ("PUT", "/api/settings", {"jira": {}}, "admin"),
        ("GET", "/api/jobs/job_abc123", None, "viewer"),
        ("PUT", "/api/jobs/job_abc123", JOB, "operator"),
        ("POST", "/api/jira/push", {"jobId": "job_abc123"}, "operator"),
        ("POST", "/api/jira/comment", {"jobId": "job_abc123"}, "operator"),
        ("POST", "/api/jira/link", {"jobId": "job_abc123", "ticketKey": "SEC-1"}, "operator"),
    ],
)
async def test_roles(world: World, method: str, path: str, body: Any, least: str) -> None:
    await put_job(world)
    roles = ["viewer", "operator", "admin"]
    for role in roles:
        answer = await world.ask(method, path, role, json=body)
        assert answer.status_code == (200 if roles.index(role) >= roles.index(least) else 403)
        if answer.status_code == 403:
            assert answer.json()["message"].startswith(f"this needs the role {least}")
    answer = await world.client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["success"]) == (401, False)


async def test_jobs_of_another_tenant_are_not_there(world: World) -> None:
    await put_job(world, notes=[{"id": "n", "text": "x"}])
    await world.ask(
        "PUT", "/api/settings", tenant="acme", json={"jira": {"enabled": True, "pushEnabled": True}}
    )
    assert (await world.ask("GET", "/api/jobs/job_abc123", tenant="acme")).status_code == 404
    for path in ("/api/jira/push", "/api/jira/comment", "/api/jira/link"):
        body = {"jobId": "job_abc123", "ticketKey": "SEC-1"}
        answer = await world.ask("POST", path, tenant="acme", json=body)
        check_error(answer, 404, "Job not found: job_abc123")
    answer = await world.ask("POST", "/api/jira/comment", tenant="acme", json={"noteId": "n"})
    check_error(answer, 404, "Note not found: n")
    await world.ask("PUT", "/api/jobs/job_abc123", tenant="acme", json={"name": "T", "paths": []})
    assert (await world.ask("GET", "/api/jobs/job_abc123")).json()["name"] == JOB["name"]


async def test_without_any_integration_the_jira_apis_are_off(
    tmp_path: Path, clock: MovableClock
) -> None:
    file = tmp_path / "bridge.yaml"
    (tmp_path / "rules").mkdir()
    file.write_text(f'store: {{url: "sqlite:///{tmp_path}/bridge.db"}}', "utf-8")
    parts = await build(load_settings(file, {}), clock)
    wanted = Wanted("default", "a", Role.ADMIN)
    _, key = await parts.database.write(lambda tx: make_key(tx, wanted, clock()))
    transport = httpx.ASGITransport(parts.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        client.headers["x-api-key"] = key
        check_error(await client.post("/api/jira/push", json={"jobId": "j"}), 400, OFF)
    await parts.stop()
