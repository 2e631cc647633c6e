"""Webhooks registered with Jira: found again, signed as Jira signs, refreshed before they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.action import Call
from bridge.calling import Integration, as_it_is
from bridge.changes import Change, changes_made, changes_told
from bridge.configured import find_source
from bridge.connectors.jira.webhooks import EVENTS, Kind, NotAllowed, list_dynamic
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON, Delivery, Event, EventState, StoredEvent
from bridge.registry import Registry
from bridge.sandbox.app import SandboxOptions
from bridge.sandbox.jira.stand_in import Credentials
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from bridge.sandbox.webhooks import Target
from bridge.settings import Settings
from bridge.store.database import open_database
from bridge.store.jira_webhooks import list_webhooks
from bridge.store.transaction import Database
from bridge.subscriptions import DAY_MS, Arranged, Asked, Subscriber, Subscriptions
from bridge.webhook_watch import AGAIN_MS, AHEAD_MS, WebhookWatch
from tests.connectors.conftest import Moment, Opened, Recorder, open_connector, recorder, set_faults
from tests.connectors.described import check_requests, openapi
from tests.sandbox.receiver import Receiver

SECRET = "made-up-secret-of-a-test"
CLIENT_SECRET = "made-up-client-secret-0001"
OTHER: JSON = {"name": "other", "url": "https://other.example/hooks/jira", "events": [EVENTS[0]]}


MARK = "mark-0000000001"
TEXT: JSON = {"type": "text", "text": "words of a document"}
DOCUMENT: JSON = {
    "type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [TEXT]}]
}  # fmt: skip


@dataclass
class World:
    """One sandbox, a receiver, a store, and the source that Jira is to send to."""

    sandbox: RunningSandbox
    receiver: Receiver
    database: Database
    clock: Moment
    jira: Opened
    source: dict[str, JSON]

    @property
    def settings(self) -> Settings:
        return Settings.model_validate({"sources": [self.source]})

    @property
    def who(self) -> Subscriber:
        return Subscriber(
            self.settings.sources[0], "jira", self.jira.client, self.receiver.url.partition("?")[0]
        )

    @property
    def state(self) -> JiraState:
        dc = self.jira.client.settings.base_url == self.sandbox.jira_dc_url
        return self.sandbox.app.states["jira-dc" if dc else "jira"]

    def subscriptions(self, *, dry: bool = False) -> Subscriptions:
        return Subscriptions(self.settings, self.database, self.clock, dry)

    async def subscribe(self, asked: Asked | None = None, *, dry: bool = False) -> Arranged:
        return await self.subscriptions(dry=dry).subscribe(self.who, asked or Asked())

    async def change(self, summary: str = "changed") -> None:
        """An edit in Jira, and what it sends has arrived."""
        await self.jira.run("update_ticket", {"ticket": "SEC-1", "summary": summary})
        await self.sandbox.app.webhooks.settled()

    def is_taken(self) -> bool:
        """Whether the source takes the last delivery for Jira's."""
        headers, body = self.receiver.received[-1]
        token = self.receiver.paths[-1].partition("?")[0].removeprefix("/hooks/jira").strip("/")
        delivery = Delivery("POST", tuple(headers.items()), body, (), token or None, self.clock())
        source = find_source(self.settings, "default", "jira")
        return bool(source.verify(delivery, self.clock()))

    def watch(self, database: Database | None = None) -> WebhookWatch:
        jira = Integration("jira", "default", self.jira.connector, self.jira.client)
        registry = Registry({("default", "jira"): jira})
        return WebhookWatch(database or self.database, self.clock, registry, as_it_is)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks/jira"
    async with server:
        yield made


@pytest.fixture
async def database(tmp_path: Path, clock: Moment) -> AsyncIterator[Database]:
    opened = await open_database("sqlite:///bridge.db", clock, beside=tmp_path)
    yield opened
    await opened.close()


@pytest.fixture(params=["jira-cloud", "jira-data-center"])
async def admin(
    request: pytest.FixtureRequest,
    sandbox: RunningSandbox,
    receiver: Receiver,
    database: Database,
    clock: Moment,
) -> AsyncIterator[World]:
    """A token of an administrator, on Cloud and on Data Center."""
    cloud = request.param == "jira-cloud"
    address = sandbox.jira_url if cloud else sandbox.jira_dc_url
    jira = open_connector("jira", Recorder(), clock, {"base_url": address, "deployment": "auto"})
    source: dict[str, JSON] = {"name": "jira", "preset": request.param, "secrets": [SECRET]}
    yield World(sandbox, receiver, database, clock, jira, source)
    await jira.http.aclose()


@pytest.fixture
async def app(receiver: Receiver, database: Database, clock: Moment) -> AsyncIterator[World]:
    """An OAuth app of Cloud, behind the gateway."""
    allowed = Credentials(oauth=frozenset({"made-up-oauth"}))
    options = SandboxOptions(credentials=allowed, client_secret=CLIENT_SECRET)
    async with running_sandbox(options, clock=clock) as running:
        given: dict[str, JSON] = {"base_url": running.jira_url, "gateway": running.base_url}
        given |= {"auth": {"access_token": "made-up-oauth"}, "deployment": "auto"}
        given["cloud_id"] = "5a9d0b0c-0000-4000-8000-000000000001"
        jira = open_connector("jira", Recorder(), clock, given)
        secrets: JSON = [CLIENT_SECRET]
        source: dict[str, JSON] = {"name": "jira", "preset": "jira-cloud", "secrets": secrets}
        yield World(running, receiver, database, clock, jira, source)
        await jira.http.aclose()


# --- of the site ----------------------------------------------------------------------------


async def test_site_sends_what_the_source_takes(admin: World) -> None:
    done = await admin.subscribe()
    assert (done.change, done.kind, done.jql) == ("made", Kind.ADMIN, "project = SEC")
    await admin.change()
    assert admin.receiver.events == ["jira:issue_updated"]
    assert admin.is_taken()


async def test_second_subscribe_finds_the_first_and_sends_nothing_new(admin: World) -> None:
    first = await admin.subscribe()
    recorder(admin.jira).requests.clear()
    again = await admin.subscribe()
    assert (again.change, again.id) == ("there", first.id)
    assert {one.method for one in recorder(admin.jira).requests} == {"GET"}
    assert len(admin.state.admin_webhooks) == 1


async def test_other_wishes_change_the_one_that_is_there(admin: World) -> None:
    first = await admin.subscribe()
    changed = await admin.subscribe(Asked(events=(EVENTS[0],), jql=""))
    assert (changed.change, changed.id) == ("changed", first.id)
    (kept,) = admin.state.admin_webhooks.values()
    assert (kept.events, kept.jql, kept.secret) == ([EVENTS[0]], "", SECRET)


async def test_new_secret_is_written_again_where_it_is_asked_for(admin: World) -> None:
    await admin.subscribe()
    admin.source["secrets"] = ["made-up-newer", SECRET]
    assert (await admin.subscribe()).change == "there"
    assert (await admin.subscribe(Asked(anew=True))).change == "changed"
    (kept,) = admin.state.admin_webhooks.values()
    assert kept.secret == "made-up-newer"


async def test_filter_keeps_other_issues_away(admin: World) -> None:
    await admin.subscribe(Asked(jql="labels = wanted"))
    await admin.change()
    assert admin.receiver.events == []
    await admin.jira.run("update_ticket", {"ticket": "SEC-1", "labels": ["wanted"]})
    await admin.sandbox.app.webhooks.settled()
    assert admin.receiver.events == ["jira:issue_updated"]


async def test_webhooks_of_others_are_neither_listed_nor_removed(admin: World) -> None:
    await admin.subscribe()
    place = "webhooks/1.0/webhook" if "cloud" in str(admin.source["preset"]) else (
        "jira-webhook/1.0/webhooks"
    )  # fmt: skip
    await admin.jira.client.site.fetch("POST", f"/rest/{place}", body=OTHER)
    assert len(await admin.subscriptions().list(admin.who)) == 1
    assert [one.change for one in await admin.subscriptions().remove(admin.who)] == ["removed"]
    assert [one.name for one in admin.state.admin_webhooks.values()] == ["other"]
    assert await admin.subscriptions().remove(admin.who) == []


async def test_secret_goes_into_the_path_where_the_source_wants_it_there(admin: World) -> None:
    if admin.source["preset"] != "jira-data-center":
        pytest.skip("Data Center's preset alone takes it")
    admin.source["proof"] = "path"
    await admin.subscribe()
    (kept,) = admin.state.admin_webhooks.values()
    assert kept.url.endswith(f"/hooks/jira/{SECRET}")
    assert kept.secret == ""
    await admin.change()
    assert admin.is_taken()
    assert (await admin.subscribe()).change == "there"


async def test_dry_run_asks_and_changes_nothing(admin: World) -> None:
    done = await admin.subscribe(dry=True)
    assert (done.change, done.id) == ("made", "")
    assert {one.method for one in recorder(admin.jira).requests} == {"GET"}
    await admin.subscribe()
    assert len(await admin.subscriptions(dry=True).remove(admin.who)) == 1
    assert len(admin.state.admin_webhooks) == 1


async def test_who_is_no_administrator_is_told_what_is_needed(
    database: Database, clock: Moment, receiver: Receiver, sandbox: RunningSandbox
) -> None:
    refused = httpx.MockTransport(lambda _: httpx.Response(403, json={}))
    jira = open_connector("jira", refused, clock)
    source: dict[str, JSON] = {"name": "jira", "preset": "jira-cloud", "secrets": [SECRET]}
    world = World(sandbox, receiver, database, clock, jira, source)
    with pytest.raises(NotAllowed, match="permission Administer Jira"):
        await world.subscribe()
    with pytest.raises(NotAllowed, match="permission Administer Jira"):
        await world.subscriptions().list(world.who)


@pytest.mark.parametrize(
    ("change", "asked", "words"),
    [
        ({"secrets": []}, Asked(), "has no secret"),
        ({"proof": "none"}, Asked(), "takes `proof: none` alone"),
        ({"proof": "jwt"}, Asked(), "it has to be one of: required, hmac, path"),
        ({"proof": "hmac"}, Asked(kind=Kind.DYNAMIC), "it has to be one of: required, jwt"),
        ({}, Asked(kind=Kind.DYNAMIC, jql=" "), "needs a filter: give --jql"),
    ],
)
async def test_what_the_source_would_refuse_is_not_registered(
    change: dict[str, JSON], asked: Asked, words: str, app: World
) -> None:
    app.source |= change
    kind = asked.kind or Kind.ADMIN
    with pytest.raises(GiveUp, match=words):
        await app.subscribe(Asked(kind, asked.events, asked.jql))
    assert recorder(app.jira).requests == []


# --- of an app ------------------------------------------------------------------------------


async def test_app_gets_what_the_source_takes_with_a_token_instead_of_a_signature(
    app: World,
) -> None:
    done = await app.subscribe()
    assert (done.change, done.kind) == ("made", Kind.DYNAMIC)
    assert done.expires_at == app.clock.now + 30 * DAY_MS
    await app.change()
    headers, _ = app.receiver.received[-1]
    assert headers["authorization"].startswith("Bearer ey")
    assert "x-hub-signature" not in headers
    assert app.receiver.bodies[-1]["matchedWebhookIds"] == [int(done.id)]
    assert app.receiver.bodies[-1]["issue"]["self"].startswith(app.sandbox.jira_url)
    assert app.is_taken()


async def test_client_secret_that_the_source_does_not_know_is_asked_for(app: World) -> None:
    oauth: JSON = [{"type": "jira", "client_id": "x", "client_secret": CLIENT_SECRET}]
    settings = Settings.model_validate(
        {"sources": [{**app.source, "secrets": ["another"]}], "oauth": oauth}
    )
    with pytest.raises(GiveUp, match="the app's client secret") as caught:
        await Subscriptions(settings, app.database, app.clock).subscribe(
            Subscriber(settings.sources[0], "jira", app.jira.client, app.receiver.url), Asked()
        )
    assert CLIENT_SECRET not in str(caught.value)


async def test_app_finds_its_own_again_and_changes_it_without_a_gap(app: World) -> None:
    first = await app.subscribe()
    assert (await app.subscribe()).change == "there"
    changed = await app.subscribe(Asked(events=(EVENTS[1],)))
    assert changed.change == "changed"
    assert changed.id != first.id
    assert [str(number) for number in app.state.registrations] == [changed.id]
    (kept,) = await app.database.read(list_webhooks)
    assert (kept.id, kept.events) == (changed.id, (EVENTS[1],))
    methods = [one.method for one in recorder(app.jira).requests if one.method != "GET"]
    assert methods == ["POST", "POST", "DELETE"]


async def test_webhook_whose_create_was_not_answered_is_taken_for_ours(app: World) -> None:
    set_faults(app.sandbox, lost_answer="next:1")
    with pytest.raises(TryAgain):
        await app.subscribe()
    assert len(app.state.registrations) == 1
    done = await app.subscribe()
    assert done.change == "there"
    assert len(app.state.registrations) == 1
    assert len(await app.database.read(list_webhooks)) == 1


async def test_removed_webhook_is_forgotten_here_too(app: World) -> None:
    await app.subscribe()
    assert len(await app.subscriptions().remove(app.who)) == 1
    assert app.state.registrations == {}
    assert await app.database.read(list_webhooks) == []


async def test_refresh_by_hand_moves_the_end(app: World) -> None:
    await app.subscribe()
    app.clock.pass_seconds(86_400)
    (done,) = await app.subscriptions().refresh(app.who)
    assert done.expires_at == app.clock.now + 30 * DAY_MS
    (kept,) = await app.database.read(list_webhooks)
    assert kept.expires_at == done.expires_at


def without_security(document: Any) -> None:
    """The judge knows no OAuth; what the token is taken for is the sandbox's to say."""
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                operation.pop("security", None)


async def test_requests_are_as_jira_describes_them(app: World) -> None:
    await app.subscribe()
    await app.subscriptions().refresh(app.who)
    await app.subscriptions().remove(app.who)
    mount = "/ex/jira/5a9d0b0c-0000-4000-8000-000000000001"
    requests = [one for one in recorder(app.jira).requests if "/api/3/" in one.url.path]
    seen = check_requests(openapi("jira-cloud-v3.json", without_security), requests, mount)
    assert {method for method, _ in seen} == {"GET", "POST", "PUT", "DELETE"}


# --- what comes back of what was written ----------------------------------------------------


@pytest.mark.parametrize("api", [2, 3])
@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("append_table", {"title": "line 1", "columns": ["Date", "Cut"], "row": ["today", 3]}),
        ("comment", {"body": "Seen **again**.\n\n- one"}),
        ("comment", {"body": DOCUMENT, "format": "adf"}),
        ("update_ticket", {"description": "h2. Words\n\n*bold*", "format": "wiki"}),
        ("update_ticket", {"description": DOCUMENT, "format": "adf"}),
    ],
)
async def test_own_texts_are_known_again_in_either_version(
    action: str,
    given: dict[str, JSON],
    api: int,
    sandbox: RunningSandbox,
    receiver: Receiver,
    clock: Moment,
) -> None:
    parameters: dict[str, JSON] = {"ticket": "SEC-1", **given}
    event, (made,) = await written_and_told(
        action, [parameters], api, sandbox=sandbox, receiver=receiver, clock=clock
    )
    told = changes_told(event, None)
    assert [one.field for one in told] == [one.field for one in made]
    assert all(one.digests & other.digests for one, other in zip(told, made, strict=True))


@pytest.mark.parametrize("api", [2, 3])
async def test_tables_of_one_write_are_known_again_in_either_version(
    api: int, sandbox: RunningSandbox, receiver: Receiver, clock: Moment
) -> None:
    tables: list[dict[str, JSON]] = [
        {"ticket": "SEC-1", "title": title, "columns": ["Date", "Cut"], "row": ["today", number]}
        for number, title in enumerate(("line 1", "", "line 3"))
    ]
    event, made = await written_and_told(
        "append_table", tables, api, sandbox=sandbox, receiver=receiver, clock=clock
    )
    (told,) = changes_told(event, None)
    assert made[0][0].digests & told.digests


async def written_and_told(
    action: str,
    given: Sequence[dict[str, JSON]],
    api: int,
    *,
    sandbox: RunningSandbox,
    receiver: Receiver,
    clock: Moment,
) -> tuple[Event, list[list[Change]]]:
    """Calls of one write, and the event in which Jira tells of it."""
    sandbox.app.webhooks.targets = (Target(receiver.url, SECRET),)
    options: dict[str, JSON] = {"base_url": sandbox.jira_url, "deployment": "auto", "api": api}
    jira = open_connector("jira", Recorder(), clock, options)
    offered = jira.connector.action(action)
    assert offered is not None
    calls = [
        Call(action, offered.shape.parameters.model_validate(one), f"{MARK[:-1]}{number}", False, 1,
             0, clock(), "evt_1", "r")
        for number, one in enumerate(given)
    ]  # fmt: skip
    if offered.run_many and len(calls) > 1:
        await offered.run_many(jira.client, calls)
    else:
        await offered.run(jira.client, calls[0])
    await sandbox.app.webhooks.settled()
    await jira.http.aclose()
    headers, body = receiver.received[-1]
    source: JSON = {"name": "jira", "preset": "jira-cloud", "secrets": [SECRET]}
    settings = Settings.model_validate({"sources": [source]})
    found = find_source(settings, "default", "jira")
    delivery = Delivery("POST", tuple(headers.items()), body, (), None, clock())
    (new,) = found.read(delivery, found.parse(delivery))
    event = found.normalise(
        StoredEvent(
            1, new.id, new.tenant, new.source, new.key, 0, new.type, new.subject, new.time,
            new.received_at, EventState.RECEIVED, "", "", new.headers, new.body,
        )
    )  # fmt: skip
    return event, [changes_made(call.parameters, call.mark) for call in calls]


# --- the server's own refresh ---------------------------------------------------------------


async def test_webhook_is_refreshed_ten_days_before_its_end(app: World) -> None:
    done = await app.subscribe()
    watch = app.watch()
    await watch.round()
    assert watch.endings()[f"default/jira/{done.id}"].ends_at == done.expires_at
    app.clock.now = done.expires_at - AHEAD_MS - 1
    recorder(app.jira).requests.clear()
    await watch.round()
    assert recorder(app.jira).requests == []
    app.clock.now += 1
    await watch.round()
    ending = watch.endings()[f"default/jira/{done.id}"]
    assert (ending.ends_at, ending.trouble) == (app.clock.now + 30 * DAY_MS, "")


async def test_two_nodes_refresh_it_once(app: World) -> None:
    done = await app.subscribe()
    app.clock.now = done.expires_at - AHEAD_MS
    recorder(app.jira).requests.clear()
    await asyncio.gather(*(app.watch().round() for _ in range(3)))
    assert [one.method for one in recorder(app.jira).requests].count("PUT") == 1


async def test_failure_is_told_and_tried_again_an_hour_later(app: World) -> None:
    done = await app.subscribe()
    app.clock.now = done.expires_at - AHEAD_MS
    set_faults(app.sandbox, **{"5xx": "before:next:2"})
    watch = app.watch()
    await watch.round()
    name = f"default/jira/{done.id}"
    assert "answered 502" in watch.endings()[name].trouble
    set_faults(app.sandbox)
    recorder(app.jira).requests.clear()
    await watch.round()
    assert recorder(app.jira).requests == []
    app.clock.now += AGAIN_MS
    await watch.round()
    assert watch.endings()[name].trouble == ""


async def test_webhook_that_jira_no_longer_has_is_told_with_what_to_do(app: World) -> None:
    done = await app.subscribe()
    app.clock.now = done.expires_at - AHEAD_MS
    app.state.registrations.clear()
    watch = app.watch()
    await watch.round()
    trouble = watch.endings()[f"default/jira/{done.id}"].trouble
    assert "`bridge jira subscribe jira` registers it again" in trouble
    app.clock.now = done.expires_at
    assert watch.endings()[f"default/jira/{done.id}"].trouble.startswith("ended at ")


async def test_ended_webhook_sends_nothing_more(app: World) -> None:
    done = await app.subscribe()
    app.clock.now = done.expires_at
    await app.change()
    assert app.receiver.received == []
    assert len(await list_dynamic(app.jira.client)) == 1


async def test_integration_that_is_gone_is_told(app: World) -> None:
    done = await app.subscribe()
    app.clock.now = done.expires_at - AHEAD_MS
    watch = WebhookWatch(app.database, app.clock, Registry({}), as_it_is)
    await watch.round()
    assert "no Jira" in watch.endings()[f"default/jira/{done.id}"].trouble
