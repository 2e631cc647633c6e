"""Each fault, switched on and seen."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime

import httpx
import pytest

from bridge.event import JSON
from bridge.sandbox.app import Sandbox, SandboxOptions, create_sandbox
from bridge.sandbox.faults import BadFault, read_faults, show_faults
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from tests.sandbox.conftest import START, Jira, MovingClock

NEW: JSON = {
    "fields": {"project": {"key": "SEC"}, "issuetype": {"name": "Bug"}, "summary": "s"},
}


async def test_fresh_issue_is_missing_from_search_until_the_index_has_caught_up(
    jira: Jira, clock: MovingClock
) -> None:
    await jira.faults(index_lag=5)
    key = await jira.create(labels=["fresh"])
    assert await jira.find("labels = fresh") == []
    assert (await jira.fields(key))["labels"] == ["fresh"]
    clock.move(4.9)
    assert await jira.find("labels = fresh") == []
    clock.move(0.1)
    assert await jira.find("labels = fresh") == [key]


async def test_changed_issue_is_missing_from_search_again(jira: Jira, clock: MovingClock) -> None:
    key = await jira.create(labels=["old"])
    clock.move(60)
    await jira.faults(index_lag=5)
    assert await jira.find("labels = old") == [key]
    await jira.ask("PUT", f"issue/{key}/properties/bridge", {"a": 1})
    assert await jira.find("labels = old") == []


async def test_ids_to_reconcile_are_found_in_spite_of_the_lag(jira: Jira) -> None:
    await jira.faults(index_lag=5)
    key = await jira.create(labels=["fresh"])
    number = int((await jira.ask("GET", f"issue/{key}")).json()["id"])
    body: JSON = {"jql": "labels = fresh", "fields": ["key"], "reconcileIssues": [number]}
    answer = await jira.ask("POST", "search/jql", body)
    assert [issue["key"] for issue in answer.json()["issues"]] == [key]


async def test_the_ready_made_epic_is_found_whatever_the_lag(jira: Jira) -> None:
    await jira.faults(index_lag=3600)
    assert await jira.find("project = SEC") == ["SEC-1"]


async def test_lost_answer_closes_the_connection_after_the_write(running: RunningSandbox) -> None:
    async with httpx.AsyncClient(base_url=running.base_url) as client:
        await client.put("/sandbox/faults", json={"lost-answer": "next:1"})
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await client.post("/rest/api/2/issue", json=NEW)
        assert list(running.state.issues) == ["SEC-1", "SEC-2"]
        again = await client.post("/rest/api/2/issue", json=NEW)
        assert again.json()["key"] == "SEC-3"


async def test_not_a_byte_of_a_lost_answer_arrives(running: RunningSandbox) -> None:
    host, _, port = running.base_url.removeprefix("http://").partition(":")
    running.app.conditions.faults = read_faults({"lost-answer": "on"})
    reader, writer = await asyncio.open_connection(host, int(port))
    body = b'{"body": "words"}'
    writer.write(
        b"POST /jira/rest/api/2/issue/SEC-1/comment HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    assert await reader.read() == b""
    writer.close()
    assert len(running.state.issues["SEC-1"].comments) == 1


async def test_lost_answer_leaves_reading_alone(jira: Jira) -> None:
    await jira.faults(lost_answer="on")
    assert (await jira.ask("GET", "issue/SEC-1")).status_code == 200
    assert await jira.find("project = SEC") == ["SEC-1"]


async def test_without_a_socket_a_lost_answer_is_a_connection_error(jira: Jira) -> None:
    await jira.faults(lost_answer="every:2")
    await jira.create()
    with pytest.raises(ConnectionError):
        await jira.create()
    await jira.create()
    assert await jira.find("project = SEC") == ["SEC-4", "SEC-3", "SEC-2", "SEC-1"]


async def test_one_issue_takes_20_writes_in_2_seconds(jira: Jira, clock: MovingClock) -> None:
    await jira.faults(per_issue_429="on")
    key = await jira.create()
    for _ in range(20):
        answer = await jira.ask("POST", f"issue/{key}/comment", {"body": "c"})
        assert answer.status_code == 201
    clock.move(0.5)
    refused = await jira.ask("POST", f"issue/{key}/comment", {"body": "c"})
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["ratelimit-reason"] == "jira-per-issue-on-write"
    reset = datetime.fromisoformat(refused.headers["x-ratelimit-reset"])
    assert reset.timestamp() == START / 1000 + 2.5
    assert len(jira_comments(await jira.fields(key))) == 20
    other = await jira.ask("POST", "issue/SEC-1/comment", {"body": "c"})
    assert other.status_code == 201
    assert (await jira.ask("GET", f"issue/{key}")).status_code == 200
    clock.move(2)
    assert (await jira.ask("PUT", f"issue/{key}", {"fields": {}})).status_code == 204


def jira_comments(fields: dict[str, JSON]) -> list[JSON]:
    page = fields["comment"]
    assert isinstance(page, dict)
    comments = page["comments"]
    assert isinstance(comments, list)
    return comments


async def test_one_issue_takes_100_writes_in_30_seconds(jira: Jira, clock: MovingClock) -> None:
    await jira.faults(per_issue_429="on")
    for _ in range(100):
        answer = await jira.ask("POST", "issue/SEC-1/comment", {"body": "c"})
        assert answer.status_code == 201
        clock.move(0.25)
    refused = await jira.ask("POST", "issue/SEC-1/comment", {"body": "c"})
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "5"
    clock.move(5)
    again = await jira.ask("POST", "issue/SEC-1/comment", {"body": "c"})
    assert again.status_code == 201


async def test_burst_429_names_its_reason(jira: Jira) -> None:
    await jira.faults(burst_429="next:1")
    answer = await jira.ask("GET", "myself")
    assert answer.status_code == 429
    assert answer.headers["ratelimit-reason"] == "jira-burst-based"
    assert (await jira.ask("GET", "myself")).status_code == 200


async def test_server_error_before_the_write_leaves_nothing_behind(jira: Jira) -> None:
    await jira.faults(_5xx="before:next:1")
    answer = await jira.ask("POST", "issue", NEW)
    assert answer.status_code >= 500
    assert await jira.find("project = SEC") == ["SEC-1"]


async def test_server_error_after_the_write_leaves_the_issue_behind(jira: Jira) -> None:
    await jira.faults(_5xx="after:next:1")
    answer = await jira.ask("POST", "issue", NEW)
    assert answer.status_code >= 500
    assert await jira.find("project = SEC") == ["SEC-2", "SEC-1"]


async def test_server_errors_come_with_the_chosen_probability_and_in_both_kinds(
    jira: Jira,
) -> None:
    await jira.faults(_5xx=0.5)
    statuses = Counter([(await jira.ask("POST", "issue", NEW)).status_code for _ in range(200)])
    errors = 200 - statuses[201]
    assert 70 < errors < 130
    assert {500, 502, 503, 504} <= set(statuses)
    await jira.faults()
    left = (await jira.client.get("/sandbox/issues")).json()["total"] - 1
    # Some of the failed ones were written all the same, and some were not.
    assert statuses[201] < left < 200


async def test_the_same_seed_repeats_the_same_run() -> None:
    async def run(seed: int) -> list[int]:
        app = create_sandbox(SandboxOptions(seed=seed, faults=read_faults({"5xx": 0.5})))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
            asked = [await client.post("/rest/api/2/issue", json=NEW) for _ in range(30)]
            return [answer.status_code for answer in asked]

    first, second, other = await run(7), await run(7), await run(8)
    assert first == second
    assert first != other


async def test_answers_take_as_long_as_the_options_say() -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    options = SandboxOptions(answer_seconds=0.04)
    async with (
        running_sandbox(options, sleep=wait) as sandbox,
        httpx.AsyncClient(base_url=sandbox.base_url) as client,
    ):
        await client.get("/jira/rest/api/2/serverInfo")
        await client.get("/sandbox/faults")
    assert waited == [0.04]


async def test_slow_waits_after_the_write_and_before_the_answer() -> None:
    waited: list[float] = []
    issues: list[int] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        issues.append(len(app.state.issues))

    app: Sandbox = create_sandbox(sleep=sleep)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
        jira = Jira(client)
        await jira.faults(slow=2.5)
        await jira.create()
        assert waited == [2.5]
        assert issues == [2]
        await jira.faults()
        await jira.create()
        assert waited == [2.5]


async def test_screen_to_done_demands_the_field(jira: Jira) -> None:
    await jira.faults(required_transition_field="Root cause")
    listed = await jira.ask("GET", "issue/SEC-1/transitions?expand=transitions.fields")
    done = next(t for t in listed.json()["transitions"] if t["name"] == "Done")
    assert done["fields"]["customfield_10050"]["required"] is True
    assert done["fields"]["customfield_10050"]["name"] == "Root cause"
    refused = await jira.ask("POST", "issue/SEC-1/transitions", {"transition": {"id": "31"}})
    assert refused.status_code == 400
    assert refused.json() == {
        "errorMessages": [],
        "errors": {"customfield_10050": "Root cause is required."},
    }
    body: JSON = {"transition": {"id": "31"}, "fields": {"customfield_10050": "a typo"}}
    assert (await jira.ask("POST", "issue/SEC-1/transitions", body)).status_code == 204
    fields = await jira.fields("SEC-1")
    assert fields["customfield_10050"] == "a typo"


async def test_other_transitions_do_not_demand_the_field(jira: Jira) -> None:
    await jira.faults(required_transition_field="resolution")
    answer = await jira.ask("POST", "issue/SEC-1/transitions", {"transition": {"id": "11"}})
    assert answer.status_code == 204


async def test_html_comes_where_json_was_expected(jira: Jira) -> None:
    await jira.faults(html="on")
    answer = await jira.ask("POST", "issue", NEW)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "sandbox" in answer.text
    await jira.faults()
    assert await jira.find("project = SEC") == ["SEC-1"]


async def test_redirect_points_at_the_other_host(jira: Jira) -> None:
    await jira.faults(redirect="https://elsewhere.example/")
    answer = await jira.ask("GET", "issue/SEC-1?fields=summary")
    assert answer.status_code == 302
    assert (
        answer.headers["location"]
        == "https://elsewhere.example/rest/api/2/issue/SEC-1?fields=summary"
    )


async def test_faults_can_be_switched_on_from_the_start() -> None:
    options = SandboxOptions(faults=read_faults({"lost-answer": "on"}))
    async with (
        running_sandbox(options) as sandbox,
        httpx.AsyncClient(base_url=sandbox.base_url) as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/rest/api/2/issue", json=NEW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no-such-fault", "1"),
        ("index-lag", "soon"),
        ("index-lag", "-1"),
        ("lost-answer", "2"),
        ("lost-answer", "every:0"),
        ("5xx", "after:sometimes"),
        ("per-issue-429", "0.5"),
        ("redirect", "elsewhere.example"),
        ("required-transition-field", "No such field"),
        ("required-transition-field", "status"),
        ("slow", "nan"),
    ],
)
def test_a_bad_fault_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadFault, match=name):
        read_faults({name: value})


def test_faults_are_shown_as_they_were_written() -> None:
    written: dict[str, JSON] = {
        "index-lag": 2,
        "lost-answer": "every:3",
        "5xx": "after:0.25",
        "per-issue-429": True,
    }
    shown = show_faults(read_faults(written))
    assert {name: value for name, value in shown.items() if value is not None} == {
        "index-lag": 2.0,
        "lost-answer": "every:3",
        "5xx": "after:0.25",
        "per-issue-429": True,
    }
    assert read_faults(shown) == read_faults(written)
    assert set(show_faults(read_faults({"5xx": None}, read_faults(written))).values()) >= {None}
