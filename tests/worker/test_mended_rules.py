"""A rule is mended, and what failed is replayed: it is done as the rule says now."""

from __future__ import annotations

from bridge.action import ActionState, Outcome
from bridge.errors import GiveUp, TryAgain
from bridge.store.replay import replay_event
from tests.worker.conftest import FarSide, Route
from tests.worker.test_worker import SCAN, Make

MOVE = """
version: 1
vars: {to: Nowhere}
rules:
  - name: move
    on: scan.finished
    then:
      - create_ticket: {id: made, summary: "${{ data.target }}"}
      - transition: {ticket: "${{ steps.made.key }}", to: "${{ vars.to }}"}
      - comment: {ticket: "${{ steps.made.key }}", body: "${{ steps.made.key }} to ${{ vars.to }}"}
"""

MENDED = MOVE.replace("Nowhere", "Done")

MADE = Outcome({"key": "SEC-7", "id": "7", "url": "https://jira.example/SEC-7"})

NO_WAY = GiveUp("no way from 'To Do' to 'Nowhere'")


async def move_nowhere(make_route: Make, far: FarSide) -> str:
    """An event whose ticket was made, and could not be moved."""
    route = make_route(MOVE)
    event = await route.accept("k1", SCAN)
    far.replies = [MADE, NO_WAY]
    await route.run()
    assert await route.state(event) == ("failed", NO_WAY.reason)
    far.calls.clear()
    return event


async def replay(route: Route, event: str) -> None:
    await route.database.write(lambda tx: replay_event(tx, event, route.clock()))
    await route.run()


async def test_replay_takes_the_mended_rule_for_what_failed_and_what_was_skipped_behind_it(
    make_route: Make, far: FarSide
) -> None:
    event = await move_nowhere(make_route, far)
    mended = make_route(MENDED)
    await replay(mended, event)
    assert far.names == ["transition", "comment"]
    assert far.calls[0].parameters.to == "Done"
    assert far.calls[0].may_exist
    assert far.calls[1].parameters.body == "SEC-7 to Done"
    assert await mended.state(event) == ("done", "")
    assert [one.planned.parameters for one in await mended.actions(event)][1:] == [
        {"ticket": "${{ steps.made.key }}", "to": "Done"},
        {"ticket": "${{ steps.made.key }}", "body": "${{ steps.made.key }} to ${{ vars.to }}"},
    ]


async def test_try_after_the_first_of_a_replay_is_as_the_first(
    make_route: Make, far: FarSide
) -> None:
    event = await move_nowhere(make_route, far)
    mended = make_route(MENDED)
    far.replies = [TryAgain("503 from Jira")]
    await replay(mended, event)
    later = make_route(MOVE.replace("Nowhere", "Elsewhere"))
    later.clock.advance(60_000)
    await later.run()
    assert [call.parameters.to for call in far.calls[:2]] == ["Done", "Done"]


async def test_step_that_the_mended_rule_leaves_out_now_is_skipped(
    make_route: Make, far: FarSide
) -> None:
    event = await move_nowhere(make_route, far)
    moves = 'transition: {when: data.score > 70, ticket: "'
    mended = make_route(MOVE.replace('transition: {ticket: "', moves))
    await replay(mended, event)
    assert far.names == ["comment"]
    assert (await mended.actions(event))[1].state is ActionState.SKIPPED


async def test_what_the_rules_no_longer_have_is_tried_as_it_was_planned(
    make_route: Make, far: FarSide
) -> None:
    event = await move_nowhere(make_route, far)
    without_the_rule = make_route("version: 1\nrules: []\n")
    await replay(without_the_rule, event)
    assert [(call.name, getattr(call.parameters, "to", "")) for call in far.calls] == [
        ("transition", "Nowhere"),
        ("comment", ""),
    ]


EACH = """
version: 1
rules:
  - name: ticket
    on: scan.finished
    each: data.findings
    then: [{create_ticket: {summary: "${{ each.title }}"}}]
"""


async def test_finding_is_known_again_where_the_mended_rule_lists_it_elsewhere(
    make_route: Make, far: FarSide
) -> None:
    far.replies = [MADE, GiveUp("400 from Jira: too long"), MADE]
    route = make_route(EACH)
    event = await route.accept("k1", SCAN)
    await route.run()
    far.calls.clear()
    others_first = "data.findings.filter(f, f.severity != 'high')"
    await replay(
        make_route(
            EACH.replace("data.findings", f"{others_first} + data.findings").replace(
                "${{ each", "Mended: ${{ each"
            )
        ),
        event,
    )
    assert [call.parameters.summary for call in far.calls] == ["Mended: HSTS"]


async def test_finding_that_a_wider_rule_lists_first_gets_its_ticket_and_no_other_a_second(
    make_route: Make, far: FarSide
) -> None:
    narrow = EACH.replace("data.findings", "data.findings.filter(f, f.severity == 'low')")
    route = make_route(narrow)
    event = await route.accept("k1", SCAN)
    await route.run()
    assert [call.parameters.summary for call in far.calls] == ["HSTS"]
    wider = make_route(EACH)
    await replay(wider, event)
    await replay(wider, event)
    assert [call.parameters.summary for call in far.calls] == ["HSTS", "RSA-1024", "TLS 1.0"]
    assert len({call.mark for call in far.calls}) == 3


async def test_element_that_is_told_otherwise_at_a_replay_is_not_done_twice(
    make_route: Make, far: FarSide
) -> None:
    event_times = EACH.replace("data.findings", "\"[{'title': now}]\"")
    route = make_route(event_times)
    event = await route.accept("k1", SCAN)
    await route.run()
    route.clock.advance(60_000)
    await replay(route, event)
    assert len(far.calls) == 1


async def test_run_is_planned_anew_as_a_whole_where_its_first_step_changes_what_the_rule_reads(
    make_route: Make, far: FarSide
) -> None:
    rules = MOVE.replace("on: scan.finished", 'on: scan.finished\n    when: "!has(link.ticket)"')
    route = make_route(rules)
    event = await route.accept("k1", SCAN)
    far.replies = [GiveUp("400 from Jira")]
    await route.run()
    far.calls.clear()
    await replay(make_route(rules.replace("Nowhere", "Done")), event)
    assert far.names == ["create_ticket", "transition", "comment"]
    assert far.calls[1].parameters.to == "Done"
