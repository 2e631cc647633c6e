"""Tokens with scopes and OAuth tokens: through Atlassian's gateway, links still to the site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import ValidationError

from bridge.connectors.jira.client import Jira
from bridge.connectors.jira.files import download_attachment
from bridge.connectors.jira.options import JiraSettings
from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.sandbox.app import SandboxOptions
from bridge.sandbox.jira.meta import CLOUD_ID
from bridge.sandbox.jira.stand_in import Credentials
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from tests.connectors.conftest import (
    Moment,
    Opened,
    Recorder,
    Remote,
    open_connector,
    recorder,
)
from tests.connectors.given.jira import GIVEN

EMAIL = "bot@example.com"
CLASSIC: dict[str, JSON] = {"email": EMAIL, "api_token": "made-up-classic"}
SCOPED: dict[str, JSON] = {"email": EMAIL, "api_token": "made-up-scoped", "scoped": True}
OAUTH: dict[str, JSON] = {"access_token": "made-up-oauth"}
NEW: dict[str, JSON] = {"summary": "s"}

ALLOWED = Credentials(
    {EMAIL: "made-up-classic"},
    scoped={EMAIL: "made-up-scoped"},
    oauth=frozenset({"made-up-oauth"}),
)


@pytest.fixture
async def closed(clock: Moment) -> AsyncIterator[RunningSandbox]:
    async with running_sandbox(SandboxOptions(credentials=ALLOWED), clock=clock) as running:
        yield running


@asynccontextmanager
async def opened(
    closed: RunningSandbox, clock: Moment, auth: dict[str, JSON], **options: JSON
) -> AsyncIterator[Opened]:
    given: dict[str, JSON] = {"base_url": closed.jira_url, "deployment": "auto"}
    given |= {"auth": auth, "gateway": closed.base_url, **options}
    jira = open_connector("jira", Recorder(), clock, given)
    yield jira
    await jira.http.aclose()


async def test_scoped_token_goes_through_the_gateway_and_links_lead_to_the_site(
    closed: RunningSandbox, clock: Moment
) -> None:
    async with opened(closed, clock, SCOPED) as jira:
        made = await jira.run("create_ticket", NEW)
        assert made.outputs["url"] == f"{closed.jira_url}/browse/{made.outputs['key']}"
        await jira.run("attach", {"ticket": "SEC-1", "filename": "a.txt", "content": "a"})
        async with download_attachment(jira.client, "10000") as content:
            assert b"".join([piece async for piece in content.pieces]) == b"a"
        paths = [one.url.path for one in recorder(jira).requests]
    assert paths[0] == "/jira/_edge/tenant_info"
    assert {path[:10] for path in paths[1:]} == {"/ex/jira/5"}


async def test_credentials_are_not_told_where_the_id_is_asked_for(
    closed: RunningSandbox, clock: Moment
) -> None:
    async with opened(closed, clock, SCOPED) as jira:
        await jira.run("create_ticket", NEW)
        asked, *rest = recorder(jira).requests
    assert "authorization" not in asked.headers
    assert all("authorization" in one.headers for one in rest)


async def test_id_that_is_configured_is_not_asked_for(
    closed: RunningSandbox, clock: Moment
) -> None:
    async with opened(closed, clock, OAUTH, cloud_id=CLOUD_ID) as jira:
        await jira.run("create_ticket", NEW)
        assert len(recorder(jira).requests) == 1


async def test_gateways_own_address_as_base_url_still_gives_links_to_the_site(
    closed: RunningSandbox, clock: Moment
) -> None:
    address = f"{closed.base_url}/ex/jira/{CLOUD_ID}"
    async with opened(closed, clock, OAUTH, base_url=address, deployment="cloud") as jira:
        made = await jira.run("create_ticket", NEW)
        assert made.outputs["url"] == f"{closed.jira_url}/browse/{made.outputs['key']}"


@pytest.mark.parametrize(
    ("auth", "options", "ok", "words"),
    [
        (CLASSIC, {}, True, "with an API token"),
        (SCOPED, {}, True, "with an API token with scopes through Atlassian's gateway"),
        (OAUTH, {"cloud_id": CLOUD_ID}, True, "with an OAuth token through Atlassian's gateway"),
        ({**SCOPED, "scoped": False}, {}, False, "this token has scopes: say `scoped: true`"),
        ({**CLASSIC, "scoped": True}, {}, False, "this token has no scopes: take `scoped`"),
        ({**CLASSIC, "api_token": "made-up-wrong"}, {}, False, "have to be of one account"),
        ({**SCOPED, "api_token": "made-up-wrong"}, {}, False, "have to be of one account"),
        (
            {"access_token": "made-up-old"},
            {"cloud_id": CLOUD_ID},
            False,
            "has ended or was revoked",
        ),
        (SCOPED, {"cloud_id": "0-0"}, False, "take `cloud_id` out"),
    ],
)
async def test_doctor_says_which_token_it_is_and_what_is_wrong_with_it(
    auth: dict[str, JSON],
    options: dict[str, JSON],
    ok: bool,
    words: str,
    closed: RunningSandbox,
    clock: Moment,
) -> None:
    async with opened(closed, clock, auth, **options) as jira:
        finding = (await jira.connector.check(jira.client))[0]
    assert (finding.what, finding.ok) == ("credentials", ok)
    assert words in (finding.message if ok else finding.hint)
    assert "made-up" not in finding.message + finding.hint


async def test_doctor_names_the_scopes_where_one_is_missing(remote: Remote, clock: Moment) -> None:
    words = {"code": 403, "message": "Unauthorized; scope does not match"}
    remote.answer = lambda _: httpx.Response(403, json=words)
    options: dict[str, JSON] = {"auth": SCOPED, "cloud_id": CLOUD_ID, "deployment": "auto"}
    jira = open_connector("jira", httpx.MockTransport(remote), clock, options)
    (finding,) = await jira.connector.check(jira.client)
    assert "write:jira-work" in finding.hint


async def test_doctor_does_not_ask_a_data_center_for_its_cloud(
    remote: Remote, clock: Moment
) -> None:
    remote.answer = lambda request: httpx.Response(401 if "myself" in request.url.path else 404)
    auth: JSON = {"token": "made-up"}
    options: dict[str, JSON] = {"auth": auth, "deployment": "data-center"}
    jira = open_connector("jira", httpx.MockTransport(remote), clock, options)
    (finding,) = await jira.connector.check(jira.client)
    assert "personal access token has ended" in finding.hint
    assert len(remote.requests) == 1


@pytest.mark.parametrize(
    "auth", [{"token": "made-up"}, {"email": "bot@example.com", "api_token": "made-up"}]
)
async def test_doctor_doubts_the_address_where_no_jira_is(
    auth: JSON, remote: Remote, clock: Moment
) -> None:
    remote.answer = lambda _: httpx.Response(404, html="<title>Not Found</title>")
    options: dict[str, JSON] = {"auth": auth, "deployment": "auto"}
    jira = open_connector("jira", httpx.MockTransport(remote), clock, options)
    (finding,) = await jira.connector.check(jira.client)
    assert finding.hint.startswith("no Jira is there: check base_url")


@pytest.mark.parametrize("told", [{}, {"cloudId": "../x"}, {"cloudId": 3}, []])
async def test_site_that_tells_no_id_is_named(told: JSON, remote: Remote, clock: Moment) -> None:
    remote.answer = lambda _: httpx.Response(200, json=told)
    options: dict[str, JSON] = {"auth": SCOPED, "deployment": "auto"}
    jira = open_connector("jira", httpx.MockTransport(remote), clock, options)
    with pytest.raises(GiveUp, match="tells no cloud id; give it as `cloud_id`"):
        await jira.run("create_ticket", NEW)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"auth": {"token": "x", "scoped": True}}, "`scoped` is said of"),
        ({"cloud_id": "a/b"}, "pattern"),
        ({"cloud_id": "a", "deployment": "data-center"}, "are Cloud's"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, JSON], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        JiraSettings.model_validate({**GIVEN.options, **options})


def test_oauth_token_of_a_cloud_site_goes_through_the_gateway_by_itself(clock: Moment) -> None:
    options: dict[str, JSON] = {"auth": OAUTH, "base_url": "https://x.atlassian.net"}
    client = open_connector("jira", None, clock, options).client
    assert isinstance(client, Jira)
    assert client.settings.through_gateway
    plain = open_connector("jira", None, clock).client
    assert not plain.settings.through_gateway
