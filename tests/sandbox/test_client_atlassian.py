"""The PyPI package `atlassian-python-api` works against both sites, over a real socket."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest
import requests
from atlassian import Jira

from bridge.sandbox.serve import RunningSandbox
from tests.sandbox.oracle import Oracle

BUG = {
    "project": {"key": "SEC"},
    "issuetype": {"name": "Bug"},
    "summary": "Certificate expires",
    "description": "h2. Details",
    "labels": ["one"],
}


def connect(url: str, is_cloud: bool, oracle: Oracle, base: str) -> Any:
    """A client whose every answer is held against the vendor's description."""
    client = Jira(url=url, username="bridge@sandbox.example", password="x", cloud=is_cloud)

    def check(answer: Any, *_args: Any, **_more: Any) -> None:
        oracle.check_requests(base, answer)

    client._session.hooks["response"].append(check)
    return client


@pytest.fixture
def cloud(running: RunningSandbox, cloud_oracle: Oracle) -> Callable[[], Any]:
    return lambda: connect(running.jira_url, True, cloud_oracle, running.jira_url)


@pytest.fixture
def server(running: RunningSandbox, data_center_oracle: Oracle) -> Callable[[], Any]:
    base = f"{running.jira_dc_url}/rest"
    return lambda: connect(running.jira_dc_url, False, data_center_oracle, base)


@pytest.fixture(params=["cloud", "server"])
def either(request: pytest.FixtureRequest) -> Callable[[], Any]:
    made: Callable[[], Any] = request.getfixturevalue(request.param)
    return made


async def in_thread(work: Callable[[Any], None], make: Callable[[], Any]) -> None:
    def run() -> None:
        client = make()
        try:
            work(client)
        finally:
            client.close()

    await asyncio.to_thread(run)


async def test_issues_are_created_read_edited_and_deleted(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        made = client.issue_create(dict(BUG))
        assert made["key"] == "SEC-2"
        assert client.create_issue(fields=dict(BUG))["key"] == "SEC-3"
        assert client.issue("SEC-2")["fields"]["summary"] == BUG["summary"]
        assert client.get_issue("SEC-2", fields=["labels"])["fields"] == {"labels": ["one"]}
        client.update_issue_field("SEC-2", {"description": "new"})
        client.issue_update("SEC-2", {"summary": "changed"})
        client.edit_issue("SEC-2", {"labels": [{"add": "two"}]})
        assert client.issue_field_value("SEC-2", "labels") == ["one", "two"]
        assert client.issue_field_value("SEC-2", "description") == "new"
        assert client.issue_field_value("SEC-2", "summary") == "changed"
        assert "summary" in client.issue_editmeta("SEC-2")["fields"]
        assert client.issue_exists("SEC-2")
        several = client.create_issues([{"fields": dict(BUG)}, {"fields": dict(BUG)}])
        assert [one["key"] for one in several["issues"]] == ["SEC-4", "SEC-5"]
        client.delete_issue("SEC-2")
        assert client.issue_deleted("SEC-2")
        with pytest.raises(requests.HTTPError, match="does not exist"):
            client.issue("SEC-2")
        with pytest.raises(requests.HTTPError, match="255"):
            client.issue_create({**BUG, "summary": "x" * 256})

    await in_thread(work, either)


async def test_comments_attachments_and_watchers_are_kept(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        made = client.issue_add_comment("SEC-1", "first")
        client.issue_edit_comment("SEC-1", made["id"], "second")
        assert client.issue_get_comment("SEC-1", made["id"])["body"] == "second"
        assert client.issue_get_comments("SEC-1")["total"] == 1
        content = bytes(range(256))
        attached = client.add_attachment_object("SEC-1", io.BytesIO(content))
        number = attached[0]["id"]
        assert client.get_attachment(number)["size"] == 256
        assert client.get_attachment_content(number) == content
        assert client.get_attachments_ids_from_issue("SEC-1")[0]["attachment_id"] == number
        assert client.get_attachment_meta()["enabled"] is True
        client.remove_attachment(number)
        assert client.get_attachments_ids_from_issue("SEC-1") == []

    await in_thread(work, either)


async def test_issues_move_through_the_workflow(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        assert [t["to"] for t in client.get_issue_transitions("SEC-1")] == ["In Progress", "Done"]
        full = client.get_issue_transitions_full("SEC-1", expand="transitions.fields")
        assert "resolution" in full["transitions"][1]["fields"]
        client.set_issue_status("SEC-1", "In Progress")
        assert client.get_issue_status("SEC-1") == "In Progress"
        client.set_issue_status("SEC-1", "Done", fields={"resolution": {"name": "Duplicate"}})
        assert client.issue_field_value("SEC-1", "resolution")["name"] == "Duplicate"
        client.set_issue_status_by_transition_id("SEC-1", "41")
        assert client.get_issue_status("SEC-1") == "Reopened"

    await in_thread(work, either)


async def test_properties_and_links_are_kept(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        client.set_issue_property("SEC-1", "bridge", {"id": "finding-1"})
        assert client.get_issue_property_keys("SEC-1")["keys"][0]["key"] == "bridge"
        assert client.get_issue_property("SEC-1", "bridge")["value"] == {"id": "finding-1"}
        client.delete_issue_property("SEC-1", "bridge")
        assert client.get_issue_property_keys("SEC-1")["keys"] == []
        made = client.create_or_update_issue_remote_links(
            "SEC-1", "https://x.example/", "report", global_id="g"
        )
        again = client.create_or_update_issue_remote_links(
            "SEC-1", "https://x.example/", "report 2", global_id="g"
        )
        assert again["id"] == made["id"]
        assert (
            client.get_issue_remote_links("SEC-1", global_id="g")["object"]["title"] == "report 2"
        )
        client.delete_issue_remote_link_by_id("SEC-1", made["id"])
        assert client.get_issue_remote_links("SEC-1") == []
        client.issue_create(dict(BUG))
        client.create_issue_link(
            {
                "type": {"name": "Relates"},
                "inwardIssue": {"key": "SEC-1"},
                "outwardIssue": {"key": "SEC-2"},
            }
        )
        number = client.issue_field_value("SEC-1", "issuelinks")[0]["id"]
        assert client.get_issue_link(number)["outwardIssue"]["key"] == "SEC-2"
        client.remove_issue_link(number)
        assert client.issue_field_value("SEC-1", "issuelinks") == []
        assert "Blocks" in client.get_issue_link_types_names()

    await in_thread(work, either)


async def test_the_site_describes_itself(either: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        assert "Sandbox" in client.get_server_info()["serverTitle"]
        assert client.myself()["displayName"] == "Bridge (sandbox)"
        assert {field["id"] for field in client.get_all_fields()} >= {"summary"}
        assert client.get_all_priorities()[0]["name"] == "Highest"
        assert client.get_priority_by_id("3")["name"] == "Medium"
        assert client.project("SEC")["key"] == "SEC"
        assert client.get_all_projects()[0]["key"] == "SEC"
        assert client.get_all_statuses()[0]["name"] == "To Do"
        assert client.get_status_id_from_name("Done") == 10001
        assert client.get_status_for_project("SEC")[0]["statuses"][0]["name"] == "To Do"
        assert client.get_all_resolutions()[0]["name"] == "Done"
        assert {kind["name"] for kind in client.get_issue_types()} >= {"Bug", "Epic"}
        shown = client.get_permissions("CREATE_ISSUES", project_key="SEC")
        assert shown["permissions"]["CREATE_ISSUES"]["havePermission"] is True
        with pytest.warns(DeprecationWarning, match="Jira 9"):
            old = client.issue_createmeta("SEC")
        assert "summary" in old["projects"][0]["issuetypes"][0]["fields"]
        assert client.issue_createmeta_issuetypes("SEC")["total"] == 5
        assert client.issue_createmeta_fieldtypes("SEC", "10004")["total"] > 5

    await in_thread(work, either)


async def test_cloud_is_searched_by_token(cloud: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        for _ in range(3):
            client.issue_create(dict(BUG))
        found = client.jql("labels = one ORDER BY key ASC", limit=2)
        assert [one["key"] for one in found["issues"]] == ["SEC-2", "SEC-3"]
        rest = client.enhanced_jql(
            "labels = one ORDER BY key ASC", nextPageToken=found["nextPageToken"]
        )
        assert [one["key"] for one in rest["issues"]] == ["SEC-4"]
        assert len(client.enhanced_jql_get_list_of_tickets("labels = one")) == 3
        assert client.approximate_issue_count("labels = one")["count"] == 3
        assert client.match_jql([10000], ["project = SEC"])["matches"][0]["matchedIssues"] == [
            10000
        ]
        assert client.get_issue_changelog("SEC-2")["total"] == 0
        assert client.user_find_by_user_string(query="anna")[0]["displayName"].startswith("Anna")
        made = client.issue_add_comment("SEC-1", "words")
        assert client.issues_get_comments_by_id(int(made["id"]))["total"] == 1
        client.set_comment_property(made["id"], "bridge", {"a": 1})
        # This client wraps what it is given.
        assert client.get_comment_property(made["id"], "bridge")["value"] == {"value": {"a": 1}}
        assert client.get_comment_properties_keys(made["id"])["keys"][0]["key"] == "bridge"
        client.delete_comment_property(made["id"], "bridge")

    await in_thread(work, cloud)


async def test_data_center_is_searched_by_number(server: Callable[[], Any]) -> None:
    def work(client: Any) -> None:
        for _ in range(3):
            client.issue_create(dict(BUG))
        found = client.jql("labels = one ORDER BY key ASC", start=1, limit=1)
        assert [one["key"] for one in found["issues"]] == ["SEC-3"]
        assert found["total"] == 3
        assert len(client.jql_get_list_of_tickets("labels = one")) == 3
        assert client.get_project_issues_count("SEC") == 4
        assert client.user_find_by_user_string(username="anna")[0]["name"] == "anna"

    await in_thread(work, server)


def words_as_adf(text: str) -> dict[str, Any]:
    inner = [{"type": "text", "text": text}] if text else []
    return {"version": 1, "type": "doc", "content": [{"type": "paragraph", "content": inner}]}


async def test_version_3_keeps_documents_and_shows_them_to_version_2(
    running: RunningSandbox, cloud_oracle: Oracle, cloud_v3_oracle: Oracle
) -> None:
    def work(client: Any) -> None:
        document = words_as_adf("Details | {code}")
        made = client.issue_create({**BUG, "description": document})
        assert client.issue_field_value(made["key"], "description") == document
        comment = client.issue_add_comment(made["key"], words_as_adf("first"))
        assert client.issue_get_comment(made["key"], comment["id"])["body"] == words_as_adf("first")
        with pytest.raises(requests.HTTPError, match="Atlassian Document"):
            client.update_issue_field(made["key"], {"description": "text"})
        with pytest.raises(requests.HTTPError, match="Atlassian Document"):
            client.update_issue_field(
                made["key"], {"description": words_as_adf("") | {"version": 2}}
            )
        older = connect(running.jira_url, True, cloud_oracle, running.jira_url)
        assert older.issue_field_value(made["key"], "description") == "Details \\| \\{code\\}"
        older.close()

    def connect_3() -> Any:
        client = connect(running.jira_url, True, cloud_v3_oracle, running.jira_url)
        client.api_version = "3"
        return client

    await in_thread(work, connect_3)
    assert cloud_v3_oracle.checked >= 5
