"""What the bridge wrote itself is known when it comes back, once, and goes no further."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.action import Outcome
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.retention import Keep, Retention
from bridge.store.outbound import writes_of_event, writes_to
from bridge.store.replay import replay_event
from bridge.trail import read_trail
from tests.worker.conftest import FarSide, Route

Make = Callable[..., Route]

RULES = """\
version: 1
rules:
  - name: finish
    on: scan.finished
    then:
      - transition: {ticket: SEC-1, to: Done}
  - name: say
    on: alert.raised
    then:
      - comment: {ticket: SEC-1, body: "It is **done**, see [the page](https://x.example)."}
  - name: note
    on: issue.*
    then:
      - log: {message: "${{ string(data.changed.size()) }} changes"}
"""
SCAN: JSON = {"scan_id": "s", "scanner": "q", "target": "t"}
ALERT: JSON = {"id": "a", "title": "t", "severity": "low", "status": "open"}


def moved(**changed: str) -> JSON:
    return {
        "key": "SEC-1", "id": "1", "project": "SEC", "summary": "s", "status": "Done",
        "changed": {name: {"from": "x", "to": to} for name, to in changed.items()},
    }  # fmt: skip


async def told(route: Route, key: str, data: JSON, kind: str = "issue.updated") -> str:
    event = await route.accept(key, data, kind=kind, subject="SEC-1")
    await route.run()
    return event


async def finished(route: Route) -> None:
    await route.accept("scan", SCAN)
    await route.run()


async def test_own_write_that_comes_back_is_an_echo_and_says_so(make_route: Make) -> None:
    route = make_route(RULES)
    await finished(route)
    event = await told(route, "k1", moved(status="Done", resolution="Fixed"))
    assert await route.state(event) == (
        "echo", "the bridge wrote this itself: status 'Done' by finish"
    )  # fmt: skip
    assert await route.actions(event) == []
    trail = await route.database.read(lambda tx: read_trail(tx, event))
    assert trail["ours"][0]["rule"] == "finish"  # type: ignore[index,call-overload]


async def test_person_who_sets_the_same_value_later_is_heard(make_route: Make) -> None:
    route = make_route(RULES)
    await finished(route)
    await told(route, "k1", moved(status="Done"))
    later = await told(route, "k2", moved(status="Done"))
    assert (await route.state(later))[0] == "done"


async def test_delivery_that_holds_more_goes_on_with_the_rest(make_route: Make) -> None:
    route = make_route(RULES)
    await finished(route)
    event = await told(route, "k1", moved(status="Done", summary="by a person"))
    (action,) = await route.actions(event)
    assert action.planned.parameters == {"message": "1 changes"}
    own = await route.database.read(lambda tx: writes_of_event(tx, event))
    assert [one.field for one in own] == ["status"]


async def test_write_is_forgotten_once_its_field_moved_on(make_route: Make) -> None:
    """The delivery that told of our write is lost; people change the field there and back."""
    route = make_route(RULES)
    await finished(route)
    route.clock.advance(1000)
    await told(route, "k1", moved(status="To Do"))
    route.clock.advance(1000)
    event = await told(route, "k2", moved(status="Done"))
    assert (await route.state(event))[0] == "done"


async def test_write_is_not_remembered_for_ever(make_route: Make) -> None:
    route = make_route(RULES)
    await finished(route)
    route.clock.advance(121 * 60_000)
    event = await told(route, "k1", moved(status="Done"))
    assert (await route.state(event))[0] == "done"
    await Retention(route.database, route.clock, Keep({})).forget()
    assert await route.database.read(lambda tx: writes_to(tx, "default", ["SEC-1"], 0)) == []


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (GiveUp("no way to Done"), "done"),
        (Outcome({"status": "Done"}, found=True), "done"),
        (TryAgain("no answer", may_have_happened=True), "echo"),
        (TryAgain("429", status=429), "done"),
    ],
)
async def test_only_what_may_have_been_written_is_remembered(
    make_route: Make, far: FarSide, reply: Outcome | Exception, state: str
) -> None:
    route = make_route(RULES)
    far.replies = [reply]
    await finished(route)
    event = await told(route, "k1", moved(status="Done"))
    assert (await route.state(event))[0] == state


async def test_status_in_the_systems_own_words_is_recognised(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(RULES)
    far.replies = [Outcome({"status": "closed"})]
    await finished(route)
    event = await told(route, "k1", moved(status="closed"))
    assert (await route.state(event))[0] == "echo"


COMMENTED: dict[str, JSON] = {
    "key": "SEC-1", "id": "1", "project": "SEC", "summary": "s", "status": "Done",
    "comment": {"id": "77", "body": "It is *done*, see [the page|https://x.example]."},
}  # fmt: skip


async def test_own_comment_is_recognised_by_its_words_in_the_other_markup(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(RULES)
    await route.accept("a1", ALERT, kind="alert.raised")
    await route.run()
    event = await told(route, "k1", COMMENTED, "issue.commented")
    assert (await route.state(event))[0] == "echo"
    # Data Center tells of a comment a second time, as a change of the issue.
    again = await told(route, "k2", COMMENTED, "issue.updated")
    assert (await route.state(again))[0] == "echo"
    comment: JSON = {"id": "78", "body": "It is *done*, see [the page|https://x.example]."}
    other = await told(route, "k3", {**COMMENTED, "comment": comment}, "issue.commented")
    assert (await route.state(other))[0] != "echo"


async def test_own_comment_is_recognised_by_its_id(make_route: Make, far: FarSide) -> None:
    route = make_route(RULES)
    far.replies = [Outcome({"id": "77"})]
    await route.accept("a1", ALERT, kind="alert.raised")
    await route.run()
    comment: JSON = {"id": "77", "body": "in words of its own"}
    event = await told(route, "k1", {**COMMENTED, "comment": comment}, "issue.commented")
    assert (await route.state(event))[0] == "echo"


async def test_case_that_is_told_whole_is_compared_with_what_was_known(make_route: Make) -> None:
    rules = RULES.replace("ticket: SEC-1, to: Done", "ticket: c-1, to: closed")
    route = make_route(rules)
    case: dict[str, JSON] = {"id": "c-1", "title": "t", "status": "open", "severity": "low"}
    await route.accept("k1", case, kind="case.updated", subject="case-1")
    await finished(route)
    closed = await route.accept(
        "k2", {**case, "status": "closed"}, kind="case.closed", subject="case-1"
    )
    mixed = {**case, "status": "closed", "severity": "high"}
    person = await route.accept("k3", mixed, kind="case.updated", subject="case-1")
    await route.run()
    assert (await route.state(closed))[0] == "echo"
    assert (await route.state(person))[0] == "ignored"


async def test_ticket_that_the_bridge_made_is_known_by_its_mark(
    make_route: Make, far: FarSide
) -> None:
    rules = RULES.replace("transition: {ticket: SEC-1, to: Done}", "create_ticket: {summary: New}")
    route = make_route(rules)
    await finished(route)
    mark = far.calls[0].mark
    data: dict[str, JSON] = {**COMMENTED, "labels": [f"scanbridge-{mark}"]}
    data.pop("comment")
    event = await told(route, "k1", data, "issue.created")
    assert await route.state(event) == (
        "echo", "the bridge wrote this itself: created the ticket by finish"
    )  # fmt: skip
    other = await told(route, "k2", {**data, "labels": []}, "issue.created")
    assert (await route.state(other))[0] != "echo"


async def test_replayed_echo_goes_before_the_rules(make_route: Make) -> None:
    route = make_route(RULES)
    await finished(route)
    event = await told(route, "k1", moved(status="Done"))
    await route.database.write(lambda tx: replay_event(tx, event, route.clock()))
    await route.run()
    assert (await route.state(event))[0] == "done"


async def test_batch_of_deliveries_uses_each_write_once(make_route: Make) -> None:
    route = make_route(RULES)
    await finished(route)
    events = [
        await route.accept(f"k{n}", moved(status="Done"), kind="issue.updated", subject="SEC-1")
        for n in range(3)
    ]
    await route.run()
    states = [(await route.state(event))[0] for event in events]
    assert states == ["echo", "done", "done"]
