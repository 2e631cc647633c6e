"""TheHive's stand-in: its vendor's own client works, and its audit passes our preset."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from thehive4py.client import TheHiveApi
from thehive4py.errors import TheHiveError
from thehive4py.query.filters import Eq, In
from thehive4py.query.page import Paginate
from thehive4py.query.sort import Desc

from bridge.event import JSON
from tests.sandbox.conftest import MovingClock
from tests.sandbox.receiver import Receiver
from tests.sandbox.vendors import our_events, vendor

RECORDED = Path(__file__).resolve().parents[2] / (
    "../shared/payloads/thehive/case_update.status_audit.json"
)
CASE: dict[str, JSON] = {"title": "Weak", "description": "The **key**.", "severity": 3}


async def live(client: httpx.AsyncClient) -> str:
    """One life of a case, and a change of an alert."""
    made = await client.post("api/v1/case", json={**CASE, "tags": ["tls"]})
    key = str(made.json()["_id"])
    await client.post(f"api/v1/case/{key}/comment", json={"message": "Seen again."})
    for change in ({"status": "InProgress"}, {"status": "InProgress"}, {"status": "TruePositive"}):
        assert (await client.patch(f"api/v1/case/{key}", json=change)).status_code == 204
    ignored = {"status": "Ignored"}
    await client.patch("api/v1/alert/scan;scanner;finding-1", json=ignored)
    return key


async def test_our_preset_reads_what_is_sent(receiver: Receiver, clock: MovingClock) -> None:
    async with vendor("thehive", receiver, clock, "as-anna") as (client, running):
        key = await live(client)
        found = await our_events("thehive", running, receiver, clock.now)
    assert [one[0] for one in found] == [
        "case.created", "case.commented", "case.updated", "case.closed", "alert.resolved",
    ]  # fmt: skip
    assert {one[1] for one in found[:4]} == {f"thehive/{key}"}
    created, commented, updated, closed, alert = (one[2] for one in found)
    assert (created["title"], created["severity"], created["id"]) == ("Weak", "high", key)
    assert commented["comment"] == {
        "id": json.loads(receiver.received[1][1])["objectId"],
        "body": "Seen again.",
        "author": "anna@sandbox.example",
    }
    assert (updated["status"], closed["status"]) == ("InProgress", "TruePositive")
    assert (alert["title"], alert["severity"]) == ("Finding 1 (sandbox)", "high")


async def test_audit_has_what_a_recorded_one_has(receiver: Receiver, clock: MovingClock) -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded audit is not beside this checkout")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    async with vendor("thehive", receiver, clock) as (client, running):
        await live(client)
        await running.app.webhooks.settled()
    ours = json.loads(receiver.received[2][1])
    assert set(recorded) <= set(ours)
    assert recorded["details"] == ours["details"]
    absent = {"customFieldValues", "timeToTriage", "timeToAcknowledge", "assignee"}
    assert set(recorded["object"]) - set(ours["object"]) <= absent


async def test_the_vendors_own_client_works(receiver: Receiver, clock: MovingClock) -> None:
    """thehive4py: StrangeBee's, on PyPI."""

    def work(address: str) -> None:
        hive = TheHiveApi(url=address, apikey="as-ben", max_retries=0)
        case = hive.case.create({"title": "Weak", "description": "x", "tags": ["tls"]})
        hive.case.update(case["_id"], {"addTags": ["new"], "severity": 4})
        hive.comment.create_in_case(case["_id"], {"message": "Hello."})
        hive.case.close(case["_id"], status="TruePositive", summary="Done.")
        now = hive.case.get(str(case["number"]))
        assert (now["stage"], now["tags"], now["severityLabel"]) == (
            "Closed", ["tls", "new"], "CRITICAL",
        )  # fmt: skip
        found = hive.case.find(Eq("tags", "tls") & In("status", ["TruePositive"]))
        assert [one["_id"] for one in found] == [case["_id"]]
        (comment,) = hive.case.find_comments(case["_id"])
        assert comment["createdBy"] == "ben@sandbox.example"
        newest = hive.alert.find(sortby=Desc("_createdAt"), paginate=Paginate(0, 1))
        hive.alert.update(newest[0]["_id"], {"status": "FalsePositive"})
        assert hive.alert.count() == 2
        assert hive.user.get_current()["login"] == "ben@sandbox.example"
        with pytest.raises(TheHiveError, match="NotFoundError - Case not found"):
            hive.case.get("~1")
        with pytest.raises(TheHiveError, match="Invalid format for status"):
            hive.case.update(case["_id"], {"status": "Odd"})
        hive.case.delete(case["_id"])
        assert hive.case.count() == 0
        hive.session.close()

    async with vendor("thehive", receiver, clock) as (_, running):
        await asyncio.to_thread(work, f"{running.base_url}/thehive")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"query": []}, "Attribute query is missing"),
        ({"query": [{"_name": "listTask"}]}, "not known to the sandbox"),
        ({"query": [{"_name": "listCase"}, {"_name": "filter", "_odd": 1}]}, "_odd is not known"),
        ({"query": [{"_name": "listCase"}, {"_name": "page"}]}, "Attribute from is missing"),
    ],
)
async def test_query_that_cannot_be_answered_is_refused(
    body: JSON, words: str, receiver: Receiver, clock: MovingClock
) -> None:
    async with vendor("thehive", receiver, clock) as (client, _):
        await client.post("api/v1/case", json=CASE)
        answer = await client.post("api/v1/query", json=body)
    assert (answer.status_code, answer.json()["type"]) == (400, "BadRequest")
    assert words in answer.json()["message"]


async def test_without_credentials_nobody_gets_in(receiver: Receiver, clock: MovingClock) -> None:
    async with vendor("thehive", receiver, clock) as (client, _):
        del client.headers["authorization"]
        answer = await client.get("api/v1/user/current")
        public = await client.get("api/v1/status/public")
    assert (answer.status_code, answer.json()["type"]) == (401, "AuthenticationError")
    assert public.json()["version"].startswith("5.")
