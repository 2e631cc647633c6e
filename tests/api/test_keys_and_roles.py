"""Who is let in: keys, roles, tenants, limits, and what the answers say of them."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from bridge.access.allowance import Allowances
from bridge.access.role import Role
from bridge.app import build
from bridge.configuration import load_settings
from bridge.web.api.operation import Operation
from tests.api.conftest import World
from tests.store.conftest import MovableClock

NEW = {"name": "ci", "role": "operator"}


async def test_any_of_the_three_ways_to_bring_a_key_lets_in(world: World) -> None:
    key = world.keys["default/admin"]
    ways: list[dict[str, dict[str, str]]] = [
        {"headers": {"authorization": f"Bearer {key}"}},
        {"headers": {"x-api-key": key}},
        {"params": {"api_key": key}},
    ]
    for way in ways:
        assert (await world.client.get("/api/v1/keys", **way)).status_code == 200  # type: ignore[arg-type]


async def test_without_a_key_or_with_a_wrong_one_the_answer_is_401(world: World) -> None:
    for headers in ({}, {"x-api-key": "brk_wrong"}, {"authorization": "Bearer nothing"}):
        answer = await world.client.get("/api/v1/keys", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthorized"
        assert answer.json()["requestId"] == answer.headers["x-request-id"]
        assert "bearer" in answer.headers["www-authenticate"].lower()


async def test_while_there_is_no_key_the_answer_says_how_to_make_one(
    tmp_path: Path, clock: MovableClock
) -> None:
    file = tmp_path / "bridge.yaml"
    (tmp_path / "rules").mkdir()
    file.write_text(f'store: {{url: "sqlite:///{tmp_path}/bridge.db"}}', "utf-8")
    parts = await build(load_settings(file, {}), clock)
    transport = httpx.ASGITransport(parts.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        for headers in ({}, {"x-api-key": "brk_wrong"}):
            answer = await client.get("/api/v1/keys", headers=headers)
            assert answer.status_code == 503
            assert "bridge keys create --role admin" in answer.json()["error"]["message"]
    await parts.stop()


async def test_a_key_is_shown_once_works_at_once_and_ends_at_once(world: World) -> None:
    made = await world.ask("POST", "/api/v1/keys", json={**NEW, "username": "alice"})
    assert made.status_code == 201
    secret, key_id = made.json()["key"], made.json()["id"]
    assert re.fullmatch(r"brk_[A-Za-z0-9_-]{43}", secret)
    listed = await world.ask("GET", "/api/v1/keys")
    assert secret not in listed.text
    assert key_id in listed.text
    mine = {"x-api-key": secret}
    assert (await world.client.get("/api/v1/keys", headers=mine)).status_code == 403
    assert (await world.ask("DELETE", f"/api/v1/keys/{key_id}")).status_code == 200
    assert (await world.client.get("/api/v1/keys", headers=mine)).status_code == 401


async def test_no_secret_of_a_key_is_in_the_store(world: World, tmp_path: Path) -> None:
    secret = (await world.ask("POST", "/api/v1/keys", json=NEW)).json()["key"]
    assert not any(secret.encode() in content for content in files_of(tmp_path))


async def test_keys_of_another_tenant_are_not_there(world: World) -> None:
    made = await world.ask("POST", "/api/v1/keys", tenant="acme", json=NEW)
    key_id = made.json()["id"]
    assert key_id not in (await world.ask("GET", "/api/v1/keys")).text
    answer = await world.ask("DELETE", f"/api/v1/keys/{key_id}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "x", "per_minute": -1}, "per_minute"),
        ({"name": "x", "rol": "admin"}, "rol"),
        ([], "body"),
    ],
)
async def test_each_field_that_cannot_be_used_is_named(
    world: World, body: object, field: str
) -> None:
    answer = await world.ask("POST", "/api/v1/keys", json=body)
    assert answer.status_code == 422
    assert field in [str(one["loc"][-1]) for one in answer.json()["error"]["fields"]]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"", "application/json", 422),
        (b'{"name": NaN}', "application/json", 422),
        (b"[" * 200, "application/json", 422),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b'{"name": "' + b"x" * 2_000_000 + b'"}', "application/json", 413),
    ],
)
async def test_a_body_that_is_none_is_told_so(
    world: World, content: bytes, kind: str, status: int
) -> None:
    headers = {"content-type": kind}
    answer = await world.ask("POST", "/api/v1/keys", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["requestId"]


async def test_a_key_may_burst_its_minute_and_is_then_told_when_to_come_back(world: World) -> None:
    made = await world.ask(
        "POST", "/api/v1/keys", json={"name": "few", "role": "admin", "per_minute": 3}
    )
    mine = {"x-api-key": made.json()["key"]}
    answers = [await world.client.get("/api/v1/keys", headers=mine) for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [one.headers["x-ratelimit-remaining"] for one in answers] == ["2", "1", "0", "0"]
    assert answers[0].headers["x-ratelimit-limit"] == "3"
    assert 1 <= int(answers[3].headers["retry-after"]) <= 20
    assert answers[3].json()["error"]["code"] == "rate_limited"


def test_an_allowance_fills_evenly_and_never_above_a_minute() -> None:
    allowances = Allowances()
    for _ in range(60):
        assert allowances.take("key", 60, 100.0).retry_after_seconds == 0
    refused = allowances.take("key", 60, 100.0)
    assert (refused.retry_after_seconds, refused.remaining, refused.reset_seconds) == (1, 0, 60)
    assert allowances.take("key", 60, 101.0).retry_after_seconds == 0
    assert allowances.take("key", 60, 10_000.0).remaining == 59
    assert allowances.take("other", 60, 100.0).remaining == 59


async def test_every_operation_refuses_the_role_below_its_own(world: World) -> None:
    """One table says the role; here each row is asked with every key."""
    world.parts.closing.set()  # or the stream would not end
    for one in operations(world):
        path = re.sub(r"\{\w+\}", "1", one.path)
        for role in Role:
            answer = await world.ask(one.method, path, role.value)
            refused = answer.status_code == 403
            assert refused is not role.may(one.role), (one.name, role, answer.text)


async def test_every_operation_asks_for_a_key(world: World) -> None:
    for one in operations(world):
        path = re.sub(r"\{\w+\}", "1", one.path)
        assert (await world.client.request(one.method, path)).status_code == 401, one.name


async def test_who_changed_what_is_kept(world: World) -> None:
    made = await world.ask("POST", "/api/v1/keys", json=NEW)
    changes = (await world.ask("GET", "/api/v1/audit")).json()["changes"]
    assert changes[0]["what"] == "key.create"
    assert changes[0]["object"] == made.json()["id"]
    assert changes[0]["request_id"] == made.headers["x-request-id"]
    assert changes[0]["name"] == "admin of default"


async def test_the_description_names_every_operation_with_its_role(world: World) -> None:
    described = (await world.client.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    for one in operations(world):
        assert described["paths"][one.path][one.method.lower()]["x-role"] == one.role.value


def files_of(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.glob("bridge.db*")]


def operations(world: World) -> tuple[Operation, ...]:
    return world.parts.api.operations
