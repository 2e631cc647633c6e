"""The four calls, to the sandbox's Jira with the templates that Kibana's page gives for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import ValidationError

from bridge.connectors.cases_webhook.options import CasesWebhookSettings
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.jira.state import Issue, JiraState
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

ISSUE = "/rest/api/2/issue"
JIRA: dict[str, JSON] = {
    "create_incident_url": ISSUE,
    "create_incident_json": """
        {"fields": {"project": {"key": "SEC"}, "issuetype": {"name": "Bug"},
         "labels": [{{{mark}}}], "summary": {{{case.title}}},
         "description": {{{case.description}}}}}""",
    "get_incident_url": f"{ISSUE}/{{{{{{external.system.id}}}}}}",
    "get_incident_response_external_title_key": "key",
    "view_incident_url": "/browse/{{{external.system.title}}}",
    "update_incident_url": f"{ISSUE}/{{{{{{external.system.id}}}}}}",
    "update_incident_json": """
        {"fields": {"summary": {{{case.title}}}, "description": {{{case.description}}}}}""",
    "create_comment_url": f"{ISSUE}/{{{{{{external.system.id}}}}}}/comment",
    "create_comment_method": "post",
    "create_comment_json": """
        {"body": {{{case.comment}}}, "properties": [{"key": "mark", "value": {{{mark}}}}]}""",
}
LOOKS: dict[str, JSON] = {
    "find_incident_url": "/rest/api/2/search?fields=summary&jql=labels%3D{{{mark}}}",
    "find_incident_response_key": "issues.0.id",
    "find_comment_url": f"{ISSUE}/{{{{{{external.system.id}}}}}}/comment?expand=properties",
}
MARK = "case-mark-0000000001"
CASE: dict[str, JSON] = {
    "id": "31cdada0",
    "title": 'Weak "certificate"',
    "description": "Line one\nline two",
    "comments": [{"id": "k-1", "comment": "Seen.", "created_by": {"username": "elastic"}}],
}


async def opened_with(
    sandbox: RunningSandbox, clock: Moment, more: dict[str, JSON]
) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {"base_url": sandbox.jira_dc_url, **JIRA, **more}
    async for opened in opened_at(sandbox, "cases-webhook", clock, options):
        yield opened


@pytest.fixture
async def target(sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    async for opened in opened_with(sandbox, clock, LOOKS):
        yield opened


@pytest.fixture
async def blind(sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    """A target in which nobody can look."""
    async for opened in opened_with(sandbox, clock, {}):
        yield opened


@pytest.fixture
def state(sandbox: RunningSandbox) -> JiraState:
    return sandbox.app.states["jira-dc"]


def made_in(state: JiraState) -> list[Issue]:
    """All but the epic that is there to begin with."""
    return [one for one in state.issues.values() if one.key != "SEC-1"]


async def push(target: Opened, case: dict[str, JSON], **more: JSON) -> dict[str, JSON]:
    outcome = await target.run("push_case", {"case": case, **more}, mark=MARK)
    return dict(outcome.outputs)


async def test_case_becomes_an_incident_with_its_comments(target: Opened, state: JiraState) -> None:
    made = await push(target, CASE)
    (issue,) = made_in(state)
    assert (made["key"], made["title"], made["created"]) == (issue.id, issue.key, True)
    assert str(made["url"]).endswith(f"/browse/{issue.key}")
    assert issue.values["summary"] == 'Weak "certificate"'
    assert issue.values["description"] == "Line one\nline two"
    assert [str(one.body) for one in issue.comments.values()] == [
        'Seen.\n\n*Added by elastic to the case Weak "certificate".*'
    ]


async def test_only_what_changed_is_sent_again(target: Opened, state: JiraState) -> None:
    made = await push(target, CASE)
    known: dict[str, JSON] = {"ticket": made["key"], "memory": made["memory"]}
    again = await target.run("push_case", {"case": CASE, **known}, mark=MARK)
    assert again.found
    (issue,) = made_in(state)
    issue.values["summary"] = "A person's words"
    comments: list[JSON] = [*CASE["comments"], {"id": "k-2", "body": "New."}]  # type: ignore[misc]
    more = await push(target, {**CASE, "comments": comments}, **known)
    assert (more["changed"], more["comments"]) == ([], ["k-2"])
    assert issue.values["summary"] == "A person's words"
    known["memory"] = more["memory"]
    changed = await push(target, {**CASE, "title": "Weaker", "comments": comments}, **known)
    assert (changed["changed"], changed["comments"]) == (["incident"], [])
    assert issue.values["summary"] == "Weaker"
    assert len(issue.comments) == 2


async def test_update_that_would_undo_what_the_case_does_not_tell_is_left_out(
    target: Opened, state: JiraState
) -> None:
    made = await push(target, CASE)
    short: dict[str, JSON] = {"id": CASE["id"], "title": "Weaker"}
    outcome = await target.run("push_case", {"case": short, "ticket": made["key"]}, mark=MARK)
    assert outcome.lost == ("not updated: the case tells no description",)
    assert made_in(state)[0].values["description"] == "Line one\nline two"


@pytest.mark.parametrize("fault", ["lost_answer", "5xx"])
@pytest.mark.parametrize("times", [1, 2])
async def test_one_of_each_where_the_target_lets_us_look(
    times: int, fault: str, target: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    met = f"next:{times}"
    set_faults(sandbox, **{fault: f"after:{met}" if fault == "5xx" else met}, index_lag="2")
    await until_done(target, "push_case", {"case": CASE}, mark=MARK)
    (issue,) = made_in(state)
    assert len(issue.comments) == 1


@pytest.mark.parametrize("lost", [1, 2])
async def test_another_process_finds_what_the_first_one_made(
    lost: int, target: Opened, state: JiraState, sandbox: RunningSandbox, clock: Moment
) -> None:
    """The first process dies behind the create, or behind the comment."""
    set_faults(sandbox, lost_answer=f"every:{lost}")
    with pytest.raises(TryAgain):
        await push(target, CASE)
    set_faults(sandbox)
    assert [len(one.comments) for one in made_in(state)] == [lost - 1]
    async for second in opened_with(sandbox, clock, LOOKS):
        for attempt in (2, 3):
            try:
                parameters: dict[str, JSON] = {"case": CASE}
                await second.run(
                    "push_case", parameters, mark=MARK, may_exist=True, attempt=attempt
                )
            except TryAgain as error:
                clock.pass_seconds(error.after_seconds or 0)
    assert [len(one.comments) for one in made_in(state)] == [1]


async def test_blind_push_stops_where_it_may_have_been_made(
    blind: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, lost_answer="next:1")
    with pytest.raises(GiveUp, match="an earlier try may have made the incident"):
        await until_done(blind, "push_case", {"case": CASE}, mark=MARK)
    with pytest.raises(GiveUp, match="find_incident_url"):  # nor by hand, saying nothing of it
        await push(blind, CASE)
    assert len(made_in(state)) == 1


async def test_blind_comment_in_doubt_stops_and_the_incident_is_not_made_again(
    blind: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    made = await push(blind, {**CASE, "comments": []})
    set_faults(sandbox, lost_answer="next:1")
    parameters: dict[str, JSON] = {
        "case": CASE, "ticket": made["key"], "memory": made["memory"],
    }  # fmt: skip
    with pytest.raises(GiveUp, match="may have made the comment"):
        await until_done(blind, "push_case", parameters, mark=MARK)
    assert len(made_in(state)[0].comments) == 1


async def test_what_a_blind_process_knows_not_to_have_begun_is_done(
    blind: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    """An update whose answer was lost puts the comments behind it in no doubt."""
    made = await push(blind, {**CASE, "comments": []})
    set_faults(sandbox, lost_answer="next:1")
    parameters: dict[str, JSON] = {
        "case": {**CASE, "title": "Weaker"}, "ticket": made["key"], "memory": made["memory"],
    }  # fmt: skip
    await until_done(blind, "push_case", parameters, mark=MARK)
    assert len(made_in(state)[0].comments) == 1


async def test_repeat_is_made_where_the_operator_says_that_it_does_no_harm(
    sandbox: RunningSandbox, clock: Moment, state: JiraState
) -> None:
    async for target in opened_with(sandbox, clock, {"in_doubt": "repeat"}):
        set_faults(sandbox, lost_answer="next:1")
        await until_done(target, "push_case", {"case": CASE}, mark=MARK)
    assert len(made_in(state)) == 2  # Jira does not take a repeat for the same


async def test_ticket_and_comment_go_by_the_same_calls(target: Opened, state: JiraState) -> None:
    given: dict[str, JSON] = {"summary": "By a rule", "description": "x", "issue_type": "Bug"}
    made = await target.run("create_ticket", given)
    assert made.lost == ("issue_type was left out: write it into the template",)
    (issue,) = made_in(state)
    assert issue.labels == ["mark-0000000001"]
    parameters: dict[str, JSON] = {"ticket": made.outputs["key"], "body": "Seen *again*."}
    await target.run("comment", parameters, mark="mark-0000000002")
    again = await target.run(
        "comment", parameters, mark="mark-0000000002", may_exist=True, attempt=2
    )
    assert again.found
    assert len(issue.comments) == 1


async def test_answer_without_an_id_is_in_doubt(remote: Remote, clock: Moment) -> None:
    remote.answer = lambda request: httpx.Response(200, json={"number": 7})
    target = open_connector("cases-webhook", httpx.MockTransport(remote), clock)
    with pytest.raises(TryAgain, match="no id under 'id'") as caught:
        await target.run("push_case", {"case": CASE})
    assert caught.value.may_have_happened


async def test_ids_and_titles_stay_in_their_part_of_the_address(
    remote: Remote, clock: Moment
) -> None:
    remote.answer = lambda request: httpx.Response(200, json={"id": "a/../b?c", "title": "x"})
    target = open_connector("cases-webhook", httpx.MockTransport(remote), clock)
    await target.run("push_case", {"case": CASE})
    paths = {one.url.raw_path.decode() for one in remote.requests}
    assert paths == {
        "/api/cases", "/api/cases/a%2F..%2Fb%3Fc", "/api/cases/a%2F..%2Fb%3Fc/comment",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"create_incident_url": "https://elsewhere.example/x"}, "must begin with https://a.exam"),
        (
            {"get_incident_url": "/x/{{{case.id}}}"},
            "no variable 'case.id' here; it knows: external",
        ),
        ({"create_incident_json": '{"a": {{{case.titel}}}}'}, "no variable 'case.titel'"),
        ({"create_incident_json": '{"a": "{{{case.title}}}"}'}, "stands without quotes around it"),
        ({"create_comment_json": "{{{external.system.id}}"}, "create_comment_json: is no JSON"),
        (
            {"find_incident_url": "/x", "create_incident_json": '{"a": {{{case.title}}}}'},
            "create_incident_json: needs case.id or mark",
        ),
        (
            {"find_comment_url": "/x", "create_comment_json": '{"a": {{{case.comment}}}}'},
            "create_comment_json: needs mark",
        ),
        ({"create_incident_method": "get"}, "'post', 'put' or 'patch'"),
        ({"auth": {"token": "made-up", "username": "x"}}, "give `token`, or `username` and"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, JSON], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CasesWebhookSettings.model_validate({"base_url": "https://a.example.com", **options})
    assert words in str(caught.value)
    assert "made-up" not in str(caught.value)


async def test_doctor_tells_whether_a_retry_can_look(target: Opened, blind: Opened) -> None:
    sound = await target.connector.check(target.client)
    assert [(one.what, one.ok, one.hint) for one in sound] == [
        ("credentials", True, ""), ("retries", True, ""),
    ]  # fmt: skip
    assert "answers 404 for an incident that is not there" in sound[0].message
    warned = await blind.connector.check(blind.client)
    assert "set find_incident_url and find_comment_url" in warned[1].hint
    assert {one.method for one in recorder(target).requests} == {"GET"}
