"""Linear: issues and comments made once by ids of our own, tables, workflow states."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_variable_values,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
    visit,
)
from pydantic import ValidationError

from bridge.connectors.linear.options import LinearSettings
from bridge.connectors.own_ids import own_id
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.linear.state import STATES, Issue, LinearState
from bridge.sandbox.serve import RunningSandbox
from bridge.text.ink import INK, ink
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
from tests.connectors.described import read_spec

NEW: dict[str, JSON] = {"summary": "RSA-1024 certificate", "description": "Found **twice**."}
ROW: dict[str, JSON] = {
    "ticket": "ENG-1",
    "title": "shop.example",
    "columns": ["Date", "High"],
    "row": ["2026-11-21", "3"],
}


@pytest.fixture
async def linear(sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/linear"}
    async for opened in opened_at(sandbox, "linear", clock, options):
        yield opened


@pytest.fixture
def state(sandbox: RunningSandbox) -> LinearState:
    found = sandbox.app.neighbours["linear"].state
    assert isinstance(found, LinearState)
    return found


def the_issue(state: LinearState) -> Issue:
    (issue,) = state.issues.values()
    return issue


def status(issue: Issue) -> str:
    return STATES[issue.state][0]


async def test_issue_carries_what_the_rule_says(linear: Opened, state: LinearState) -> None:
    made: dict[str, JSON] = {**NEW, "labels": ["scanner", "two words"], "priority": "Critical"}
    outcome = await linear.run("create_ticket", {**made, "assignee": "anna@sandbox.example"})
    issue = the_issue(state)
    assert outcome.outputs == {
        "key": "ENG-1",
        "id": issue.id,
        "url": "https://linear.app/sandbox/issue/ENG-1",
    }
    assert (issue.title, issue.description) == ("RSA-1024 certificate", "Found **twice**.")
    assert (issue.priority, issue.assignee) == (1, "9d2f4a10-0000-4000-8000-000000000012")
    assert [state.labels[one] for one in issue.labels] == ["scanner", "two words"]
    assert outcome.lost == ()


@pytest.mark.parametrize(
    "faults", [{"lost-answer": "next:1"}, {"lost-answer": "next:2"}, {"5xx": "after:next:2"}]
)
async def test_lost_answer_makes_no_second_issue(
    linear: Opened, state: LinearState, sandbox: RunningSandbox, faults: dict[str, str]
) -> None:
    set_faults(sandbox, **faults)
    outcome = await until_done(linear, "create_ticket", NEW)
    assert outcome.found or "5xx" in faults  # a 5xx may meet a question before the create
    assert outcome.outputs["key"] == "ENG-1"
    assert len(state.issues) == 1


async def test_create_that_arrived_twice_is_found_without_doubt_beforehand(
    linear: Opened, state: LinearState
) -> None:
    await linear.run("create_ticket", NEW)
    outcome = await linear.run("create_ticket", NEW, may_exist=False)
    assert outcome.found
    assert len(state.issues) == 1


async def test_refused_create_gives_up_in_linears_words(linear: Opened) -> None:
    with pytest.raises(GiveUp, match="does not know the field cycleId"):
        await linear.run("create_ticket", {**NEW, "fields": {"cycleId": "x"}})


async def test_labels_are_left_out_where_they_may_not_be_made(
    sandbox: RunningSandbox, clock: Moment, state: LinearState
) -> None:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/linear", "make_labels": False}
    async for linear in opened_at(sandbox, "linear", clock, options):
        outcome = await linear.run("create_ticket", {**NEW, "labels": ["new"]})
    assert the_issue(state).labels == []
    assert "the labels new were left out" in outcome.lost[0]


async def test_update_sets_what_is_named_and_nothing_else(
    linear: Opened, state: LinearState
) -> None:
    await linear.run("create_ticket", {**NEW, "assignee": "ben"})
    update: dict[str, JSON] = {"ticket": "eng-1", "priority": "low", "labels": ["a"]}
    await linear.run("update_ticket", update)
    issue = the_issue(state)
    assert (issue.priority, issue.title) == (4, "RSA-1024 certificate")
    page = "https://linear.app/sandbox/issue/ENG-1/rsa-1024-certificate"
    outcome = await linear.run("update_ticket", {"ticket": page, "assignee": "", "summary": "New"})
    assert (issue.assignee, issue.title) == ("", "New")
    assert outcome.outputs == {"key": "ENG-1"}


@pytest.mark.parametrize(
    ("to", "name"),
    [("Done", "Done"), ("in progress", "In Progress"), ("closed", "Done"),
     ("Won't fix", "Canceled"), ("To Do", "Todo"), ("started", "In Progress")],
)  # fmt: skip
async def test_issue_moves_by_the_name_of_the_state(
    linear: Opened, state: LinearState, to: str, name: str
) -> None:
    await linear.run("create_ticket", NEW)
    parameters: dict[str, JSON] = {"ticket": "ENG-1", "to": to, "comment": "Because."}
    outcome = await linear.run("transition", parameters)
    assert status(the_issue(state)) == name
    assert outcome.outputs == {"status": name}
    assert [one.body for one in state.comments.values()] == ["Because."]
    again = await linear.run("transition", parameters, may_exist=True)
    assert again.found
    assert len(state.comments) == 1


async def test_transition_whose_answer_was_lost_undoes_no_persons_change(
    linear: Opened, state: LinearState, sandbox: RunningSandbox
) -> None:
    await linear.run("create_ticket", NEW)
    intended_at = linear.clock.now
    set_faults(sandbox, lost_answer="next:1")
    done: dict[str, JSON] = {"ticket": "ENG-1", "to": "Done"}
    with pytest.raises(TryAgain):
        await linear.run("transition", done)
    linear.clock.pass_seconds(15)  # later than what goes into one row of the history
    await linear.run(
        "transition", {"ticket": "ENG-1", "to": "In Progress"}, mark="mark-of-anna-001"
    )
    outcome = await linear.run("transition", done, may_exist=True, intended_at=intended_at)
    assert outcome.found
    assert status(the_issue(state)) == "In Progress"


async def test_unknown_state_gives_up_and_names_the_known_ones(
    linear: Opened, state: LinearState
) -> None:
    await linear.run("create_ticket", NEW)
    with pytest.raises(GiveUp, match=r"no state 'Fixed'; there are: Backlog, Todo"):
        await linear.run("transition", {"ticket": "ENG-1", "to": "Fixed"})


async def test_comment_is_added_once(
    linear: Opened, state: LinearState, sandbox: RunningSandbox
) -> None:
    await linear.run("create_ticket", NEW)
    set_faults(sandbox, lost_answer="next:1")
    outcome = await until_done(linear, "comment", {"ticket": "ENG-1", "body": "Seen *again*."})
    (comment,) = state.comments.values()
    assert comment.body == "Seen *again*."
    assert outcome.outputs == {"id": comment.id}


async def test_nobody_is_called_by_an_events_text(linear: Opened, state: LinearState) -> None:
    text = "see https://linear.app/acme/profiles/anna and https://linear.app/docs"
    text += " and HTTPS://Linear.app/acme/profiles/bob"
    await linear.run("create_ticket", {"summary": "x", "description": text})
    description = str(the_issue(state).description)
    assert "linear.app/\u2060acme/profiles/anna" in description
    assert "Linear.app/\u2060acme/profiles/bob" in description
    assert "https://linear.app/docs" in description


async def test_table_is_appended_once_and_shows_no_mark(
    linear: Opened, state: LinearState, sandbox: RunningSandbox
) -> None:
    await linear.run("create_ticket", NEW)
    set_faults(sandbox, lost_answer="next:1")
    await until_done(linear, "append_table", ROW, mark="mark-table-00001")
    again = await linear.run("append_table", ROW, mark="mark-table-00001")
    assert again.found
    await linear.run("append_table", {**ROW, "row": ["a|b", "0"]}, mark="mark-table-00002")
    description = str(the_issue(state).description)
    shown = "".join(one for one in description if one not in INK)
    table = "**shop.example**\n\n| Date | High |\n| --- | --- |\n"
    assert shown == (f"Found **twice**.\n\n{table}| 2026-11-21 | 3 |\n\n{table}| a\\|b | 0 |")


async def test_table_is_known_by_its_words_where_the_ink_was_dropped(
    linear: Opened, state: LinearState
) -> None:
    await linear.run("create_ticket", NEW)
    await linear.run("append_table", ROW, mark="mark-table-00001")
    issue = the_issue(state)
    issue.description = "".join(one for one in str(issue.description) if one not in INK)
    retry = await linear.run("append_table", ROW, mark="mark-table-00001", may_exist=True)
    assert retry.found
    other = await linear.run("append_table", ROW, mark="mark-table-00002")
    assert not other.found


REPORT: dict[str, JSON] = {"ticket": "ENG-1", "filename": "a/re port.txt", "content": "one"}


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_file_is_attached_once(
    times: int, linear: Opened, state: LinearState, sandbox: RunningSandbox
) -> None:
    await linear.run("create_ticket", NEW)
    set_faults(sandbox, lost_answer=f"next:{times}")
    await until_done(linear, "attach", REPORT)
    (attached,) = state.attachments.values()
    assert (attached.title, attached.issue) == ("re port.txt", the_issue(state).id)
    assert state.uploads[attached.url.split("/")[-2]] == b"one"
    again = await linear.run("attach", REPORT, may_exist=True)
    assert (again.found, again.outputs) == (True, {"id": attached.id})


async def test_credentials_stay_with_linear_when_the_bytes_go_elsewhere(
    linear: Opened, state: LinearState
) -> None:
    await linear.run("create_ticket", NEW)
    await linear.run("attach", REPORT)
    (put,) = [one for one in recorder(linear).requests if one.method == "PUT"]
    assert "authorization" not in put.headers
    assert put.content == b"one"


async def test_upload_to_an_address_that_is_not_safe_is_refused(
    remote: Remote, clock: Moment
) -> None:
    place: JSON = {"uploadUrl": "http://elsewhere.example/x", "assetUrl": "x", "headers": []}
    answer: JSON = {"issue": {"id": "i"}, "fileUpload": {"uploadFile": place}}
    remote.answer = lambda _: httpx.Response(200, json={"data": answer})
    linear = open_connector("linear", httpx.MockTransport(remote), clock)
    with pytest.raises(GiveUp, match="no safe address for the upload, but one at elsewhere"):
        await linear.run("attach", REPORT)
    assert {one.url.host for one in remote.requests} == {"api.linear.example"}


def test_ink_differs_from_mark_to_mark() -> None:
    marks = [f"mark-{number:010}" for number in range(500)]
    assert len({ink(mark) for mark in marks}) == 500
    assert len({own_id(mark) for mark in marks}) == 500
    assert own_id(marks[0]) == own_id(marks[0])


@pytest.mark.parametrize("ticket", ["12", "ENG", "ENG-0", "../1", 'ENG-1"}', "https://x.example/1"])
async def test_what_is_no_issue_is_never_asked_for(linear: Opened, ticket: str) -> None:
    with pytest.raises(GiveUp, match="is no issue"):
        await linear.run("comment", {"ticket": ticket, "body": "x"})
    assert recorder(linear).requests == []


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({**NEW, "priority": "odd"}, "no priority 'odd'"),
        ({**NEW, "assignee": "nobody"}, "fits 0 people"),
        ({**NEW, "project": "OPS"}, "fits 0 teams"),
        ({**NEW, "format": "adf"}, "no ADF document"),
    ],
)
async def test_what_linear_cannot_take_gives_up(
    linear: Opened, parameters: dict[str, JSON], words: str
) -> None:
    with pytest.raises(GiveUp, match=words):
        await linear.run("create_ticket", parameters)


async def test_limit_of_the_sandbox_is_waited_for(linear: Opened, sandbox: RunningSandbox) -> None:
    set_faults(sandbox, burst_429="next:1")
    with pytest.raises(TryAgain) as caught:
        await linear.run("create_ticket", NEW)
    error = caught.value
    assert (error.after_seconds, error.scope, error.may_have_happened) == (1.0, "site", False)


@pytest.mark.parametrize(
    ("extensions", "doubt"),
    [({"type": "internal error"}, True), ({"code": "INTERNAL_SERVER_ERROR"}, True),
     ({"type": "lock timeout"}, True)],
)  # fmt: skip
async def test_errors_that_pass_are_tried_again(
    remote: Remote, clock: Moment, extensions: JSON, doubt: bool
) -> None:
    errors: JSON = [{"message": "Something went wrong", "extensions": extensions}]
    remote.answer = lambda _: httpx.Response(200, json={"data": None, "errors": errors})
    linear = open_connector("linear", httpx.MockTransport(remote), clock)
    with pytest.raises(TryAgain, match="Something went wrong") as caught:
        await linear.run("update_ticket")
    assert caught.value.may_have_happened is doubt


async def test_access_token_is_sent_as_bearer_and_a_key_as_it_is(
    remote: Remote, clock: Moment
) -> None:
    for auth in ({"access_token": "made-up-oauth"}, {"api_key": "made-up-key"}):
        linear = open_connector("linear", httpx.MockTransport(remote), clock, {"auth": {**auth}})
        with pytest.raises(TryAgain):
            await linear.run("create_ticket", NEW)
    sent = [one.headers["authorization"] for one in remote.requests]
    assert sent == ["Bearer made-up-oauth", "made-up-key"]


async def test_doctor_finds_the_team_and_its_states(
    linear: Opened, sandbox: RunningSandbox
) -> None:
    findings = await linear.connector.check(linear.client)
    assert [(one.what, one.ok) for one in findings] == [("credentials", True), ("project", True)]
    assert "In Progress" in findings[1].message
    elsewhere: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/linear", "team": "OPS"}
    async for other in opened_at(sandbox, "linear", linear.clock, elsewhere):
        findings = await other.connector.check(other.client)
    assert not findings[1].ok


@pytest.mark.parametrize("auth", [{}, {"api_key": "made-up", "access_token": "made-up"}])
def test_half_or_double_credentials_are_refused(auth: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        LinearSettings.model_validate({"auth": auth})
    assert "made-up" not in str(caught.value)


@cache
def schema() -> GraphQLSchema:
    return build_schema(read_spec("linear.graphql"), assume_valid=True)


class Answered(Visitor):
    """Walks a document and its answer together; notes where the answer breaks its type."""

    def __init__(self, info: TypeInfo, data: Any) -> None:
        super().__init__()
        self.info = info
        self.values = [data]
        self.wrong: list[str] = []

    def enter_field(self, node: Any, *_: Any) -> None:
        name = node.alias.value if node.alias else node.name.value
        parents = self.values[-1] if isinstance(self.values[-1], list) else [self.values[-1]]
        found: list[Any] = []
        for parent in parents:
            if parent is None:
                continue
            if name not in parent:
                self.wrong.append(f"{name} is missing")
                continue
            self._judge(name, parent[name], self.info.get_type())
            value = parent[name]
            found += value if isinstance(value, list) else [value]
        self.values.append(found)

    def leave_field(self, *_: Any) -> None:
        self.values.pop()

    def _judge(self, name: str, value: Any, kind: Any) -> None:
        if is_non_null_type(kind):
            if value is None:
                self.wrong.append(f"{name} is null")
            kind = kind.of_type
        if value is None:
            return
        if is_list_type(kind):
            for one in value:
                self._judge(name, one, kind.of_type)
        elif is_leaf_type(kind):
            kind.serialize(value)
        elif not isinstance(value, dict):
            self.wrong.append(f"{name} is no object")


async def test_every_request_and_answer_is_one_that_linears_schema_knows(
    linear: Opened, sandbox: RunningSandbox
) -> None:
    known = schema()
    made: dict[str, JSON] = {**NEW, "labels": ["a"], "priority": "High", "assignee": "anna"}
    await linear.run("create_ticket", made)
    await linear.run("create_ticket", {**NEW, "parent": "ENG-1"}, mark="mark-0000000002")
    set_faults(sandbox, lost_answer="next:1")
    await until_done(linear, "create_ticket", NEW, mark="mark-0000000003")
    await linear.run("update_ticket", {"ticket": "ENG-1", "labels": ["b"], "assignee": ""})
    await linear.run(
        "transition", {"ticket": "ENG-1", "to": "Done", "comment": "x"}, may_exist=True
    )
    said = await linear.run("comment", {"ticket": "ENG-1", "body": "x"}, may_exist=True)
    edit: dict[str, JSON] = {"ticket": "ENG-1", "comment": said.outputs["id"], "body": "y"}
    await linear.run("edit_comment", edit)
    await linear.run("append_table", ROW, may_exist=True)
    comments: list[JSON] = [{"id": "1", "body": "b"}]
    case: dict[str, JSON] = {"id": "1", "title": "t", "severity": "high", "comments": comments}
    for title in ("t", "u"):
        pushed: dict[str, JSON] = {"case": {**case, "title": title, "tags": [title]}}
        await linear.run("push_case", pushed, mark="mark-0000000004")
    await linear.run("attach", REPORT)
    await linear.connector.check(linear.client)
    documents: set[str] = set()
    for request, answer in recorder(linear).answers:
        if request.method == "PUT":
            continue  # the bytes of a file
        sent = json.loads(request.content)
        document = parse(sent["query"])
        assert validate(known, document) == [], sent["query"]
        operation: Any = document.definitions[0]
        coerced = get_variable_values(
            known, operation.variable_definitions or (), sent["variables"]
        )
        assert not isinstance(coerced, list), coerced
        info = TypeInfo(known)
        walk = Answered(info, answer.json()["data"])
        visit(document, TypeInfoVisitor(info, walk))
        assert walk.wrong == []
        documents.add(operation.name.value)
    assert len(documents) >= 20, documents
