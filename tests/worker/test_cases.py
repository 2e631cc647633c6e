"""Cases on their way out: from the event to the ticket it is tied to, by a rule and by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.action import Outcome
from bridge.calling import Integration
from bridge.cases import Pusher, case_mark
from bridge.connectors.cases import PushCase
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.store.links import Link, find_link, links_of_ticket
from bridge.store.records import get_record
from tests.worker.conftest import FarSide, Route, far_connector

RULES = """\
version: 1
rules:
  - name: push
    on: case.*
    then:
      - push_case: {in: jira}
"""
CASE: dict[str, JSON] = {"id": "c-1", "title": "Weak certificate", "status": "open"}
PUSHED = Outcome({"key": "SEC-7", "id": "10007", "url": "https://jira.example/7", "case": "c-1"})

Make = Callable[..., Route]


async def link_of(route: Route, subject: str = "case-1") -> Link | None:
    return await route.database.read(lambda tx: find_link(tx, "default", subject))


async def test_case_is_pushed_with_its_own_mark_and_tied_to_the_ticket(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(RULES)
    far.replies = [PUSHED]
    event = await route.accept("d-1", CASE, kind="case.created", subject="case-1")
    await route.run()
    assert (await route.state(event))[0] == "done"
    (call,) = far.calls
    assert call.mark == case_mark("default", "jira", "c-1")
    assert call.parameters.case["title"] == "Weak certificate"
    assert call.parameters.ticket is None
    link = await link_of(route)
    assert link is not None
    assert (link.ticket, link.kind, link.record_id) == ("SEC-7", "case", "c-1")


async def test_later_events_push_to_the_same_ticket_and_tie_it_once(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(RULES)
    far.replies = [PUSHED, PUSHED]
    await route.accept("d-1", CASE, kind="case.created", subject="case-1")
    await route.run()
    later: dict[str, JSON] = {**CASE, "comment": {"id": "k-1", "body": "Seen."}}
    await route.accept("d-2", later, kind="case.commented", subject="case-1")
    await route.run()
    assert far.calls[1].parameters.ticket == "SEC-7"
    assert far.calls[1].mark == far.calls[0].mark
    assert far.calls[1].parameters.case["comment"]["body"] == "Seen."
    tied = await route.database.read(lambda tx: links_of_ticket(tx, "default", "SEC-7"))
    assert len(tied) == 1


async def test_latest_state_is_pushed_with_the_comment_of_each_event(
    make_route: Make, far: FarSide
) -> None:
    """Two events wait: the first carries an older title, and must not push it."""
    route = make_route(RULES)
    far.replies = [PUSHED, PUSHED]
    first: dict[str, JSON] = {**CASE, "comment": {"id": "k-1", "body": "First."}}
    await route.accept("d-1", first, kind="case.commented", subject="case-1")
    await route.accept("d-2", {**CASE, "title": "New title"}, kind="case.updated", subject="case-1")
    await route.run()
    assert [call.parameters.case["title"] for call in far.calls] == ["New title", "New title"]
    assert far.calls[0].parameters.case["comment"]["body"] == "First."


async def test_push_of_what_is_no_case_is_dead_with_a_reason(
    make_route: Make, far: FarSide
) -> None:
    rules = RULES.replace("on: case.*", "on: scan.finished")
    route = make_route(rules)
    event = await route.accept("d-1", {"score": 1})
    await route.run()
    (action,) = await route.actions(event)
    assert (action.state.value, action.reason) == (
        "dead", "push_case: the event is about no case, and `case` names none",
    )  # fmt: skip
    assert far.calls == []


async def test_rule_names_a_case_by_its_id_or_gives_it_whole(
    make_route: Make, far: FarSide
) -> None:
    by_id = "      - push_case: {in: jira, case: c-1}\n"
    whole = "      - push_case: {in: jira, case: {id: x, title: 'Scan ${{ data.target }}'}}\n"
    head = RULES.partition("      - push_case")[0]
    route = make_route(head.replace("on: case.*", "on: [scan.finished]") + by_id + whole)
    unknown = await route.accept("d-1", {"target": "a.example"})
    await route.run()
    assert "there is no case 'c-1'" in (await route.actions(unknown))[0].reason
    await route.accept("d-2", CASE, kind="case.created", subject="case-1")
    await route.accept("d-3", {"target": "b.example"}, subject="scan-2")
    await route.run()
    assert [call.parameters.case["title"] for call in far.calls] == [
        "Weak certificate", "Scan b.example",
    ]  # fmt: skip


async def test_case_is_pushed_by_hand_and_a_lost_answer_is_asked_for_again(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(RULES.replace("case.*", "case.closed"))
    await route.accept("d-1", CASE, kind="case.created", subject="case-1")
    await route.run()
    actor = route.actor
    pusher = Pusher(route.database, actor.caller, route.clock)
    integration = Integration("jira", "default", far_connector(far), far)
    far.replies = [TryAgain("no answer", may_have_happened=True), PUSHED]
    with pytest.raises(TryAgain):
        await pusher.push(integration, PushCase(case="c-1"))
    assert (await pusher.push(integration, PushCase(case="c-1"))).outputs["key"] == "SEC-7"
    assert {call.mark for call in far.calls} == {case_mark("default", "jira", "c-1")}
    link = await link_of(route)
    assert link is not None
    assert link.ticket == "SEC-7"
    with pytest.raises(GiveUp, match="there is no case 'c-2'"):
        await pusher.push(integration, PushCase(case="c-2"))


CLOSES = (
    RULES
    + """
  - name: case-follows
    on: issue.updated
    then: [{sync_status: {to: case, map: {Done: closed}}}]
"""
)


async def tied(make_route: Make, far: FarSide) -> Route:
    """A case that is tied to SEC-7, from a source that leads to the far side."""
    route = make_route(CLOSES)
    route.actor.leads_to = {("default", "events"): "jira"}
    far.replies = [PUSHED]
    await route.accept("d-1", CASE, kind="case.created", subject="case-1")
    await route.run()
    return route


async def case_status(route: Route) -> str:
    record = await route.database.read(lambda tx: get_record(tx, "default", "case", "c-1"))
    assert record is not None
    return record.status


async def test_case_is_closed_in_its_own_system_when_its_issue_is_done(
    make_route: Make, far: FarSide
) -> None:
    route = await tied(make_route, far)
    issue: dict[str, JSON] = {"key": "SEC-7", "id": "1", "status": "Done", "summary": "s"}
    await route.accept("d-2", issue, kind="issue.updated", subject="SEC-7")
    await route.run()
    call = far.calls[-1]
    assert call.name == "transition"
    assert (call.parameters.ticket, call.parameters.to) == ("c-1", "closed")
    assert await case_status(route) == "closed"


async def test_record_does_not_say_what_its_own_system_refused(
    make_route: Make, far: FarSide
) -> None:
    route = await tied(make_route, far)
    far.replies = [GiveUp("no such status")]
    issue: dict[str, JSON] = {"key": "SEC-7", "id": "1", "status": "Done", "summary": "s"}
    event = await route.accept("d-2", issue, kind="issue.updated", subject="SEC-7")
    await route.run()
    (action,) = await route.actions(event)
    assert (action.state.value, action.reason) == ("dead", "no such status")
    assert await case_status(route) == "open"
