"""Document 004: a case is pushed to where it is worked on, and shown as Kibana shows it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.clock import iso
from bridge.reload import reload
from bridge.sandbox.jira.state import Issue
from tests.api.conftest import World
from tests.api.test_integrations import allow, jira
from tests.connectors.conftest import set_faults
from tests.connectors.described import HOST, answer_as_described, as_described, openapi

ID = "b917f300-0ed9-11ed-bd18-65557fe66949"
CASE: dict[str, Any] = {
    "id": ID,
    "version": "WzE3NjcsM10=",
    "title": "Case title 1",
    "description": "A case description.",
    "tags": ["tag 1"],
    "settings": {"syncAlerts": True},
    "owner": "cases",
    "severity": "low",
    "status": "open",
    "created_at": "2022-07-29T00:59:39.444Z",
    "created_by": {"username": "elastic", "email": None, "full_name": None},
    "updated_at": None,
    "updated_by": None,
    "connector": {
        "id": "jira",
        "name": "jira",
        "type": ".jira",
        "fields": {"issueType": "10004", "parent": None, "priority": "Low"},
    },
}
ME = {"username": "operator of default", "full_name": None, "email": None}
KIBANA_CASE = Path(__file__).resolve().parents[2] / "../shared/payloads/kibana/case.json"


def note(number: int) -> dict[str, Any]:
    return {
        "id": f"comment-{number}",
        "type": "user",
        "comment": f"Seen {number} times",
        "created_at": f"2022-07-29T01:00:0{number}.000Z",
        "created_by": {"username": "analyst", "email": None, "full_name": "An Alyst"},
    }


async def tell(world: World, kind: str = "created", **change: Any) -> None:
    await world.event(f"case.{kind}", {**CASE, **change})


async def push(
    world: World, case_id: str = ID, connector: str = "jira", **more: Any
) -> httpx.Response:
    path = f"/api/cases/{case_id}/connector/{connector}/_push"
    return await world.ask("POST", path, "operator", **{"json": {}, **more})


async def pushed(world: World, **more: Any) -> dict[str, Any]:
    answer = await push(world, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def made(world: World) -> list[Issue]:
    """The tickets that were made for cases."""
    issues = world.sandbox.app.states["jira"].issues.values()
    return [one for one in issues if str(one.values.get("summary")).startswith("Case title")]


def bodies(issue: Issue) -> list[str]:
    return [str(one.body) for one in issue.comments.values()]


def check_described(answer: httpx.Response, method: str, path: str) -> None:
    """Against Elastic's own description; skips where it is not beside this checkout."""
    request = httpx.Request(
        method,
        HOST + path,
        headers={"kbn-xsrf": "true", "content-type": "application/json"},
        content=b"{}" if method == "POST" else None,
    )
    openapi("kibana.json").validate_response(as_described(request, ""), answer_as_described(answer))


# --- the document's example -------------------------------------------------------------------


async def test_push_makes_an_incident_and_answers_with_the_case(world: World) -> None:
    await tell(world)
    world.clock.advance(60_000)
    case = await pushed(world, headers={"kbn-xsrf": "true"})
    (issue,) = made(world)
    at = iso(world.clock.now)
    assert case == {
        **CASE,
        "comments": [],
        "totalComment": 0,
        "totalAlerts": 0,
        "duration": None,
        "closed_at": None,
        "closed_by": None,
        "version": case["version"],
        "updated_at": at,
        "updated_by": ME,
        "external_service": {
            "pushed_at": at,
            "pushed_by": ME,
            "connector_name": "jira",
            "external_id": issue.id,
            "external_title": issue.key,
            "external_url": f"{world.sandbox.jira_url}/browse/{issue.key}",
            "connector_id": "jira",
        },
    }
    assert case["version"] != CASE["version"]
    assert issue.values["summary"] == "Case title 1"
    assert issue.values["description"] == "A case description."
    assert "tag-1" in issue.values["labels"]  # type: ignore[operator]
    again = await world.ask("GET", f"/api/cases/{ID}", "viewer")
    assert again.json() == case


async def test_push_answers_and_cases_are_as_kibana_describes_them(world: World) -> None:
    await tell(world)
    path = f"/api/cases/{ID}/connector/jira/_push"
    check_described(await push(world), "POST", path)
    check_described(await world.ask("GET", f"/api/cases/{ID}"), "GET", f"/api/cases/{ID}")
    check_described(await world.ask("GET", "/api/cases/_find"), "GET", "/api/cases/_find")
    answer = await world.ask("GET", "/api/actions/connectors")
    check_described(answer, "GET", "/api/actions/connectors")


async def test_a_case_as_kibana_sends_it_is_shown_as_it_came(world: World) -> None:
    if not KIBANA_CASE.exists():
        pytest.skip("case.json is not beside this checkout")
    case = json.loads(KIBANA_CASE.read_text("utf-8"))
    await world.event("case.created", case)
    answer = await world.ask("GET", f"/api/cases/{case['id']}")
    assert answer.json() == case
    check_described(answer, "GET", f"/api/cases/{case['id']}")
    shown = await pushed(world, case_id=case["id"])
    check_described(
        await push(world, case["id"]), "POST", f"/api/cases/{case['id']}/connector/jira/_push"
    )
    assert shown["comments"][0]["pushed_at"] == iso(world.clock.now)
    assert shown["connector"]["type"] == ".jira"
    (issue,) = made(world)
    assert [one.startswith("A new comment") for one in bodies(issue)] == [True]


async def test_the_documents_call_as_it_stands(world: World) -> None:
    """Its ids too: an integration of the caller's whose unique_identifier is the connector's id."""
    connector = "09f8c0b0-0eda-11ed-bd18-65557fe66949"
    allow(world)
    body = {**jira(world, connector), "name": "My connector"}
    await world.ask("POST", "/api/v1/integrations/create", json=body)
    chosen = {
        "id": connector,
        "name": "My connector",
        "type": ".jira",
        "fields": {"issueType": "10004", "parent": None, "priority": "Low"},
    }
    await tell(world, connector=chosen)
    case = await pushed(world, connector=connector)
    assert case["connector"] == chosen
    assert case["external_service"]["connector_name"] == "My connector"
    assert case["external_service"]["connector_id"] == connector
    (issue,) = made(world)
    assert (issue.values["issuetype"], issue.values["priority"]) == ("10004", "4")


# --- once -------------------------------------------------------------------------------------


async def test_a_second_push_updates_the_incident_and_adds_what_is_new(world: World) -> None:
    await tell(world, comments=[note(1)])
    first = await pushed(world)
    assert [one["pushed_by"] for one in first["comments"]] == [ME]
    world.clock.advance(1000)
    await tell(world, "commented", comment=note(2))
    between = (await world.ask("GET", f"/api/cases/{ID}")).json()
    assert [bool(one["pushed_at"]) for one in between["comments"]] == [True, False]
    await tell(world, "updated", title="Case title 2", comments=[])
    second = await pushed(world)
    (issue,) = made(world)
    assert issue.values["summary"] == "Case title 2"
    assert [re.sub("(?s)\n.*", "", body) for body in bodies(issue)] == [
        "Seen 1 times",
        "Seen 2 times",
    ]
    assert second["totalComment"] == 2
    assert second["external_service"]["external_title"] == issue.key
    moments = [one["pushed_at"] for one in second["comments"]]
    assert moments == [first["external_service"]["pushed_at"], iso(world.clock.now)]
    await pushed(world)
    assert (len(made(world)), len(bodies(issue))) == (1, 2)


async def test_two_pushes_at_once_make_one_incident(world: World) -> None:
    await tell(world, comments=[note(1), note(2)])
    answers = await asyncio.gather(*(push(world) for _ in range(5)))
    assert [one.status_code for one in answers] == [200] * 5
    (issue,) = made(world)
    assert len(bodies(issue)) == 2
    assert {one.json()["external_service"]["external_title"] for one in answers} == {issue.key}


@pytest.mark.parametrize(
    "fault",
    [
        {"lost_answer": "next:1"},
        {"lost_answer": "next:1", "index_lag": "600"},
        {"lost_answer": "every:2"},
        {"5xx": "after:next:1"},
    ],
)
async def test_after_a_lost_answer_what_was_made_is_found(
    world: World, fault: dict[str, str]
) -> None:
    await tell(world, comments=[note(1)])
    set_faults(world.sandbox, **fault)
    answer = await push(world)
    set_faults(world.sandbox)
    if answer.status_code != 200:
        assert answer.status_code == 424, answer.text
        await pushed(world)
    (issue,) = made(world)
    assert len(bodies(issue)) == 1


async def test_a_rule_and_a_caller_push_to_one_incident(world: World, tmp_path: Path) -> None:
    (tmp_path / "rules" / "push.yaml").write_text(
        "version: 1\nrules:\n  - name: push-new-cases\n    on: case.created\n"
        "    then:\n      - push_case: {in: jira}\n",
        "utf-8",
    )
    await reload(world.parts.configured, world.parts.rules)
    await tell(world)
    (issue,) = made(world)
    shown = (await world.ask("GET", f"/api/cases/{ID}")).json()
    assert shown["external_service"]["external_title"] == issue.key
    assert shown["external_service"]["pushed_by"]["username"] == "push-new-cases"
    await tell(world, "commented", comment=note(1))
    case = await pushed(world)
    assert case["external_service"]["external_title"] == issue.key
    assert (len(made(world)), len(bodies(issue))) == (1, 1)


async def test_events_that_tell_only_a_part_leave_the_rest(world: World) -> None:
    await tell(world)
    await world.event(
        "case.commented", {"id": ID, "comment": {"id": "k", "body": "By word", "author": "ann"}}
    )
    case = (await world.ask("GET", f"/api/cases/{ID}")).json()
    for name in ("title", "description", "tags", "severity", "status", "owner", "connector"):
        assert case[name] == CASE[name]
    (comment,) = case["comments"]
    assert (comment["comment"], comment["created_by"]["username"]) == ("By word", "ann")
    assert case["version"] != CASE["version"]


async def test_what_changes_while_it_is_pushed_is_a_conflict_and_the_incident_stays(
    world: World,
) -> None:
    await tell(world)
    set_faults(world.sandbox, slow="0.2")
    pushing = asyncio.create_task(push(world))
    while not world.sandbox.app.journal.count:  # noqa: ASYNC110 - until the push is under way
        await asyncio.sleep(0)
    world.clock.advance(1000)
    await tell(world, "updated", title="Case title 2")
    answer = await pushing
    assert answer.status_code == 409
    set_faults(world.sandbox)
    case = await pushed(world)
    (issue,) = made(world)
    assert issue.values["summary"] == "Case title 2"
    assert case["external_service"]["external_title"] == issue.key


# --- refused ----------------------------------------------------------------------------------


def check_error(answer: httpx.Response, status: int, error: str, message: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json() == {
        "statusCode": status,
        "error": error,
        "message": message,
        "requestId": answer.headers["x-request-id"],
    }


async def test_what_is_not_there_is_told_in_kibanas_words(world: World) -> None:
    check_error(await push(world), 404, "Not Found", f"Saved object [cases/{ID}] not found")
    answer = await world.ask("GET", "/api/cases/no")
    check_error(answer, 404, "Not Found", "Saved object [cases/no] not found")
    await tell(world)
    answer = await push(world, connector="no")
    check_error(answer, 404, "Not Found", "Saved object [action/no] not found")


async def test_a_version_that_moved_on_is_a_conflict(world: World) -> None:
    await tell(world)
    case = await pushed(world, json={"version": CASE["version"]})
    words = f"This case {ID} has been updated. Please refresh before saving additional updates."
    answer = await push(world, json={"version": CASE["version"]})
    check_error(answer, 409, "Conflict", words)
    again = await pushed(world, json={"version": case["version"]})
    assert again["version"] not in (CASE["version"], case["version"])
    answers = await asyncio.gather(
        *(push(world, json={"version": again["version"]}) for _ in range(3))
    )
    assert sorted(one.status_code for one in answers) == [200, 409, 409]


async def test_a_closed_case_is_not_pushed(world: World) -> None:
    await tell(world, "closed", status="closed", closed_at="2022-07-29T01:59:39.444Z")
    words = "The Case title 1 case is closed. Pushing a closed case is not allowed."
    check_error(await push(world), 409, "Conflict", words)
    assert made(world) == []
    case = (await world.ask("GET", f"/api/cases/{ID}")).json()
    assert (case["status"], case["duration"]) == ("closed", 3600)


async def test_what_jira_says_no_to_is_424_in_its_words(world: World) -> None:
    await tell(world)
    set_faults(world.sandbox, **{"5xx": "before:on"})
    answer = await push(world)
    assert (answer.status_code, answer.json()["error"]) == (424, "Failed Dependency")
    assert answer.json()["message"].startswith("Error pushing to service: ")
    assert "made-up" not in answer.text
    set_faults(world.sandbox, burst_429="on")
    assert (await push(world)).status_code == 424
    set_faults(world.sandbox)
    shown = (await world.ask("GET", f"/api/cases/{ID}")).json()
    assert (shown["external_service"], shown["version"]) == (None, CASE["version"])


async def test_slow_answers_are_waited_for(world: World) -> None:
    await tell(world)
    set_faults(world.sandbox, slow="0.05", per_issue_429="on")
    await pushed(world)


async def test_an_issue_type_that_is_none_there_is_left_out(world: World) -> None:
    fields = {"issueType": "10006", "parent": None, "priority": "Low"}
    await tell(world, connector={**CASE["connector"], "fields": fields})
    case = await pushed(world)
    assert case["connector"]["fields"] == fields
    assert len(made(world)) == 1


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 200),
        (b"{}", 200),
        (b"null", 200),
        (b"[]", 422),
        (b'{"version": 5}', 422),
        (b'{"version": "' + b"x" * 201 + b'"}', 422),
        (b'{"verzion": "x"}', 422),
        (b"{", 422),
    ],
)
async def test_the_body_may_be_empty(world: World, content: bytes, status: int) -> None:
    await tell(world)
    path = f"/api/cases/{ID}/connector/jira/_push"
    headers = {"content-type": "application/json"}
    answer = await world.ask("POST", path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["error"] == "Unprocessable Entity"


@pytest.mark.parametrize(
    ("method", "path", "least"),
    [
        ("GET", f"/api/cases/{ID}", "viewer"),
        ("GET", "/api/cases/_find", "viewer"),
        ("GET", "/api/actions/connectors", "viewer"),
        ("POST", f"/api/cases/{ID}/connector/jira/_push", "operator"),
    ],
)
@pytest.mark.parametrize("space", ["", "/s/default"])
async def test_roles(world: World, method: str, path: str, least: str, space: str) -> None:
    await tell(world)
    roles = ["viewer", "operator", "admin"]
    for role in roles:
        answer = await world.ask(method, space + path, role)
        assert answer.status_code == (200 if roles.index(role) >= roles.index(least) else 403)
    answer = await world.client.request(method, space + path)
    assert (answer.status_code, answer.json()["error"]) == (401, "Unauthorized")


async def test_cases_connectors_and_spaces_of_another_tenant_are_not_there(world: World) -> None:
    await tell(world)
    await pushed(world)
    for space in ("", "/s/default", "/s/acme"):
        answer = await world.ask("GET", f"{space}/api/cases/{ID}", tenant="acme")
        check_error(answer, 404, "Not Found", f"Saved object [cases/{ID}] not found")
        answer = await world.ask("GET", f"{space}/api/cases/_find", tenant="acme")
        assert (answer.json()["total"], answer.json()["count_open_cases"]) == (0, 0)
        answer = await world.ask("GET", f"{space}/api/actions/connectors", tenant="acme")
        assert answer.json() == []
    await world.event("case.created", {**CASE, "id": "theirs"}, tenant="acme")
    path = "/api/cases/theirs/connector/jira/_push"
    answer = await world.ask("POST", path, tenant="acme", json={})
    check_error(answer, 404, "Not Found", "Saved object [action/jira] not found")
    for method, path in (
        ("GET", f"/s/acme/api/cases/{ID}"),
        ("GET", "/s/acme/api/cases/_find"),
        ("GET", "/s/acme/api/actions/connectors"),
        ("POST", f"/s/acme/api/cases/{ID}/connector/jira/_push"),
    ):
        answer = await world.ask(method, path)
        check_error(answer, 404, "Not Found", "Saved object [space/acme] not found")


async def test_connectors_are_the_integrations(world: World) -> None:
    await tell(world)
    await pushed(world)
    answer = await world.ask("GET", "/s/default/api/actions/connectors", "viewer")
    assert answer.json() == [
        {
            "id": "jira",
            "name": "jira",
            "connector_type_id": ".jira",
            "is_preconfigured": True,
            "is_deprecated": False,
            "is_missing_secrets": False,
            "is_system_action": False,
            "referenced_by_count": 1,
        }
    ]


# --- shown whatever the source told -----------------------------------------------------------

HOSTILE: list[Mapping[str, Any]] = [
    {"title": 5, "tags": "x", "settings": [], "owner": "king", "severity": "info"},
    {"status": "Acknowledged", "created_at": "yesterday", "created_by": "ann", "duration": "long"},
    {"status": "resolved", "closed_by": [], "updated_at": "2022-99-01T00:00:00Z"},
    {"connector": {"id": "x", "type": ".jira", "fields": None}, "totalComment": -1},
    {"connector": {"id": "x", "type": ".unknown"}, "external_service": {"pushed_at": 1}},
    {"connector": "none", "external_service": {"pushed_at": "2022-07-29T01:20:58.436Z"}},
    {"comments": [{"id": "a", "type": "alert", "alertId": "1", "index": ["i"], "rule": None}]},
    {"comments": [{"id": "b", "type": "actions"}, {"id": 4, "body": "x"}, "no", None, {}]},
    {"comment": {"id": "c", "body": "\u202e𝒳\u0000", "created_at": "x", "created_by": 7}},
    {"title": "\u202e'; DROP TABLE cases; --", "description": "𝒳" * 40_000, "tags": [1, "t", None]},
    {"customFields": [{"key": "k", "type": "toggle", "value": "x"}, 5], "assignees": None},
    {"assignees": [{"uid": "u"}, {}, "x"], "category": 5, "totalAlerts": 1.5},
]


@pytest.mark.parametrize("told", HOSTILE)
async def test_a_case_is_as_described_whatever_was_told(
    world: World, told: Mapping[str, Any]
) -> None:
    await world.event("case.created", {"id": "odd", "title": "Case title odd", **told})
    for path in ("/api/cases/odd", "/api/cases/_find"):
        answer = await world.ask("GET", path)
        assert answer.status_code == 200
        check_described(answer, "GET", path)
    answer = await push(world, "odd")
    assert answer.status_code in (200, 409), answer.text
    if answer.status_code == 200:
        check_described(answer, "POST", "/api/cases/odd/connector/jira/_push")
