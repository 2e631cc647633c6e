"""push_case: one ticket for a case, kept up to date, and what people changed in it stays."""

from __future__ import annotations

import pytest

from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.sandbox.jira.state import Issue, JiraState
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import Opened, set_faults, until_done

MARK = "case-mark-0000000001"
COMMENTS: list[JSON] = [
    {"id": "k-1", "comment": "Seen *again*.", "created_by": {"username": "elastic"}},
    {"id": "k-2", "type": "alert", "alertId": ["a"]},
]
CASE: dict[str, JSON] = {
    "id": "31cdada0",
    "title": "Weak certificate",
    "description": "The key has **1024** bits.",
    "status": "open",
    "severity": "high",
    "tags": ["tag 1", "tls"],
    "comments": COMMENTS,
}


async def push(jira: Opened, case: dict[str, JSON], **more: JSON) -> dict[str, JSON]:
    outcome = await jira.run("push_case", {"case": case, **more}, mark=MARK)
    return dict(outcome.outputs)


def labels_of(state: JiraState, key: str) -> list[str]:
    return [one for one in state.issues[key].labels if not one.startswith("scanbridge-")]


def bodies(issue: Issue) -> list[str]:
    return [str(one.body) for one in issue.comments.values()]


async def test_case_becomes_a_ticket_with_its_comments(jira: Opened, state: JiraState) -> None:
    before = len(state.issues)
    made = await push(jira, CASE, priority="High", issue_type="Bug")
    issue = state.issues[str(made["key"])]
    assert len(state.issues) == before + 1
    assert made["created"] is True
    assert made["comments"] == ["k-1"]
    assert made["case"] == "31cdada0"
    assert str(made["url"]).endswith(f"/browse/{made['key']}")
    assert issue.values["summary"] == "Weak certificate"
    assert issue.values["description"] == "The key has *1024* bits."
    assert labels_of(state, issue.key) == ["tag-1", "tls"]
    assert bodies(issue) == ["Seen _again_.\n\n_Added by elastic to the case Weak certificate._"]


async def test_second_push_finds_the_ticket_by_the_cases_mark(
    jira: Opened, state: JiraState
) -> None:
    made = await push(jira, CASE)
    again = await jira.run("push_case", {"case": CASE}, mark=MARK)
    assert again.found
    assert (again.outputs["key"], again.outputs["created"]) == (made["key"], False)
    assert len(state.issues[str(made["key"])].comments) == 1


@pytest.mark.parametrize("fault", ["lost_answer", "5xx"])
async def test_one_ticket_and_each_comment_once_whatever_happens_to_the_answers(
    fault: str, jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, **{fault: "after:next:3" if fault == "5xx" else "next:3"}, index_lag="5")
    before = len(state.issues)
    done = await until_done(jira, "push_case", {"case": CASE}, mark=MARK)
    assert len(state.issues) == before + 1
    assert len(state.issues[str(done.outputs["key"])].comments) == 1


async def test_what_changed_in_the_case_is_written_and_what_people_wrote_stays(
    jira: Opened, state: JiraState
) -> None:
    key = str((await push(jira, CASE))["key"])
    issue = state.issues[key]
    issue.values["summary"] = "A person's words"
    await jira.run("update_ticket", {"ticket": key, "labels": ["tag-1", "tls", "by-hand"]})
    table: dict[str, JSON] = {"ticket": key, "columns": ["A"], "row": ["1"]}
    await jira.run("append_table", table, mark="table-0000000001")
    later: dict[str, JSON] = {**CASE, "description": "It was replaced.", "tags": ["tls", "new"]}
    again = await push(jira, later, ticket=key)
    assert again["changed"] == ["description", "labels"]
    assert issue.values["summary"] == "A person's words"
    text = str(issue.values["description"])
    assert text.startswith("It was replaced.\n\n{anchor:scanbridge-table-0000000001}")
    assert labels_of(state, key) == ["tls", "by-hand", "new"]
    assert (await push(jira, later, ticket=key))["changed"] == []


async def test_what_an_event_did_not_tell_has_not_changed(jira: Opened, state: JiraState) -> None:
    key = str((await push(jira, CASE))["key"])
    short: dict[str, JSON] = {"id": CASE["id"], "title": "Weak certificates"}
    short["comment"] = {"id": "k-9", "body": "By mail.", "author": "Ada"}
    again = await push(jira, short, ticket=key)
    assert (again["changed"], again["comments"]) == (["summary"], ["k-9"])
    assert state.issues[key].values["description"] == "The key has *1024* bits."
    assert labels_of(state, key) == ["tag-1", "tls"]
    assert (await push(jira, CASE, ticket=key))["changed"] == ["summary"]


async def test_ticket_that_was_not_made_by_a_push_keeps_its_words(
    jira: Opened, state: JiraState
) -> None:
    made = await jira.run("create_ticket", {"summary": "By hand", "description": "Mine."})
    key = str(made.outputs["key"])
    pushed = await push(jira, CASE, ticket=key)
    assert pushed["changed"] == ["labels"]
    fields = state.issues[key].values
    assert (fields["summary"], fields["description"]) == ("By hand", "Mine.")
    again = await push(jira, {**CASE, "title": "Weak certificates"}, ticket=key)
    assert again["changed"] == ["summary"]


async def test_words_of_a_case_never_act_as_markup_or_mention_anybody(
    jira: Opened, state: JiraState
) -> None:
    hostile: dict[str, JSON] = {
        "id": "c", "title": "a\nb", "description": "{code}x [~admin] |a|",
        "comments": [{"id": "1", "comment": "{panel}", "created_by": {"username": "*x* [~root]"}}],
    }  # fmt: skip
    issue = state.issues[str((await push(jira, hostile))["key"])]
    assert issue.values["summary"] == "a b"
    for text in (str(issue.values["description"]), bodies(issue)[0]):
        assert "{code}" not in text.replace("\\{", "")
        assert "[~" not in text.replace("\\[", "")


async def test_case_without_a_title_is_refused_in_words(jira: Opened) -> None:
    with pytest.raises(GiveUp, match="the case has no title"):
        await push(jira, {"id": "x"})
    with pytest.raises(GiveUp, match="there is no case to push"):
        await jira.run("push_case", {"case": "only-an-id"})
