"""Sentry's stand-in: refuses as Sentry does, and tells of changes in signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import httpx
import pytest

from bridge.event import JSON
from bridge.sandbox.sentry.state import FIRST
from tests.sandbox.conftest import MovingClock
from tests.sandbox.receiver import Receiver
from tests.sandbox.vendors import SECRET, our_events, vendor

RECORDED = Path(__file__).resolve().parents[2] / "../shared/payloads/sentry/issue.resolved.json"
ISSUE = f"api/0/organizations/sandbox/issues/{FIRST}/"


async def live(client: httpx.AsyncClient) -> None:
    """One life of an issue."""
    for body in ({"status": "resolved"}, {"status": "unresolved"}, {"status": "ignored"}):
        assert (await client.put(ISSUE, json=body)).status_code == 200
    assert (await client.post(f"{ISSUE}comments/", json={"text": "Seen."})).status_code == 201


async def test_every_change_is_told_and_signed_as_sentry_does(
    receiver: Receiver, clock: MovingClock
) -> None:
    async with vendor("sentry", receiver, clock, "as-anna") as (client, running):
        await live(client)
        await running.app.webhooks.settled()
    told = []
    for headers, body in receiver.received:
        expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["sentry-hook-signature"] == expected
        assert headers["sentry-hook-timestamp"] == str(clock.now // 1000)
        sent = json.loads(body)
        assert sent["actor"]["name"] == "Anna"
        told.append(f"{headers['sentry-hook-resource']}.{sent['action']}")
    assert told == ["issue.resolved", "issue.unresolved", "issue.archived", "comment.created"]


async def test_our_preset_reads_what_is_sent(receiver: Receiver, clock: MovingClock) -> None:
    async with vendor("sentry", receiver, clock, "as-anna") as (client, running):
        await live(client)
        found = await our_events("sentry", running, receiver, clock.now)
    assert [one[0] for one in found][:3] == ["alert.resolved", "alert.raised", "alert.resolved"]
    assert found[0][1] == f"sentry/{FIRST}"
    assert found[0][2]["key"] == "SHOP-1"


async def test_body_has_what_a_recorded_one_has(receiver: Receiver, clock: MovingClock) -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded webhook is not beside this checkout")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    async with vendor("sentry", receiver, clock) as (client, running):
        await live(client)
        await running.app.webhooks.settled()
    ours = json.loads(receiver.received[0][1])
    assert set(recorded) <= set(ours)
    assert set(recorded["data"]) <= set(ours["data"])
    assert set(recorded["data"]["issue"]) <= set(ours["data"]["issue"])


@pytest.mark.parametrize(
    ("method", "where", "body", "status"),
    [
        ("GET", "api/0/organizations/other/issues/", None, 404),
        ("GET", "api/0/organizations/sandbox/issues/12/", None, 404),
        ("GET", "api/0/projects/sandbox/other/issues/", None, 404),
        ("PUT", ISSUE, {"status": "gone"}, 400),
        ("PUT", ISSUE, {"status": "resolved", "substatus": "archived_forever"}, 400),
        ("POST", f"{ISSUE}comments/", {"text": " "}, 400),
    ],
)
async def test_what_sentry_would_refuse_is_refused(
    receiver: Receiver, clock: MovingClock, method: str, where: str, body: JSON, status: int
) -> None:
    async with vendor("sentry", receiver, clock) as (client, _):
        answer = await client.request(method, where, json=body)
    assert answer.status_code == status


async def test_same_words_are_refused_for_an_hour(receiver: Receiver, clock: MovingClock) -> None:
    async with vendor("sentry", receiver, clock) as (client, _):
        statuses = []
        for seconds in (0, 3_599, 3_700):
            clock.move(seconds)
            answer = await client.post(f"{ISSUE}comments/", json={"text": "Seen."})
            statuses.append(answer.status_code)
    assert statuses == [201, 400, 201]
