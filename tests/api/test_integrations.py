"""Document 002: integrations that callers make known, and what becomes of their credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge.access.vault import Vault
from bridge.connectors.jira.options import JiraSettings
from bridge.event import JSON
from bridge.store.integrations import get_integration
from bridge.store.transaction import Transaction
from tests.api.conftest import World

BASE = "/api/v1/integrations"
TYPES = ("sentry", "github", "slack", "jira", "linear", "confluence")

DOCUMENTED: Mapping[str, JSON] = {
    "name": "Error tracking",
    "integration_type": "sentry",
    "auth_data": {
        "access_token": "made-up-access",
        "refresh_token": "made-up-refresh",
        "token_type": "Bearer",
        "expires_at": "2023-11-07T05:31:56Z",
        "scope": "project:read",
        "code": "made-up-code",
    },
    "scope_data": {
        "org_slug": "acme",
        "installation_id": "inst-1",
        "workspace_id": "ws-1",
        "project_id": "pr-1",
    },
    "metadata": {
        "instance_name": "acme",
        "created_via": "oauth_callback",
        "version": "1",
        "description": "Made by hand",
        "tags": ["security"],
    },
    "unique_identifier": "sentry-acme",
    "created_by": "alice",
}


def jira(world: World, identifier: str = "jira-made", **more: Any) -> dict[str, Any]:
    """An integration with the sandbox's Jira."""
    return {
        **DOCUMENTED,
        "name": "Tickets",
        "integration_type": "jira",
        "auth_data": {"access_token": "made-up"},
        "scope_data": {},
        "unique_identifier": identifier,
        "options": {
            "base_url": world.sandbox.jira_url,
            "auth": {"token": "made-up-personal"},
            "project": "SEC",
            **more,
        },
    }


@pytest.mark.parametrize("kind", TYPES)
async def test_each_documented_type_is_made_as_documented(world: World, kind: str) -> None:
    body = {**DOCUMENTED, "integration_type": kind}
    answer = await world.ask("POST", f"{BASE}/create", json=body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["success"], told["error"]) == (True, None)
    data = told["data"]
    for name in DOCUMENTED:
        assert data[name] == body[name]
    assert (data["status"], data["active"]) == ("active", True)
    assert data["created_at"] == data["updated_at"]
    read = await world.ask("GET", f"{BASE}/{data['integration_id']}")
    assert read.json()["data"] == data


async def test_a_unique_identifier_is_taken_once_in_a_tenant(world: World) -> None:
    first = await world.ask("POST", f"{BASE}/create", json=DOCUMENTED)
    assert first.status_code == 200
    second = await world.ask("POST", f"{BASE}/create", json=DOCUMENTED)
    assert second.status_code == 409
    assert second.json()["success"] is False
    assert "sentry-acme" in second.json()["error"]
    theirs = await world.ask("POST", f"{BASE}/create", tenant="acme", json=DOCUMENTED)
    assert theirs.status_code == 200


async def test_twenty_creates_at_once_make_one(world: World) -> None:
    answers = await asyncio.gather(
        *(world.ask("POST", f"{BASE}/create", json=DOCUMENTED) for _ in range(20))
    )
    assert sorted(one.status_code for one in answers) == [200] + [409] * 19


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_credentials_are_shown_to_admins_only(world: World, role: str) -> None:
    made = (await world.ask("POST", f"{BASE}/create", json=DOCUMENTED)).json()["data"]
    for path in (BASE, f"{BASE}/{made['integration_id']}"):
        text = (await world.ask("GET", path, role)).text
        assert "made-up" not in text
        assert "********" in text
        assert "made-up-access" in (await world.ask("GET", path)).text


async def test_credentials_are_sealed_in_the_store(world: World, tmp_path: Path) -> None:
    await world.ask("POST", f"{BASE}/create", json=DOCUMENTED)
    for content in contents(tmp_path):
        assert b"made-up-access" not in content
        assert b"made-up-refresh" not in content


async def test_a_made_integration_is_at_once_used_by_rules(world: World, tmp_path: Path) -> None:
    allow(world)
    made = await world.ask("POST", f"{BASE}/create", json=jira(world))
    assert made.json()["data"]["problem"] == ""
    await write_rule(world, tmp_path, "jira-made")
    await world.event("case.created", {"id": "c-1", "title": "It leaks"})
    assert "It leaks" in summaries(world)


async def test_explain_shows_what_would_be_sent_to_one(world: World, tmp_path: Path) -> None:
    allow(world)
    await world.ask("POST", f"{BASE}/create", json=jira(world))
    await write_rule(world, tmp_path, "jira-made")
    event = await world.event("case.created", {"id": "c-1", "title": "It leaks"})
    answer = await world.ask("POST", "/api/v1/rules/explain", json={"event": event})
    assert answer.status_code == 200, answer.text
    assert f"{world.sandbox.jira_url}/rest/api/2/issue" in answer.text
    assert "made-up-personal" not in answer.text


async def test_a_rule_may_name_it_by_its_name_too(world: World, tmp_path: Path) -> None:
    allow(world)
    await world.ask("POST", f"{BASE}/create", json=jira(world))
    await write_rule(world, tmp_path, "Tickets")
    assert world.parts.rules.problems == ()


async def test_a_disabled_one_is_not_called_and_a_removed_one_is_gone(world: World) -> None:
    allow(world)
    made = (await world.ask("POST", f"{BASE}/create", json=jira(world))).json()["data"]
    path = f"{BASE}/{made['integration_id']}"
    off = await world.ask("PATCH", path, json={"active": False})
    assert (off.json()["data"]["status"], off.json()["data"]["active"]) == ("disabled", False)
    known = world.parts.registry.get(("default", "jira-made"))
    assert known is not None
    assert not known.enabled
    gone = await world.ask("DELETE", path)
    assert gone.json()["success"] is True
    assert world.parts.registry.get(("default", "jira-made")) is None
    assert (await world.ask("GET", path)).status_code == 404


async def test_a_change_of_credentials_takes_effect_and_keeps_the_rest(world: World) -> None:
    allow(world)
    made = (await world.ask("POST", f"{BASE}/create", json=jira(world))).json()["data"]
    path = f"{BASE}/{made['integration_id']}"
    options = {**made["options"], "auth": {"token": "the-new-one"}}
    changed = (await world.ask("PUT", path, json={"options": options})).json()["data"]
    assert changed["name"] == made["name"]
    known = world.parts.registry.get(("default", "jira-made"))
    assert known is not None
    settings = known.client.settings
    assert isinstance(settings, JiraSettings)
    assert "the-new-one" in settings.auth.header()


async def test_the_test_reaches_the_system_and_says_what_is_missing(world: World) -> None:
    allow(world)
    made = (await world.ask("POST", f"{BASE}/create", json=jira(world))).json()["data"]
    good = await world.ask("POST", f"{BASE}/{made['integration_id']}/test", "operator")
    assert good.json()["data"]["findings"]
    bare = {**jira(world, "bare"), "options": {}, "auth_data": {}}
    made = (await world.ask("POST", f"{BASE}/create", json=bare)).json()["data"]
    assert "auth" in made["problem"]
    bad = (await world.ask("POST", f"{BASE}/{made['integration_id']}/test")).json()["data"]
    assert bad["ok"] is False
    assert "auth" in bad["findings"][0]["message"]


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://intranet/",
        "http://example.com/",
    ],
)
async def test_a_private_address_is_refused_when_it_is_given(world: World, address: str) -> None:
    for body in (
        {**jira(world), "options": {"base_url": address}},
        {**DOCUMENTED, "metadata": {"instance_name": address}},
    ):
        answer = await world.ask("POST", f"{BASE}/create", json=body)
        assert answer.status_code == 422
        assert "server.allowed_hosts" in answer.json()["error"]


async def test_a_private_address_is_refused_when_it_is_called(world: World) -> None:
    """What was written past the check, or means another host since, gets nowhere."""
    allow(world)
    made = (await world.ask("POST", f"{BASE}/create", json=jira(world))).json()["data"]
    allow(world, ())
    tested = await world.ask("POST", f"{BASE}/{made['integration_id']}/test")
    assert tested.json()["data"]["ok"] is False
    assert "server.allowed_hosts" in tested.text


WRONG: list[tuple[str, JSON]] = [
    ("name", ""),
    ("name", None),
    ("name", 7),
    ("name", "x" * 256),
    ("integration_type", "kibana"),
    ("auth_data", None),
    ("auth_data", {"access_token": 7}),
    ("auth_data", {"acess_token": "x"}),
    ("auth_data", {"expires_at": "tomorrow"}),
    ("scope_data", []),
    ("metadata", {"tags": "security"}),
    ("unique_identifier", ""),
    ("created_by", {}),
    ("surprise", 1),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
async def test_a_field_that_cannot_be_used_is_named(world: World, field: str, value: JSON) -> None:
    answer = await world.ask("POST", f"{BASE}/create", json={**DOCUMENTED, field: value})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["loc"][1] == field


@pytest.mark.parametrize("field", sorted(DOCUMENTED))
async def test_each_required_field_is_missed(world: World, field: str) -> None:
    body = {name: value for name, value in DOCUMENTED.items() if name != field}
    answer = await world.ask("POST", f"{BASE}/create", json=body)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["loc"] == ["body", field]


async def test_a_time_that_is_none_is_told_in_our_words(world: World) -> None:
    body = {**DOCUMENTED, "auth_data": {"expires_at": "soon"}}
    answer = await world.ask("POST", f"{BASE}/create", json=body)
    words = "auth_data.expires_at: must be a time such as 2023-11-07T05:31:56Z"
    assert answer.json()["error"] == words


async def test_hostile_text_comes_back_as_it_was(world: World) -> None:
    name = "\u202e<script>'\";--\U0001f4a9\u0000x"
    answer = await world.ask("POST", f"{BASE}/create", json={**DOCUMENTED, "name": name})
    assert answer.json()["data"]["name"] == name.replace("\0", "\ufffd")


async def test_another_tenants_integration_is_not_there(world: World) -> None:
    made = (await world.ask("POST", f"{BASE}/create", tenant="acme", json=DOCUMENTED)).json()
    path = f"{BASE}/{made['data']['integration_id']}"
    for method, body in (("GET", None), ("PATCH", {}), ("PUT", {}), ("DELETE", None)):
        answer = await world.ask(method, path, json=body)
        assert answer.status_code == 404, method
    assert (await world.ask("POST", f"{path}/test")).status_code == 404
    assert (await world.ask("GET", BASE)).json()["data"] == []


async def test_a_sealed_value_that_does_not_open_stops_nothing_else(world: World) -> None:
    broken = (await world.ask("POST", f"{BASE}/create", json=DOCUMENTED)).json()["data"]
    other = {**DOCUMENTED, "unique_identifier": "whole"}
    await world.ask("POST", f"{BASE}/create", json=other)
    id_ = broken["integration_id"]

    async def spoil(tx: Transaction) -> None:
        stored = await get_integration(tx, "default", id_)
        await tx.run(
            "UPDATE integrations SET sealed = ?, version = version + 1 WHERE id = ?",
            stored.sealed[:-1] + bytes([stored.sealed[-1] ^ 1]), id_,
        )  # fmt: skip

    await world.parts.database.write(spoil)
    await world.parts.made.load()
    shown = {one["integration_id"]: one for one in (await world.ask("GET", BASE)).json()["data"]}
    assert len(shown) == 2
    assert f"integration:{id_}" in shown[id_]["problem"]
    half = await world.ask("PATCH", f"{BASE}/{id_}", json={"auth_data": {"access_token": "new"}})
    assert half.status_code == 503
    assert f"integration:{id_}" in half.json()["error"]
    anew = {"auth_data": {"access_token": "new"}, "options": {"organization": "acme"}}
    whole = (await world.ask("PATCH", f"{BASE}/{id_}", json=anew)).json()["data"]
    assert (whole["problem"], whole["auth_data"]["access_token"]) == ("", "new")


async def test_actions_wait_for_one_that_no_key_opens_and_go_on_when_it_is_mended(
    world: World, tmp_path: Path
) -> None:
    """As for one that is switched off: whoever mends the key must not find them given up."""
    allow(world)
    made = (await world.ask("POST", f"{BASE}/create", json=jira(world))).json()["data"]
    await write_rule(world, tmp_path, "jira-made")
    vault, world.parts.made.vault = world.parts.made.vault, Vault([b"\1" * 32])
    await world.parts.made.load()
    await world.event("case.created", {"id": "c-1", "title": "It leaks"})
    (action,) = (await world.ask("GET", "/api/v1/actions")).json()["actions"]
    assert action["state"] == "waiting"
    assert f"jira-made cannot be used: integration:{made['integration_id']}" in action["reason"]
    pushed = await world.ask("POST", f"/api/cases/c-1/connector/{made['integration_id']}/_push")
    assert pushed.status_code == 424
    assert f"integration:{made['integration_id']}" in pushed.json()["message"]
    world.parts.made.vault = vault
    await world.parts.made.load()
    world.clock.advance(60_000)
    await world.parts.worker.drain()
    assert "It leaks" in summaries(world)


def allow(world: World, hosts: tuple[str, ...] = ("127.0.0.1",)) -> None:
    """As if the operator had named these hosts in server.allowed_hosts."""
    world.parts.guard.allowed = hosts


async def write_rule(world: World, folder: Path, name: str) -> None:
    text = (
        "version: 1\nrules:\n  - name: ticket-per-case\n    on: case.created\n    then:\n"
        f"      - create_ticket: {{in: {name}, summary: '${{{{ data.title }}}}'}}\n"
    )
    write(folder / "rules" / "one.yaml", text)
    await world.parts.reload()
    assert world.parts.rules.problems == ()


def summaries(world: World) -> list[object]:
    return [issue.values["summary"] for issue in world.sandbox.state.issues.values()]


def write(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.glob("bridge.db*")]
