"""The PyPI package `jira` (pycontribs) works against both sites, over a real socket."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest
from jira import JIRA
from jira.exceptions import JIRAError

from bridge.sandbox.serve import RunningSandbox
from tests.sandbox.oracle import Oracle

BUG = {
    "project": {"key": "SEC"},
    "issuetype": {"name": "Bug"},
    "summary": "Certificate expires",
    "description": "h2. Details\n||a||b||\n|1|2|\n",
}


def connect(url: str, oracle: Oracle, base: str) -> Any:
    """A client whose every answer is held against the vendor's description."""
    client = JIRA(server=url, basic_auth=("bridge@sandbox.example", "anything"), max_retries=0)

    def check(answer: Any, *_args: Any, **_more: Any) -> None:
        oracle.check_requests(base, answer)

    client._session.hooks["response"].append(check)
    return client


@pytest.fixture
def cloud(running: RunningSandbox, cloud_oracle: Oracle) -> Callable[[], Any]:
    return lambda: connect(running.jira_url, cloud_oracle, running.jira_url)


@pytest.fixture
def server(running: RunningSandbox, data_center_oracle: Oracle) -> Callable[[], Any]:
    base = f"{running.jira_dc_url}/rest"
    return lambda: connect(running.jira_dc_url, data_center_oracle, base)


@pytest.fixture(params=["cloud", "server"])
def either(request: pytest.FixtureRequest) -> Callable[[], Any]:
    made: Callable[[], Any] = request.getfixturevalue(request.param)
    return made


async def in_thread(work: Callable[[Any], None], make: Callable[[], Any]) -> None:
    """The client blocks, and the sandbox runs on this loop."""

    def run() -> None:
        client = make()
        try:
            work(client)
        finally:
            client.close()

    await asyncio.to_thread(run)


async def test_issues_are_created_read_edited_and_deleted(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        issue = client.create_issue(fields={**BUG, "labels": ["one"]})
        assert issue.key == "SEC-2"
        assert client.issue("SEC-2").fields.description == BUG["description"]
        issue.update(fields={"description": "new"}, notify=False)
        issue.update(update={"labels": [{"add": "two"}, {"remove": "one"}]})
        issue.add_field_value("labels", "three")
        read = client.issue(issue.id, fields="labels,description")
        assert read.fields.labels == ["two", "three"]
        assert read.fields.description == "new"
        assert not hasattr(read.fields, "summary")
        client.assign_issue(issue, "anna")
        assert client.issue("SEC-2").fields.assignee.displayName.startswith("Anna")
        made = client.create_issues([dict(BUG), {**BUG, "summary": "x" * 256}])
        assert made[0]["status"] == "Success"
        assert made[1]["error"] is not None
        issue.delete()
        with pytest.raises(JIRAError) as missing:
            client.issue("SEC-2")
        assert missing.value.status_code == 404
        assert "does not exist" in str(missing.value)

    await in_thread(work, either)


async def test_comments_are_added_changed_listed_and_deleted(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        comment = client.add_comment("SEC-1", "first *words*")
        assert comment.body == "first *words*"
        comment.update(body="second")
        assert client.comment("SEC-1", comment.id).body == "second"
        assert [one.body for one in client.comments("SEC-1")] == ["second"]
        comment.delete()
        assert client.comments("SEC-1") == []

    await in_thread(work, either)


async def test_attachments_come_back_byte_for_byte(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        content = bytes(range(256)) * 40 + b"\r\n--\r\n"
        made = client.add_attachment("SEC-1", io.BytesIO(content), filename="päge 1.bin")
        assert made.filename == "päge 1.bin"
        assert made.size == len(content)
        found = client.attachment(made.id)
        assert found.get() == content
        assert [a.filename for a in client.issue("SEC-1").fields.attachment] == ["päge 1.bin"]
        assert client.attachment_meta()["enabled"] is True
        client.delete_attachment(made.id)
        with pytest.raises(JIRAError):
            client.attachment(made.id)

    await in_thread(work, either)


async def test_issues_move_through_the_workflow_by_name_and_by_id(
    either: Callable[[], Any],
) -> None:
    def work(client: Any) -> None:
        issue = client.create_issue(fields=dict(BUG))
        names = [entry["name"] for entry in client.transitions(issue)]
        assert names == ["Start Progress", "Done"]
        client.transition_issue(issue, "Start Progress", comment="on it")
        assert client.issue(issue.key).fields.status.name == "In Progress"
        assert client.comments(issue)[0].body == "on it"
        client.transition_issue(issue, 31, fields={"resolution": {"name": "Won't Do"}})
        done = client.issue(issue.key)
        assert done.fields.status.statusCategory.key == "done"
        assert done.fields.resolution.name == "Won't Do"
        client.transition_issue(issue, "41")
        assert client.issue(issue.key).fields.resolution is None
        with pytest.raises(JIRAError):
            client.transition_issue(issue, "No such thing")
        meta = client.transitions(issue, expand="transitions.fields")
        assert "resolution" in meta[1]["fields"]

    await in_thread(work, either)


async def test_properties_and_links_are_kept(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        issue = client.create_issue(fields=dict(BUG))
        client.add_issue_property(issue.key, "bridge", {"id": "finding-1"})
        assert [one.key for one in client.issue_properties(issue.key)] == ["bridge"]
        assert client.issue_property(issue.key, "bridge").value.id == "finding-1"
        client.create_issue_link("Blocks", issue.key, "SEC-1")
        link = client.issue(issue.key).fields.issuelinks[0]
        assert link.outwardIssue.key == "SEC-1"
        assert client.issue_link(link.id).inwardIssue.key == issue.key
        client.delete_issue_link(link.id)
        assert client.issue(issue.key).fields.issuelinks == []
        assert next(kind.name for kind in client.issue_link_types()) == "Blocks"
        client.add_simple_link(issue, {"url": "https://x.example/", "title": "report"})
        client.add_remote_link(issue, {"url": "https://y.example/", "title": "other"}, globalId="y")
        assert [one.object.title for one in client.remote_links(issue)] == ["report", "other"]
        client.add_watcher(issue, "anna")
        assert client.watchers(issue).watchCount == 2
        client.remove_watcher(issue, "anna")
        assert client.watchers(issue).watchCount == 1

    await in_thread(work, either)


async def test_the_site_describes_itself(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        assert "Sandbox" in client.server_info()["serverTitle"]
        assert client.myself()["displayName"] == "Bridge (sandbox)"
        assert client.project("SEC").key == "SEC"
        assert [project.key for project in client.projects()] == ["SEC"]
        assert next(one.name for one in client.priorities()) == "Highest"
        assert client.priority("3").name == "Medium"
        assert {one.name for one in client.issue_types()} >= {"Epic", "Bug"}
        assert next(one.name for one in client.statuses()) == "To Do"
        assert next(one.name for one in client.resolutions()) == "Done"
        assert any(field["id"] == "customfield_10051" for field in client.fields())
        assert client.my_permissions(permissions="CREATE_ISSUES")["permissions"]["CREATE_ISSUES"][
            "havePermission"
        ]

    await in_thread(work, either)


async def test_cloud_is_searched_by_token(cloud: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        for number in range(7):
            client.create_issue(fields={**BUG, "summary": f"number {number}", "labels": ["few"]})
        found = client.search_issues("labels = few ORDER BY key ASC", maxResults=5)
        assert [issue.key for issue in found] == ["SEC-2", "SEC-3", "SEC-4", "SEC-5", "SEC-6"]
        every = client.enhanced_search_issues("labels = few", maxResults=False)
        assert len(every) == 7
        assert client.approximate_issue_count("labels = few") == 7
        assert client.createmeta(projectKeys="SEC")["projects"][0]["key"] == "SEC"
        assert [one.displayName[:4] for one in client.search_users(query="anna")] == ["Anna"]

    await in_thread(work, cloud)


async def test_data_center_is_searched_by_number(server: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        for number in range(7):
            client.create_issue(fields={**BUG, "summary": f"number {number}", "labels": ["few"]})
        found = client.search_issues("labels = few ORDER BY key DESC", startAt=2, maxResults=3)
        assert [issue.key for issue in found] == ["SEC-6", "SEC-5", "SEC-4"]
        assert found.total == 7
        assert len(client.search_issues("labels = few", maxResults=False)) == 7
        types = client.project_issue_types("SEC")
        assert {one.name for one in types} >= {"Epic", "Bug"}
        fields = client.project_issue_fields("SEC", "10004")
        assert {one.fieldId for one in fields} >= {"summary", "labels"}
        assert [one.name for one in client.search_users(user="anna")] == ["anna"]

    await in_thread(work, server)


async def test_clients_answers_were_looked_at(
    cloud: Callable[[], Any], cloud_oracle: Oracle
) -> None:
    before = cloud_oracle.checked

    def work(client: Any) -> None:
        client.issue("SEC-1")

    await in_thread(work, cloud)
    assert cloud_oracle.checked > before
