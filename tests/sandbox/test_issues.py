"""What Jira accepts, what it refuses and in which words, and what it keeps."""

from __future__ import annotations

import pytest

from bridge.event import JSON
from bridge.sandbox.jira.state import JiraState
from tests.sandbox.conftest import START, Jira, MovingClock

ADF: JSON = {
    "type": "doc",
    "version": 1,
    "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "one"}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "two", "marks": []}]},
    ],
}


async def errors(jira: Jira, fields: dict[str, JSON], api: int = 2) -> dict[str, str]:
    """What a create with these fields is refused for."""
    start: dict[str, JSON] = {
        "project": {"key": "SEC"},
        "issuetype": {"name": "Bug"},
        "summary": "s",
    }
    answer = await jira.ask("POST", "issue", {"fields": {**start, **fields}}, api)
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert set(body) == {"errorMessages", "errors"}
    found: dict[str, str] = body["errors"]
    return found


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("summary", "x" * 256, "255"),
        ("summary", "two\nlines", "newline"),
        ("summary", "   ", "must specify a summary"),
        ("summary", None, "must specify a summary"),
        ("project", {"key": "NOPE"}, "valid project"),
        ("issuetype", {"name": "Nope"}, "issue type"),
        ("issuetype", {"name": "Sub-task"}, "parent"),
        ("description", "x" * 32_768, "32,767"),
        ("description", ADF, "must be a string"),
        ("labels", ["two words"], "spaces"),
        ("labels", "one", "array"),
        ("labels", ["x" * 256], "255"),
        ("priority", {"name": "Nope"}, "priority"),
        ("assignee", {"accountId": "nobody"}, "assignee"),
        ("parent", {"key": "SEC-99"}, "issue"),
        ("duedate", "tomorrow", "yyyy-MM-dd"),
        ("customfield_10016", "many", "number"),
        ("customfield_10051", "x" * 256, "255"),
        ("customfield_10052", {"value": "Nope"}, "not valid"),
        ("customfield_99999", "x", "cannot be set"),
        ("status", {"name": "Done"}, "cannot be set"),
    ],
)
async def test_a_wrong_value_is_refused_in_jiras_shape(
    jira: Jira, field: str, value: JSON, words: str
) -> None:
    found = await errors(jira, {field: value})
    [(_name, message)] = found.items()
    assert words in message
    assert await jira.find("project = SEC") == ["SEC-1"]


async def test_every_wrong_value_is_named_at_once(jira: Jira) -> None:
    found = await errors(jira, {"summary": "", "labels": ["a b"], "priority": {"id": "9"}})
    assert set(found) == {"summary", "labels", "priority"}


async def test_the_longest_values_are_accepted(jira: Jira) -> None:
    key = await jira.create(summary="ü" * 255, description="x" * 32_767, labels=["y" * 255])
    fields = await jira.fields(key)
    assert fields["summary"] == "ü" * 255
    assert fields["description"] == "x" * 32_767


async def test_text_is_kept_to_the_byte(jira: Jira) -> None:
    text = "h1. Über\r\n||a||b||\n|\\||{code}x{code}|\n\u0000\u2028 end "
    key = await jira.create(description=text)
    assert (await jira.fields(key))["description"] == text


async def test_a_document_is_kept_as_sent_in_v3_and_shown_as_wiki_markup_in_v2(jira: Jira) -> None:
    key = await jira.create()
    answer = await jira.ask("PUT", f"issue/{key}", {"fields": {"description": ADF}}, api=3)
    assert answer.status_code == 204
    shown = await jira.ask("GET", f"issue/{key}", api=3)
    assert shown.json()["fields"]["description"] == ADF
    assert (await jira.fields(key))["description"] == "one\n\ntwo"
    await jira.ask("PUT", f"issue/{key}", {"fields": {"description": "a\n\nb"}})
    shown = await jira.ask("GET", f"issue/{key}", api=3)
    document = shown.json()["fields"]["description"]
    assert [block["type"] for block in document["content"]] == ["paragraph", "paragraph"]


@pytest.mark.parametrize("value", ["text", {"type": "doc"}, {"type": "doc", "version": 1}])
async def test_v3_refuses_what_is_no_document(jira: Jira, value: JSON) -> None:
    found = await errors(jira, {"description": value}, api=3)
    assert "Atlassian Document" in found["description"]
    comment = await jira.ask("POST", "issue/SEC-1/comment", {"body": value}, api=3)
    assert comment.status_code == 400


async def test_update_verbs_add_remove_and_set(jira: Jira) -> None:
    key = await jira.create(labels=["a", "b"])
    verbs: JSON = {
        "labels": [{"add": "c"}, {"remove": "a"}, {"add": "c"}],
        "summary": [{"set": "new"}],
        "comment": [{"add": {"body": "why"}}],
    }
    assert (await jira.ask("PUT", f"issue/{key}", {"update": verbs})).status_code == 204
    fields = await jira.fields(key)
    assert fields["labels"] == ["b", "c"]
    assert fields["summary"] == "new"
    comments = (await jira.ask("GET", f"issue/{key}/comment")).json()["comments"]
    assert [comment["body"] for comment in comments] == ["why"]
    refused = await jira.ask("PUT", f"issue/{key}", {"update": {"summary": [{"add": "x"}]}})
    assert "does not support operation 'add'" in refused.json()["errors"]["summary"]
    both: JSON = {"fields": {"labels": ["x"]}, "update": {"labels": [{"add": "y"}]}}
    assert (await jira.ask("PUT", f"issue/{key}", both)).status_code == 400


async def test_a_refused_edit_changes_nothing(jira: Jira) -> None:
    key = await jira.create(labels=["a"])
    for body in (
        {"fields": {"labels": ["b"], "summary": ""}},
        {"fields": {"labels": ["b"]}, "update": {"comment": [{"add": {"body": ""}}]}},
        {
            "fields": {"labels": ["b"]},
            "update": {
                "comment": [{"add": {"body": "c"}}],
                "issuelinks": [{"add": {"type": {"name": "Nope"}}}],
            },
        },
        {"fields": {"labels": ["b"]}, "properties": [{"key": "x", "value": "y" * 40_000}]},
    ):
        answer = await jira.ask("PUT", f"issue/{key}", body)  # type: ignore[arg-type]
        assert answer.status_code in (400, 404)
    fields = await jira.fields(key)
    assert fields["labels"] == ["a"]
    assert await jira.find("labels = b") == []
    assert (await jira.ask("GET", f"issue/{key}/comment")).json()["total"] == 0


async def test_properties_of_a_create_are_there_at_once(jira: Jira) -> None:
    body: JSON = {
        "fields": {"project": {"key": "SEC"}, "issuetype": {"id": "10004"}, "summary": "s"},
        "properties": [{"key": "bridge", "value": {"mark": "m-1"}}],
    }
    key = (await jira.ask("POST", "issue", body)).json()["key"]
    read = await jira.ask("GET", f"issue/{key}/properties/bridge")
    assert read.json() == {"key": "bridge", "value": {"mark": "m-1"}}
    shown = await jira.ask("GET", f"issue/{key}?properties=bridge&fields=summary")
    assert shown.json()["properties"] == {"bridge": {"mark": "m-1"}}
    assert shown.json()["fields"] == {"summary": "s"}


async def test_comment_properties_come_with_the_comment(jira: Jira) -> None:
    body: JSON = {"body": "c", "properties": [{"key": "bridge", "value": "m-1"}]}
    number = (await jira.ask("POST", "issue/SEC-1/comment", body)).json()["id"]
    page = await jira.ask("GET", "issue/SEC-1/comment?expand=properties")
    assert page.json()["comments"][0]["properties"] == [{"key": "bridge", "value": "m-1"}]
    keys = await jira.ask("GET", f"comment/{number}/properties")
    assert [one["key"] for one in keys.json()["keys"]] == ["bridge"]


async def test_comments_come_in_pages(jira: Jira) -> None:
    for number in range(5):
        await jira.ask("POST", "issue/SEC-1/comment", {"body": f"c{number}"})
    page = await jira.ask("GET", "issue/SEC-1/comment?startAt=1&maxResults=2")
    assert [comment["body"] for comment in page.json()["comments"]] == ["c1", "c2"]
    assert page.json()["total"] == 5
    page = await jira.ask("GET", "issue/SEC-1/comment?orderBy=-created&maxResults=1")
    assert [comment["body"] for comment in page.json()["comments"]] == ["c4"]
    assert (await jira.ask("GET", "issue/SEC-1/comment?orderBy=size")).status_code == 400


@pytest.mark.parametrize("body", ["", "  \n", None, "x" * 32_768])
async def test_empty_and_endless_comments_are_refused(jira: Jira, body: str | None) -> None:
    answer = await jira.ask("POST", "issue/SEC-1/comment", {"body": body})
    assert answer.status_code == 400
    assert "comment" in answer.json()["errors"]


async def test_attachment_without_the_token_header_is_an_xsrf_failure(jira: Jira) -> None:
    url = "/rest/api/2/issue/SEC-1/attachments"
    answer = await jira.client.post(url, files={"file": ("a.txt", b"words")})
    assert answer.status_code == 403
    assert answer.text == "XSRF check failed"
    assert (await jira.fields("SEC-1"))["attachment"] == []


async def test_attachment_content_is_given_without_being_run(jira: Jira) -> None:
    url = "/rest/api/2/issue/SEC-1/attachments"
    page = b"<script>alert(1)</script>"
    sent = await jira.client.post(
        url,
        files={"file": ('a "b".html', page, "text/html")},
        headers={"X-Atlassian-Token": "no-check"},
    )
    made = sent.json()[0]
    read = await jira.client.get(made["content"])
    assert read.content == page
    assert read.headers["content-disposition"].startswith("attachment")
    assert read.headers["x-content-type-options"] == "nosniff"
    other = await jira.ask("GET", f"attachment/content/{made['id']}")
    assert other.content == page


async def test_a_multipart_body_without_a_file_is_refused(jira: Jira) -> None:
    url = "/rest/api/2/issue/SEC-1/attachments"
    token = {"X-Atlassian-Token": "no-check"}
    answer = await jira.client.post(url, files={"other": b"x"}, headers=token)
    assert answer.status_code == 400
    kind = {**token, "Content-Type": "multipart/form-data; boundary=b"}
    answer = await jira.client.post(url, content=b"nonsense", headers=kind)
    assert answer.status_code == 400
    kind = {**token, "Content-Type": "multipart/form-data"}
    answer = await jira.client.post(url, content=b"nonsense", headers=kind)
    assert answer.status_code == 400


async def test_transition_takes_only_the_fields_of_its_screen(jira: Jira) -> None:
    wrong: JSON = {"transition": {"id": "31"}, "fields": {"summary": "x"}}
    refused = await jira.ask("POST", "issue/SEC-1/transitions", wrong)
    assert "appropriate screen" in refused.json()["errors"]["summary"]
    assert (await jira.fields("SEC-1"))["resolution"] is None
    right: JSON = {
        "transition": {"id": 31},
        "fields": {"resolution": {"name": "Duplicate"}},
        "update": {"comment": [{"add": {"body": "bye"}}], "labels": [{"add": "closed"}]},
    }
    assert (await jira.ask("POST", "issue/SEC-1/transitions", right)).status_code == 204
    fields = await jira.fields("SEC-1")
    assert fields["labels"] == ["closed"]
    assert fields["resolutiondate"] is not None


async def test_transitions_depend_on_the_status(jira: Jira) -> None:
    async def names() -> list[str]:
        answer = await jira.ask("GET", "issue/SEC-1/transitions")
        return [f"{t['name']} → {t['to']['name']}" for t in answer.json()["transitions"]]

    assert await names() == ["Start Progress → In Progress", "Done → Done"]
    refused = await jira.ask("POST", "issue/SEC-1/transitions", {"transition": {"id": "41"}})
    assert refused.status_code == 400
    await jira.ask("POST", "issue/SEC-1/transitions", {"transition": {"id": "31"}})
    assert await names() == ["Reopen → Reopened"]
    await jira.ask("POST", "issue/SEC-1/transitions", {"transition": {"id": "41"}})
    assert (await jira.fields("SEC-1"))["resolutiondate"] is None
    assert await names() == ["Start Progress → In Progress", "Done → Done"]


async def test_history_lists_what_changed_and_who_changed_it(
    jira: Jira, clock: MovingClock
) -> None:
    clock.move(60)
    await jira.ask("PUT", "issue/SEC-1", {"fields": {"priority": {"name": "Low"}}})
    shown = (await jira.ask("GET", "issue/SEC-1?expand=changelog")).json()
    [entry] = shown["changelog"]["histories"]
    assert entry["author"]["displayName"] == "Bridge (sandbox)"
    assert entry["items"][0]["toString"] == "Low"
    assert shown["fields"]["updated"] != shown["fields"]["created"]
    page = (await jira.ask("GET", "issue/SEC-1/changelog")).json()
    assert page["values"] == [entry]


async def test_subtasks_go_with_their_parent_only_when_asked(jira: Jira) -> None:
    child = await jira.create(issuetype={"name": "Sub-task"}, parent={"key": "SEC-1"})
    subtasks = (await jira.fields("SEC-1"))["subtasks"]
    assert isinstance(subtasks, list)
    assert len(subtasks) == 1
    assert (await jira.ask("DELETE", "issue/SEC-1")).status_code == 400
    assert (await jira.ask("DELETE", "issue/SEC-1?deleteSubtasks=true")).status_code == 204
    assert (await jira.ask("GET", f"issue/{child}")).status_code == 404


async def test_deleted_issue_is_gone_from_every_index(jira: Jira) -> None:
    key = await jira.create(labels=["a"])
    number = (await jira.ask("GET", f"issue/{key}")).json()["id"]
    made = (await jira.ask("POST", f"issue/{key}/comment", {"body": "c"})).json()["id"]
    ends: JSON = {
        "type": {"name": "Blocks"},
        "inwardIssue": {"key": key},
        "outwardIssue": {"key": "SEC-1"},
    }
    await jira.ask("POST", "issueLink", ends)
    assert (await jira.ask("DELETE", f"issue/{key}")).status_code == 204
    assert await jira.find("labels = a") == []
    assert (await jira.ask("GET", f"issue/{number}")).status_code == 404
    assert (await jira.ask("GET", f"comment/{made}/properties")).status_code == 404
    assert (await jira.fields("SEC-1"))["issuelinks"] == []
    assert await jira.create() == "SEC-3"


async def test_remote_link_with_the_same_global_id_is_replaced(jira: Jira) -> None:
    link: JSON = {"globalId": "g", "object": {"url": "https://x.example/", "title": "one"}}
    first = await jira.ask("POST", "issue/SEC-1/remotelink", link)
    assert first.status_code == 201
    link = {"globalId": "g", "object": {"url": "https://x.example/", "title": "two"}}
    second = await jira.ask("POST", "issue/SEC-1/remotelink", link)
    assert second.status_code == 200
    assert second.json()["id"] == first.json()["id"]
    listed = (await jira.ask("GET", "issue/SEC-1/remotelink")).json()
    assert [one["object"]["title"] for one in listed] == ["two"]
    assert (await jira.ask("DELETE", "issue/SEC-1/remotelink?globalId=g")).status_code == 204
    assert (await jira.ask("GET", "issue/SEC-1/remotelink?globalId=g")).status_code == 404
    assert (await jira.ask("POST", "issue/SEC-1/remotelink", {"object": {}})).status_code == 400


async def test_many_issues_are_fetched_at_once(jira: Jira) -> None:
    key = await jira.create(summary="second")
    body: JSON = {"issueIdsOrKeys": ["SEC-1", key, "SEC-99"], "fields": ["summary"]}
    found = (await jira.ask("POST", "issue/bulkfetch", body)).json()
    assert [issue["key"] for issue in found["issues"]] == ["SEC-1", key]
    assert [error["id"] for error in found["issueErrors"]] == ["SEC-99"]


async def test_links_point_at_where_the_caller_found_the_site(
    jira: Jira, data_center: Jira
) -> None:
    root = await jira.ask("GET", "issue/SEC-1")
    assert root.json()["self"] == "http://sandbox.test/rest/api/2/issue/10000"
    mounted = await data_center.ask("GET", "issue/SEC-1")
    assert mounted.json()["self"] == "http://sandbox.test/jira-dc/rest/api/2/issue/10000"


async def test_the_two_sites_do_not_share_issues(jira: Jira, data_center: Jira) -> None:
    key = await jira.create()
    assert (await data_center.ask("GET", f"issue/{key}")).status_code == 404
    cloud = Jira(jira.client, "/jira")
    assert (await cloud.ask("GET", f"issue/{key}")).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b"", 400), (b"[" * 100_000, 400)]
)
async def test_a_body_that_is_no_object_is_refused(jira: Jira, body: bytes, status: int) -> None:
    answer = await jira.client.post("/rest/api/2/issue", content=body)
    assert answer.status_code == status
    assert answer.json()["errorMessages"]


async def test_unknown_paths_and_methods_are_told_apart(jira: Jira, data_center: Jira) -> None:
    assert (await jira.ask("GET", "nonsense")).status_code == 404
    assert (await jira.ask("DELETE", "myself")).status_code == 405
    assert (await data_center.ask("GET", "myself", api=3)).status_code == 404
    assert (await data_center.ask("GET", "search/jql?jql=project%3DSEC")).status_code == 404


def test_ids_and_keys_are_given_out_in_order() -> None:
    state = JiraState([("SEC", "Security"), ("OPS", "Operations")], START)
    assert list(state.issues) == ["SEC-1"]
    epic = state.issues["SEC-1"]
    assert epic.values["issuetype"] == "10000"
    ops = state.add_issue(state.projects["OPS"], {}, epic.creator, START)
    assert (ops.key, ops.id) == ("OPS-1", "10001")
    assert state.issue("ops-1") is state.issue("10001") is ops
