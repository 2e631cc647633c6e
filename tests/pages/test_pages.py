"""Pages without a browser: who gets in, what is sent along, and what is bundled."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import httpx
import pytest

from bridge.web.pages.sign_in import inside
from tests.api.conftest import World, clock, more_integrations, sandbox, world
from tests.api.test_integrations import BASE, DOCUMENTED, allow, jira

__all__ = ["clock", "more_integrations", "sandbox", "world"]

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "bridge" / "web" / "static"
FRONTEND = ROOT / "frontend"
BUDGET_BYTES = 250_000


async def sign_in(world: World, role: str = "admin", tenant: str = "default") -> httpx.Response:
    world.client.cookies.clear()
    form = {"key": world.keys[f"{tenant}/{role}"], "next": "/events"}
    return await world.client.post("/sign-in", data=form)


def csrf_of(page: httpx.Response) -> str:
    found = re.search(r'<meta name="csrf" content="([^"]+)">', page.text)
    assert found
    return found[1]


async def test_signing_in_gives_a_cookie_that_scripts_cannot_read(world: World) -> None:
    answer = await sign_in(world)
    assert (answer.status_code, answer.headers["location"]) == (303, "/events")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert world.keys["default/admin"].lower() not in cookie


@pytest.mark.parametrize(
    ("there", "lands"),
    [
        ("/events?state=failed", "/events?state=failed"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_nowhere_else(there: str, lands: str) -> None:
    assert inside(there) == lands


async def test_a_form_without_the_sessions_token_does_nothing(world: World) -> None:
    await sign_in(world)
    made = {"name": "x", "role": "admin"}
    refused = await world.client.post("/keys", data=made)
    assert refused.headers["location"].startswith("/sign-in")
    assert '">x</td>' not in (await world.client.get("/keys")).text
    token = csrf_of(await world.client.get("/keys"))
    done = await world.client.post("/keys", data={**made, "csrf": token})
    assert '">x</td>' in done.text


async def test_a_session_reaches_the_api_too_but_changes_nothing_without_its_token(
    world: World,
) -> None:
    await sign_in(world)
    assert (await world.client.get("/api/v1/keys")).status_code == 200
    refused = await world.client.post("/api/v1/keys", json={"name": "x"})
    assert refused.status_code == 401
    token = csrf_of(await world.client.get("/keys"))
    headers = {"x-csrf-token": token}
    made = await world.client.post("/api/v1/keys", json={"name": "x"}, headers=headers)
    assert made.status_code == 201


async def test_a_session_ends_with_its_key_by_time_and_by_signing_out(world: World) -> None:
    await sign_in(world)
    token = csrf_of(await world.client.get("/"))
    await world.client.post("/sign-out", data={"csrf": token})
    assert (await world.client.get("/")).status_code == 303
    await sign_in(world)
    world.clock.now += 13 * 3_600_000
    assert (await world.client.get("/")).status_code == 303
    made = (await world.ask("POST", "/api/v1/keys", json={"name": "short"})).json()
    await world.client.post("/sign-in", data={"key": made["key"]})
    assert (await world.client.get("/")).status_code == 200
    await world.ask("DELETE", f"/api/v1/keys/{made['id']}")
    assert (await world.client.get("/")).status_code == 303


async def test_pages_are_sent_with_a_strict_policy(world: World) -> None:
    await sign_in(world)
    page = await world.client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert re.search(r'\son\w+="', page.text) is None


async def test_the_api_is_described_on_a_page_that_needs_no_key(world: World) -> None:
    page = await world.client.get("/docs")
    assert page.status_code == 200
    assert "unsafe" not in page.headers["content-security-policy"]
    for one in world.parts.api.operations:
        assert f"<code>{one.path}</code>" in page.text


async def test_another_tenants_event_is_no_page(world: World) -> None:
    theirs = await world.event("case.created", {"id": "c-1", "title": "T"}, tenant="acme")
    await sign_in(world)
    assert (await world.client.get(f"/events/{theirs}")).status_code == 404
    assert theirs not in (await world.client.get("/events")).text


async def test_an_events_page_shows_what_rules_see(world: World) -> None:
    event_id = await world.event("alert.raised", {"id": "a-1", "title": "T", "severity": "major"})
    await sign_in(world)
    page = await world.client.get(f"/events/{event_id}")
    seen, _, came_in = page.text.partition("What rules see")[2].partition("What came in")
    assert "&#34;severity&#34;: &#34;high&#34;" in seen
    assert "major" in came_in
    assert "major" not in seen


async def test_a_filter_that_cannot_be_used_is_said_and_left_out(world: World) -> None:
    await sign_in(world)
    page = await world.client.get("/events?state=faild")
    assert page.status_code == 200
    assert "state: " in page.text


def test_the_bundle_was_made_from_the_sources_that_are_here() -> None:
    digest = hashlib.sha256()
    for file in [*sorted((FRONTEND / "src").iterdir()), FRONTEND / "package-lock.json"]:
        digest.update(file.read_bytes())
    stamp = f"/* made from {digest.hexdigest()[:16]} by frontend/build.mjs */"
    for file in STATIC.glob("*.[jc]s*"):
        assert file.read_text("utf-8").startswith(stamp), f"{file.name}: run make frontend"


def test_the_whole_front_end_stays_small() -> None:
    sizes = {file.name: len(gzip.compress(file.read_bytes())) for file in STATIC.iterdir()}
    assert sum(sizes.values()) < BUDGET_BYTES, sizes


def test_no_lock_file_of_the_front_end_names_an_address() -> None:
    assert "http" not in (FRONTEND / "package-lock.json").read_text("utf-8")


async def test_integrations_of_callers_are_shown_and_tested_with_what_is_wrong(
    world: World,
) -> None:
    allow(world)
    good = (await world.ask("POST", f"{BASE}/create", json=jira(world))).json()["data"]
    bare = {**DOCUMENTED, "name": "Bare", "scope_data": {}}
    made = (await world.ask("POST", f"{BASE}/create", json=bare)).json()["data"]
    await sign_in(world)
    page = await world.client.get("/integrations")
    assert "Tickets" in page.text
    assert "`org_slug` in scope_data" in page.text
    for one, words in ((good, "credentials"), (made, "org_slug")):
        path = f"/integrations/{one['integration_id']}/test"
        tested = await world.client.post(path, data={"csrf": csrf_of(page)})
        assert tested.status_code == 200
        assert f"Test of {one['name']}" in tested.text
        assert words in tested.text
    told = (await world.ask("GET", "/api/v1/stats", "viewer")).json()["integrations"]
    problems = {one["name"]: bool(one["problem"]) for one in told}
    assert problems == {"jira": False, "Tickets": False, "Bare": True}


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        (b"xx", "multipart/form-data", 400, "the form cannot be read: Missing boundary"),
        (b"xx", "multipart/form-data; boundary=q", 400, "the form cannot be read"),
        (b"key=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413, "over the limit"),
        (b"key=a%00b", "application/x-www-form-urlencoded", 422, "holds a NUL"),
    ],
)
async def test_a_form_that_cannot_be_read_is_said_to_be_wrong(
    world: World, content: bytes, kind: str, status: int, words: str
) -> None:
    headers = {"content-type": kind}
    answer = await world.client.post("/sign-in", content=content, headers=headers)
    assert answer.status_code == status
    assert words in answer.text
    await sign_in(world)
    if status != 413:  # whoever is signed in may send a whole rule file
        answer = await world.client.post("/dead/discard", content=content, headers=headers)
        assert answer.status_code == status
        assert words in answer.text


async def test_a_filter_with_a_nul_is_refused(world: World) -> None:
    await sign_in(world)
    for page in ("/events?subject=%00", "/links?key=a%00", "/quarantine?source=%00"):
        answer = await world.client.get(page)
        assert answer.status_code == 422
        assert "holds a NUL" in answer.text
