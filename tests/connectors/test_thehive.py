"""TheHive's cases and alerts, against the sandbox over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from bridge.connectors.thehive.options import TheHiveSettings
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.serve import RunningSandbox
from bridge.sandbox.thehive.show import user
from bridge.sandbox.thehive.state import Entity, HiveState
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


@pytest.fixture
async def thehive(sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/thehive"}
    async for opened in opened_at(sandbox, "thehive", clock, options):
        yield opened


@pytest.fixture
def state(sandbox: RunningSandbox) -> HiveState:
    found = sandbox.app.neighbours["thehive"].state
    assert isinstance(found, HiveState)
    return found


def the_case(state: HiveState) -> Entity:
    (case,) = state.of("Case")
    return case


def words(one: Entity) -> list[str]:
    """What people read of the comments."""
    return [each.message.partition("\n\n[scanbridge")[0] for each in one.comments]


def tags(one: Entity) -> list[str]:
    found = one.values["tags"]
    assert isinstance(found, list)
    return [str(tag) for tag in found if not str(tag).startswith("scanbridge-")]


async def made(thehive: Opened, state: HiveState, **more: JSON) -> Entity:
    outcome = await thehive.run("create_ticket", {"summary": "Weak", "description": "x", **more})
    return state.entities[str(outcome.outputs["key"])]


async def test_case_is_made_with_what_the_rule_says(thehive: Opened, state: HiveState) -> None:
    outcome = await thehive.run(
        "create_ticket",
        {
            "summary": "RSA-1024\ncertificate",
            "description": "Found **twice** <b>",
            "priority": "Critical",
            "labels": ["tls", "tls", "two words"],
            "assignee": "anna@sandbox.example",
            "issue_type": "Bug",
            "fields": {"tlp": 3, "customFields": {"host": "shop"}},
        },
    )
    case = the_case(state)
    assert (outcome.outputs["key"], outcome.outputs["id"]) == (case.id, "1")
    assert str(outcome.outputs["url"]).endswith(f"/cases/{case.id}/details")
    assert case.values["title"] == "RSA-1024 certificate"
    assert case.values["description"] == "Found **twice** \\<b\\>"
    assert (case.values["severity"], case.values["tlp"]) == (4, 3)
    assert case.values["customFields"] == {"host": "shop"}
    assert case.values["assignee"] == "anna@sandbox.example"
    assert tags(case) == ["tls", "two words"]
    assert outcome.lost == ("a case has no type; `fields: {caseTemplate: …}` names a template",)


@pytest.mark.parametrize("fault", ["lost_answer", "5xx"])
@pytest.mark.parametrize("action", ["create_ticket", "comment", "attach", "update_alert"])
async def test_one_of_each_whatever_happens_to_the_answers(
    action: str, fault: str, thehive: Opened, state: HiveState, sandbox: RunningSandbox
) -> None:
    case = await made(thehive, state) if action in ("comment", "attach") else None
    alert, other = state.of("Alert")
    given: dict[str, dict[str, JSON]] = {
        "create_ticket": {"summary": "x"},
        "comment": {"ticket": case.id if case else "", "body": "Seen again."},
        "attach": {"ticket": case.id if case else "", "filename": "a.txt", "content": "x"},
        "update_alert": {"alert": alert.id, "state": "dismissed", "comment": "Known."},
    }
    set_faults(sandbox, **{fault: "after:next:2" if fault == "5xx" else "next:2"}, index_lag="1.5")
    await until_done(thehive, action, given[action], mark="mark-0000000002")
    case = the_case(state) if action != "update_alert" else alert
    assert len(state.of("Case")) == (action != "update_alert")
    assert len(case.comments) == (action in ("comment", "update_alert"))
    assert len(case.files) == (action == "attach")
    assert other.values["status"] == "New"


async def test_a_look_in_vain_waits_for_the_index_before_it_makes_another(
    thehive: Opened, state: HiveState
) -> None:
    with pytest.raises(TryAgain, match="the search has to catch up") as caught:
        await thehive.run("create_ticket", may_exist=True)
    assert caught.value.after_seconds == 5.0
    thehive.clock.pass_seconds(5)
    await thehive.run("create_ticket", may_exist=True)
    assert len(state.of("Case")) == 1


@pytest.mark.parametrize(
    ("to", "status", "stage"),
    [
        ("In Progress", "InProgress", "InProgress"),
        ("in-progress", "InProgress", "InProgress"),
        ("Done", "Other", "Closed"),
        ("closed", "Other", "Closed"),
        ("False positive", "FalsePositive", "Closed"),
        ("TruePositive", "TruePositive", "Closed"),
        ("duplicate", "Duplicated", "Closed"),
    ],
)
async def test_status_moves_by_the_usual_names_and_by_thehives_own(
    to: str, status: str, stage: str, thehive: Opened, state: HiveState
) -> None:
    case = await made(thehive, state)
    moved = await thehive.run("transition", {"ticket": case.id, "to": to, "comment": "So."})
    assert (case.values["status"], case.stage, moved.outputs) == (status, stage, {"status": status})
    assert words(case) == ["So."]
    again = await thehive.run("transition", {"ticket": case.id, "to": to})
    assert again.found


async def test_case_that_a_person_closed_for_a_reason_keeps_it(
    thehive: Opened, state: HiveState
) -> None:
    case = await made(thehive, state)
    case.values["status"] = "TruePositive"
    closed = await thehive.run("transition", {"ticket": "1", "to": "closed"})
    assert (closed.found, closed.outputs) == (True, {"status": "TruePositive"})
    await thehive.run("transition", {"ticket": "1", "to": "open"})
    assert case.stage == "New"


async def test_update_names_only_what_it_changes(thehive: Opened, state: HiveState) -> None:
    case = await made(thehive, state, labels=["old"])
    change: dict[str, JSON] = {"ticket": f"thehive/{case.id}", "labels": ["new"], "priority": "low"}
    await thehive.run("update_ticket", change)
    assert (tags(case), case.values["severity"]) == (["new"], 1)
    assert len(case.values["tags"]) == 2  # type: ignore[arg-type]
    with pytest.raises(GiveUp, match="nothing to update"):
        await thehive.run("update_ticket", {"ticket": case.id})
    with pytest.raises(GiveUp, match="cannot take an assignee away"):
        await thehive.run("update_ticket", {"ticket": case.id, "assignee": ""})


@pytest.mark.parametrize(
    ("state_", "reason", "status"),
    [
        ("dismissed", "", "Ignored"),
        ("resolved", "false positive", "FalsePositive"),
        ("closed", "Duplicate", "Duplicate"),
        ("in progress", "", "InProgress"),
        ("Pending", "", "Pending"),
    ],
)
async def test_alert_is_set_and_opened_again(
    state_: str, reason: str, status: str, thehive: Opened, state: HiveState
) -> None:
    alert = state.of("Alert")[0]
    parameters: dict[str, JSON] = {"alert": "scan;scanner;finding-1", "state": state_}
    outcome = await thehive.run("update_alert", {**parameters, "reason": reason})
    assert (alert.values["status"], outcome.outputs) == (status, {"state": status})
    assert (await thehive.run("update_alert", {**parameters, "reason": reason})).found
    await thehive.run("update_alert", {"alert": alert.id, "state": "open"})
    assert alert.values["status"] == "New"


async def test_reason_without_a_status_is_reported(thehive: Opened, state: HiveState) -> None:
    alert = state.of("Alert")[0]
    outcome = await thehive.run(
        "update_alert", {"alert": alert.id, "state": "dismissed", "reason": "tolerable risk"}
    )
    assert "the reason was left out" in outcome.lost[0]


@pytest.mark.parametrize(
    ("action", "parameters", "words"),
    [
        ("create_ticket", {"summary": "x", "priority": "soon"}, "no severity 'soon'"),
        ("create_ticket", {"summary": "x", "assignee": "nobody"}, "Invalid format for assignee"),
        ("create_ticket", {"summary": "x", "description": "x", "format": "adf"}, "no ADF document"),
        ("comment", {"ticket": "~7", "body": "x"}, "Case not found"),
        ("comment", {"ticket": "../user/1", "body": "x"}, "is no case"),
        ("transition", {"ticket": "~7", "to": "x"}, "404"),
        ("update_alert", {"alert": "a/b", "state": "open"}, "is no alert"),
        ("update_alert", {"alert": "scan;scanner;finding-1", "state": "odd"}, "format for status"),
    ],
)
async def test_what_thehive_cannot_take_is_refused_in_words(
    action: str, parameters: dict[str, JSON], words: str, thehive: Opened
) -> None:
    with pytest.raises(GiveUp, match=words):
        await thehive.run(action, parameters)


async def test_check_of_a_sound_integration_finds_nothing_wrong(thehive: Opened) -> None:
    findings = await thehive.connector.check(thehive.client)
    assert [(one.what, one.ok, one.hint) for one in findings] == [
        ("credentials", True, ""),
        ("permissions", True, ""),
        ("site", True, ""),
    ]
    assert "bridge@sandbox.example of sandbox" in findings[0].message
    assert "TheHive 5.7.3" in findings[2].message


async def test_check_names_the_permission_and_the_licence_that_are_missing(
    remote: Remote, clock: Moment
) -> None:
    reader = {**user("a"), "profile": "read-only", "permissions": ["manageCase/create"]}
    licence = {"isValid": False, "error": "expired"}
    remote.answer = lambda request: httpx.Response(
        200, json=reader if "current" in request.url.path else {"license": licence}
    )
    thehive = open_connector("thehive", httpx.MockTransport(remote), clock)
    findings = await thehive.connector.check(thehive.client)
    assert [(one.what, one.ok) for one in findings] == [
        ("credentials", True), ("permissions", False), ("site", False),
    ]  # fmt: skip
    assert "read-only lacks manageCase/update, manageComment" in findings[1].message
    assert "licence is expired" in findings[2].message


@pytest.mark.parametrize(
    "auth",
    [{}, {"api_key": "made-up", "username": "x"}, {"username": "x"}, {"password": "made-up"}],
)
def test_half_or_double_credentials_are_refused(auth: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        TheHiveSettings.model_validate({"base_url": "https://x.example", "auth": auth})
    assert "made-up" not in str(caught.value)


async def test_organisation_and_basic_credentials_are_sent_as_thehive_takes_them(
    remote: Remote, clock: Moment
) -> None:
    options: dict[str, JSON] = {
        "auth": {"username": "anna", "password": "made-up"}, "organisation": "soc",
    }  # fmt: skip
    thehive = open_connector("thehive", httpx.MockTransport(remote), clock, options)
    await thehive.connector.check(thehive.client)
    sent = remote.requests[0].headers
    assert (sent["authorization"], sent["x-organisation"]) == ("Basic YW5uYTptYWRlLXVw", "soc")


def as_exemplified(description: Any) -> None:
    """The steps of a query by the names that the description's own examples give them; its schemas
    have placeholders there. `allowEmptyValue` is deprecated, and openapi-core warns of it."""
    schemas = description["components"]["schemas"]
    del schemas["InputQueryNamedOperation"]["discriminator"]
    for operations in description["paths"].values():
        for parameter in (
            one for each in operations.values() for one in each.get("parameters", ())
        ):
            parameter.pop("allowEmptyValue", None)
    names = {"Filter": ["filter"], "Sort": ["sort"], "Generic": ["listCase", "getCase", "getAlert",
             "comments", "attachments"]}  # fmt: skip
    for kind, known in names.items():
        schemas[f"InputQuery{kind}Operation"]["properties"]["_name"] = {"enum": known}


async def test_every_request_and_answer_is_one_that_thehive_describes(
    thehive: Opened, state: HiveState, sandbox: RunningSandbox
) -> None:
    api = openapi("thehive.json", as_exemplified)
    case = await made(thehive, state, labels=["a"], priority="high")
    set_faults(sandbox, lost_answer="next:1")
    await until_done(thehive, "create_ticket", {"summary": "x"}, mark="mark-0000000002")
    update: dict[str, JSON] = {"ticket": case.id, "summary": "s", "description": "d"}
    await thehive.run("update_ticket", {**update, "labels": ["b"], "priority": "low"})
    await thehive.run("transition", {"ticket": case.id, "to": "Done", "comment": "c"})
    await thehive.run("comment", {"ticket": case.id, "body": "b"}, may_exist=True)
    file: dict[str, JSON] = {"ticket": case.id, "filename": "a.txt", "content": "x"}
    await thehive.run("attach", file)
    assert (await thehive.run("attach", file, may_exist=True)).found
    for to in ("dismissed", "open"):
        alert = "scan;scanner;finding-1"
        await thehive.run("update_alert", {"alert": alert, "state": to, "comment": to})
    comments: list[JSON] = [{"id": "1", "body": "b"}]
    for title in ("t", "u"):
        pushed: dict[str, JSON] = {"id": "1", "title": title, "tags": [title]}
        parameters: dict[str, JSON] = {"case": {**pushed, "comments": comments}}
        await thehive.run("push_case", parameters, mark="mark-0000000003")
    await thehive.connector.check(thehive.client)
    seen: set[str] = set()
    for request, answer in recorder(thehive).answers:
        described = as_described(request, "/thehive")
        if not described.path.endswith("/attachments"):  # a body in pieces
            api.validate_request(described)
        if answer.status_code != 204 and not described.path.endswith("/query"):
            api.validate_response(described, answer_as_described(answer))
        seen.add(f"{request.method} {described.path.rpartition('~')[0] or described.path}")
    assert len(seen) >= 8, seen
