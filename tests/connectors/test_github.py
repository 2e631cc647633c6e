"""GitHub: issues made once, edited carefully, moved, commented, with tables; alerts dismissed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import ValidationError

from bridge.connectors.github.options import GitHubSettings
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.github.state import GitHubState
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import (
    Moment,
    Opened,
    Remote,
    open_connector,
    opened_at,
    recorder,
    set_faults,
    until_done,
)
from tests.connectors.described import answer_as_described, as_described, openapi

NEW: dict[str, JSON] = {"summary": "RSA-1024 certificate", "description": "Found **twice**."}
ROW: dict[str, JSON] = {
    "ticket": "1",
    "title": "shop.example",
    "columns": ["Date", "High"],
    "row": ["2026-11-21", "3"],
}


@pytest.fixture
async def github(sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/github"}
    async for opened in opened_at(sandbox, "github", clock, options):
        yield opened


@pytest.fixture
def state(sandbox: RunningSandbox) -> GitHubState:
    found = sandbox.app.neighbours["github"].state
    assert isinstance(found, GitHubState)
    return found


async def test_issue_carries_what_the_rule_says(github: Opened, state: GitHubState) -> None:
    outcome = await github.run(
        "create_ticket",
        {**NEW, "labels": ["scanner", "two words"], "priority": "High", "assignee": "@anna"},
    )
    (issue,) = state.issues.values()
    assert outcome.outputs["key"] == "sandbox/shop#1"
    assert str(outcome.outputs["url"]).endswith("/sandbox/shop/issues/1")
    assert issue.title == "RSA-1024 certificate"
    assert issue.body == "Found **twice**.\n\n<!-- scanbridge:mark-0000000001 -->"
    assert issue.labels == ["scanner", "two words", "priority: High"]
    assert issue.assignees == ["anna"]
    assert outcome.lost == ()


@pytest.mark.parametrize("fault", [{"lost_answer": "next:1"}, {"_5xx": "after:next:1"}])
@pytest.mark.parametrize("lag", ["0", "3600"])
async def test_lost_answer_makes_no_second_issue(
    github: Opened, state: GitHubState, sandbox: RunningSandbox, fault: dict[str, str], lag: str
) -> None:
    faults = {name.lstrip("_"): value for name, value in fault.items()}
    set_faults(sandbox, index_lag=lag, **faults)
    outcome = await until_done(github, "create_ticket", NEW)
    assert outcome.found
    assert outcome.outputs["key"] == "sandbox/shop#1"
    assert len(state.issues) == 1


async def test_issue_of_a_try_long_ago_is_found_by_the_search(
    github: Opened, state: GitHubState
) -> None:
    await github.run("create_ticket", NEW)
    for _ in range(101):
        await github.run("create_ticket", NEW, mark="mark-of-another-1")
    later = github.clock.now + 40 * 86_400_000  # a node that died, and a clock that jumped
    outcome = await github.run("create_ticket", NEW, may_exist=True, intended_at=later)
    assert outcome.found
    assert outcome.outputs["key"] == "sandbox/shop#1"


async def test_answer_that_never_was_is_created_after_looking(
    github: Opened, state: GitHubState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, **{"5xx": "before:next:1"})
    outcome = await until_done(github, "create_ticket", NEW)
    assert not outcome.found
    assert len(state.issues) == 1


async def test_nobody_is_called_by_an_events_text(github: Opened, state: GitHubState) -> None:
    text = "@octo-org/team see #12, mail a@b.example, `@code` stays"
    await github.run("create_ticket", {"summary": "x", "description": text})
    body = str(state.issues[1].body)
    assert "@\u2060octo-org/team" in body
    assert "#\u206012" in body
    assert "a@b.example" in body
    assert "`@code`" in body


async def test_mentions_act_where_the_integration_says_so(
    sandbox: RunningSandbox, clock: Moment, state: GitHubState
) -> None:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/github", "mentions": True}
    async for github in opened_at(sandbox, "github", clock, options):
        await github.run("create_ticket", {"summary": "x", "description": "@octo-org/team"})
    assert str(state.issues[1].body).startswith("@octo-org/team")


async def test_update_keeps_the_mark_and_the_labels_of_the_priority(
    github: Opened, state: GitHubState
) -> None:
    await github.run("create_ticket", {**NEW, "labels": ["a"], "priority": "Low"})
    await github.run("update_ticket", {"ticket": "#1", "description": "New", "labels": ["b"]})
    issue = state.issues[1]
    assert issue.body == "New\n\n<!-- scanbridge:mark-0000000001 -->"
    assert issue.labels == ["b", "priority: Low"]
    await github.run("update_ticket", {"ticket": "1", "priority": "High", "assignee": ""})
    assert issue.labels == ["b", "priority: High"]
    assert issue.assignees == []


@pytest.mark.parametrize(
    ("to", "state_reason"),
    [("closed", "completed"), ("Done", "completed"), ("Won't fix", "not_planned"),
     ("not_planned", "not_planned"), ("duplicate", "duplicate")],
)  # fmt: skip
async def test_issue_is_closed_for_a_reason(
    github: Opened, state: GitHubState, to: str, state_reason: str
) -> None:
    await github.run("create_ticket", NEW)
    outcome = await github.run("transition", {"ticket": "1", "to": to, "comment": "Because."})
    issue = state.issues[1]
    assert (issue.state, issue.reason) == ("closed", state_reason)
    assert outcome.outputs == {"status": "closed"}
    assert issue.comments[0].body.startswith("Because.")
    again = await github.run("transition", {"ticket": "1", "to": to})
    assert again.found
    await github.run("transition", {"ticket": "1", "to": "open"})
    assert (issue.state, issue.reason) == ("open", "reopened")


async def test_transition_whose_answer_was_lost_undoes_no_persons_change(
    github: Opened, state: GitHubState, sandbox: RunningSandbox
) -> None:
    await github.run("create_ticket", NEW)
    intended_at = github.clock.now
    set_faults(sandbox, lost_answer="next:1")
    close: dict[str, JSON] = {"ticket": "1", "to": "closed"}
    with pytest.raises(TryAgain):
        await github.run("transition", close)
    github.clock.pass_seconds(5)
    async with httpx.AsyncClient(headers={"authorization": "Bearer as-anna"}) as anna:
        url = f"{sandbox.base_url}/github/repos/sandbox/shop/issues/1"
        await anna.patch(url, json={"state": "open"})
    github.clock.pass_seconds(5)
    outcome = await github.run("transition", close, may_exist=True, intended_at=intended_at)
    assert outcome.found
    assert state.issues[1].state == "open"


async def test_unknown_status_gives_up_and_names_the_known_ones(github: Opened) -> None:
    with pytest.raises(GiveUp, match=r"no status 'In Progress'.*open, reopened"):
        await github.run("transition", {"ticket": "1", "to": "In Progress"})


async def test_comment_is_added_once(
    github: Opened, state: GitHubState, sandbox: RunningSandbox
) -> None:
    await github.run("create_ticket", NEW)
    for number in range(105):  # more than a page, so that the newest stand on the second
        await github.run("comment", {"ticket": "1", "body": "x"}, mark=f"mark-before-{number:04}")
    set_faults(sandbox, lost_answer="next:1")
    outcome = await until_done(github, "comment", {"ticket": "1", "body": "Seen *again*."})
    comments = state.issues[1].comments
    assert len(comments) == 106
    assert outcome.outputs == {"id": str(comments[-1].id)}
    assert comments[-1].body == "Seen *again*.\n\n<!-- scanbridge:mark-0000000001 -->"


async def test_table_stands_below_the_text_and_above_the_mark(
    github: Opened, state: GitHubState, sandbox: RunningSandbox
) -> None:
    await github.run("create_ticket", NEW)
    set_faults(sandbox, lost_answer="next:1")
    await until_done(github, "append_table", ROW, mark="mark-table-00001")
    await github.run("append_table", {**ROW, "row": ["a|b", "@anna"]}, mark="mark-table-00002")
    assert state.issues[1].body == (
        "Found **twice**.\n\n"
        "<!-- scanbridge-table:mark-table-00001 -->\n**shop.example**\n\n"
        "| Date | High |\n| --- | --- |\n| 2026-11-21 | 3 |\n\n"
        "<!-- scanbridge-table:mark-table-00002 -->\n**shop.example**\n\n"
        "| Date | High |\n| --- | --- |\n| a\\|b | @\u2060anna |\n\n"
        "<!-- scanbridge:mark-0000000001 -->"
    )


async def test_full_body_moves_its_oldest_tables_into_comments(
    github: Opened, state: GitHubState
) -> None:
    await github.run("create_ticket", {**NEW, "description": "Kept as it is."})
    rows: JSON = [["x" * 400, str(number)] for number in range(20)]
    for number in range(10):
        mark = f"mark-table-{number:05}"
        parameters: dict[str, JSON] = {"ticket": "1", "columns": ["A", "B"], "rows": rows}
        await github.run("append_table", parameters, mark=mark)
    issue = state.issues[1]
    assert len(str(issue.body)) <= 65_536
    assert str(issue.body).startswith("Kept as it is.")
    whole = str(issue.body) + "".join(one.body for one in issue.comments)
    for number in range(10):
        assert whole.count(f"scanbridge-table:mark-table-{number:05} ") == 1
    again = await github.run(
        "append_table",
        {"ticket": "1", "columns": ["A", "B"], "rows": rows},
        mark="mark-table-00000",
        may_exist=True,
    )
    assert again.found


@pytest.mark.parametrize(
    ("alert", "reason", "kept"),
    [
        ("sandbox/shop/code-scanning/1", "false positive", "false positive"),
        ("dependabot/1", "tolerable_risk", "tolerable_risk"),
        ("https://github.example/sandbox/shop/security/secret-scanning/1", "Revoked", "revoked"),
        ("dependabot/1", "False_Positive", "inaccurate"),
        ("code-scanning/1", "wont_fix", "won't fix"),
    ],
)
async def test_alert_is_dismissed_with_its_reason_and_opened_again(
    github: Opened, state: GitHubState, alert: str, reason: str, kept: str
) -> None:
    parameters: dict[str, JSON] = {"alert": alert, "state": "dismissed", "reason": reason}
    await github.run("update_alert", {**parameters, "comment": "Accepted in SEC-12."})
    (changed,) = [one for one in state.alerts.values() if one.state != "open"]
    assert (changed.reason, changed.comment) == (kept, "Accepted in SEC-12.")
    assert changed.kind in alert
    assert (await github.run("update_alert", parameters)).found
    outcome = await github.run("update_alert", {"alert": alert, "state": "open"})
    assert outcome.outputs == {"state": "open"}
    assert changed.state == "open"


async def test_longest_text_leaves_room_for_the_parent_and_the_mark(github: Opened) -> None:
    parent = f"{'o' * 39}/{'r' * 100}#1234567890"
    given: dict[str, JSON] = {"summary": "x", "description": "word " * 30_000, "parent": parent}
    await github.run("create_ticket", given)
    body = json.loads(recorder(github).requests[-1].content)["body"]
    assert f"Part of {parent}\n\n<!-- scanbridge:" in body
    assert len(body) <= 65_536


@pytest.mark.parametrize("kind", ["code-scanning", "secret-scanning"])
async def test_comment_of_a_reopened_alert_is_sent_or_told_as_lost(
    github: Opened, kind: str
) -> None:
    given: dict[str, JSON] = {"alert": f"{kind}/1", "state": "dismissed", "reason": "won't fix"}
    await github.run("update_alert", given)
    again: dict[str, JSON] = {**given, "state": "open", "comment": "Back @octocat"}
    opened = await github.run("update_alert", again)
    sent = json.loads(recorder(github).requests[-1].content)
    assert "the reason was left out: GitHub takes one with a dismissal only" in opened.lost
    if kind == "secret-scanning":
        assert sent == {"state": "open", "resolution_comment": "Back @\u2060octocat"}
        assert len(opened.lost) == 1
    else:
        assert sent == {"state": "open"}
        assert len(opened.lost) == 2


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"alert": "code-scanning/1", "state": "dismissed"}, "a reason is missing"),
        ({"alert": "code-scanning/1", "state": "gone"}, "no state 'gone'"),
        ({"alert": "SEC-12", "state": "open"}, "is no alert"),
        ({"alert": "dependabot/1", "state": "closed", "reason": "x"}, "fix_started"),
    ],
)
async def test_alert_that_cannot_be_meant_gives_up(
    github: Opened, parameters: dict[str, JSON], words: str
) -> None:
    with pytest.raises(GiveUp, match=words):
        await github.run("update_alert", parameters)


@pytest.mark.parametrize("ticket", ["SEC-1", "", "0", "a/b/c#1", "../1", "1; drop"])
async def test_what_is_no_issue_is_never_asked_for(github: Opened, ticket: str) -> None:
    with pytest.raises((GiveUp, ValidationError)):
        await github.run("comment", {"ticket": ticket, "body": "x"})
    assert recorder(github).requests == []


def limited(
    remote: Remote, clock: Moment, status: int, headers: dict[str, str], words: str
) -> Opened:
    remote.answer = lambda _: httpx.Response(status, headers=headers, json={"message": words})
    return open_connector("github", httpx.MockTransport(remote), clock)


@pytest.mark.parametrize(
    ("status", "headers", "words", "after"),
    [
        (403, {"retry-after": "30"}, "You have exceeded a secondary rate limit", 30.0),
        (403, {}, "You have exceeded a secondary rate limit", 60.0),
        (429, {}, "", 60.0),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795262460"}, "", 60.0),
    ],
)
async def test_every_form_of_githubs_limits_is_waited_for(
    remote: Remote, clock: Moment, status: int, headers: dict[str, str], words: str, after: float
) -> None:
    github = limited(remote, clock, status, headers, words)
    with pytest.raises(TryAgain) as caught:
        await github.run("create_ticket")
    error = caught.value
    assert (error.after_seconds, error.scope, error.may_have_happened) == (after, "site", False)


async def test_403_that_is_no_limit_gives_up(remote: Remote, clock: Moment) -> None:
    headers = {"x-ratelimit-remaining": "4999"}
    github = limited(remote, clock, 403, headers, "Resource not accessible by integration")
    with pytest.raises(GiveUp, match="not accessible"):
        await github.run("create_ticket")


async def test_what_github_left_out_is_reported(remote: Remote, clock: Moment) -> None:
    made = {"number": 7, "id": 1, "labels": [], "assignees": [], "html_url": "https://x.example/7"}
    remote.answer = lambda _: httpx.Response(201, json=made)
    github = open_connector("github", httpx.MockTransport(remote), clock)
    outcome = await github.run("create_ticket", {**NEW, "labels": ["a"], "assignee": "anna"})
    assert outcome.lost == ("GitHub did not set the labels a", "GitHub did not assign anna")


async def test_doctor_finds_the_repository(github: Opened, sandbox: RunningSandbox) -> None:
    findings = await github.connector.check(github.client)
    assert [(one.what, one.ok) for one in findings] == [
        ("credentials", True),
        ("repository", True),
        ("alerts", True),
    ]
    elsewhere: dict[str, JSON] = {
        "base_url": f"{sandbox.base_url}/github",
        "repository": "sandbox/none",
    }
    async for other in opened_at(sandbox, "github", github.clock, elsewhere):
        findings = await other.connector.check(other.client)
        assert [(one.what, one.ok) for one in findings][1] == ("repository", False)


@pytest.mark.parametrize(
    "options",
    [
        {"auth": {}},
        {"auth": {"token": "made-up", "access_token": "made-up"}},
        {"auth": {"token": "made-up"}, "repository": "shop"},
        {"auth": {"token": "made-up"}, "repository": "a/b/../c"},
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, JSON]) -> None:
    with pytest.raises(ValidationError) as caught:
        GitHubSettings.model_validate({"repository": "a/b", **options})
    assert "made-up" not in str(caught.value)


async def test_every_request_and_answer_is_one_that_github_describes(
    github: Opened, sandbox: RunningSandbox
) -> None:
    api = openapi("github.json")
    await github.run("create_ticket", {**NEW, "labels": ["a"], "assignee": "anna"})
    set_faults(sandbox, lost_answer="next:1")
    await until_done(github, "create_ticket", NEW, mark="mark-0000000002")
    update: dict[str, JSON] = {"ticket": "1", "description": "y", "priority": "High"}
    await github.run("update_ticket", update)
    await github.run("transition", {"ticket": "1", "to": "done", "comment": "x"})
    made = await github.run("comment", {"ticket": "1", "body": "x"}, may_exist=True)
    edit: dict[str, JSON] = {"ticket": "1", "comment": made.outputs["id"], "body": "y"}
    await github.run("edit_comment", edit)
    await github.run("append_table", ROW, may_exist=True)
    for kind, reason in (("code-scanning", "won't fix"), ("dependabot", "not_used"),
                         ("secret-scanning", "revoked")):  # fmt: skip
        parameters: dict[str, JSON] = {"alert": f"{kind}/1", "state": "resolved", "reason": reason}
        await github.run("update_alert", parameters)
        await github.run("update_alert", {"alert": f"{kind}/1", "state": "open"})
    comments: list[JSON] = [{"id": "1", "body": "b"}]
    case: dict[str, JSON] = {"id": "1", "title": "t", "tags": ["c"], "comments": comments}
    for title in ("t", "u"):
        pushed: dict[str, JSON] = {"case": {**case, "title": title, "tags": [title]}}
        await github.run("push_case", pushed, mark="mark-0000000003")
    await github.connector.check(github.client)
    seen: set[tuple[str, str]] = set()
    for request, answer in recorder(github).answers:
        described = as_described(request, "/github")
        where = described.path
        if where == "/search/issues" or where.endswith("/events"):
            continue  # not among the paths of the cut description
        api.validate_request(described)
        if where != "/repos/sandbox/shop":  # a repository has 80 fields, of which a few are shown
            api.validate_response(described, answer_as_described(answer))
        seen.add((request.method, where))
    assert len(seen) >= 15, seen
