"""The control endpoints, the page, the label, the credentials, the real socket."""

from __future__ import annotations

import asyncio
import socket
import time

import httpx
import pytest

from bridge.errors import BridgeError
from bridge.event import JSON
from bridge.sandbox.app import Sandbox, SandboxOptions, create_sandbox
from bridge.sandbox.jira.stand_in import Credentials
from bridge.sandbox.serve import running_sandbox, serve_sandbox
from tests.sandbox.conftest import Jira, MovingClock


async def test_everything_says_that_it_is_a_sandbox(jira: Jira) -> None:
    info = await jira.ask("GET", "serverInfo")
    assert "Sandbox" in info.json()["serverTitle"]
    for answer in (
        info,
        await jira.ask("GET", "issue/SEC-99"),
        await jira.client.get("/"),
        await jira.client.get("/sandbox/faults"),
    ):
        assert "stand-in, not " in answer.headers["x-sandbox"]


async def test_answers_carry_a_request_id(jira: Jira) -> None:
    first, second = await jira.ask("GET", "myself"), await jira.ask("GET", "myself")
    assert first.headers["x-arequestid"] != second.headers["x-arequestid"]


async def test_the_page_shows_issues_as_plain_text(jira: Jira) -> None:
    await jira.create(
        summary="<b>bold</b>", description="||a||\n|<script>x()</script>|", labels=["<i>"]
    )
    await jira.ask("POST", "issue/SEC-2/comment", {"body": "<img src=x>"})
    await jira.faults(index_lag=3)
    page = (await jira.client.get("/")).text
    assert "This is a sandbox, not the real thing" in page
    assert "<pre>||a||\n|&lt;script&gt;x()&lt;/script&gt;|</pre>" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "&lt;img src=x&gt;" in page
    assert "<script>" not in page
    assert "index-lag = 3.0" in page


async def test_faults_are_set_changed_and_switched_off(jira: Jira) -> None:
    client = jira.client
    await client.put("/sandbox/faults", json={"index-lag": 5, "slow": 1})
    shown = (await client.patch("/sandbox/faults", json={"slow": None, "html": "on"})).json()
    assert (shown["index-lag"], shown["slow"], shown["html"]) == (5.0, None, "on")
    assert (await client.get("/sandbox/faults")).json() == shown
    shown = (await client.put("/sandbox/faults", json={})).json()
    assert set(shown.values()) == {None}
    refused: tuple[JSON, ...] = ({"nope": 1}, [], "x")
    for wrong in refused:
        answer = await client.put("/sandbox/faults", json=wrong)
        assert answer.status_code == 400
        assert answer.json()["error"]
    assert (await client.put("/sandbox/faults", content=b"{")).status_code == 400


async def test_requests_are_counted_and_remembered_without_their_secrets(jira: Jira) -> None:
    await jira.client.get("/rest/api/2/myself?x=1", auth=("anna", "hidden"))
    await jira.create(summary="remember me")
    shown = (await jira.client.get("/sandbox/requests?last=2")).json()
    assert shown["count"] == 2
    assert shown["by_method"] == {"GET": 1, "POST": 1}
    first, second = shown["requests"]
    assert (first["method"], first["path"], first["query"]) == (
        "GET",
        "/rest/api/2/myself",
        "x=1",
    )
    assert first["headers"]["authorization"] == "(kept back)"
    assert "remember me" in second["body"]
    assert second["status"] == 201
    assert (await jira.client.get("/sandbox/requests?last=0")).json()["requests"] == []
    assert (await jira.client.get("/sandbox/requests?last=x")).status_code == 400


async def test_the_whole_state_is_shown(jira: Jira, data_center: Jira) -> None:
    await jira.ask("PUT", "issue/SEC-1/properties/bridge", {"a": 1})
    shown = (await jira.client.get("/sandbox/issues")).json()
    assert (shown["site"], shown["total"], shown["sandbox"]) == ("jira", 1, True)
    assert shown["issues"][0]["properties"] == {"bridge": {"a": 1}}
    other = (await jira.client.get("/sandbox/issues?site=jira-dc")).json()
    assert other["issues"][0]["properties"] == {}
    assert (await jira.client.get("/sandbox/issues?site=x")).status_code == 404


async def test_reset_starts_afresh(jira: Jira) -> None:
    await jira.create()
    await jira.faults(slow=1)
    targets: JSON = {"targets": [{"url": "http://127.0.0.1:1/"}]}
    await jira.client.put("/sandbox/webhooks", json=targets)
    assert (await jira.client.post("/sandbox/reset")).status_code == 204
    assert (await jira.client.get("/sandbox/requests")).json()["count"] == 0
    assert set((await jira.client.get("/sandbox/faults")).json().values()) == {None}
    assert (await jira.client.get("/sandbox/webhooks")).json()["targets"] == []
    assert await jira.find("project = SEC") == ["SEC-1"]
    assert await jira.create() == "SEC-2"


async def test_configured_credentials_are_asked_for(clock: MovingClock) -> None:
    allowed = Credentials({"anna@sandbox.example": "token"}, frozenset({"made-up-bearer"}))
    app = create_sandbox(SandboxOptions(credentials=allowed), clock)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
        url = "/rest/api/2/myself"
        for refused in (
            await client.get(url),
            await client.get(url, auth=("anna@sandbox.example", "wrong")),
            await client.get(url, auth=("ben@sandbox.example", "token")),
            await client.get(url, headers={"Authorization": "Bearer wrong"}),
            await client.get(url, headers={"Authorization": "Basic !!!"}),
        ):
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Basic")
            assert refused.json()["errorMessages"]
        entered = await client.get(url, auth=("anna@sandbox.example", "token"))
        assert entered.json()["displayName"].startswith("Anna")
        token = {"Authorization": "Bearer made-up-bearer"}
        assert (await client.get(url, headers=token)).status_code == 200
    assert "token" not in repr(allowed)
    assert "made-up" not in repr(allowed)


async def test_without_credentials_everybody_enters_under_their_name(jira: Jira) -> None:
    answer = await jira.client.get("/rest/api/2/myself", auth=("ben@sandbox.example", "any"))
    assert answer.json()["displayName"].startswith("Ben")
    answer = await jira.client.get("/rest/api/2/myself", auth=("stranger@x.example", "any"))
    assert answer.json()["displayName"].startswith("Bridge")


async def test_the_root_can_be_the_data_center_site(clock: MovingClock) -> None:
    options = SandboxOptions(root="jira-dc", projects=(("OPS", "Operations"),))
    async with (
        running_sandbox(options, clock=clock) as sandbox,
        httpx.AsyncClient(base_url=sandbox.base_url) as client,
    ):
        info = (await client.get("/rest/api/2/serverInfo")).json()
        assert info["deploymentType"] == "Server"
        assert info["baseUrl"] == sandbox.base_url
        assert list(sandbox.state.issues) == ["OPS-1"]
    with pytest.raises(ValueError, match="no site nowhere"):
        create_sandbox(SandboxOptions(root="nowhere"))


async def test_serving_reports_its_address_and_ends_when_cancelled() -> None:
    started: asyncio.Future[tuple[str, Sandbox]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve_sandbox("127.0.0.1", 0, started=lambda url, app: started.set_result((url, app)))
    )
    url, app = await started
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/jira/rest/api/3/myself")).status_code == 200
    assert app.journal.count == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0


async def test_answers_do_not_wait_40_ms_for_the_receiver_to_acknowledge_the_head() -> None:
    took = []
    async with running_sandbox() as sandbox, httpx.AsyncClient(base_url=sandbox.base_url) as client:
        for _ in range(8):
            started = time.monotonic()
            await client.get("/sandbox/faults")
            took.append(time.monotonic() - started)
    # Were the head held back, all of them would: Linux acknowledges late by 40 ms.
    assert min(took) < 0.035, took


async def test_a_taken_address_is_told_with_a_way_out() -> None:
    async with running_sandbox() as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        with pytest.raises(BridgeError, match=r"in use; .* --port takes another"):
            await serve_sandbox("127.0.0.1", port)
