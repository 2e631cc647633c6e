"""The four calls of Kibana's connector "Webhook - Case Management", as Kibana makes them."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bridge.event import StoredEvent
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.source import Source
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from bridge.store.intake import Intake
from bridge.store.records import Record, keep_records
from bridge.store.refusals import list_refusals
from bridge.store.transaction import Database
from bridge.web.body import BodyReader
from bridge.web.case_webhook import CaseWebhook
from bridge.web.metrics import Metrics
from bridge.web.refusals import RefusalBook
from bridge.web.site import make_site
from tests.sources.deliveries import SHARED
from tests.store.conftest import MovableClock, clock
from tests.web.conftest import database

__all__ = ["clock", "database"]

SECRET = "elastic:made-up"
BASIC = "Basic " + base64.b64encode(SECRET.encode()).decode()
CREATE = {"fields": {"summary": "Many logins", "description": "From one host.", "labels": ["vpn"]}}


def settings(name: str, preset: str, **more: Any) -> SourceSettings:
    return SourceSettings(name=name, preset=preset, secrets=(SecretStr(SECRET),), **more)


SOURCES = (
    settings("kibana", "kibana-cases"),
    settings("theirs", "kibana-cases", tenant="acme"),
    settings("inner", "kibana-cases", allow_from=("10.0.0.0/8",)),
    settings("patient", "kibana-cases", on_bad_signature="retry"),
    settings("other", "generic-token"),
    SourceSettings(name="closed", preset="kibana-cases"),
)


@dataclass
class Kibana:
    """Kibana's side of the connector."""

    client: httpx.AsyncClient
    database: Database
    refusals: RefusalBook
    clock: MovableClock
    sources: dict[tuple[str, str], Source]

    async def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        self.clock.now += 5
        content = None if body is None else json.dumps(body).encode()
        sent = {"authorization": BASIC, "content-type": "application/json", **headers}
        return await self.client.request(method, path, content=content, headers=sent)

    async def create(self, body: Any = CREATE, **headers: str) -> httpx.Response:
        return await self.call("POST", "/case-webhook/kibana/cases", body, **headers)

    async def events(self) -> list[StoredEvent]:
        return await self.database.read(
            lambda tx: list_events(tx, EventFilter(), oldest_first=True)
        )

    async def data(self) -> list[Any]:
        found = await self.events()
        return [self.sources[one.tenant, one.source].normalise(one).data for one in found]


@pytest.fixture
async def kibana(database: Database, clock: MovableClock) -> AsyncIterator[Kibana]:
    presets = load_presets()
    sources = {(one.tenant, one.name): Source(presets[one.preset], one) for one in SOURCES}
    metrics = Metrics()
    refusals = RefusalBook(database, metrics)
    intake = Intake(database, clock)
    reader = BodyReader(10_000, 10.0)
    webhook = CaseWebhook(sources, intake, database, clock, reader, refusals, metrics)
    transport = httpx.ASGITransport(make_site(webhook.routes()), client=("192.0.2.7", 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        yield Kibana(client, database, refusals, clock, sources)
        await refusals.close()


async def test_case_is_created_got_updated_and_commented_as_kibana_does_it(
    kibana: Kibana,
) -> None:
    created = await kibana.create()
    assert created.status_code == 201
    assert created.headers["content-type"] == "application/json"
    made = created.json()
    path = f"/case-webhook/kibana/cases/{made['id']}"
    assert (made["title"], made["status"]) == ("Many logins", "open")

    got = await kibana.call("GET", path)
    assert (got.status_code, got.json()) == (200, made)

    changed = {"fields": {**CREATE["fields"], "summary": "Many logins, two hosts"}}
    updated = await kibana.call("PUT", path, changed)
    assert updated.status_code == 200
    again = (await kibana.call("GET", path)).json()
    assert again == updated.json()
    assert again["title"] == "Many logins, two hosts"
    assert again["created_at"] == made["created_at"]
    assert again["updated_at"] > made["updated_at"]

    commented = await kibana.call("PUT", f"{path}/comment", {"body": "Blocked."})
    assert (commented.status_code, commented.json()["title"]) == (200, "Many logins, two hosts")

    events = await kibana.events()
    assert [one.type for one in events] == ["case.created", "case.updated", "case.commented"]
    assert {one.subject for one in events} == {f"kibana/case/{made['id']}"}
    first, second, third = await kibana.data()
    assert (first["tags"], first["description"]) == (["vpn"], "From one host.")
    assert second["title"] == "Many logins, two hosts"
    assert third["comment"]["body"] == "Blocked."
    assert third["id"] == made["id"]


@pytest.mark.parametrize("name", ["create_case", "create_comment"])
async def test_recorded_bodies_of_the_connector_are_taken(kibana: Kibana, name: str) -> None:
    file = Path(SHARED) / "kibana" / f"cases_webhook.{name}.json"
    if not file.exists():
        pytest.skip("the shared collection of bodies is not beside this checkout")
    body = json.loads(file.read_bytes())
    if name == "create_case":
        answer = await kibana.create(body)
        assert answer.json()["title"] == "Case title 1"
        assert (await kibana.data())[0]["tags"] == ["tag 1"]
        return
    case_id = (await kibana.create()).json()["id"]
    await kibana.call("POST", f"/case-webhook/kibana/cases/{case_id}/comments", body)
    assert (await kibana.data())[1]["comment"]["body"] == "A new comment"


async def test_kibanas_own_id_makes_a_create_repeatable_and_is_the_id_outside(
    kibana: Kibana,
) -> None:
    body = {"id": "31cdada0-02c1", "title": "t", "severity": "high", "status": "in-progress"}
    first, second = await kibana.create(body), await kibana.create({**body, "title": "u"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"] == "31cdada0-02c1"
    assert (first.json()["severity"], first.json()["status"]) == ("high", "in-progress")
    assert len(await kibana.events()) == 1


async def test_create_without_an_id_is_known_by_its_body_for_a_minute(kibana: Kibana) -> None:
    kibana.clock.now = kibana.clock.now // 60_000 * 60_000
    first, second = await kibana.create(), await kibana.create()
    assert first.json()["id"] == second.json()["id"]
    other = await kibana.create({"title": "another"})
    kibana.clock.now += 60_000
    later = await kibana.create()
    assert len({one.json()["id"] for one in (first, other, later)}) == 3


async def test_same_update_twice_is_two_changes(kibana: Kibana) -> None:
    path = f"/case-webhook/kibana/cases/{(await kibana.create()).json()['id']}"
    for title in ("a", "b", "a"):
        await kibana.call("PATCH", path, {"title": title})
    assert (await kibana.call("GET", path)).json()["title"] == "a"
    assert len(await kibana.events()) == 4


async def test_same_comment_on_two_cases_or_twice_on_one_is_never_lost(kibana: Kibana) -> None:
    paths = [
        f"/case-webhook/kibana/cases/{(await kibana.create({'title': title})).json()['id']}/comment"
        for title in ("a", "b")
    ]
    for path in (*paths, paths[0]):
        await kibana.call("PUT", path, {"body": "Fixed."})
    told = [one["id"] for one in await kibana.data() if "comment" in one]
    assert [path.split("/")[-2] for path in (*paths, paths[0])] == told


@pytest.mark.parametrize(
    "body", [{"status": "closed"}, {"fields": {"status": "closed"}}, {"case": {"status": "closed"}}]
)
async def test_update_that_closes_the_case_is_told_as_a_closing(
    kibana: Kibana, body: dict[str, Any]
) -> None:
    path = f"/case-webhook/kibana/cases/{(await kibana.create()).json()['id']}"
    assert (await kibana.call("PUT", path, body)).json()["status"] == "closed"
    await kibana.call("PUT", path, {"status": "open"})
    types = [one.type for one in await kibana.events()]
    assert types == ["case.created", "case.closed", "case.updated"]
    assert [one["status"] for one in await kibana.data()] == ["open", "closed", "open"]


async def test_what_a_call_leaves_out_stays_as_it_was(kibana: Kibana) -> None:
    created = await kibana.create({"title": "t", "severity": "high", "status": "in-progress"})
    path = f"/case-webhook/kibana/cases/{created.json()['id']}"
    answer = (await kibana.call("PUT", path, {"description": "more", "title": ""})).json()
    assert (answer["title"], answer["severity"], answer["status"]) == ("t", "high", "in-progress")


async def test_record_that_a_rule_changed_is_what_is_told(kibana: Kibana) -> None:
    """The worker keeps records; a rule may have closed the case since."""
    case_id = (await kibana.create()).json()["id"]
    (event,) = await kibana.events()
    record = Record(
        "default", "case", case_id, "kibana", event.subject, "Many logins", "closed", "high", "",
        "", {"created_at": "2026-01-01T00:00:00Z"}, event.id, event.time,
    )  # fmt: skip
    await kibana.database.write(lambda tx: keep_records(tx, [record], kibana.clock()))
    answer = (await kibana.call("GET", f"/case-webhook/kibana/cases/{case_id}")).json()
    assert (answer["status"], answer["severity"]) == ("closed", "high")
    assert answer["created_at"].startswith("2026-01-01T00:00:00")


async def test_call_without_the_proof_is_401_and_nothing_is_stored(kibana: Kibana) -> None:
    case_id = (await kibana.create()).json()["id"]
    path = f"/case-webhook/kibana/cases/{case_id}"
    for method, where in (
        ("POST", "/case-webhook/kibana/cases"),
        ("GET", path),
        ("PUT", path),
        ("PUT", f"{path}/comment"),
    ):
        body = None if method == "GET" else {"title": "forged"}
        for proof in ("", "Basic Zm9yZ2Vk", "Basic " + base64.b64encode(b"a:b").decode()):
            answer = await kibana.call(method, where, body, authorization=proof)
            assert answer.status_code == 401, (method, where)
            assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert len(await kibana.events()) == 1
    await kibana.refusals.write()
    assert await kibana.database.read(list_refusals)


async def test_every_proof_of_the_preset_is_taken(kibana: Kibana) -> None:
    for headers in (
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": "", "x-api-key": SECRET},
    ):
        assert (await kibana.create({"title": str(headers)}, **headers)).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/case-webhook/kibana/cases/unknown", 404),
        ("PUT", "/case-webhook/kibana/cases/unknown", 404),
        ("PUT", "/case-webhook/kibana/cases/unknown/comment", 404),
        ("POST", "/case-webhook/nobody/cases", 404),
        ("POST", "/case-webhook/other/cases", 404),
        ("POST", "/case-webhook/theirs/cases", 404),
        ("POST", "/t/acme/case-webhook/theirs/cases", 201),
        ("POST", "/t/default/case-webhook/kibana/cases", 201),
        ("POST", "/case-webhook/inner/cases", 401),
        ("POST", "/case-webhook/closed/cases", 401),
        ("DELETE", "/case-webhook/kibana/cases/unknown", 405),
        ("GET", "/case-webhook/kibana/cases", 405),
    ],
)
async def test_call_that_leads_nowhere_says_so(
    kibana: Kibana, method: str, path: str, status: int
) -> None:
    answer = await kibana.call(method, path, None if method in ("GET", "DELETE") else CREATE)
    assert answer.status_code == status
    assert (status < 400) == (len(await kibana.events()) == 1)


async def test_case_of_another_tenant_is_not_there(kibana: Kibana) -> None:
    theirs = await kibana.call("POST", "/t/acme/case-webhook/theirs/cases", CREATE)
    case_id = theirs.json()["id"]
    assert (await kibana.call("GET", f"/case-webhook/kibana/cases/{case_id}")).status_code == 404
    path = f"/t/acme/case-webhook/theirs/cases/{case_id}"
    assert (await kibana.call("GET", path)).status_code == 200


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"", {}, 400),
        (b"\xff", {}, 400),
        (b"{}", {"content-type": "text/html"}, 415),
        (b'"' + b"x" * 20_000 + b'"', {}, 413),
    ],
)
async def test_body_in_another_form_is_refused_after_the_proof(
    kibana: Kibana, content: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"authorization": BASIC, "content-type": "application/json", **headers}
    path = "/case-webhook/kibana/cases"
    assert (await kibana.client.post(path, content=content, headers=sent)).status_code == status
    if status != 413:
        sent["authorization"] = "Basic Zm9yZ2U6ZA=="
        assert (await kibana.client.post(path, content=content, headers=sent)).status_code == 401
    assert await kibana.events() == []


async def test_wrong_proof_is_503_where_the_source_says_so(kibana: Kibana) -> None:
    answer = await kibana.call(
        "POST", "/case-webhook/patient/cases", CREATE, authorization="Basic Zm9yZ2U6ZA=="
    )
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_caller_cannot_say_for_itself_which_call_it_makes(kibana: Kibana) -> None:
    forged = {"x-case-call": "comment", "x-case-id": "another", "x-case-request": "r"}
    answer = await kibana.create({"title": "t"}, **forged)
    assert answer.json()["id"].startswith("cas_")
    (event,) = await kibana.events()
    assert event.type == "case.created"
    assert "another" not in event.headers


async def test_strange_ids_in_the_path_are_only_ids(kibana: Kibana) -> None:
    for strange in ("%00", "a%2Fb", "..%2F..", "é" * 300, "'; DROP TABLE events --"):
        answer = await kibana.call("GET", f"/case-webhook/kibana/cases/{strange}")
        assert answer.status_code == 404
