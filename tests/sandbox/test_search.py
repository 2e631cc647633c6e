"""JQL: what the sandbox finds, and what it refuses rather than guess."""

from __future__ import annotations

import time

import pytest

from bridge.event import JSON
from bridge.sandbox.app import Sandbox
from tests.sandbox.conftest import Jira, MovingClock


@pytest.fixture
async def full(jira: Jira, clock: MovingClock) -> Jira:
    """SEC-1 is the epic; SEC-2 to SEC-5 follow an hour apart."""
    clock.move(3600)
    await jira.create(summary="RSA-1024 certificate expires", labels=["tls", "bridge-1"])
    clock.move(3600)
    await jira.create(
        summary="Old library", description="needs *openssl* 3", priority={"name": "High"}
    )
    clock.move(3600)
    await jira.create(
        summary="Open port",
        labels=["tls"],
        assignee={"accountId": "5b0000000000000000000002"},
        parent={"key": "SEC-1"},
        customfield_10051="finding-7",
    )
    clock.move(3600)
    await jira.create(summary="Certificate missing", issuetype={"name": "Task"})
    await jira.ask("POST", "issue/SEC-5/transitions", {"transition": {"id": "31"}})
    return jira


@pytest.mark.parametrize(
    ("jql", "numbers"),
    [
        ("project = SEC", [5, 4, 3, 2, 1]),
        ('project = "security (sandbox)" ORDER BY key', [1, 2, 3, 4, 5]),
        ("project=10000 order by created DESC", [5, 4, 3, 2, 1]),
        ("labels = tls", [4, 2]),
        ("labels in (bridge-1, nothing)", [2]),
        ("labels != tls", []),
        ("labels not in (bridge-1)", [4]),
        ("labels is empty", [5, 3, 1]),
        ("labels = EMPTY", [5, 3, 1]),
        ("labels is not EMPTY", [4, 2]),
        ("NOT labels = tls", []),
        ("key = SEC-3", [3]),
        ("issuekey in (sec-3, 10001)", [3, 2]),
        ("key != SEC-3 and labels = tls", [4, 2]),
        ("status = Done", [5]),
        ('status in ("To Do", 10001) and issuetype = Task', [5]),
        ("statusCategory = Done", [5]),
        ("statusCategory != done", [4, 3, 2, 1]),
        ("resolution = Unresolved", [4, 3, 2, 1]),
        ("resolution is not EMPTY", [5]),
        ("type = Epic", [1]),
        ("priority = High", [3]),
        ("summary ~ certificate", [5, 2]),
        ('summary ~ "expires certificate"', [2]),
        ('summary ~ "\\"expires certificate\\""', []),
        ('summary ~ "\\"RSA 1024\\""', [2]),
        ("summary ~ 'cert*'", [5, 2]),
        ("summary !~ certificate", [4, 3, 1]),
        ("description ~ openssl", [3]),
        ("text ~ openssl", [3]),
        ('"Finding id" ~ finding-7', [4]),
        ("cf[10051] ~ finding-7", [4]),
        ("assignee = 5b0000000000000000000002", [4]),
        ("assignee is EMPTY", [5, 3, 2, 1]),
        ("reporter = currentUser() and key = SEC-2", [2]),
        ("parent = SEC-1", [4]),
        ("created >= -90m", [5, 4]),
        ("created < -90m", [3, 2, 1]),
        ("created <= now() and created > -1w and project = SEC", [5, 4, 3, 2, 1]),
        ('created > "2020-01-01"', [5, 4, 3, 2, 1]),
        ('updated < "2020/01/01 10:30"', []),
        ("labels = tls OR priority = High", [4, 3, 2]),
        ("labels = tls || priority = High && status = Done", [4, 2]),
        ("(labels = tls OR priority = High) AND created < -90m", [3, 2]),
        ("NOT (labels = tls OR summary ~ library)", []),
        ("NOT (status = Done OR summary ~ library)", [4, 2, 1]),
        ("not not status = Done", [5]),
        ("! status = Done and labels = tls", [4, 2]),
        ("project = SEC ORDER BY priority DESC, key ASC", [3, 1, 2, 4, 5]),
        ("project = SEC ORDER BY updated ASC", [1, 2, 3, 4, 5]),
        ("project = SEC ORDER BY summary", [5, 3, 4, 2, 1]),
    ],
)
async def test_query_finds(full: Jira, jql: str, numbers: list[int]) -> None:
    assert await full.find(jql) == [f"SEC-{number}" for number in numbers]


@pytest.mark.parametrize(
    ("jql", "words"),
    [
        ("nonsense = 1", "Field 'nonsense' does not exist"),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'"),
        ("key = SEC-99", "'SEC-99' does not exist for field 'key'"),
        ("status = Nope", "The value 'Nope' does not exist for the field 'status'"),
        ("assignee = nobody", "does not exist for the field 'assignee'"),
        ("parent = SEC-99", "does not exist for the field 'parent'"),
        ("statusCategory = Nope", "does not exist"),
        ("labels ~ tls", "The operator '~' is not supported by the 'labels' field."),
        ("summary = words", "The operator '=' is not supported"),
        ("text is EMPTY", "not supported"),
        ("created = now()", "not supported"),
        ("created > yesterday", "Date value 'yesterday'"),
        ("duedate > now()", "the sandbox does not search in the field"),
        ("status was Done", "history"),
        ("assignee in membersOf(x)", "Error in the JQL Query"),
        ("assignee = membersOf(x)", "does not know the function"),
        ("project SEC", "Expecting an operator"),
        ("project =", "Expecting a value before the end"),
        ("(project = SEC", "Expecting ')' before the end"),
        ("project = SEC labels = x", "Expecting 'OR', 'AND' or 'ORDER BY' but got 'labels'"),
        ("project = SEC ORDER key", "Expecting 'by'"),
        ("project = SEC ORDER BY nonsense", "Not able to sort"),
        ("labels = a@b", "The character '@' is a reserved JQL character"),
        ('labels = "open', "has not been completed"),
        ("labels in ()", "Expecting a value"),
        ("= SEC", "Expecting a field name"),
        ("summary ~ ''", "empty"),
        ("", "Unbounded"),
        ("ORDER BY created", "Unbounded"),
        ("not " * 2000 + "labels = a", "at most 100"),
        ("(" * 2000 + "labels = a" + ")" * 2000, "at most 100"),
    ],
)
async def test_query_is_refused(full: Jira, jql: str, words: str) -> None:
    assert words in await full.refused(jql)


async def test_values_are_quoted_and_escaped(jira: Jira) -> None:
    label = 'a"b\\c[d]'
    key = await jira.create(labels=[label])
    assert await jira.find(r'labels = "a\"b\\c[d]"') == [key]
    assert await jira.find(r"labels = 'a\u0022b\\c[d]'") == [key]


async def test_pages_follow_by_token(jira: Jira) -> None:
    for _ in range(6):
        await jira.create()
    seen: list[str] = []
    body: dict[str, JSON] = {"jql": "project = SEC", "fields": ["key"], "maxResults": 3}
    for last in (False, False, True):
        page = (await jira.ask("POST", "search/jql", body)).json()
        assert page["isLast"] is last
        assert ("nextPageToken" in page) is not last
        assert "total" not in page
        seen += [issue["key"] for issue in page["issues"]]
        body["nextPageToken"] = page.get("nextPageToken", "")
    assert seen == [f"SEC-{number}" for number in range(7, 0, -1)]


async def test_a_token_of_another_query_is_refused(jira: Jira) -> None:
    for _ in range(3):
        await jira.create(labels=["a"])
    page = await jira.ask("POST", "search/jql", {"jql": "labels = a", "maxResults": 1})
    token = page.json()["nextPageToken"]
    for wrong in (token, "nonsense", "!"):
        body: JSON = {"jql": "project = SEC", "nextPageToken": wrong}
        answer = await jira.ask("POST", "search/jql", body)
        assert answer.status_code == 400
        assert "token" in answer.json()["errorMessages"][0]


async def test_without_fields_cloud_gives_only_ids(jira: Jira) -> None:
    page = await jira.ask("GET", "search/jql?jql=project%3DSEC")
    assert page.json() == {"issues": [{"id": "10000"}], "isLast": True}
    page = await jira.ask("GET", "search/jql?jql=project%3DSEC&fields=summary,labels")
    assert set(page.json()["issues"][0]["fields"]) == {"summary", "labels"}
    page = await jira.ask("GET", "search/jql?jql=project%3DSEC&fields=*all&fields=-comment")
    assert "comment" not in page.json()["issues"][0]["fields"]
    assert "summary" in page.json()["issues"][0]["fields"]


async def test_properties_come_with_a_search(jira: Jira) -> None:
    await jira.ask("PUT", "issue/SEC-1/properties/bridge", {"a": 1})
    body: JSON = {"jql": "key = SEC-1", "fields": ["summary"], "properties": ["bridge"]}
    page = await jira.ask("POST", "search/jql", body)
    assert page.json()["issues"][0]["properties"] == {"bridge": {"a": 1}}


async def test_the_old_search_is_gone_on_cloud(jira: Jira) -> None:
    for answer in (
        await jira.ask("GET", "search?jql=project%3DSEC"),
        await jira.ask("POST", "search", {"jql": "project = SEC"}, api=3),
    ):
        assert answer.status_code == 410
        assert "search/jql" in answer.json()["errorMessages"][0]


async def test_data_center_counts_and_takes_an_empty_query(data_center: Jira) -> None:
    for _ in range(4):
        await data_center.create()
    page = await data_center.ask("GET", "search?startAt=1&maxResults=2&fields=summary")
    body = page.json()
    assert (body["startAt"], body["maxResults"], body["total"]) == (1, 2, 5)
    assert [issue["key"] for issue in body["issues"]] == ["SEC-4", "SEC-3"]
    refused = await data_center.ask("POST", "search", {"jql": "nonsense = 1"})
    assert refused.status_code == 400
    assert (await data_center.ask("GET", "search?startAt=x")).status_code == 400


async def test_a_label_is_found_without_looking_at_every_issue(jira: Jira, app: Sandbox) -> None:
    state = app.state
    epic = state.issues["SEC-1"]
    for number in range(20_000):
        state.add_issue(epic.project, {**epic.values, "labels": [f"l{number}"]}, epic.creator, 0)

    async def seconds(jql: str, times: int) -> float:
        start = time.perf_counter()
        for _ in range(times):
            await jira.ask("POST", "search/jql", {"jql": jql, "fields": ["key"]})
        return (time.perf_counter() - start) / times

    by_label = await seconds("project = SEC AND labels = l7", 10)
    by_looking = await seconds("project = SEC AND summary ~ nothing", 1)
    assert by_looking > 5 * by_label
