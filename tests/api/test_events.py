"""The bridge's own API: events, actions, links, replays, the stream, and where things stand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from bridge.event import NewEvent
from bridge.store.event_filter import EventFilter
from bridge.store.events import insert_events
from bridge.web.api.events import EventsApi
from tests.api.conftest import World

RULE = """
version: 1
rules:
  - name: ticket-per-case
    on: case.created
    once_per: data.id
    then:
      - create_ticket: {id: made, in: jira, summary: "${{ data.title }}"}
      - transition: {ticket: "${{ steps.made.key }}", to: Nowhere}
      - log: {message: after}
"""


@pytest.fixture
async def failed(world: World, tmp_path: Path) -> str:
    """An event whose second step is dead: there is no such status."""
    await asyncio.to_thread((tmp_path / "rules" / "one.yaml").write_text, RULE, "utf-8")
    await world.parts.reload()
    assert world.parts.rules.problems == ()
    return await world.event("case.created", {"id": "c-1", "title": "It leaks"})


async def get(world: World, path: str, **params: Any) -> Any:
    answer = await world.ask("GET", path, "viewer", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_events_are_listed_newest_first_and_paged(world: World) -> None:
    ids = []
    for number in range(5):
        world.clock.advance(1)
        ids.append(await world.event("job.progressed", {"job_id": f"j-{number}"}))
    first = await get(world, "/api/v1/events", limit=2)
    assert [one["id"] for one in first["events"]] == ids[:2:-1]
    second = await get(world, "/api/v1/events", limit=3, before=first["next"])
    assert [one["id"] for one in second["events"]] == ids[2::-1]
    assert (await get(world, "/api/v1/events", before=second["next"]))["events"] == []


async def test_each_filter_narrows(world: World, failed: str) -> None:
    other = await world.event("job.progressed", {"job_id": "j-1"})
    for name, value in (
        ("type", "case.created"), ("state", "failed"), ("subject", "c-1"), ("ticket", "SEC-2"),
        ("until", world.clock.now + 1), ("rule", "ticket-per-case"), ("text", "C-1"),
    ):  # fmt: skip
        found = [
            one["id"] for one in (await get(world, "/api/v1/events", **{name: value}))["events"]
        ]
        assert failed in found, name
        assert (other in found) is (name == "until"), name
    assert (await get(world, "/api/v1/events", since=world.clock.now + 1))["events"] == []


async def test_a_misspelt_filter_is_refused(world: World) -> None:
    answer = await world.ask("GET", "/api/v1/events?sate=failed")
    assert answer.status_code == 422
    assert "sate" in answer.text


async def test_an_event_is_read_with_every_try(world: World, failed: str) -> None:
    event = await get(world, f"/api/v1/events/{failed}")
    assert event["body"]["data"]["title"] == "It leaks"
    assert [one["state"] for one in event["actions"]] == ["done", "dead", "skipped"]
    assert event["actions"][0]["attempts"][0]["exchanges"]
    assert event["links"][0]["ticket"] == "SEC-2"


async def test_an_event_is_read_as_rules_see_it_or_says_why_not(world: World) -> None:
    told = {"id": "a-1", "title": "Disk", "severity": "moderate", "status": "open"}
    event = await get(world, f"/api/v1/events/{await world.event('alert.raised', told)}")
    assert event["data"] == {**told, "severity": "medium"}
    assert event["body"]["data"]["severity"] == "moderate"
    assert event["unreadable"] == ""
    lost = NewEvent("evt_lost", "default", "gone", "k", 0, "ping", "s", 1, 1, "{}", b"{}")
    await world.parts.database.write(lambda tx: insert_events(tx, [[lost]]))
    event = await get(world, "/api/v1/events/evt_lost")
    assert event["data"] is None
    assert event["unreadable"] == "the source gone is no longer configured; put it back and replay"


async def test_dead_actions_are_listed_and_a_replay_tries_only_them_again(
    world: World, failed: str
) -> None:
    (dead,) = (await get(world, "/api/v1/actions", state="dead"))["actions"]
    assert (dead["event"], dead["rule"], dead["action"]) == (
        failed,
        "ticket-per-case",
        "transition",
    )
    answer = await world.ask("POST", f"/api/v1/events/{failed}/replay", "operator")
    assert answer.json() == {"id": failed, "revived": 2}
    await world.parts.worker.drain()
    assert len(world.sandbox.state.issues) == 2
    again = await get(world, f"/api/v1/actions/{dead['id']}")
    assert (again["state"], len(again["attempts"])) == ("dead", 2)


async def test_an_event_on_its_way_is_not_replayed(world: World) -> None:
    body = {"specversion": "1.0", "id": "x", "source": "t", "type": "ping", "data": {}}
    headers = {"content-type": "application/cloudevents+json"}
    sent = await world.client.post("/hooks/events", json=body, headers=headers)
    answer = await world.ask("POST", f"/api/v1/events/{sent.json()['id']}/replay")
    assert answer.status_code == 409


async def test_many_are_replayed_by_what_they_have_in_common(world: World, failed: str) -> None:
    await world.event("job.progressed", {"job_id": "j-1"})
    answer = await world.ask("POST", "/api/v1/events/replay", json={"state": "failed"})
    assert answer.json() == {"replayed": [{"id": failed, "revived": 2}], "more": False}
    refused = await world.ask("POST", "/api/v1/events/replay", json={})
    assert refused.status_code == 422


async def test_a_dead_action_is_given_up_with_a_reason_and_its_event_is_done(
    world: World, failed: str
) -> None:
    (dead,) = (await get(world, "/api/v1/actions", state="dead"))["actions"]
    path = f"/api/v1/actions/{dead['id']}/discard"
    answer = await world.ask("POST", path, "operator", json={"reason": "moved by hand"})
    assert answer.json() == {"id": dead["id"], "event": failed}
    event = await get(world, f"/api/v1/events/{failed}")
    assert event["state"] == "done"
    assert event["actions"][1]["reason"] == "discarded: moved by hand"
    assert (await world.ask("POST", path, json={"reason": "x"})).status_code == 409
    changes = (await world.ask("GET", "/api/v1/audit")).json()["changes"]
    assert changes[0]["what"] == "action.discard"
    assert changes[0]["detail"] == {"reason": "moved by hand"}


async def test_a_lane_that_a_dead_action_holds_goes_on_when_it_is_given_up(
    world: World, tmp_path: Path
) -> None:
    held = RULE.replace("    once_per: data.id\n", "    on_failure: hold\n")
    await asyncio.to_thread((tmp_path / "rules" / "one.yaml").write_text, held, "utf-8")
    await world.parts.reload()
    first = await world.event("case.created", {"id": "c-1", "title": "It leaks"})
    second = await world.event("case.created", {"id": "c-1", "title": "It leaks more"})
    assert (await get(world, f"/api/v1/events/{second}"))["actions"][0]["state"] == "pending"
    (dead,) = (await get(world, "/api/v1/actions", event=first, state="dead"))["actions"]
    await world.ask("POST", f"/api/v1/actions/{dead['id']}/discard", json={"reason": "x"})
    await world.parts.worker.drain()
    assert (await get(world, f"/api/v1/events/{second}"))["actions"][0]["state"] == "done"


async def test_links_say_what_is_tied_to_a_ticket(world: World, failed: str) -> None:
    (link,) = (await get(world, "/api/v1/links", ticket="SEC-2"))["links"]
    assert (link["rule"], link["once"], link["event"]) == ("ticket-per-case", "c-1", failed)
    assert (await get(world, "/api/v1/links", ticket="SEC-9"))["links"] == []


async def test_stats_and_sources_say_where_things_stand(world: World, failed: str) -> None:
    stats = await get(world, "/api/v1/stats")
    assert (stats["events"]["failed"], stats["dead_actions"], stats["rules"]) == (1, 1, 1)
    jira = {
        "id": "jira", "name": "jira", "type": "jira", "enabled": True, "breaker": "closed",
        "problem": "",
    }  # fmt: skip
    assert jira in stats["integrations"]
    sources = (await get(world, "/api/v1/sources"))["sources"]
    assert [one["name"] for one in sources] == ["qtangl", "events"]
    assert sources[0]["address"].endswith("/hooks/qtangl")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/events/{event}", None),
        ("POST", "/api/v1/events/{event}/replay", None),
        ("POST", "/api/v1/events/replay", {"ids": ["{event}"]}),
        ("GET", "/api/v1/actions/{action}", None),
        ("POST", "/api/v1/actions/{action}/discard", {"reason": "x"}),
    ],
)
async def test_what_is_another_tenants_is_not_there(
    world: World, failed: str, method: str, path: str, body: Any
) -> None:
    (dead,) = (await get(world, "/api/v1/actions", state="dead"))["actions"]
    names = {"event": failed, "action": dead["id"]}
    text = json.loads(json.dumps(body).replace("{event}", failed)) if body else None
    answer = await world.ask(method, path.format(**names), tenant="acme", json=text)
    assert answer.status_code == 404


async def test_lists_show_only_what_is_the_tenants_own(world: World, failed: str) -> None:
    for path, name in (("events", "events"), ("actions", "actions"), ("links", "links")):
        answer = await world.ask("GET", f"/api/v1/{path}", tenant="acme")
        assert answer.json()[name] == []
    stats = (await world.ask("GET", "/api/v1/stats", tenant="acme")).json()
    assert stats["events"]["failed"] == stats["dead_actions"] == 0
    assert stats["integrations"] == []


async def test_the_stream_tells_each_event_and_each_change_of_its_state(
    world: World, failed: str
) -> None:
    """Followed from its beginning: the events that are there come first, then every change."""
    api = next(one for one in world.parts.api.apis if isinstance(one, EventsApi))
    follow = api.follow(EventFilter("default", after_seq=0))
    assert await anext(follow) == b": following\n\n"
    told = await anext(follow)
    lines = dict(line.split(": ", 1) for line in told.decode().strip().splitlines())
    assert lines["event"] == "event"
    assert json.loads(lines["data"])["id"] == failed
    assert lines["id"] == str(json.loads(lines["data"])["seq"])
    world.parts.closing.set()
    assert [one async for one in follow] == []


async def test_the_stream_is_served_as_server_sent_events_and_ends_with_the_server(
    world: World,
) -> None:
    world.parts.closing.set()
    answer = await world.ask("GET", "/api/v1/stream", "viewer")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith(": following")


async def test_a_reader_that_comes_back_goes_on_behind_the_last_it_was_told(
    world: World, failed: str
) -> None:
    """As browsers do by themselves."""
    (first,) = (await get(world, "/api/v1/events"))["events"]
    second = await world.event("thing.happened", {"id": "2"})
    told: list[bytes] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message.get("body", b""))
        if b"event: event" in told[-1]:
            world.parts.closing.set()

    key = world.keys["default/viewer"].encode()
    headers = [(b"x-api-key", key), (b"last-event-id", str(first["seq"]).encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
        "method": "GET", "path": "/api/v1/stream", "raw_path": b"/api/v1/stream",
        "query_string": b"", "root_path": "", "scheme": "http", "headers": headers,
        "client": ("192.0.2.7", 40000), "server": ("bridge", 80),
    }  # fmt: skip
    await world.parts.application(scope, receive, send)
    stream = b"".join(told).decode()
    assert second in stream
    assert failed not in stream


async def test_a_stream_behind_what_is_no_message_is_refused(world: World) -> None:
    answer = await world.ask("GET", "/api/v1/stream", "viewer", headers={"last-event-id": "x"})
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["loc"] == ["header", "Last-Event-ID"]


@pytest.mark.parametrize("number", ["+0.0", " 5", "1_0", "5.0", "five", ""])
async def test_a_number_of_a_query_is_written_with_digits(world: World, number: str) -> None:
    for path, name in (("audit", "before"), ("events", "limit"), ("links", "before")):
        answer = await world.ask("GET", f"/api/v1/{path}", params={name: number})
        assert answer.status_code == 422, path
        (field,) = answer.json()["error"]["fields"]
        assert field["loc"] == ["query", name]
        assert "whole number" in field["msg"]
