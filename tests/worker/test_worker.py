"""From the stored event to the recorded result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bridge.action import ActionState, Call, Outcome
from bridge.errors import GiveUp, TryAgain
from bridge.event import EventState, StoredEvent
from bridge.store.attempts import attempts_of_action
from bridge.store.event_filter import EventFilter
from bridge.store.events import get_event, list_events
from bridge.store.links import find_once
from bridge.store.records import get_record
from bridge.store.replay import replay_event
from bridge.store.rule_counts import rule_counts, total_rule_counts
from bridge.store.transaction import Transaction
from tests.store.conftest import MovableClock
from tests.worker.conftest import FarSide, Route

Make = Callable[..., Route]

SCAN = {
    "scan_id": "scan-1",
    "scanner": "qtangl",
    "target": "acme.example",
    "score": 41,
    "findings": [
        {"id": "f1", "title": "RSA-1024", "severity": "high", "description": "weak"},
        {"id": "f2", "title": "HSTS", "severity": "low", "description": "short"},
        {"id": "f3", "title": "TLS 1.0", "severity": "critical", "description": "old"},
    ],
    "counts": {"high": 1, "critical": 1},
}

TICKETS = """
version: 1
rules:
  - name: ticket-per-bad-finding
    on: scan.finished
    when: data.score < 70
    each: data.findings.filter(f, f.severity in ["high", "critical"])
    once_per: each.id
    then:
      - create_ticket:
          id: ticket
          summary: "[${{ each.severity }}] ${{ each.title }}"
      - comment:
          ticket: ${{ steps.ticket.key }}
          body: seen on ${{ data.target }}
"""

LOG = """
version: 1
rules:
  - name: note
    on: scan.finished
    then: [{comment: {ticket: SEC-1, body: "${{ data.scan_id }}"}}]
"""


async def test_scan_becomes_one_ticket_for_each_bad_finding(make_route: Make, far: FarSide) -> None:
    route = make_route(TICKETS)
    event = await route.accept("k1", SCAN)
    await route.run()
    summaries = [c.parameters.summary for c in far.calls if c.name == "create_ticket"]
    assert summaries == ["[high] RSA-1024", "[critical] TLS 1.0"]
    assert await route.state(event) == ("done", "")


async def test_later_step_reads_what_an_earlier_one_made(make_route: Make, far: FarSide) -> None:
    route = make_route(TICKETS)
    await route.accept("k1", SCAN)
    await route.run()
    create, comment = far.calls[:2]
    assert comment.parameters.ticket == f"SEC-{create.mark[:4]}"


async def test_second_scan_with_the_same_findings_creates_nothing(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(TICKETS)
    await route.accept("k1", SCAN)
    await route.run()
    count = len(far.calls)
    second = await route.accept("k2", {**SCAN, "scan_id": "scan-2"}, subject="scan-2")
    await route.run()
    assert len(far.calls) == count
    assert (await route.state(second))[0] == "done"
    assert {a.state for a in await route.actions(second)} == {ActionState.SKIPPED}


async def test_event_no_rule_wants_is_ignored(make_route: Make, far: FarSide) -> None:
    route = make_route(TICKETS)
    event = await route.accept("k1", {**SCAN, "score": 99})
    await route.run()
    assert await route.state(event) == ("ignored", "no rule matched")
    assert far.calls == []


async def test_try_again_waits_as_long_as_it_was_told_and_then_succeeds(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [TryAgain("429 from Jira", after_seconds=30, status=429)]
    route = make_route(LOG)
    event = await route.accept("k1", SCAN)
    await route.run()
    (action,) = await route.actions(event)
    assert action.state is ActionState.WAITING
    assert action.next_try_at - route.clock() >= 30_000
    await route.run()
    assert len(far.calls) == 1
    route.clock.advance(31_000)
    await route.run()
    assert (await route.state(event))[0] == "done"
    rows = await route.database.read(lambda tx: attempts_of_action(tx, action.id))
    assert [(row.number, row.outcome.value) for row in rows] == [(1, "again"), (2, "done")]


async def test_action_is_dead_after_its_last_try_and_says_why(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [TryAgain("503 from Jira")] * 3
    route = make_route(LOG)
    event = await route.accept("k1", SCAN)
    for _ in range(3):
        await route.run()
        route.clock.advance(3_600_000)
    (action,) = await route.actions(event)
    assert action.state is ActionState.DEAD
    assert action.reason == "503 from Jira (given up after 3 tries)"
    assert (await route.state(event))[0] == "failed"


HOLD = """
version: 1
rules:
  - name: hold
    on: scan.finished
    on_failure: hold
    then:
      - comment: {ticket: SEC-1, body: "first of ${{ data.scan_id }}"}
      - comment: {ticket: SEC-1, body: "second of ${{ data.scan_id }}"}
"""


async def test_held_lane_stays_held_when_more_events_come_until_the_dead_action_is_replayed(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [GiveUp("404 from Jira")]
    route = make_route(HOLD)
    first = await route.accept("k0", {**SCAN, "scan_id": "s0"})
    await route.run()
    await route.accept("k1", {**SCAN, "scan_id": "s1"})
    await route.run()
    assert [call.parameters.body for call in far.calls] == ["first of s0"]
    assert (await route.state(first)) == ("failed", "404 from Jira")
    await route.database.write(lambda tx: replay_event(tx, first, route.clock()))
    await route.run()
    assert [call.parameters.body for call in far.calls[1:]] == [
        "first of s0", "second of s0", "first of s1", "second of s1",
    ]  # fmt: skip


async def test_replay_of_a_dead_action_looks_before_it_repeats(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [GiveUp("401 from Jira: token expired")]
    route = make_route(TICKETS)
    event = await route.accept("k1", {**SCAN, "findings": SCAN["findings"][:1]})  # type: ignore[index]
    await route.run()
    assert (await route.state(event))[0] == "failed"
    await route.database.write(lambda tx: replay_event(tx, event, route.clock()))
    await route.run()
    assert far.names == ["create_ticket", "create_ticket", "comment"]
    assert [call.may_exist for call in far.calls[:2]] == [False, True]
    assert far.calls[0].mark == far.calls[1].mark
    assert (await route.state(event))[0] == "done"


async def test_lost_answer_makes_the_next_try_look_first(make_route: Make, far: FarSide) -> None:
    far.replies = [TryAgain("no answer", may_have_happened=True), Outcome({}, found=True)]
    route = make_route(LOG)
    event = await route.accept("k1", SCAN)
    await route.run()
    route.clock.advance(60_000)
    await route.run()
    (action,) = await route.actions(event)
    rows = await route.database.read(lambda tx: attempts_of_action(tx, action.id))
    assert [call.may_exist for call in far.calls] == [False, True]
    assert [row.outcome.value for row in rows] == ["again", "found"]


async def test_events_of_one_lane_keep_their_order_when_one_waits(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [TryAgain("busy")]
    route = make_route(LOG)
    for number in range(3):
        await route.accept(f"k{number}", {**SCAN, "scan_id": f"s{number}"})
    await route.accept("other", {**SCAN, "scan_id": "other"}, subject="another-lane")
    await route.run()
    assert [call.parameters.body for call in far.calls] == ["s0", "other"]
    route.clock.advance(60_000)
    await route.run()
    assert [call.parameters.body for call in far.calls[2:]] == ["s0", "s1", "s2"]


async def test_unexpected_error_is_recorded_and_tried_again(make_route: Make, far: FarSide) -> None:
    far.replies = [ZeroDivisionError("ours")]
    route = make_route(LOG)
    event = await route.accept("k1", SCAN)
    await route.run()
    (action,) = await route.actions(event)
    assert action.state is ActionState.WAITING
    assert action.reason == "unexpected ZeroDivisionError, see the log"


async def test_try_without_end_is_given_up_and_may_have_happened(
    make_route: Make, far: FarSide
) -> None:
    async def never(call: Any) -> None:
        await asyncio.Event().wait()

    far.before = never
    route = make_route(LOG, timeout_seconds=0.02)
    event = await route.accept("k1", SCAN)
    await route.run()
    (action,) = await route.actions(event)
    assert (action.state, action.may_exist) == (ActionState.WAITING, True)
    assert action.reason == "no end after 0.02 s"


async def test_step_whose_condition_is_false_is_skipped_and_the_next_runs(
    make_route: Make, far: FarSide
) -> None:
    route = make_route("""
version: 1
rules:
  - name: r
    on: scan.finished
    then:
      - create_ticket: {id: t, summary: s}
      - comment: {when: steps.t.key == "nothing", ticket: SEC-1, body: no}
      - comment: {when: steps.t.key != "nothing", ticket: SEC-1, body: yes}
""")
    event = await route.accept("k1", SCAN)
    await route.run()
    assert [c.parameters.body for c in far.calls if c.name == "comment"] == ["yes"]
    assert (await route.state(event))[0] == "done"


async def test_deferred_parameter_that_is_absent_kills_the_action_with_its_name(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [Outcome({"key": "SEC-1"})]
    route = make_route("""
version: 1
rules:
  - name: r
    on: scan.finished
    then:
      - create_ticket: {id: t, summary: s}
      - comment: {ticket: "${{ steps.t.url }}", body: b}
""")
    event = await route.accept("k1", SCAN)
    await route.run()
    assert (await route.state(event))[0] == "failed"
    assert "steps.t.url" in (await route.actions(event))[1].reason


LINKED = """
version: 1
rules:
  - name: open
    on: alert.raised
    then: [{create_ticket: {summary: "${{ data.title }}"}}]
  - name: close
    on: alert.resolved
    when: link.ticket != ""
    then: [{transition: {ticket: "${{ link.ticket }}", to: Done}}]
"""

ALERT = {"id": "a1", "title": "SQL injection", "severity": "high", "status": "open"}


async def test_alert_that_is_resolved_moves_the_ticket_it_led_to(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(LINKED)
    await route.accept("k1", ALERT, kind="alert.raised", subject="repo/1")
    resolved = await route.accept("k2", ALERT, kind="alert.resolved", subject="repo/1")
    await route.run()
    assert far.names == ["create_ticket", "transition"]
    assert far.calls[1].parameters.ticket == f"SEC-{far.calls[0].mark[:4]}"
    assert await route.state(resolved) == ("done", "")


async def test_event_judged_in_its_lane_after_a_reload_says_which_rules_it_met(
    make_route: Make, far: FarSide, clock: MovableClock
) -> None:
    before, after = make_route(LINKED), make_route(LINKED.replace("Done", "Closed"))
    far.replies = [TryAgain("busy", after_seconds=30)]
    await before.accept("k1", ALERT, kind="alert.raised", subject="repo/1")
    resolved = await before.accept("k2", ALERT, kind="alert.resolved", subject="repo/1")
    await before.run()  # the ticket waits, and the event behind it for its lane
    clock.advance(60_000)
    await after.run()
    assert far.calls[-1].parameters.to == "Closed"
    event = await after.database.read(lambda tx: get_event(tx, resolved))
    assert event.rules_version == after.rules.version != before.rules.version


async def test_rule_reading_link_that_does_not_match_leaves_the_event_ignored_in_words(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(LINKED)
    event = await route.accept("k1", ALERT, kind="alert.resolved", subject="repo/9")
    await route.run()
    assert far.calls == []
    assert await route.state(event) == ("ignored", "no rule matched")
    assert await route.actions(event) == []


async def test_status_of_a_linked_ticket_reaches_the_record(make_route: Make, far: FarSide) -> None:
    route = make_route(
        TICKETS
        + """
  - name: status-back
    on: issue.updated
    then: [{sync_status: {to: finding, map: {Done: resolved}}}]
"""
    )
    await route.accept("k1", {**SCAN, "findings": SCAN["findings"][:1]})  # type: ignore[index]
    await route.run()
    link = await route.database.read(
        lambda tx: find_once(tx, "default", "ticket-per-bad-finding", "f1")
    )
    assert link is not None
    issue = {"key": link.ticket, "id": "1", "status": "done", "summary": "s"}
    await route.accept("k2", issue, kind="issue.updated", subject=link.ticket)
    await route.run()
    record = await route.database.read(lambda tx: get_record(tx, "default", "finding", "f1"))
    assert record is not None
    assert record.status == "resolved"


async def test_status_of_an_unlinked_ticket_is_skipped_with_a_reason(make_route: Make) -> None:
    route = make_route("""
version: 1
rules:
  - name: status-back
    on: issue.updated
    then: [{sync_status: {to: finding, map: {Done: resolved}}}]
""")
    event = await route.accept(
        "k1", {"key": "SEC-9", "status": "Done"}, kind="issue.updated", subject="SEC-9"
    )
    await route.run()
    (action,) = await route.actions(event)
    assert (action.state, action.reason) == (
        ActionState.SKIPPED,
        "no finding is linked to SEC-9",
    )


async def test_writes_to_one_issue_from_two_lanes_go_one_at_a_time(
    make_route: Make, far: FarSide
) -> None:
    at_once = most = 0

    async def count(call: Any) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        for _ in range(5):
            await asyncio.sleep(0)
        at_once -= 1

    far.before = count
    route = make_route(LOG)
    for number in range(6):
        await route.accept(f"k{number}", SCAN, subject=f"lane-{number}")
    await route.run_until_done(6)
    assert len(far.calls) == 6
    assert most == 1


async def test_error_in_a_rule_is_counted_and_its_text_kept(make_route: Make) -> None:
    route = make_route("""
version: 1
rules:
  - name: broken
    on: scan.finished
    when: data.score / 0 == 1
    then: [{comment: {ticket: SEC-1, body: b}}]
""")
    event = await route.accept("k1", SCAN)
    await route.run()
    (count,) = await route.database.read(lambda tx: rule_counts(tx, "default"))
    assert (count.rule, count.matched, count.errors) == ("broken", 0, 1)
    assert "divi" in count.last_error.lower()
    assert await route.database.read(total_rule_counts) == {"broken": count}
    state, reason = await route.state(event)
    assert state == EventState.IGNORED
    assert reason.startswith('the rule "broken" gave an error: when: data.score / 0 == 1: ')


async def test_worker_started_on_old_rows_looks_before_it_repeats(
    make_route: Make, far: FarSide, request: pytest.FixtureRequest
) -> None:
    first = make_route(LOG)
    if not first.database.single_process:
        pytest.skip("on PostgreSQL leases say what was under way; see the tests of leases")
    far.replies = [TryAgain("busy")]
    event = await first.accept("k1", SCAN)
    await first.run()
    second = make_route(LOG)
    first.clock.advance(60_000)
    await second.run_until_done(1)
    assert (await second.state(event))[0] == "done"
    assert [call.may_exist for call in far.calls] == [False, True]


GROUPED = """
version: 1
rules:
  - name: digest
    on: scan.finished
    throttle: {at_most: 1, per: 1h, over: group}
    then:
      - comment:
          ticket: SEC-1
          body: "${{ string(group.size()) }} scans: ${{ group.map(e, e.data.scan_id).join(' ') }}"
"""


async def test_grouped_run_stands_for_all_events_that_came_while_it_waited(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(GROUPED)
    for number in range(4):
        await route.accept(f"k{number}", {**SCAN, "scan_id": f"s{number}"}, subject=f"s{number}")
    await route.run()
    route.clock.advance(3_600_000)
    await route.run()
    assert [call.parameters.body for call in far.calls] == ["1 scans: s0", "3 scans: s1 s2 s3"]


async def test_group_takes_in_what_came_while_the_actions_before_it_ran(
    make_route: Make, far: FarSide
) -> None:
    note = LOG.split("rules:\n")[1]
    route = make_route(GROUPED.replace("  - name: digest", f"{note}  - name: digest"))
    await route.accept("k0", {**SCAN, "scan_id": "s0"}, subject="s0")
    await route.run()
    far.replies.append(TryAgain("busy", after_seconds=3_600))
    await route.accept("k1", {**SCAN, "scan_id": "s1"}, subject="s1")
    await route.run()

    async def one_more(call: Call[Any]) -> None:
        far.before = None
        await route.accept("k2", {**SCAN, "scan_id": "s2"}, subject="s2")
        await route.worker.match()

    far.before = one_more
    route.clock.advance(7_200_000)
    await route.run()
    said = [call.parameters.body for call in far.calls]
    assert [body for body in said if "scans" in body] == ["1 scans: s0", "2 scans: s1 s2"]


async def test_events_that_led_to_a_ticket_are_found_by_it_also_where_they_were_grouped(
    make_route: Make, far: FarSide
) -> None:
    steps = "      - create_ticket: {summary: x}\n"
    route = make_route(GROUPED.split("      - comment")[0] + steps)
    ids = [
        await route.accept(f"k{number}", {**SCAN, "scan_id": f"s{number}"}, subject=f"s{number}")
        for number in range(4)
    ]
    await route.run()
    route.clock.advance(3_600_000)
    await route.run()
    tickets = [f"SEC-{call.mark[:4]}" for call in far.calls]

    async def led_to(tx: Transaction) -> list[list[StoredEvent]]:
        fits = [EventFilter(ticket=key) for key in tickets]
        return [await list_events(tx, one, oldest_first=True) for one in fits]

    found = await route.database.read(led_to)
    assert [[event.id for event in one] for one in found] == [ids[:1], ids[1:]]


class Broken:
    """A source whose code has a mistake."""

    def normalise(self, stored: object) -> Any:
        raise ZeroDivisionError("ours")


async def test_event_that_cannot_be_read_fails_and_those_behind_it_go_on(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(LOG, broken=Broken())
    bad = await route.accept("k1", SCAN, source="broken")
    gone = await route.accept("k2", SCAN, source="gone")
    good = await route.accept("k3", SCAN, subject="scan-2")
    await route.run()
    assert await route.state(bad) == (
        "failed", "unexpected ZeroDivisionError while matching, see the log"
    )  # fmt: skip
    assert "no longer configured" in (await route.state(gone))[1]
    assert (await route.state(good))[0] == "done"
