"""GitHub's stand-in: refuses as GitHub does, and tells of every change in signed webhooks."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from gidgethub import sansio

from bridge.event import JSON
from tests.sandbox.conftest import MovingClock
from tests.sandbox.receiver import Receiver
from tests.sandbox.vendors import SECRET, our_events, vendor

EXAMPLES = Path(__file__).resolve().parents[2] / "../shared/specs/github-webhook-examples.json"
ISSUES = "repos/sandbox/shop/issues"


async def live(client: httpx.AsyncClient) -> None:
    """One life of an issue, and one of an alert."""
    new: JSON = {"title": "Certificate", "body": "Found.", "labels": ["scanner"]}
    assert (await client.post(ISSUES, json=new)).status_code == 201
    edit: JSON = {"title": "Weak certificate", "assignees": ["ben"], "labels": ["scanner", "bad"]}
    await client.patch(f"{ISSUES}/1", json=edit)
    await client.patch(f"{ISSUES}/1", json={"state": "closed", "state_reason": "not_planned"})
    await client.patch(f"{ISSUES}/1", json={"state": "open"})
    await client.post(f"{ISSUES}/1/comments", json={"body": "Seen again."})
    alert = "repos/sandbox/shop/code-scanning/alerts/1"
    await client.patch(alert, json={"state": "dismissed", "dismissed_reason": "won't fix"})


async def test_every_change_is_told_and_signed_as_github_does(
    receiver: Receiver, clock: MovingClock
) -> None:
    async with vendor("github", receiver, clock, "as-anna") as (client, running):
        await live(client)
        await running.app.webhooks.settled()
    told = []
    for headers, body in receiver.received:
        event = sansio.Event.from_http(headers, body, secret=SECRET)
        told.append(f"{event.event}.{event.data['action']}")
        assert event.data["sender"]["login"] == "anna"
        assert event.data["repository"]["full_name"] == "sandbox/shop"
    assert [one for one in told if one.startswith("issue")] == [
        "issues.opened",
        "issues.edited",
        "issues.labeled",
        "issues.assigned",
        "issues.closed",
        "issues.reopened",
        "issue_comment.created",
    ]
    assert "code_scanning_alert.closed_by_user" in told


async def test_our_preset_reads_what_is_sent(receiver: Receiver, clock: MovingClock) -> None:
    async with vendor("github", receiver, clock, "as-anna") as (client, running):
        await live(client)
        found = await our_events("github", running, receiver, clock.now)
    types = [one[0] for one in found]
    assert types.count("issue.created") == 1
    assert {"issue.updated", "issue.commented", "alert.resolved"} <= set(types)
    created = next(data for kind, _, data in found if kind == "issue.created")
    assert created["key"] == "sandbox/shop#1"
    assert created["actor"] == "anna"


async def test_bodies_have_what_githubs_own_examples_have(
    receiver: Receiver, clock: MovingClock
) -> None:
    if not EXAMPLES.exists():
        pytest.skip("the vendor's examples are not beside this checkout")
    examples = {
        one["name"]: one["examples"] for one in json.loads(EXAMPLES.read_text(encoding="utf-8"))
    }
    async with vendor("github", receiver, clock) as (client, running):
        await live(client)
        await running.app.webhooks.settled()
    optional = {"reactions", "draft", "performed_via_github_app", "timeline_url", "milestone"}
    for headers, body in receiver.received:
        name = headers["x-github-event"]
        ours = json.loads(body)
        part = "comment" if name == "issue_comment" else "issue"
        if name not in ("issues", "issue_comment"):
            continue
        theirs = examples[name][0]
        assert set(theirs["issue"]) - set(ours["issue"]) <= optional
        assert set(theirs[part]) - set(ours[part]) <= optional
        assert set(theirs["sender"]) <= set(ours["sender"])


@pytest.mark.parametrize(
    ("method", "where", "body", "status"),
    [
        ("GET", "repos/other/shop/issues", None, 404),
        ("GET", f"{ISSUES}/7", None, 404),
        ("POST", ISSUES, {"body": "no title"}, 422),
        ("POST", ISSUES, {"title": "x", "body": "y" * 65_537}, 422),
        ("POST", ISSUES, {"title": "x", "assignees": ["nobody"]}, 422),
        ("PATCH", "repos/sandbox/shop/dependabot/alerts/1", {"state": "dismissed"}, 422),
        ("PATCH", "repos/sandbox/shop/dependabot/alerts/9", {"state": "open"}, 404),
    ],
)
async def test_what_github_would_refuse_is_refused_in_its_shape(
    receiver: Receiver, clock: MovingClock, method: str, where: str, body: JSON, status: int
) -> None:
    async with vendor("github", receiver, clock) as (client, _):
        answer = await client.request(method, where, json=body)
    assert answer.status_code == status
    assert {"message", "documentation_url"} <= set(answer.json())
    assert "not a real GitHub" in answer.headers["x-sandbox"]


async def test_without_credentials_nobody_gets_in(receiver: Receiver, clock: MovingClock) -> None:
    async with vendor("github", receiver, clock) as (client, _):
        del client.headers["authorization"]
        assert (await client.get("user")).status_code == 401
