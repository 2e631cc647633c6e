"""Comments, transitions, attachments and edits against the sandbox: each done once."""

from __future__ import annotations

import httpx
import pytest

from bridge.connectors.filename import file_name
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.jira.state import Issue, JiraState
from bridge.sandbox.jira.world import STATUSES
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import Moment, Opened, Remote, open_connector, set_faults, until_done

COMMENT: dict[str, JSON] = {"ticket": "sec-1", "body": "Seen **again**: {code}"}
LOST = [("lost_answer", "next:1"), ("5xx", "after:next:1")]


def issue(state: JiraState) -> Issue:
    return state.issues["SEC-1"]


def status(state: JiraState) -> str:
    number = issue(state).values["status"]
    return next(one.name for one in STATUSES if one.id == number)


async def test_comment_is_written_as_wiki_markup(jira: Opened, state: JiraState) -> None:
    outcome = await jira.run("comment", COMMENT)
    (comment,) = issue(state).comments.values()
    assert comment.body == "Seen *again*: \\{code\\}"
    assert outcome.outputs == {"id": comment.id}


@pytest.mark.parametrize(("fault", "value"), LOST)
async def test_comment_whose_answer_was_lost_is_found(
    fault: str, value: str, jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    await jira.run("comment", COMMENT, mark="mark-before-0001")
    set_faults(sandbox, **{fault: value})
    outcome = await until_done(jira, "comment", COMMENT)
    assert outcome.found
    assert len(issue(state).comments) == 2
    assert outcome.outputs["id"] == list(issue(state).comments)[1]


async def test_comment_of_the_same_words_by_another_action_is_not_taken_for_it(
    jira: Opened, state: JiraState
) -> None:
    await jira.run("comment", COMMENT, mark="mark-before-0001")
    outcome = await jira.run("comment", COMMENT, may_exist=True)
    assert not outcome.found
    assert len(issue(state).comments) == 2


async def test_comment_behind_many_others_is_found(
    jira: Opened, state: JiraState, clock: Moment
) -> None:
    start = clock.now
    await jira.run("comment", COMMENT)
    for number in range(130):
        await jira.run("comment", COMMENT, mark=f"other-{number:010}")
    outcome = await jira.run("comment", COMMENT, may_exist=True, intended_at=start)
    assert outcome.found


async def test_properties_of_comments_are_read_one_by_one_where_the_list_has_none(
    remote: Remote, clock: Moment
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/comment/7/properties/scanbridge"):
            value = {"mark": "mark-0000000001"}
            return httpx.Response(200, json={"key": "scanbridge", "value": value})
        if "/properties/" in request.url.path:
            return httpx.Response(404, json={})
        made = "2026-11-21T12:00:00.000+0000"
        comments = [{"id": "8", "created": made}, {"id": "7", "created": made}]
        return httpx.Response(200, json={"comments": comments, "total": 2})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    outcome = await jira.run("comment", COMMENT, may_exist=True)
    assert (outcome.found, outcome.outputs) == (True, {"id": "7"})


async def test_transition_goes_by_the_name_of_the_status(jira: Opened, state: JiraState) -> None:
    outcome = await jira.run("transition", {"ticket": "SEC-1", "to": "in progress"})
    assert status(state) == "In Progress"
    assert outcome.outputs == {"status": "In Progress"}


async def test_transition_may_be_named_itself(jira: Opened, state: JiraState) -> None:
    await jira.run("transition", {"ticket": "SEC-1", "to": "Start Progress"})
    assert status(state) == "In Progress"


async def test_ticket_that_is_there_already_is_left_alone(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    outcome = await jira.run("transition", {"ticket": "SEC-1", "to": "TO DO", "comment": "x"})
    assert outcome.found
    assert {one.method for one in sandbox.app.journal.entries} == {"GET"}


@pytest.mark.parametrize(("fault", "value"), [("lost_answer", "next:1"), ("5xx", "after:every:4")])
async def test_transition_whose_answer_was_lost_is_found_and_commented_once(
    fault: str, value: str, jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, **{fault: value})
    moved: dict[str, JSON] = {"ticket": "SEC-1", "to": "Done", "comment": "*Fixed*"}
    await until_done(jira, "transition", moved)
    assert status(state) == "Done"
    assert [one.body for one in issue(state).comments.values()] == ["_Fixed_"]


async def test_transition_that_was_made_is_not_made_again_where_somebody_moved_the_ticket_on(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, lost_answer="next:1")
    with pytest.raises(TryAgain):
        await jira.run("transition", {"ticket": "SEC-1", "to": "In Progress"})
    await jira.run("transition", {"ticket": "SEC-1", "to": "To Do"}, mark="mark-0000000002")
    outcome = await jira.run(
        "transition", {"ticket": "SEC-1", "to": "In Progress"}, may_exist=True, attempt=2
    )
    assert outcome.found
    assert status(state) == "To Do"


async def test_comment_older_than_the_intent_by_our_clock_is_found_all_the_same(
    jira: Opened, state: JiraState, clock: Moment
) -> None:
    made = await jira.run("comment", COMMENT)
    clock.pass_seconds(3600)
    again = await jira.run("comment", COMMENT, may_exist=True)
    assert again.found
    assert again.outputs == made.outputs


async def test_lost_comment_behind_a_transition_is_not_written_twice(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, lost_answer="every:2")
    moved: dict[str, JSON] = {"ticket": "SEC-1", "to": "Done", "comment": "Fixed"}
    await until_done(jira, "transition", moved)
    assert status(state) == "Done"
    assert len(issue(state).comments) == 1


async def test_status_that_cannot_be_reached_gives_up_and_names_those_that_can(
    jira: Opened,
) -> None:
    with pytest.raises(GiveUp, match=r"no way from 'To Do' to 'Shipped'.*Done, In Progress"):
        await jira.run("transition", {"ticket": "SEC-1", "to": "Shipped"})


async def test_required_field_of_the_screen_gives_up_and_is_named(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, required_transition_field="resolution")
    with pytest.raises(GiveUp, match=r"resolution \(Resolution\): Done, Won't Do, Duplicate"):
        await jira.run("transition", {"ticket": "SEC-1", "to": "Done"})
    assert status(state) == "To Do"


@pytest.mark.parametrize(
    "given", [{"resolution": "won't do"}, {"Resolution": {"name": "Won't Do"}}]
)
async def test_required_field_is_filled_by_id_or_by_name(
    given: dict[str, JSON], jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, required_transition_field="resolution")
    await jira.run("transition", {"ticket": "SEC-1", "to": "Done", "fields": given})
    assert status(state) == "Done"
    assert issue(state).values["resolution"] == "10001"


async def test_value_that_the_field_does_not_allow_gives_up_and_lists_those_it_does(
    jira: Opened,
) -> None:
    with pytest.raises(GiveUp, match="'Fixed' is not allowed; allowed are: Done, Won't Do"):
        await jira.run(
            "transition", {"ticket": "SEC-1", "to": "Done", "fields": {"resolution": "Fixed"}}
        )


async def test_field_that_is_not_on_the_screen_is_left_out_and_reported(
    jira: Opened, state: JiraState
) -> None:
    outcome = await jira.run(
        "transition", {"ticket": "SEC-1", "to": "Done", "fields": {"duedate": "2026-12-01"}}
    )
    assert status(state) == "Done"
    assert "duedate is not on the screen" in outcome.lost[0]


async def test_done_means_the_category_where_no_status_has_that_name(
    remote: Remote, clock: Moment
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(204)
        if request.url.path.endswith("/transitions"):
            closed = {"name": "Closed", "statusCategory": {"key": "done"}}
            ways = [{"id": "5", "name": "Close", "to": closed}]
            return httpx.Response(200, json={"transitions": ways})
        now = {"name": "Open", "statusCategory": {"key": "new"}}
        return httpx.Response(200, json={"fields": {"status": now}})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    outcome = await jira.run("transition", {"ticket": "SEC-1", "to": "Done"})
    assert outcome.outputs == {"status": "Closed"}
    assert b'{"id": "5"}' in remote.requests[-1].content


async def test_comment_that_the_screen_demands_goes_with_the_transition(
    remote: Remote, clock: Moment
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(204)
        if request.url.path.endswith("/transitions"):
            screen = {"comment": {"required": True, "name": "Comment"}}
            way = {"id": "5", "name": "Close", "to": {"name": "Closed"}, "fields": screen}
            return httpx.Response(200, json={"transitions": [way]})
        return httpx.Response(200, json={"fields": {"status": {"name": "Open"}}})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    moved: dict[str, JSON] = {"ticket": "SEC-1", "to": "Closed"}
    with pytest.raises(GiveUp, match=r"comment \(Comment\)"):
        await jira.run("transition", moved)
    await jira.run("transition", {**moved, "comment": "**ok**"})
    (post,) = [one for one in remote.requests if one.method == "POST"]
    assert b'"update": {"comment": [{"add": {"body": "*ok*"}}]}' in post.content


async def test_values_with_an_id_and_lists_are_passed_on_as_they_are(
    jira: Opened, state: JiraState
) -> None:
    given: JSON = {"resolution": {"id": "10002"}, "labels": ["x"]}
    await jira.run("transition", {"ticket": "SEC-1", "to": "Done", "fields": given})
    assert issue(state).values["resolution"] == "10002"
    assert issue(state).labels == ["x"]


async def test_empty_comment_gives_up(jira: Opened) -> None:
    with pytest.raises(GiveUp, match="the comment is empty"):
        await jira.run("comment", {"ticket": "SEC-1", "body": " \n", "format": "markdown"})


async def test_file_is_attached_byte_for_byte(jira: Opened, state: JiraState) -> None:
    outcome = await jira.run(
        "attach", {"ticket": "SEC-1", "filename": "a/ü b.bin", "content_base64": "AAH/DQo="}
    )
    (made,) = issue(state).attachments.values()
    assert (made.filename, made.content) == ("ü b.bin", b"\x00\x01\xff\r\n")
    assert outcome.outputs == {"id": made.id}


@pytest.mark.parametrize(("fault", "value"), LOST)
async def test_attachment_whose_answer_was_lost_is_found(
    fault: str, value: str, jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, **{fault: value})
    outcome = await until_done(
        jira, "attach", {"ticket": "SEC-1", "filename": "r.txt", "content": "all"}
    )
    assert outcome.found
    assert len(issue(state).attachments) == 1


async def test_attachment_of_the_same_name_and_size_by_another_action_is_not_taken_for_it(
    jira: Opened, state: JiraState
) -> None:
    await jira.run("attach", {"ticket": "SEC-1", "filename": "r.txt", "content": "one"})
    two: dict[str, JSON] = {"ticket": "SEC-1", "filename": "r.txt", "content": "two"}
    outcome = await jira.run("attach", two, mark="mark-0000000002", may_exist=True)
    assert not outcome.found
    again = await jira.run("attach", two, mark="mark-0000000002", may_exist=True)
    assert again.found
    assert again.outputs == outcome.outputs
    contents = [one.content for one in issue(state).attachments.values()]
    assert contents == [b"one", b"two"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("c:\\x\\y.txt", "y.txt"),
        ('a"b\r\nc.txt', "a_b c.txt"),
        ("x" * 300, "x" * 255),
    ],
)
def test_file_name_is_bare(given: str, name: str) -> None:
    assert file_name(given) == name


@pytest.mark.parametrize("given", ["..", "/", " "])
def test_what_is_no_file_name_gives_up(given: str) -> None:
    with pytest.raises(GiveUp):
        file_name(given)


async def test_update_sets_what_it_names_and_keeps_the_bridges_own_label(
    jira: Opened, state: JiraState
) -> None:
    made = await jira.run("create_ticket", {"summary": "old", "labels": ["a"]})
    key = str(made.outputs["key"])
    await jira.run(
        "update_ticket",
        {
            "ticket": key,
            "summary": "new\nline",
            "labels": ["b"],
            "assignee": "anna@sandbox.example",
        },
    )
    changed = state.issues[key]
    assert changed.values["summary"] == "new line"
    assert changed.labels == ["b", "scanbridge-mark-0000000001"]
    assert changed.values["assignee"] is not None
    await jira.run("update_ticket", {"ticket": key, "assignee": ""})
    assert state.issues[key].values["assignee"] is None


async def test_update_of_nothing_gives_up(jira: Opened) -> None:
    with pytest.raises(GiveUp, match="names no field"):
        await jira.run("update_ticket", {"ticket": "SEC-1"})


async def test_ticket_that_is_gone_gives_up_in_jiras_words(jira: Opened) -> None:
    for action in ("update_ticket", "comment", "transition", "append_table", "attach"):
        every: dict[str, dict[str, JSON]] = {
            "update_ticket": {"priority": "High"},
            "comment": {"body": "x"},
            "transition": {"to": "Done"},
            "append_table": {"columns": ["a"], "row": ["1"]},
            "attach": {"filename": "a.txt", "content": "x"},
        }
        with pytest.raises(GiveUp, match="does not exist") as caught:
            await jira.run(action, {"ticket": "SEC-999", **every[action]})
        assert caught.value.status == 404


async def test_many_writes_to_one_issue_are_told_to_wait_for_that_issue_only(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, per_issue_429="on")
    for number in range(30):
        await until_done(jira, "comment", COMMENT, mark=f"mark-{number:010}")
    assert len(issue(state).comments) == 30


async def test_check_of_a_sound_integration_finds_nothing_wrong(jira: Opened) -> None:
    findings = await jira.connector.check(jira.client)
    assert [(one.what, one.ok) for one in findings] == [
        ("credentials", True),
        ("site", True),
        ("project", True),
        ("permissions", True),
        ("fields", True),
        ("transitions", True),
    ], findings


async def test_check_names_what_is_wrong(sandbox: RunningSandbox, clock: Moment) -> None:
    jira = open_connector("jira", None, clock, {"base_url": sandbox.jira_url, "project": "NOPE"})
    findings = {one.what: one for one in await jira.connector.check(jira.client)}
    assert not findings["project"].ok
    await jira.http.aclose()
    jira = open_connector(
        "jira", None, clock, {"base_url": sandbox.jira_url, "issue_type": "Incident"}
    )
    findings = {one.what: one for one in await jira.connector.check(jira.client)}
    assert "no issue type 'Incident'" in findings["fields"].message
    clock.pass_seconds(1)
    await jira.http.aclose()


async def test_check_sees_a_clock_that_is_off_and_a_missing_permission(
    remote: Remote, clock: Moment
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/serverInfo"):
            return httpx.Response(200, json={"serverTime": "2026-11-21T14:00:00.000+0000"})
        if request.url.path.endswith("/mypermissions"):
            has = {"BROWSE_PROJECTS": {"havePermission": True}}
            return httpx.Response(200, json={"permissions": has})
        return httpx.Response(200, json={})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    findings = {one.what: one for one in await jira.connector.check(jira.client)}
    assert "its clock is 7200 s ahead of this machine's" in findings["site"].message
    assert all(one.ok or one.hint for one in findings.values())
    assert "CREATE_ISSUES" in findings["permissions"].message
    assert "BROWSE_PROJECTS" not in findings["permissions"].message
