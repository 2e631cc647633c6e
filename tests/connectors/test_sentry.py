"""Sentry: issues resolved, archived and opened again, and comments that come once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import ValidationError

from bridge.connectors.sentry.options import SentrySettings
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.sentry.state import FIRST, Happening, Issue, SentryState
from bridge.sandbox.serve import RunningSandbox
from bridge.text.ink import INK
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

SAID: dict[str, JSON] = {"ticket": "SHOP-1", "body": "Accepted in **SEC-12**."}


@pytest.fixture
async def sentry(sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/sentry", "project": "shop"}
    async for opened in opened_at(sandbox, "sentry", clock, options):
        yield opened


@pytest.fixture
def issue(sandbox: RunningSandbox) -> Issue:
    state = sandbox.app.neighbours["sentry"].state
    assert isinstance(state, SentryState)
    return state.issues[FIRST]


def shown(text: str) -> str:
    return "".join(one for one in text if one not in INK)


@pytest.mark.parametrize(
    ("state", "reason", "status", "substatus"),
    [
        ("resolved", None, "resolved", None),
        ("Closed", "fixed in 1.2", "resolved", None),
        ("ignored", None, "ignored", "archived_until_escalating"),
        ("dismissed", "forever", "ignored", "archived_forever"),
        ("archived", "until_escalating", "ignored", "archived_until_escalating"),
    ],
)
@pytest.mark.parametrize(
    "alert",
    [str(FIRST), "SHOP-1", f"sentry/{FIRST}", f"https://sandbox.sentry.io/issues/{FIRST}/?x=1"],
)
async def test_issue_is_set_and_opened_again(
    sentry: Opened,
    issue: Issue,
    alert: str,
    state: str,
    reason: str | None,
    status: str,
    substatus: str | None,
) -> None:
    if "?" in alert:
        alert = alert.partition("?")[0]
    parameters: dict[str, JSON] = {"alert": alert, "state": state, "reason": reason}
    outcome = await sentry.run("update_alert", parameters)
    assert (issue.status, issue.substatus) == (status, substatus)
    assert outcome.outputs == {"state": status}
    assert bool(outcome.lost) is (reason == "fixed in 1.2")
    assert (await sentry.run("update_alert", parameters)).found
    await sentry.run("update_alert", {"alert": alert, "state": "open"})
    assert issue.status == "unresolved"


async def test_issue_moves_as_a_ticket_does_too(sentry: Opened, issue: Issue) -> None:
    moved: dict[str, JSON] = {"ticket": "SHOP-1", "to": "Done", "comment": "Fixed *now*."}
    outcome = await sentry.run("transition", {**moved, "fields": {"resolution": "x"}})
    assert (issue.status, outcome.outputs) == ("resolved", {"status": "resolved"})
    assert outcome.lost == ("resolution left out: `fields` takes a `reason` here",)
    assert [shown(one.text) for one in issue.notes] == ["Fixed *now*."]
    archived: dict[str, JSON] = {
        "ticket": "SHOP-1",
        "to": "ignored",
        "fields": {"reason": "forever"},
    }
    await sentry.run("transition", archived)
    assert issue.substatus == "archived_forever"


async def test_priority_and_assignee_are_set_and_nothing_else(sentry: Opened, issue: Issue) -> None:
    await sentry.run("update_alert", {"alert": "SHOP-1", "state": "ignored", "reason": "forever"})
    outcome = await sentry.run(
        "update_ticket",
        {"ticket": "SHOP-1", "priority": "Lowest", "assignee": "anna@sandbox.example",
         "summary": "x"},
    )  # fmt: skip
    assert (issue.priority, issue.assignee) == ("low", "anna")
    assert (issue.status, issue.substatus) == ("ignored", "archived_forever")
    assert outcome.lost == ("the summary was left out: Sentry has its own",)
    await sentry.run("update_ticket", {"ticket": "SHOP-1", "assignee": ""})
    assert issue.assignee == ""
    for wrong, said in (
        ({"summary": "x"}, "nothing to update"),
        ({"priority": "soon"}, "no priority 'soon'"),
        ({"assignee": "nobody"}, "Unknown actor"),
    ):
        with pytest.raises(GiveUp, match=said):
            await sentry.run("update_ticket", {"ticket": "SHOP-1", **wrong})


async def test_issue_is_resolved_in_the_next_release(sentry: Opened, issue: Issue) -> None:
    parameters: dict[str, JSON] = {"alert": "SHOP-1", "state": "resolved"}
    await sentry.run("update_alert", {**parameters, "reason": "in next release"})
    assert issue.details == {"inNextRelease": True}


async def test_change_whose_answer_was_lost_undoes_no_persons_change(
    sentry: Opened, issue: Issue, sandbox: RunningSandbox
) -> None:
    intended_at = sentry.clock.now
    set_faults(sandbox, lost_answer="next:2")  # the transport repeats a PUT by itself once
    resolve: dict[str, JSON] = {"alert": "SHOP-1", "state": "resolved", "comment": "Fixed."}
    with pytest.raises(TryAgain):
        await sentry.run("update_alert", resolve)
    sentry.clock.pass_seconds(5)
    await sentry.run("update_alert", {"alert": "SHOP-1", "state": "open"}, mark="mark-of-anna-001")
    outcome = await sentry.run("update_alert", resolve, may_exist=True, intended_at=intended_at)
    assert outcome.found
    assert issue.status == "unresolved"
    assert [shown(one.text) for one in issue.notes] == ["Fixed."]


async def test_comment_with_an_alert_is_added_once(
    sentry: Opened, issue: Issue, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, **{"lost-answer": "every:2"})
    parameters: dict[str, JSON] = {"alert": "SHOP-1", "state": "archived", "comment": "*As* is."}
    await until_done(sentry, "update_alert", parameters)
    assert [shown(one.text) for one in issue.notes] == ["\\*As\\* is."]


@pytest.mark.parametrize("passed_seconds", [1.0, 7200.0])
async def test_comment_whose_answer_was_lost_comes_once(
    sentry: Opened, issue: Issue, sandbox: RunningSandbox, passed_seconds: float
) -> None:
    for number in range(130):  # more than a page, so that it is looked for on the second
        issue.activity.append(Happening(number, "note", "anna", sentry.clock.now, "x"))
    set_faults(sandbox, lost_answer="next:1")
    outcome = await until_done(sentry, "comment", SAID, wait_seconds=passed_seconds)
    assert outcome.found
    assert [shown(one.text) for one in issue.notes].count("Accepted in **SEC-12**.") == 1
    assert outcome.outputs == {"id": str(issue.notes[0].id)}


async def test_comment_is_known_by_sentrys_own_refusal_where_nobody_doubted(
    sentry: Opened, issue: Issue
) -> None:
    await sentry.run("comment", SAID)
    outcome = await sentry.run("comment", SAID)
    assert outcome.found
    assert len(issue.notes) == 1


async def test_two_rules_may_say_the_same(sentry: Opened, issue: Issue) -> None:
    await sentry.run("comment", SAID)
    await sentry.run("comment", SAID, mark="mark-0000000002")
    assert len(issue.notes) == 2


@pytest.mark.parametrize(
    ("action", "parameters", "words"),
    [
        ("update_alert", {"alert": "SHOP-1", "state": "odd"}, "no state 'odd'"),
        ("update_alert", {"alert": "SHOP-77", "state": "open"}, "no issue SHOP-77"),
        ("update_alert", {"alert": "12", "state": "open"}, "answered 404"),
        ("update_alert", {"alert": "../../x", "state": "open"}, "is no issue"),
        ("comment", {**SAID, "format": "adf"}, "no ADF document"),
        ("comment", {**SAID, "body": "&nbsp;"}, "is empty"),
    ],
)
async def test_what_cannot_be_meant_gives_up(
    sentry: Opened, action: str, parameters: dict[str, JSON], words: str
) -> None:
    with pytest.raises(GiveUp, match=words):
        await sentry.run(action, parameters)


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"x-sentry-rate-limit-concurrentremaining": "0"}, 1.0),
        ({"retry-after": "4", "x-sentry-rate-limit-reset": "1795262500"}, 4.0),
        ({"x-sentry-rate-limit-reset": "1795262430"}, 30.0),
        ({}, None),
    ],
)
async def test_every_form_of_sentrys_limits_is_waited_for(
    remote: Remote, clock: Moment, headers: dict[str, str], after: float | None
) -> None:
    remote.answer = lambda _: httpx.Response(429, headers=headers)
    sentry = open_connector("sentry", httpx.MockTransport(remote), clock)
    with pytest.raises(TryAgain) as caught:
        await sentry.run("comment")
    assert (caught.value.after_seconds, caught.value.scope) == (after, "endpoint")


async def test_limit_of_the_sandbox_is_waited_for(sentry: Opened, sandbox: RunningSandbox) -> None:
    set_faults(sandbox, burst_429="next:1")
    with pytest.raises(TryAgain) as caught:
        await sentry.run("comment", SAID)
    assert caught.value.after_seconds == 1.0


async def test_doctor_finds_organization_and_project(
    sentry: Opened, sandbox: RunningSandbox
) -> None:
    findings = await sentry.connector.check(sentry.client)
    assert [(one.what, one.ok) for one in findings] == [("credentials", True), ("project", True)]
    elsewhere: dict[str, JSON] = {
        "base_url": f"{sandbox.base_url}/sentry",
        "organization": "nobody",
    }
    async for other in opened_at(sandbox, "sentry", sentry.clock, elsewhere):
        findings = await other.connector.check(other.client)
    assert (findings[0].ok, findings[0].hint) == (False, "check auth and organization")


@pytest.mark.parametrize(
    "options",
    [
        {"auth": {}},
        {"auth": {"auth_token": "made-up", "access_token": "made-up"}},
        {"auth": {"auth_token": "made-up"}, "organization": "Not A Slug"},
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, JSON]) -> None:
    with pytest.raises(ValidationError) as caught:
        SentrySettings.model_validate({"organization": "sandbox", **options})
    assert "made-up" not in str(caught.value)


async def test_every_request_and_answer_is_one_that_sentry_describes(
    sentry: Opened, issue: Issue
) -> None:
    api = openapi("sentry.json")
    for state in ("resolved", "archived", "open"):
        await sentry.run("update_alert", {"alert": "SHOP-1", "state": state, "comment": state})
    next_release: dict[str, JSON] = {"alert": "SHOP-1", "state": "resolved"}
    await sentry.run("update_alert", {**next_release, "reason": "next release"})
    change: dict[str, JSON] = {"ticket": "SHOP-2", "priority": "high", "assignee": "anna"}
    await sentry.run("update_ticket", change)
    await sentry.run("transition", {"ticket": "SHOP-2", "to": "Done"})
    await sentry.connector.check(sentry.client)
    seen: set[tuple[str, str]] = set()
    for request, answer in recorder(sentry).answers:
        described = as_described(request, "/sentry")
        if described.path.endswith("/comments/"):
            continue  # not in the published description
        api.validate_request(described)
        if f"/issues/{issue.id}/" in described.path:
            api.validate_response(described, answer_as_described(answer))
        seen.add((request.method, described.path))
    assert len(seen) == 6, seen
