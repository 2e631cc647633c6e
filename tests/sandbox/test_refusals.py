"""Requests that a real Jira turns away, and odd ones it takes."""

from __future__ import annotations

import pytest

from bridge.event import JSON
from bridge.sandbox.post import PostFailed, post
from tests.sandbox.conftest import Jira

BUG: dict[str, JSON] = {
    "project": {"key": "SEC"},
    "issuetype": {"name": "Bug"},
    "summary": "s",
}
LINK: dict[str, JSON] = {"object": {"url": "https://x.example/", "title": "t"}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "issue/SEC-1/comment/1", None, 404, "comment"),
        ("GET", "issue/SEC-1/comment?startAt=x", None, 400, "startAt"),
        ("GET", "issue/SEC-1/properties/nope", None, 404, "nope"),
        ("DELETE", "issue/SEC-1/properties/nope", None, 404, "nope"),
        ("PUT", f"issue/SEC-1/properties/{'k' * 256}", 1, 400, "255"),
        ("PUT", "issue/SEC-1/properties/big", "x" * 33_000, 400, "32768"),
        ("PUT", "issue/SEC-1", {"properties": [{"key": "x"}]}, 400, "value"),
        ("PUT", "issue/SEC-1", {"update": {"comment": [{"edit": {}}]}}, 400, "'add'"),
        ("PUT", "issue/SEC-1", {"fields": {"project": {"key": "SEC"}}}, 400, "move"),
        ("PUT", "issue/SEC-1", {"fields": {"issuetype": {"id": "9"}}}, 400, "issue type"),
        ("PUT", "issue/SEC-1", {"fields": {"labels": [1]}}, 400, "string"),
        ("PUT", "issue/SEC-1", {"fields": {"components": "x"}}, 400, "array"),
        ("PUT", "issue/SEC-1", {"fields": {"customfield_10051": 1}}, 400, "string"),
        ("GET", "issueLink/1", None, 404, "link"),
        ("POST", "issueLink", {"type": {"name": "Nope"}}, 404, "Issue does not exist"),
        ("GET", "issueLinkType/9", None, 404, "type"),
        ("GET", "issue/SEC-1/remotelink/9", None, 404, "remote"),
        ("DELETE", "issue/SEC-1/remotelink?globalId=x", None, 404, "globalId"),
        ("POST", "issue/SEC-1/transitions", {}, 400, "transition"),
        ("POST", "issue/SEC-1/watchers", "nobody", 404, "nobody"),
        ("POST", "issue/bulk", {"issueUpdates": []}, 400, "50"),
        ("POST", "issue/bulkfetch", {}, 400, "100"),
        ("POST", "comment/list", {}, 400, "1000"),
        ("GET", "comment/9/properties", None, 404, "9"),
        ("GET", "issue/createmeta/SEC/issuetypes/9", None, 404, "9"),
        ("GET", "priority/9", None, 404, "9"),
        ("GET", "status/nope", None, 404, "nope"),
        ("GET", "issuetype/9", None, 404, "9"),
        ("GET", "user?accountId=nobody", None, 404, "nobody"),
        ("GET", "user/search", None, 400, "query"),
        ("GET", "mypermissions", None, 400, "permissions"),
        ("GET", "mypermissions?permissions=FLY", None, 400, "FLY"),
        ("POST", "webhook", {"webhooks": []}, 400, "url"),
        ("DELETE", "webhook", {}, 400, "webhookIds"),
        ("POST", "search/jql", {"jql": "project = SEC", "maxResults": "x"}, 400, "maxResults"),
        (
            "POST",
            "search/jql",
            {"jql": "project = SEC", "reconcileIssues": list(range(51))},
            400,
            "50",
        ),
    ],
)
async def test_request_is_turned_away_in_jiras_shape(
    jira: Jira, method: str, path: str, body: JSON, status: int, words: str
) -> None:
    answer = await jira.ask(method, path, body)
    assert answer.status_code == status, answer.text
    shown = answer.json()
    assert set(shown) == {"errorMessages", "errors"}
    assert words in " ".join([*shown["errorMessages"], *shown["errors"].values()])
    assert (await jira.fields("SEC-1"))["labels"] == []


async def test_a_bulk_in_which_nothing_is_right_is_refused(jira: Jira) -> None:
    answer = await jira.ask("POST", "issue/bulk", {"issueUpdates": [{"fields": {}}]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["failedElementNumber"] == 0


async def test_a_new_issue_may_bring_comments_and_links(jira: Jira) -> None:
    update: JSON = {
        "comment": [{"add": {"body": "first"}}],
        "labels": [{"add": "a"}],
        "issuelinks": [{"add": {"type": {"name": "Blocks"}, "outwardIssue": {"key": "SEC-1"}}}],
    }
    answer = await jira.ask("POST", "issue", {"fields": BUG, "update": update})
    assert answer.status_code == 201
    fields = await jira.fields("SEC-2")
    assert fields["labels"] == ["a"]
    links = fields["issuelinks"]
    assert isinstance(links, list)
    assert len(links) == 1


async def test_linking_twice_in_the_same_way_makes_one_link(jira: Jira) -> None:
    await jira.create()
    add: JSON = {"add": {"type": {"id": "10002"}, "inwardIssue": {"key": "SEC-2"}}}
    for _ in range(2):
        answer = await jira.ask("PUT", "issue/SEC-1", {"update": {"issuelinks": [add]}})
        assert answer.status_code == 204
    links = (await jira.fields("SEC-2"))["issuelinks"]
    assert isinstance(links, list)
    assert len(links) == 1


async def test_a_link_may_bring_a_comment(jira: Jira) -> None:
    await jira.create()
    ends: JSON = {
        "type": {"name": "Relates"},
        "inwardIssue": {"key": "SEC-1"},
        "outwardIssue": {"key": "SEC-2"},
        "comment": {"body": "see there"},
    }
    assert (await jira.ask("POST", "issueLink", ends)).status_code == 201
    page = (await jira.ask("GET", "issue/SEC-1/comment")).json()
    assert [comment["body"] for comment in page["comments"]] == ["see there"]


async def test_values_can_be_taken_away_again(jira: Jira) -> None:
    await jira.create(
        assignee={"name": "anna"},
        parent={"key": "SEC-1"},
        duedate="2026-12-01",
        components=[{"name": "web"}],
        customfield_10052={"id": "10100"},
        customfield_10016=3.5,
        labels=["a"],
    )
    before = await jira.fields("SEC-2")
    assert before["customfield_10052"] == {
        "self": "http://sandbox.test/rest/api/2/customFieldOption/10100",
        "value": "Critical",
        "id": "10100",
    }
    gone: JSON = {
        "assignee": None,
        "parent": None,
        "duedate": None,
        "components": None,
        "customfield_10052": None,
        "customfield_10016": None,
        "labels": None,
        "priority": None,
        "description": None,
    }
    assert (await jira.ask("PUT", "issue/SEC-2", {"fields": gone})).status_code == 204
    after = await jira.fields("SEC-2")
    assert [after[name] for name in ("assignee", "parent", "duedate", "customfield_10052")] == [
        None
    ] * 4
    assert after["labels"] == after["components"] == []
    history = (await jira.ask("GET", "issue/SEC-2?expand=changelog")).json()["changelog"]
    items = {item["field"]: item for item in history["histories"][0]["items"]}
    assert items["parent"]["fromString"] == "SEC-1"
    assert items["components"]["fromString"] == "web"
    assert items["Severity"]["fieldtype"] == "custom"
    assert "priority" not in items


async def test_an_edit_can_give_the_issue_back(jira: Jira) -> None:
    answer = await jira.ask(
        "PUT", "issue/SEC-1?returnIssue=true", {"fields": {"summary": "changed"}}
    )
    assert answer.status_code == 200
    assert answer.json()["fields"]["summary"] == "changed"


async def test_mail_is_accepted_and_forgotten(jira: Jira) -> None:
    assert (await jira.ask("POST", "issue/SEC-1/notify", {"subject": "s"})).status_code == 204


async def test_create_metadata_can_be_narrowed_to_a_project_and_a_type(jira: Jira) -> None:
    answer = await jira.ask("GET", "issue/createmeta?projectKeys=SEC&issuetypeNames=bug")
    [project] = answer.json()["projects"]
    assert [kind["name"] for kind in project["issuetypes"]] == ["Bug"]
    assert "fields" not in project["issuetypes"][0]
    other = await jira.ask("GET", "issue/createmeta?projectKeys=OPS")
    assert other.json()["projects"] == []


@pytest.mark.parametrize("url", ["ftp://x.example/", "nonsense", "http://127.0.0.1:1/"])
async def test_a_post_that_cannot_be_made_says_why(url: str) -> None:
    with pytest.raises(PostFailed):
        await post(url, (), b"{}")
