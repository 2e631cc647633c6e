"""What the tickets API and the pushes send satisfies the vendors' own descriptions of their APIs.

Judged is what the sandbox received, byte for byte.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import get_variable_values, parse, validate
from openapi_core.testing import MockRequest

from bridge.sandbox.journal import Entry
from tests.api.conftest import World
from tests.api.files import PNG
from tests.api.test_push_providers import OTHERS, push
from tests.api.test_remediation import SCAN
from tests.api.test_tickets import BASE, create, know_jira, post
from tests.connectors.conftest import set_faults
from tests.connectors.described import HOST, openapi
from tests.connectors.test_jira_openapi import NOT_DESCRIBED, description
from tests.connectors.test_linear import schema

NOT_IN_GITHUB = {"/search/issues"}
"""Missing from the cut description."""


@pytest.fixture
def more_integrations() -> str:
    return OTHERS


def sent(world: World, site: str) -> list[Entry]:
    """The requests that a stand-in received from the bridge."""
    return [one for one in world.sandbox.app.journal.entries if one.site == site]


def as_described(entry: Entry, mount: str) -> MockRequest:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in entry.headers}
    kind = headers.get("content-type", "application/json")
    pairs = [pair.partition("=") for pair in entry.query.decode("latin-1").split("&") if pair]
    return MockRequest(
        HOST,
        entry.method.lower(),
        entry.path.removeprefix(mount),
        args={name: value for name, _, value in pairs},
        headers=headers,
        data=entry.body or None,
        content_type=kind if kind.startswith("multipart/") else kind.partition(";")[0],
    )


async def test_tickets_api_sends_what_jira_describes(world: World) -> None:
    api = description("jira-cloud-v2.json", HOST)
    await know_jira(world)
    set_faults(world.sandbox, lost_answer="next:1")
    ticket = await create(world)  # looked for by its mark
    set_faults(world.sandbox)
    await post(world, {"summary": "without a description", "issue_type": "Story"})
    path = f"{BASE}/{ticket['id']}"
    set_faults(world.sandbox, lost_answer="next:1")
    comment = await world.ask("POST", f"{path}/comments", json={"comment": "a {code} *b*"})
    set_faults(world.sandbox)
    one = f"{path}/comments/{comment.json()['data']['id']}"
    answers = [
        comment,
        await world.ask("PUT", one, json={"comment": "again"}),
        await world.ask("DELETE", one),
        file := await world.ask("POST", f"{path}/attachments", files={"file": ("a.png", PNG)}),
        await world.ask("GET", f"{path}/attachments/{file.json()['data']['id']}/preview"),
        await world.ask("GET", path),
        await world.ask("POST", f"{path}/sync"),
        await world.ask("DELETE", path),
    ]
    assert [one.status_code for one in answers] == [201, 200, 200, 201, 200, 200, 200, 200]
    seen = set()
    for entry in sent(world, "jira"):
        call = (entry.method, entry.path.removeprefix("/jira"))
        if call not in NOT_DESCRIBED:
            api.validate_request(as_described(entry, "/jira"))
            seen.add((entry.method, "/".join(kind_of(one) for one in call[1].split("/"))))
    issue = "/rest/api/2/issue/{}"
    assert seen >= {
        ("POST", "/rest/api/2/issue"),
        ("GET", issue),
        ("GET", f"{issue}/transitions"),
        ("POST", f"{issue}/transitions"),
        ("POST", f"{issue}/comment"),
        ("GET", f"{issue}/comment/{{}}"),
        ("PUT", f"{issue}/comment/{{}}"),
        ("DELETE", f"{issue}/comment/{{}}"),
        ("POST", f"{issue}/attachments"),
        ("GET", "/rest/api/2/attachment/content/{}"),
    }, seen


def kind_of(part: str) -> str:
    """A part of a path, without the number or key of what it names."""
    return "{}" if (part.isdigit() and part != "2") or part.startswith("SEC-") else part


async def test_push_sends_what_github_describes(world: World) -> None:
    api = openapi("github.json")
    await push_with_a_lost_answer(world, "github")
    seen = set()
    for entry in sent(world, "github"):
        described = as_described(entry, "/github")
        if described.path not in NOT_IN_GITHUB:
            api.validate_request(described)
            seen.add((entry.method, described.path))
    assert ("POST", "/repos/sandbox/shop/issues") in seen


async def test_push_sends_what_linears_schema_knows(world: World) -> None:
    known = schema()
    await push_with_a_lost_answer(world, "linear")
    names = set()
    for entry in sent(world, "linear"):
        body = json.loads(entry.body)
        document = parse(body["query"])
        assert validate(known, document) == [], body["query"]
        operation: Any = document.definitions[0]
        variables = get_variable_values(
            known, operation.variable_definitions or (), body["variables"]
        )
        assert not isinstance(variables, list), variables
        names.add(operation.operation.value)
    assert names == {"query", "mutation"}


async def test_push_sends_what_jira_describes(world: World) -> None:
    api = description("jira-cloud-v2.json", HOST)
    await push_with_a_lost_answer(world, "jira")
    requests = [
        one
        for one in sent(world, "jira")
        if (one.method, one.path.removeprefix("/jira")) not in NOT_DESCRIBED
    ]
    for entry in requests:
        api.validate_request(as_described(entry, "/jira"))
    assert [one.path for one in requests if one.method == "POST"]


async def push_with_a_lost_answer(world: World, provider: str) -> None:
    """Two findings: one whose create is looked for afterwards, one made at once."""
    await world.event("scan.finished", SCAN)
    assert (await push(world, provider, "rem_002")).status_code == 200
    set_faults(world.sandbox, lost_answer="next:1")
    await push(world, provider)
    set_faults(world.sandbox)
    assert (await push(world, provider)).status_code == 200
