"""The tickets API: made, listed, synced, closed, as the document has it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from bridge.store import tickets as table
from tests.api.conftest import World
from tests.api.test_remediation import made
from tests.connectors.conftest import set_faults

BASE = "/api/v2/tickets"
BODY = {
    "summary": "Reflected XSS in the login redirect",
    "description": "Reflected XSS via the redirect_url parameter on /login",
    "issue_type": "Bug",
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


async def create(world: World, body: Any = None, role: str = "operator", **more: Any) -> Any:
    """The ticket that a call makes."""
    answer = await post(world, BODY if body is None else body, role, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def post(world: World, body: Any = BODY, role: str = "operator", **more: Any) -> Any:
    more |= {"content": body} if isinstance(body, bytes) else {"json": body}
    return await world.ask("POST", BASE, role, **more)


async def data(world: World, path: str, role: str = "operator", **more: Any) -> Any:
    answer = await world.ask("GET", f"{BASE}{path}", role, **more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    return answer.json()["data"]


async def key_for(world: World, username: str, role: str, email: str = "") -> dict[str, str]:
    """The header of a new key for a user."""
    body = {"name": f"{username} as {role}", "username": username, "role": role, "email": email}
    answer = await world.ask("POST", "/api/v1/keys", json=body)
    return {"x-api-key": answer.json()["key"]}


async def test_documented_create_gives_the_documented_answer(world: World) -> None:
    answer = await world.client.post(
        BASE, json=BODY, headers={"X-API-Key": world.keys["default/operator"]}
    )
    assert answer.status_code == 201
    (key,) = made(world)
    issue = world.sandbox.state.issues[key]
    value = answer.json()
    assert list(value) == ["success", "data"]
    assert value["success"] is True
    assert isinstance(value["data"]["id"], int)
    assert isinstance(value["data"]["user_id"], int)
    assert MOMENT.fullmatch(value["data"]["created_at"])
    assert value["data"] == {
        "id": value["data"]["id"],
        "jira_issue_key": key,
        "jira_issue_id": issue.id,
        "user_id": value["data"]["user_id"],
        **BODY,
        "priority": "Medium",
        "status": "TO DO",
        "assigned_to": None,
        "created_at": value["data"]["created_at"],
        "updated_at": value["data"]["created_at"],
    }


async def test_summary_alone_makes_a_bug_of_medium_priority(world: World) -> None:
    ticket = await create(world, {"summary": "x"})
    issue = await in_jira(world, "GET", f"/issue/{ticket['jira_issue_key']}")
    assert (ticket["issue_type"], ticket["priority"], ticket["description"]) == (
        "Bug",
        "Medium",
        None,
    )
    assert issue["fields"]["issuetype"]["name"] == "Bug"
    assert issue["fields"]["priority"]["name"] == "Medium"


@pytest.mark.parametrize("issue_type", ["Bug", "Task", "Story"])
async def test_issue_types_of_the_document(world: World, issue_type: str) -> None:
    ticket = await create(world, {"summary": "x", "issue_type": issue_type})
    assert ticket["issue_type"] == issue_type


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "summary"),
        ({"summary": ""}, "summary"),
        ({"summary": " \n\t"}, "summary"),
        ({"summary": "x" * 256}, "summary"),
        ({"summary": None}, "summary"),
        ({"summary": 7}, "summary"),
        ({"summary": ["x"]}, "summary"),
        ({"summary": "x", "description": 7}, "description"),
        ({"summary": "x", "description": "x" * 32_768}, "description"),
        ({"summary": "x", "description": {"type": "doc"}}, "description"),
        ({"summary": "x", "issue_type": "Epic"}, "issue_type"),
        ({"summary": "x", "issue_type": ""}, "issue_type"),
        ({"summary": "x", "issue_type": None}, "issue_type"),
        ({"summary": "x", "issue_type": 1}, "issue_type"),
        ({"summary": "x", "priority": "High"}, "priority"),
        ({"summary": "x", "project": "OPS"}, "project"),
        ([], "body"),
        ("x", "body"),
        (b"{", "body"),
        (b"", "body"),
    ],
)
async def test_fields_that_cannot_be_used_are_named(world: World, body: Any, field: str) -> None:
    answer = await post(world, body)
    assert answer.status_code == 422
    value = answer.json()
    assert value["success"] is False
    assert field in [one["loc"][-1] for one in value["details"]]
    assert made(world) == []


@pytest.mark.parametrize(
    "text",
    [
        "x" * 255,
        "\U0001f600" * 255,
        "\u202egnirts \u0000\u0007 [~admin] {code} *b* | \\ h1. <script>",
        "line one\nh1. line two\r\n{noformat}",
        "Zalgo" + "\u0301" * 200,
    ],
)
async def test_hostile_texts_are_kept_and_do_nothing_in_jira(world: World, text: str) -> None:
    ticket = await create(world, {"summary": text, "description": text})
    assert ticket["summary"] == text.replace("\u0000", "\ufffd")
    issue = world.sandbox.state.issues[ticket["jira_issue_key"]]
    assert "\n" not in str(issue.values["summary"])
    written = str(issue.values["description"])
    assert not re.search(r"(?<!\\)\{(code|noformat)\}|(?<!\\)\[~|^h1\. ", written, re.MULTILINE)
    assert (await data(world, f"/{ticket['id']}"))["description"] == ticket["description"]


async def test_escaped_surrogates_and_nulls_are_cleaned(world: World) -> None:
    ticket = await create(world, b'{"summary": "a\\ud83d b\\u0000"}')
    assert ticket["summary"] == "a\ufffd b\ufffd"


async def test_tickets_are_listed_newest_first_by_page(world: World) -> None:
    numbers = [(await create(world, {"summary": f"t{one}"}))["id"] for one in range(5)]
    answer = await world.ask("GET", f"{BASE}?page=1&per_page=2", "operator")
    assert [one["id"] for one in answer.json()["data"]] == numbers[:-3:-1]
    assert answer.json()["pagination"] == {
        "page": 1, "per_page": 2, "total": 5, "total_pages": 3,
    }  # fmt: skip
    assert [one["id"] for one in await data(world, "?page=3&per_page=2")] == numbers[:1]
    assert await data(world, "?page=4&per_page=2") == []
    assert len(await data(world, "")) == 5


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=x", "page=1.5", "per_page=0", "per_page=101", "per_page=",
     "page=99999999999999999999", "pages=2", "page=1&page=2"],
)  # fmt: skip
async def test_page_that_is_none_is_422(world: World, query: str) -> None:
    answer = await world.ask("GET", f"{BASE}?{query}", "viewer")
    assert answer.status_code == 422
    assert answer.json()["success"] is False


async def test_ticket_is_synced_and_enriched_when_it_is_read(world: World) -> None:
    alice = await key_for(world, "alice", "operator", "alice@example.com")
    ticket = (await world.client.post(BASE, json=BODY, headers=alice)).json()["data"]
    await move(world, ticket["jira_issue_key"])
    world.clock.advance(60_000)
    shown = (await world.client.get(f"{BASE}/{ticket['id']}", headers=alice)).json()["data"]
    assert shown["status"] == "In Progress"
    assert shown["assigned_to"] == "Anna Example (sandbox)"
    assert shown["user_email"] == "alice@example.com"
    assert shown["username"] == "alice"
    assert shown["comments"] == []
    assert shown["attachments"] == []
    assert shown["updated_at"] > shown["created_at"]
    listed = (await world.client.get(BASE, headers=alice)).json()["data"]
    assert listed[0]["status"] == "In Progress"


async def in_jira(world: World, method: str, path: str, **more: Any) -> Any:
    """What somebody does in Jira itself; gives the answer's JSON."""
    async with httpx.AsyncClient(auth=("anna@sandbox.example", "x")) as client:
        url = f"{world.sandbox.jira_url}/rest/api/2{path}"
        answer = await client.request(method, url, **more)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def status_in_jira(world: World, key: str) -> str:
    found = await in_jira(world, "GET", f"/issue/{key}?fields=status")
    return str(found["fields"]["status"]["name"])


async def move(world: World, key: str) -> None:
    """In Jira: Anna takes the issue up."""
    ways = (await in_jira(world, "GET", f"/issue/{key}/transitions"))["transitions"]
    id_ = next(one["id"] for one in ways if one["to"]["name"] == "In Progress")
    await in_jira(world, "POST", f"/issue/{key}/transitions", json={"transition": {"id": id_}})
    anna = {"accountId": "5b0000000000000000000002"}
    await in_jira(world, "PUT", f"/issue/{key}/assignee", json=anna)


async def test_sync_on_demand_gives_the_refreshed_ticket(world: World) -> None:
    ticket = await create(world)
    await move(world, ticket["jira_issue_key"])
    answer = await world.ask("POST", f"{BASE}/{ticket['id']}/sync", "operator")
    assert answer.status_code == 200
    value = answer.json()["data"]
    assert (value["id"], value["status"]) == (ticket["id"], "In Progress")
    assert value["assigned_to"].startswith("Anna")


async def test_delete_closes_the_issue_and_removes_the_ticket(world: World) -> None:
    ticket = await create(world)
    answer = await world.ask("DELETE", f"{BASE}/{ticket['id']}", "operator")
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "data": {"message": "Ticket deleted successfully"}}
    assert await status_in_jira(world, ticket["jira_issue_key"]) == "Done"
    assert await data(world, "") == []
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/sync")):
        answer = await world.ask(method, f"{BASE}/{ticket['id']}{path}", "operator")
        assert answer.status_code == 404


async def test_delete_of_an_issue_that_is_gone_removes_the_ticket(world: World) -> None:
    ticket = await create(world)
    world.sandbox.state.issues.pop(ticket["jira_issue_key"])
    assert (await world.ask("DELETE", f"{BASE}/{ticket['id']}")).status_code == 200
    assert await data(world, "") == []


async def test_ticket_whose_issue_cannot_be_closed_stays(world: World) -> None:
    ticket = await create(world)
    set_faults(world.sandbox, required_transition_field="duedate")
    answer = await world.ask("DELETE", f"{BASE}/{ticket['id']}", "operator")
    assert answer.status_code == 502
    assert "duedate" in answer.json()["error"]
    set_faults(world.sandbox)
    assert len(await data(world, "")) == 1


@pytest.mark.parametrize("id_", ["0", "999999", "x", "-1", "1.0", "%20", "1e3", "9" * 30, "٣"])
async def test_ticket_that_is_none_is_404(world: World, id_: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/sync")):
        answer = await world.ask(method, f"{BASE}/{id_}{path}", "admin")
        assert answer.status_code == 404, (method, path)
        assert answer.json()["success"] is False
        assert answer.json()["requestId"]


PATHS = (
    ("GET", "", None),
    ("DELETE", "", None),
    ("POST", "/sync", None),
    ("POST", "/comments", {"comment": "x"}),
    ("PUT", "/comments/1", {"comment": "x"}),
    ("DELETE", "/comments/1", None),
    ("POST", "/attachments", None),
    ("GET", "/attachments/1/preview", None),
)


async def test_tickets_of_another_tenant_are_not_there(world: World) -> None:
    ticket = await create(world)
    for method, path, body in PATHS:
        answer = await world.ask(method, f"{BASE}/{ticket['id']}{path}", tenant="acme", json=body)
        assert answer.status_code == 404, (method, path)
    assert await data(world, "", "admin", tenant="acme") == []


async def test_callers_see_their_own_tickets_and_admins_see_all(world: World) -> None:
    alice, bob = [await key_for(world, name, "operator") for name in ("alice", "bob")]
    ticket = (await world.client.post(BASE, json=BODY, headers=alice)).json()["data"]
    path = f"{BASE}/{ticket['id']}"
    assert (await world.client.get(BASE, headers=bob)).json()["data"] == []
    for method, more, body in PATHS:
        answer = await world.client.request(method, f"{path}{more}", json=body, headers=bob)
        assert answer.status_code == 404, (method, more)
    viewer = await key_for(world, "alice", "viewer")
    for headers in (alice, viewer, {"x-api-key": world.keys["default/admin"]}):
        assert (await world.client.get(path, headers=headers)).status_code == 200
        listed = (await world.client.get(BASE, headers=headers)).json()["data"]
        assert [one["id"] for one in listed] == [ticket["id"]]


async def test_without_jira_the_documented_words_are_a_500(world: World) -> None:
    answer = await post(world, tenant="acme")
    assert answer.status_code == 500
    assert answer.json()["success"] is False
    assert answer.json()["error"] == "Jira integration is not configured"
    assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert await data(world, "", tenant="acme") == []


async def test_ticket_whose_jira_is_no_longer_configured_says_so(world: World) -> None:
    ticket = await create(world)
    world.parts.registry._configured.clear()
    for method, path, body in PATHS:
        answer = await world.ask(method, f"{BASE}/{ticket['id']}{path}", json=body)
        assert answer.status_code == 500, (method, path)
        assert answer.json()["error"] == "Jira integration is not configured"


@pytest.mark.parametrize(
    "faults",
    [
        {"lost_answer": "next:1"},
        {"lost_answer": "next:1", "index_lag": "600"},
        {"lost_answer": "next:2"},
        {"5xx": "after:next:1"},
    ],
)
async def test_create_whose_answer_was_lost_finds_its_issue(
    world: World, faults: dict[str, str]
) -> None:
    first = await create(world)
    set_faults(world.sandbox, **faults)
    ticket = await create(world)
    assert made(world) == [first["jira_issue_key"], ticket["jira_issue_key"]]
    assert len(await data(world, "")) == 2


LOST = {"lost_answer": "next:1", "5xx": "before:every:2"}
"""The issue is made, its answer is lost, and so is that of the search for it."""


async def know_jira(world: World) -> None:
    """Asked once what it is, so that the next request is the create."""
    jira = world.parts.registry.find("default", "jira")
    await jira.client.facts()


async def test_create_that_jira_does_not_answer_is_503_and_goes_on_with_the_same_key(
    world: World,
) -> None:
    once = {"Idempotency-Key": "k-1"}
    await know_jira(world)
    set_faults(world.sandbox, **LOST)
    refused = await post(world, headers=once)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert await data(world, "") == []
    set_faults(world.sandbox)
    first = await create(world, headers=once)
    assert await create(world, headers=once) == first
    assert made(world) == [first["jira_issue_key"]]


async def test_create_that_was_broken_off_is_settled_later(world: World) -> None:
    await know_jira(world)
    set_faults(world.sandbox, **LOST)
    assert (await post(world)).status_code == 503
    set_faults(world.sandbox)
    (key,) = made(world)
    await world.parts.ticket_making.settle()
    assert await data(world, "") == []  # the request could still be at it
    world.clock.advance(600_000)
    await world.parts.ticket_making.settle()
    assert [one["jira_issue_key"] for one in await data(world, "")] == [key]
    await world.parts.ticket_making.settle()
    assert made(world) == [key]


async def test_create_that_never_reached_jira_is_settled_as_failed(world: World) -> None:
    set_faults(world.sandbox, **{"5xx": "before:on"})
    assert (await post(world)).status_code == 503
    set_faults(world.sandbox)
    world.clock.advance(600_000)
    await world.parts.ticket_making.settle()
    assert made(world) == []
    assert await data(world, "") == []
    found = await world.parts.database.read(
        lambda tx: table.intended_before(tx, world.clock.now + 1)
    )
    assert found == []


async def test_broken_off_create_whose_jira_was_removed_is_given_up_with_the_reason(
    world: World,
) -> None:
    await know_jira(world)
    set_faults(world.sandbox, **LOST)
    assert (await post(world)).status_code == 503
    set_faults(world.sandbox)
    database = world.parts.database
    await database.write(lambda tx: tx.run("UPDATE tickets SET integration = 'gone'"))
    world.clock.advance(600_000)
    (broken_off,) = await database.read(lambda tx: table.intended_before(tx, world.clock.now))
    await world.parts.ticket_making.settle()
    given_up = await database.read(lambda tx: table.get_ticket(tx, "default", broken_off.id))
    assert given_up is not None
    assert given_up.state is table.TicketState.FAILED
    assert "the integration 'gone' has been removed" in given_up.reason


async def test_each_post_without_a_key_is_a_ticket_of_its_own(world: World) -> None:
    answers = await asyncio.gather(*(post(world) for _ in range(5)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["data"]["id"] for one in answers}) == 5
    assert len(made(world)) == 5


async def test_posts_at_once_with_one_key_make_one_ticket(world: World) -> None:
    once = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(post(world, headers=once) for _ in range(8)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["data"]["jira_issue_key"] for one in answers}) == 1
    assert len(made(world)) == 1


async def test_key_that_stands_for_another_ticket_is_refused(world: World) -> None:
    once = {"Idempotency-Key": "k-1"}
    ticket = await create(world, headers=once)
    answer = await post(world, {"summary": "another"}, headers=once)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["loc"] == ["header", "Idempotency-Key"]
    assert len(made(world)) == 1
    await world.ask("DELETE", f"{BASE}/{ticket['id']}")
    assert (await post(world, headers=once)).status_code == 409
    assert (await post(world, headers={"Idempotency-Key": "x" * 256})).status_code == 422
    bob = await key_for(world, "bob", "operator")
    other = await world.client.post(BASE, json=BODY, headers={**bob, **once})
    assert other.json()["data"]["id"] != ticket["id"]


async def test_refusal_of_jira_is_told_with_its_words(world: World) -> None:
    set_faults(world.sandbox, html="on")
    answer: httpx.Response = await post(world)
    assert answer.status_code == 502
    assert "where JSON was expected" in answer.json()["error"]
    set_faults(world.sandbox)
    assert await data(world, "") == []
    assert made(world) == []


async def test_who_made_and_closed_a_ticket_is_kept(world: World) -> None:
    ticket = await create(world)
    await world.ask("DELETE", f"{BASE}/{ticket['id']}", "operator")
    changes = (await world.ask("GET", "/api/v1/audit")).json()["changes"]
    assert [(one["what"], one["object"]) for one in changes[:2]] == [
        ("ticket.delete", str(ticket["id"])),
        ("ticket.create", str(ticket["id"])),
    ]


async def test_new_ticket_is_to_do_in_capitals_and_later_as_jira_spells(
    world: World,
) -> None:
    ticket = await create(world)
    assert await status_in_jira(world, ticket["jira_issue_key"]) == "To Do"
    for shown in (ticket, (await data(world, ""))[0], await data(world, f"/{ticket['id']}")):
        assert shown["status"] == "TO DO"
    await move(world, ticket["jira_issue_key"])
    assert (await data(world, f"/{ticket['id']}"))["status"] == "In Progress"


async def test_ticket_whose_issue_could_not_be_read_yet_is_new(world: World) -> None:
    await know_jira(world)
    set_faults(world.sandbox, **{"5xx": "before:every:2"})
    ticket = await create(world)
    assert (ticket["status"], ticket["assigned_to"]) == ("TO DO", None)
