"""create_ticket against the sandbox: exactly one ticket, whatever happens to the answers."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from pydantic import ValidationError

from bridge.connectors.jira.options import JiraSettings
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.jira.state import Issue, JiraState
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import Moment, Opened, Remote, open_connector, set_faults, until_done

NEW: dict[str, JSON] = {"summary": "RSA-1024 certificate", "issue_type": "Bug"}


def with_mark(state: JiraState, mark: str = "mark-0000000001") -> list[Issue]:
    return [one for one in state.issues.values() if f"scanbridge-{mark}" in one.labels]


async def test_ticket_has_everything_the_rule_gave(jira: Opened, state: JiraState) -> None:
    outcome = await jira.run(
        "create_ticket",
        {
            **NEW,
            "description": "**Bad** key in `tls`.",
            "labels": ["scan ner", "qtangl", "qtangl", " "],
            "priority": "High",
            "assignee": "anna@sandbox.example",
            "fields": {"customfield_10051": "f-1", "labels": ["extra"]},
        },
    )
    (issue,) = with_mark(state)
    assert issue.labels == ["scan-ner", "qtangl", "extra", "scanbridge-mark-0000000001"]
    assert issue.values["description"] == "*Bad* key in {{tls}}."
    assert issue.values["customfield_10051"] == "f-1"
    assert issue.values["assignee"] is not None
    assert issue.properties["scanbridge"] == {"mark": "mark-0000000001"}
    base = jira.client.settings.base_url
    assert outcome.outputs == {
        "key": issue.key,
        "id": issue.id,
        "url": f"{base}/browse/{issue.key}",
    }
    assert not outcome.found


async def test_summary_is_one_line_of_at_most_255(jira: Opened, state: JiraState) -> None:
    outcome = await jira.run("create_ticket", {**NEW, "summary": "a\nb " + "word " * 100})
    (issue,) = with_mark(state)
    summary = str(issue.values["summary"])
    assert summary.startswith("a b word")
    assert len(summary) <= 255
    assert outcome.lost == ("the summary was cut to 255 characters",)


async def test_description_beyond_the_limit_is_cut_and_reported(
    jira: Opened, state: JiraState
) -> None:
    outcome = await jira.run("create_ticket", {**NEW, "description": "paragraph\n\n" * 10_000})
    (issue,) = with_mark(state)
    text = str(issue.values["description"])
    assert 32_000 < len(text) <= 32_767
    assert text.endswith("paragraph\n\n… cut here.")
    assert re.search("cut from .* to .* characters", outcome.lost[0])


@pytest.mark.parametrize(
    ("text_format", "given", "kept"),
    [("wiki", "h1. *x*", "h1. *x*"), ("plain", "*x*", "\\*x\\*"), ("markdown", "*x*", "_x_")],
)
async def test_format_says_which_markup_the_description_is(
    text_format: str, given: str, kept: str, jira: Opened, state: JiraState
) -> None:
    await jira.run("create_ticket", {**NEW, "description": given, "format": text_format})
    (issue,) = with_mark(state)
    assert issue.values["description"] == kept


async def test_first_try_does_not_search(jira: Opened, sandbox: RunningSandbox) -> None:
    await jira.run("create_ticket", NEW)
    paths = [(one.method, one.path) for one in sandbox.app.journal.entries]
    assert paths == [("GET", "/rest/api/2/serverInfo"), ("POST", "/rest/api/2/issue")]


@pytest.mark.parametrize("lag", ["0", "5", "600"])
@pytest.mark.parametrize("fault", ["lost_answer", "5xx"])
async def test_lost_answer_leaves_exactly_one_ticket_even_while_the_index_lags(
    fault: str, lag: str, jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    before = len(state.issues)
    await jira.client.facts()
    value = "next:1" if fault == "lost_answer" else "after:next:1"
    set_faults(sandbox, **{fault: value, "index_lag": lag})
    outcome = await until_done(jira, "create_ticket", NEW)
    assert outcome.found
    assert len(state.issues) == before + 1
    assert outcome.outputs["key"] == with_mark(state)[0].key


async def test_create_that_never_happened_is_done_by_the_retry(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, **{"5xx": "before:next:2", "index_lag": "600"})
    outcome = await until_done(jira, "create_ticket", NEW)
    assert not outcome.found
    assert len(with_mark(state)) == 1


async def test_many_tickets_with_lost_answers_and_a_lagging_index_are_each_made_once(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, lost_answer="every:3", index_lag="3")
    for number in range(12):
        await until_done(jira, "create_ticket", NEW, mark=f"mark-{number:010}")
    for number in range(12):
        assert len(with_mark(state, f"mark-{number:010}")) == 1


async def test_ticket_is_found_behind_others_that_the_index_misses_and_gaps(
    jira: Opened, state: JiraState, sandbox: RunningSandbox, clock: Moment
) -> None:
    clock.pass_seconds(700)
    set_faults(sandbox, index_lag="600")
    start = clock.now
    for number in range(9):
        await jira.run("create_ticket", NEW, mark=f"other-{number:010}")
    await jira.run("create_ticket", NEW)
    for number in range(3, 8):
        made = with_mark(state, f"other-{number:010}")[0]
        await jira.client.site.fetch("DELETE", f"/rest/api/2/issue/{made.key}")
    outcome = await jira.run("create_ticket", NEW, may_exist=True, intended_at=start)
    assert outcome.found
    assert len(with_mark(state)) == 1


async def test_mark_is_found_by_the_property_where_the_label_was_taken_off(
    jira: Opened, state: JiraState
) -> None:
    await jira.run("create_ticket", NEW)
    (issue,) = with_mark(state)
    await jira.client.edit(issue.key, {"labels": []})
    outcome = await jira.run("create_ticket", NEW, may_exist=True)
    assert outcome.found
    assert outcome.outputs["key"] == issue.key


async def test_clone_made_by_a_person_is_not_taken_for_the_ticket(
    jira: Opened, state: JiraState, clock: Moment
) -> None:
    await jira.run("create_ticket", NEW)
    (issue,) = with_mark(state)
    clock.pass_seconds(60)
    clone = {"project": {"key": "SEC"}, "summary": "CLONE", "issuetype": {"name": "Bug"}}
    await jira.client.post("/issue", {"fields": {**clone, "labels": list(issue.labels)}})
    outcome = await jira.run("create_ticket", NEW, may_exist=True, intended_at=clock.now - 60_000)
    assert outcome.outputs["key"] == issue.key


async def test_ticket_older_than_the_intent_by_our_clock_is_found_all_the_same(
    jira: Opened, state: JiraState, clock: Moment
) -> None:
    await jira.run("create_ticket", NEW)
    clock.pass_seconds(3600)
    outcome = await jira.run("create_ticket", NEW, may_exist=True)
    assert outcome.found
    assert len(with_mark(state)) == 1


async def test_first_ticket_of_a_project_is_looked_for_from_its_first_key(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, index_lag="600")
    made = await jira.run("create_ticket", NEW)
    again = await jira.run("create_ticket", NEW, may_exist=True)
    assert again.found
    assert again.outputs == made.outputs


async def test_odd_project_key_never_reaches_a_search(
    jira: Opened, sandbox: RunningSandbox
) -> None:
    with pytest.raises(GiveUp, match="is no project key"):
        await jira.run("create_ticket", {**NEW, "project": 'X" OR 1'}, may_exist=True)
    assert not [one for one in sandbox.app.journal.entries if "OR 1" in str(one.body)]


async def test_project_that_grows_too_fast_is_tried_again(remote: Remote, clock: Moment) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        fields = {"labels": [], "created": "2026-11-21T12:00:00.000+0000"}
        if request.url.path.endswith("/search"):
            known = (
                []
                if b"labels" in request.content.partition(b"fields")[0]
                else [{"id": "1", "key": "SEC-100", "fields": fields}]
            )
            return httpx.Response(200, json={"issues": known})
        key = request.url.path.rpartition("/")[2]
        return httpx.Response(200, json={"id": "9", "key": key, "fields": fields})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock, {"deployment": "data-center"})
    with pytest.raises(TryAgain, match="faster than they can be looked through"):
        await jira.run("create_ticket", NEW, may_exist=True)
    reads = [one for one in remote.requests if one.method == "GET"]
    assert len(reads) <= 60
    assert all(one.method == "GET" or one.url.path.endswith("/search") for one in remote.requests)


async def test_project_without_labels_on_its_screen_gets_the_ticket_and_says_what_is_lost(
    remote: Remote, clock: Moment
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if b"labels" in request.content:
            errors = {"labels": "Field 'labels' cannot be set. It is not on the screen."}
            return httpx.Response(400, json={"errorMessages": [], "errors": errors})
        return httpx.Response(201, json={"id": "1", "key": "SEC-7"})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    outcome = await jira.run("create_ticket", NEW)
    assert outcome.outputs["key"] == "SEC-7"
    assert "not on the screen" in outcome.lost[0]
    assert b"mark-0000000001" in remote.requests[-1].content


async def test_answer_without_a_key_may_have_happened(remote: Remote, clock: Moment) -> None:
    remote.answer = lambda _: httpx.Response(201, json={})
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    with pytest.raises(TryAgain) as caught:
        await jira.run("create_ticket", NEW)
    assert caught.value.may_have_happened


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"issue_type": "Bugg"}, "issue ?type"),
        ({"project": "NOPE"}, "project"),
        ({"priority": "Urgent"}, "priority"),
        ({"summary": "\n"}, "the summary is empty"),
        ({"assignee": "nobody@example.com"}, "fits 0 users"),
        ({"fields": {"customfield_99999": 1}}, "customfield_99999"),
    ],
)
async def test_what_jira_refuses_gives_up_in_its_words(
    change: dict[str, JSON], words: str, jira: Opened, state: JiraState
) -> None:
    before = len(state.issues)
    with pytest.raises(GiveUp, match=f"(?i){words}"):
        await jira.run("create_ticket", {**NEW, **change})
    assert len(state.issues) == before


async def test_no_project_anywhere_gives_up(remote: Remote, clock: Moment) -> None:
    jira = open_connector("jira", httpx.MockTransport(remote), clock, {"project": None})
    with pytest.raises(GiveUp, match="no project"):
        await jira.run("create_ticket", NEW)
    assert remote.requests == []


async def test_ticket_below_an_epic_on_cloud_has_it_as_parent(
    remote: Remote, clock: Moment
) -> None:
    remote.answer = lambda _: httpx.Response(201, json={"id": "1", "key": "SEC-7"})
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    await jira.run("create_ticket", {**NEW, "parent": "SEC-1"})
    assert b'"parent": {"key": "SEC-1"}' in remote.requests[0].content


@pytest.mark.parametrize("issue_type", ["Task", "sub-task"])
async def test_ticket_below_another_is_tied_to_it_as_the_site_wants_it(
    issue_type: str, jira: Opened, state: JiraState
) -> None:
    made = await jira.run("create_ticket", {**NEW, "parent": "SEC-1", "issue_type": issue_type})
    values = state.issues[str(made.outputs["key"])].values
    cloud = (await jira.client.facts()).cloud
    name = "parent" if cloud or issue_type == "sub-task" else "customfield_10014"
    assert {one for one in ("parent", "customfield_10014") if values.get(one)} == {name}
    assert values[name] == "SEC-1"


async def test_data_center_without_epics_says_what_is_missing(
    remote: Remote, clock: Moment
) -> None:
    kinds: list[JSON] = [{"name": "Unteraufgabe", "subtask": True}]
    remote.answer = lambda request: httpx.Response(
        200, json=kinds if request.url.path.endswith("/issuetype") else []
    )
    jira = open_connector("jira", httpx.MockTransport(remote), clock, {"deployment": "data-center"})
    with pytest.raises(GiveUp, match="is no sub-task, and this Jira has no Epic Link field"):
        await jira.run("create_ticket", {**NEW, "parent": "SEC-1"})
    assert {one.method for one in remote.requests} == {"GET"}


ADA: dict[str, JSON] = {"accountId": "5b0000000000000000000009", "displayName": "Ada Example"}


@pytest.mark.parametrize(
    ("who", "found", "sent"),
    [
        ("5b0000000000000000000009", None, {"accountId": "5b0000000000000000000009"}),
        ("712020:0-0-0-0-0", None, {"accountId": "712020:0-0-0-0-0"}),
        ("ada@example.com", [ADA], {"accountId": "5b0000000000000000000009"}),
        ("ada example", [ADA, {**ADA, "active": False}], {"accountId": ADA["accountId"]}),
        ("ada@example.com", [ADA, {**ADA, "accountType": "app"}], {"accountId": ADA["accountId"]}),
    ],
)
async def test_assignee_on_cloud_is_an_account_id_or_searched_for(
    who: str, found: JSON, sent: JSON, remote: Remote, clock: Moment
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json={"id": "1", "key": "SEC-7"})
        assert request.url.params["query"] == who
        return httpx.Response(200, json=found)

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    await jira.run("create_ticket", {**NEW, "assignee": who})
    assert json.loads(remote.requests[-1].content)["fields"]["assignee"] == sent
    assert len(remote.requests) == (1 if found is None else 2)


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("ada", None),
        ("ada@example.com", [{"name": "ada", "emailAddress": "ADA@example.com"}]),
        ("ada@example.com", [{"name": "ada@example.com"}, {"name": "another"}]),
    ],
)
async def test_assignee_on_data_center_is_a_user_name(
    who: str, found: JSON, remote: Remote, clock: Moment
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json={"id": "1", "key": "SEC-7"})
        assert request.url.params["username"] == who
        return httpx.Response(200, json=found)

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock, {"deployment": "data-center"})
    await jira.run("create_ticket", {**NEW, "assignee": who})
    name = found[0]["name"] if isinstance(found, list) and isinstance(found[0], dict) else who
    assert json.loads(remote.requests[-1].content)["fields"]["assignee"] == {"name": name}


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"email": "a@example.com"},
        {"api_token": "made-up"},
        {"token": "made-up", "email": "a@example.com"},
        {"token": "made-up", "api_token": "made-up", "email": "a@example.com"},
    ],
)
def test_half_or_double_credentials_are_refused(auth: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="or `access_token` alone") as caught:
        JiraSettings.model_validate({"base_url": "https://j.example", "auth": auth})
    assert "made-up" not in str(caught.value)


async def test_personal_access_token_is_sent_as_bearer(remote: Remote, clock: Moment) -> None:
    remote.answer = lambda _: httpx.Response(201, json={"id": "1", "key": "SEC-7"})
    jira = open_connector(
        "jira", httpx.MockTransport(remote), clock, {"auth": {"token": "made-up-pat"}}
    )
    await jira.run("create_ticket", NEW)
    assert remote.requests[0].headers["authorization"] == "Bearer made-up-pat"
