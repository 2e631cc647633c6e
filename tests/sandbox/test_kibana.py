"""The Kibana stand-in: as Kibana describes itself, with versions, spaces and its refusals."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from bridge.clock import wall_clock
from bridge.event import JSON
from bridge.sandbox.app import Sandbox, SandboxOptions, create_sandbox
from bridge.sandbox.faults import read_faults
from bridge.sandbox.webhooks import Target
from tests.sandbox.oracle import oracle

CASE: dict[str, JSON] = {
    "title": "Weak",
    "description": "The *key*.",
    "tags": ["tls"],
    "owner": "cases",
    "settings": {"syncAlerts": False},
    "connector": {"id": "none", "name": "none", "type": ".none", "fields": None},
}
BASE = "http://sandbox.test/kibana"
HEADERS = {"authorization": "ApiKey a", "kbn-xsrf": "true", "elastic-api-version": "2023-10-31"}


@pytest.fixture
def app() -> Sandbox:
    return create_sandbox(SandboxOptions(), wall_clock)


@pytest.fixture
async def kibana(app: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url=f"{BASE}/api/", headers=HEADERS
    ) as client:
        yield client


async def made(kibana: httpx.AsyncClient, path: str = "cases") -> dict[str, JSON]:
    answer = await kibana.post(path, json=CASE)
    assert answer.status_code == 200, answer.text
    found: dict[str, JSON] = answer.json()
    return found


async def patch(kibana: httpx.AsyncClient, case: dict[str, JSON], **fields: JSON) -> httpx.Response:
    one: JSON = {"id": case["id"], "version": case["version"], **fields}
    return await kibana.patch("cases", json={"cases": [one]})


async def test_every_answer_is_as_kibana_describes_it(kibana: httpx.AsyncClient) -> None:
    described = oracle("kibana.json")
    case = await made(kibana)
    comment: JSON = {"type": "user", "comment": "b", "owner": "cases"}
    for answer in (
        await kibana.post("cases", json=CASE),
        await kibana.post(f"cases/{case['id']}/comments", json=comment),
        await kibana.get(f"cases/{case['id']}"),
        await kibana.get("cases/_find?tags=tls&owner=cases"),
        await kibana.get("status"),
        await kibana.get("cases/_find", headers={"authorization": ""}),
    ):
        assert described.check_httpx(BASE, answer), answer.request.url
    now = (await kibana.get(f"cases/{case['id']}")).json()
    assert described.check_httpx(BASE, await patch(kibana, now, status="closed"))
    assert described.checked == 7


async def test_version_decides_and_every_write_makes_a_new_one(kibana: httpx.AsyncClient) -> None:
    case = await made(kibana)
    first = await patch(kibana, case, status="in-progress")
    assert first.status_code == 200
    assert first.json()[0]["version"] != case["version"]
    stale = await patch(kibana, case, status="closed")
    assert (stale.status_code, stale.json()["error"]) == (409, "Conflict")
    assert str(case["id"]) in stale.json()["message"]
    same = await patch(kibana, first.json()[0], status="in-progress")
    assert (same.status_code, same.json()["error"]) == (406, "Not Acceptable")


async def test_spaces_see_nothing_of_each_other(kibana: httpx.AsyncClient) -> None:
    case = await made(kibana, f"{BASE}/s/soc/api/cases")
    assert (await kibana.get(f"cases/{case['id']}")).status_code == 404
    assert (await kibana.get("cases/_find")).json()["total"] == 0
    assert (await kibana.get(f"{BASE}/s/soc/api/cases/{case['id']}")).status_code == 200


async def test_closing_is_remembered_and_reopening_takes_it_away(kibana: httpx.AsyncClient) -> None:
    case = await made(kibana)
    closed = (await patch(kibana, case, status="closed")).json()[0]
    assert closed["closed_at"] is not None
    assert (await patch(kibana, closed, status="open")).json()[0]["closed_at"] is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": ""}, "title field cannot be an empty string"),
        ({"title": "x" * 161}, "maximum length is 160"),
        ({"severity": "bad"}, "severity"),
        ({"owner": "me"}, "owner"),
        ({"colour": "red"}, 'invalid keys "colour"'),
        ({"tags": ["x" * 257]}, "maximum length is 256"),
    ],
)
async def test_what_kibana_refuses_is_refused(
    change: dict[str, JSON], words: str, kibana: httpx.AsyncClient
) -> None:
    answer = await kibana.post("cases", json={**CASE, **change})
    assert answer.status_code == 400
    assert words in answer.json()["message"]


async def test_headers_are_demanded(kibana: httpx.AsyncClient) -> None:
    bare = await kibana.post("cases", json=CASE, headers={"kbn-xsrf": ""})
    assert (bare.status_code, "kbn-xsrf" in bare.text) == (400, True)
    old = await kibana.get("cases/_find", headers={"elastic-api-version": "1999-01-01"})
    assert old.status_code == 400
    assert (await kibana.get("cases/_find", headers={"authorization": ""})).status_code == 401


async def test_search_misses_what_is_too_new(kibana: httpx.AsyncClient, app: Sandbox) -> None:
    case = await made(kibana)
    assert (await kibana.get("cases/_find?tags=tls")).json()["total"] == 1
    assert (await kibana.get("cases/_find?tags=other")).json()["total"] == 0
    app.conditions.faults = read_faults({"index-lag": "30"})
    assert (await kibana.get("cases/_find?tags=tls")).json()["total"] == 0
    assert (await kibana.get(f"cases/{case['id']}")).status_code == 200


async def test_changes_are_reported_with_the_whole_case() -> None:
    sent: list[tuple[str, dict[str, JSON]]] = []

    async def sender(url: str, headers: object, body: bytes) -> int:
        sent.append((str(dict(headers)["Authorization"]), json.loads(body)))  # type: ignore[call-overload]
        return 202

    target = Target("http://bridge.test/hooks/kibana", "made-up", sites=("kibana",))
    app = create_sandbox(SandboxOptions(webhooks=(target,)), wall_clock)
    app.webhooks._sender = sender
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url=f"{BASE}/api/", headers=HEADERS
    ) as kibana:
        case = await made(kibana)
        await patch(kibana, case, status="closed")
        comment: JSON = {"type": "user", "comment": "b", "owner": "cases"}
        await kibana.post(f"cases/{case['id']}/comments", json=comment)
        await app.webhooks.settled()
    assert [body["event"] for _, body in sent] == ["case.created", "case.closed", "case.commented"]
    assert {proof for proof, _ in sent} == {"Bearer made-up"}
    assert sent[1][1]["status"] == "closed"
    assert len(sent[2][1]["comments"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"status": "open"}, "signal_ids: Required"),
        ({"signal_ids": ["x"], "status": "odd"}, "Invalid enum value"),
        ({"signal_ids": ["x"], "status": "open", "reason": "other"}, "only alerts that are closed"),
    ],
)
async def test_status_of_alerts_is_refused_in_kibanas_shape(
    body: dict[str, JSON], words: str, kibana: httpx.AsyncClient
) -> None:
    answer = await kibana.post("detection_engine/signals/status", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")
    assert words in answer.json()["message"]
