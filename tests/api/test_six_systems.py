"""Document 002: each of its six systems, from what its fields alone say of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bridge.clock import iso, wall_clock
from bridge.connectors.catalogue import load_connectors
from bridge.connectors.http import HttpClient
from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.made import Secrets, settings_of
from bridge.store.integrations import StoredIntegration
from bridge.token_requests import OAuthClient
from tests.api.conftest import World
from tests.api.test_integrations import BASE, allow, write
from tests.connectors.conftest import set_faults

CLOUD_ID = "11223344-a1b2-4b33-8444-def123456789"
MOUNTS = ("jira", "github", "confluence", "linear", "sentry", "slack/api")

SCOPES: Mapping[str, dict[str, JSON]] = {
    "jira": {"workspace_id": "ws-1", "project_id": "SEC"},
    "github": {"org_slug": "sandbox", "installation_id": "1", "project_id": "shop"},
    "confluence": {"project_id": "SEC"},
    "linear": {"org_slug": "acme", "workspace_id": "ws-1", "project_id": "ENG"},
    "sentry": {"org_slug": "sandbox", "installation_id": "inst-1", "project_id": "shop"},
    "slack": {"workspace_id": "T0SANDBOX", "project_id": "#security"},
}

RULE = """\
version: 1
rules:
  - name: everywhere
    on: case.created
    then:
      - create_ticket: {in: made-jira, summary: "${{ data.title }}"}
      - create_ticket: {in: made-github, summary: "${{ data.title }}"}
      - create_ticket: {in: made-linear, summary: "${{ data.title }}"}
      - notify: {in: made-slack, channel: "#security", text: "${{ data.title }}"}
      - comment: {in: made-sentry, ticket: "SHOP-1", body: "${{ data.title }}"}
      - update_page: {in: made-confluence, page: "SEC:Scan results", columns: [Title],
                      row: ["${{ data.title }}"]}
"""


def body(world: World, mount: str, **auth: str) -> dict[str, Any]:
    """A request whose documented fields are all there is: no options."""
    kind = mount.partition("/")[0]
    return {
        "name": f"Our {kind}",
        "integration_type": kind,
        "auth_data": {"access_token": "made-up", "token_type": "Bearer", **auth},
        "scope_data": SCOPES[kind],
        "metadata": {"instance_name": f"{world.sandbox.base_url}/{mount}"},
        "unique_identifier": f"made-{kind}",
        "created_by": "alice",
    }


async def make_all(world: World, **auth: str) -> list[dict[str, Any]]:
    """All six, with the sandbox's clock right, which tests of a system look at."""
    world.clock.now = wall_clock()
    allow(world)
    made = []
    for mount in MOUNTS:
        answer = await world.ask("POST", f"{BASE}/create", json=body(world, mount, **auth))
        assert answer.status_code == 200, answer.text
        made.append(answer.json()["data"])
    return made


async def test_all_six_are_tested_and_used_by_a_rule_at_once(world: World, tmp_path: Path) -> None:
    made = await make_all(world)
    assert [one["problem"] for one in made] == [""] * 6
    for one in made:
        tested = await world.ask("POST", f"{BASE}/{one['integration_id']}/test", "operator")
        assert tested.json()["data"]["ok"] is True, tested.text
    write(tmp_path / "rules" / "all.yaml", RULE)
    await world.parts.reload()
    assert world.parts.rules.problems == ()
    await world.event("case.created", {"id": "c-1", "title": "It leaks everywhere"})
    actions = (await world.ask("GET", "/api/v1/actions")).json()["actions"]
    assert [one["state"] for one in actions] == ["done"] * 6, actions


@pytest.mark.parametrize("provider", ["github", "linear"])
async def test_other_apis_use_them_at_once(world: World, provider: str) -> None:
    await make_all(world)
    finding = {"id": "f-1", "title": "It leaks", "severity": "high", "status": "open"}
    scan = {"scan_id": "s-1", "scanner": "tests", "target": "shop", "findings": [finding]}
    await world.event("scan.finished", scan)
    items = (await world.ask("GET", "/tenant/scans/s-1/remediation")).json()["items"]
    answer = await world.ask(
        "POST", "/tenant/scans/s-1/integrations/push", "operator",
        json={"remediationId": items[0]["remediationId"], "provider": provider},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["provider"] == provider


async def test_all_six_are_switched_off_changed_and_removed(world: World) -> None:
    for one in await make_all(world):
        path, name = f"{BASE}/{one['integration_id']}", one["unique_identifier"]
        off = (await world.ask("PATCH", path, json={"active": False})).json()["data"]
        assert (off["active"], off["status"], off["problem"]) == (False, "disabled", "")
        known = world.parts.registry.get(("default", name))
        assert known is not None
        assert not known.enabled
        on = await world.ask("PATCH", path, json={"active": True, "name": "Other"})
        assert on.json()["data"]["name"] == "Other"
        assert (await world.ask("DELETE", path)).status_code == 200
        assert world.parts.registry.get(("default", name)) is None


async def test_a_jira_project_may_be_named_by_its_number(world: World) -> None:
    allow(world)
    given = {**body(world, "jira"), "scope_data": {"project_id": "10000"}}
    made = (await world.ask("POST", f"{BASE}/create", json=given)).json()["data"]
    await world.event("case.created", {"id": "c-1", "title": "It leaks"})
    path = f"/api/cases/c-1/connector/{made['integration_id']}/_push"
    set_faults(world.sandbox, lost_answer="next:1")
    pushed = await world.ask("POST", path)
    assert pushed.json()["external_service"]["external_title"] == "SEC-2", pushed.text
    await world.ask(
        "PATCH", f"{BASE}/{made['integration_id']}", json={"scope_data": {"project_id": "99"}}
    )
    await world.event("case.created", {"id": "c-2", "title": "It leaks too"})
    refused = await world.ask("POST", path.replace("c-1", "c-2"))
    assert "no project has the id 99" in refused.json()["message"]


@pytest.mark.parametrize(
    ("kind", "scope", "metadata", "expected"),
    [
        (
            "jira", {"workspace_id": CLOUD_ID, "project_id": "SEC"}, {"instance_name": "acme"},
            {"base_url": f"https://api.atlassian.com/ex/jira/{CLOUD_ID}", "project": "SEC"},
        ),
        (
            "jira", {"workspace_id": CLOUD_ID}, {"instance_name": "https://acme.atlassian.net"},
            {"base_url": f"https://api.atlassian.com/ex/jira/{CLOUD_ID}"},
        ),
        (
            "jira", {"workspace_id": CLOUD_ID}, {"instance_name": "https://jira.example.com"},
            {"base_url": "https://jira.example.com"},
        ),
        (
            "confluence", {"workspace_id": CLOUD_ID, "project_id": "SEC"}, {},
            {"home": f"https://api.atlassian.com/ex/confluence/{CLOUD_ID}/wiki", "space": "SEC"},
        ),
        (
            "github", {"org_slug": "octo-org", "project_id": "shop"}, {"instance_name": "octo"},
            {"base_url": "https://api.github.com", "repository": "octo-org/shop"},
        ),
        (
            "github", {"org_slug": "octo-org", "project_id": "octo-org/shop"}, {},
            {"repository": "octo-org/shop"},
        ),
        ("linear", {"project_id": "ENG"}, {}, {"team": "ENG"}),
        ("slack", {"project_id": "C0123456"}, {}, {"channel": "C0123456"}),
        (
            "sentry", {"org_slug": "acme", "project_id": "shop"}, {},
            {"base_url": "https://sentry.io", "organization": "acme", "project": "shop"},
        ),
    ],
)  # fmt: skip
def test_scope_and_instance_become_settings(
    kind: str, scope: dict[str, JSON], metadata: dict[str, JSON], expected: dict[str, str]
) -> None:
    settings = settings_of(load_connectors()[kind], stored(kind, scope, metadata), SECRETS)
    assert {name: getattr(settings, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("kind", "scope", "words"),
    [
        ("jira", {"workspace_id": "ws-1"}, "`workspace_id` in scope_data"),
        ("github", {"project_id": "shop"}, "`org_slug` in scope_data"),
        ("sentry", {}, "`org_slug` in scope_data"),
        ("sentry", {"org_slug": "<string>"}, "must be a slug"),
        ("confluence", {}, "an address in metadata.instance_name"),
    ],
)
def test_what_is_missing_is_named_by_the_documents_field(
    kind: str, scope: dict[str, JSON], words: str
) -> None:
    with pytest.raises(GiveUp, match="not usable yet") as refused:
        settings_of(load_connectors()[kind], stored(kind, scope, {}), SECRETS)
    assert words in str(refused.value)


SECRETS = Secrets({"access_token": "made-up"}, {})


def stored(kind: str, scope: dict[str, JSON], metadata: dict[str, JSON]) -> StoredIntegration:
    return StoredIntegration(
        "int_1", "default", "Made", kind, "made", b"", scope, metadata, "alice", "key_1",
        True, "", 0, 0, 0, 1,
    )  # fmt: skip


# --- tokens -----------------------------------------------------------------------------------

WHERE = {
    "jira": ("https://auth.atlassian.com/oauth/token", "application/json"),
    "confluence": ("https://auth.atlassian.com/oauth/token", "application/json"),
    "github": (
        "https://github.com/login/oauth/access_token", "application/x-www-form-urlencoded",
    ),
    "linear": ("https://api.linear.app/oauth/token", "application/x-www-form-urlencoded"),
    "slack": ("https://slack.com/api/oauth.v2.access", "application/x-www-form-urlencoded"),
    "sentry": (
        "https://sentry.io/api/0/sentry-app-installations/inst-1/authorizations/",
        "application/json",
    ),
}  # fmt: skip
OWN_ANSWERS: Mapping[str, dict[str, JSON]] = {
    "sentry": {"token": "new", "refreshToken": "next", "expiresAt": "2099-01-01T00:00:00.000Z"},
    "slack": {"ok": True, "access_token": "new", "refresh_token": "next", "expires_in": 43200},
}
ANSWER: dict[str, JSON] = {"access_token": "new", "refresh_token": "next", "expires_in": 28800}


@pytest.mark.parametrize("mount", MOUNTS)
async def test_a_token_is_renewed_where_its_system_renews_it(world: World, mount: str) -> None:
    allow(world)
    kind = mount.partition("/")[0]
    asked: list[httpx.Request] = []

    def issue(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=OWN_ANSWERS.get(kind, ANSWER))

    replace_issuer(world, kind, issue)
    soon = iso(world.clock.now + 1000)
    given = body(world, mount, refresh_token="first", expires_at=soon)
    made = (await world.ask("POST", f"{BASE}/create", json=given)).json()["data"]
    await world.ask("POST", f"{BASE}/{made['integration_id']}/test")
    (request,) = asked
    assert (str(request.url), request.headers["content-type"]) == WHERE[kind]
    assert "refresh_token" in request.content.decode()
    auth = (await world.ask("GET", f"{BASE}/{made['integration_id']}")).json()["data"]["auth_data"]
    assert (auth["access_token"], auth["refresh_token"]) == ("new", "next")
    assert auth["expires_at"] > soon


@pytest.mark.parametrize(
    ("error", "kept"), [("ratelimited", ""), ("invalid_refresh_token", "token not renewed")]
)
async def test_slacks_errors_come_with_200(world: World, error: str, kept: str) -> None:
    allow(world)
    replace_issuer(
        world, "slack", lambda _: httpx.Response(200, json={"ok": False, "error": error})
    )
    past = iso(world.clock.now - 1000)
    given = body(world, "slack/api", refresh_token="first", expires_at=past)
    made = (await world.ask("POST", f"{BASE}/create", json=given)).json()["data"]
    tested = (await world.ask("POST", f"{BASE}/{made['integration_id']}/test")).json()["data"]
    assert error in tested["findings"][0]["message"]
    shown = (await world.ask("GET", f"{BASE}/{made['integration_id']}")).json()["data"]
    assert shown["problem"].startswith(kept)
    assert bool(shown["problem"]) == bool(kept)


@pytest.mark.parametrize("hostile", ["../../../users", "a/b", "..", "", "x?y=1", "x#y"])
async def test_a_scope_leads_the_request_for_a_token_nowhere_else(
    world: World, hostile: str
) -> None:
    allow(world)
    asked: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(500)

    replace_issuer(world, "sentry", note)
    given = body(world, "sentry", refresh_token="first", expires_at=iso(world.clock.now - 1))
    given["scope_data"] = {**given["scope_data"], "installation_id": hostile}
    made = (await world.ask("POST", f"{BASE}/create", json=given)).json()["data"]
    tested = (await world.ask("POST", f"{BASE}/{made['integration_id']}/test")).json()["data"]
    assert "installation_id" in tested["findings"][0]["message"]
    assert asked == []


async def test_a_token_that_nothing_renews_goes_out_as_it_is(world: World) -> None:
    """The time that the caller gave may be wrong; the system itself says what is over."""
    for one in await make_all(world, expires_at="2023-11-07T05:31:56Z", refresh_token="unused"):
        tested = await world.ask("POST", f"{BASE}/{one['integration_id']}/test")
        assert tested.json()["data"]["ok"] is True
        shown = (await world.ask("GET", f"{BASE}/{one['integration_id']}")).json()["data"]
        assert "no `oauth` client" in shown["problem"]


def replace_issuer(world: World, kind: str, answer: Any) -> None:
    """The bridge's own renewal, with the remote server replaced."""
    tokens = world.parts.tokens
    tokens.http = HttpClient(world.clock, httpx.MockTransport(answer))
    tokens.clients = {kind: OAuthClient("made-up-client", SecretStr("made-up-client-secret"))}
