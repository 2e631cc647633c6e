"""What matching planned and how each try ended, as the store keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.action import ActionState, OnFailure, PlannedAction, PlannedRun, Throttle
from bridge.event import JSON, EventState
from bridge.guards import take_turn
from bridge.marks import mark
from bridge.planning import Matched
from bridge.record import Ended, record_ended, record_matched, record_run_skipped
from bridge.store import actions, attempts, events, lanes, links, replay, runs
from bridge.store.attempts import Attempt, AttemptOutcome
from bridge.store.intake import Intake
from bridge.store.links import LinkState
from bridge.store.transaction import Database
from tests.store.conftest import MovableClock, new_event
from tests.store.plans import LOG, plan, run_of

TICKET = PlannedAction(0, "create_ticket", "ticket", "jira", {"summary": "s"})


async def accept(database: Database, clock: MovableClock, key: str, subject: str = "") -> str:
    (accepted,) = await Intake(database, clock).accept([new_event(key, subject=subject)])
    return accepted.id


async def actions_of(database: Database, event_id: str) -> Sequence[actions.StoredAction]:
    return await database.read(lambda tx: actions.actions_of_event(tx, event_id))


async def state_of(database: Database, event_id: str) -> tuple[EventState, str]:
    event = await database.read(lambda tx: events.get_event(tx, event_id))
    return event.state, event.reason


async def end(
    database: Database,
    clock: MovableClock,
    action: actions.StoredAction,
    outcome: AttemptOutcome,
    *,
    outputs: JSON = None,
    on_failure: OnFailure = OnFailure.STOP,
    next_try_at: int | None = None,
) -> EventState | None:
    attempt = Attempt(action.id, 1, clock(), 5, outcome, "why", next_try_at, ())
    ended = Ended(attempt, outputs)
    recorded = await database.write(lambda tx: record_ended(tx, action, ended, on_failure, clock()))
    return recorded.state


async def test_event_that_no_rule_matched_is_ignored_and_says_so(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1")
    await plan(database, event, clock())
    assert await state_of(database, event) == (EventState.IGNORED, "no rule matched")


async def test_event_is_done_when_its_last_action_is(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1")
    await plan(database, event, clock(), run_of("r", LOG, replace(LOG, position=1)))
    first, second = await actions_of(database, event)
    assert await end(database, clock, first, AttemptOutcome.DONE) is EventState.MATCHED
    assert await end(database, clock, second, AttemptOutcome.FOUND) is EventState.DONE
    assert await database.read(lambda tx: lanes.due_lanes(tx, clock(), 9)) == []


async def test_event_is_planned_once_when_two_matchers_meet_it(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1")
    await plan(database, event, clock(), run_of())
    await plan(database, event, clock(), run_of())
    assert len(await actions_of(database, event)) == 1


async def test_dead_action_fails_its_event_skips_its_run_and_frees_its_lane(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1", "scan-1")
    later = await accept(database, clock, "k2", "scan-1")
    await plan(database, event, clock(), run_of("r", LOG, replace(LOG, position=1)))
    await plan(database, later, clock(), run_of())
    first, _ = await actions_of(database, event)
    assert await end(database, clock, first, AttemptOutcome.DEAD) is EventState.FAILED
    _, second = await actions_of(database, event)
    waiting = await database.read(lambda tx: actions.read_lane(tx, "default", "scan-1", 9))
    assert (second.state, second.reason) == (ActionState.SKIPPED, actions.AFTER_DEAD)
    assert [action.event_id for action in waiting] == [later]
    assert await state_of(database, event) == (EventState.FAILED, "why")


async def test_dead_action_holds_its_lane_where_the_rule_says_so(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1", "scan-1")
    await plan(database, event, clock(), run_of("r", on_failure=OnFailure.HOLD))
    later = await accept(database, clock, "k2", "scan-1")
    await plan(database, later, clock(), run_of())
    (action,) = await actions_of(database, event)
    await end(database, clock, action, AttemptOutcome.DEAD, on_failure=OnFailure.HOLD)
    assert await database.read(lambda tx: lanes.due_lanes(tx, clock(), 9)) == []
    await database.write(lambda tx: replay.replay_event(tx, event, clock()))
    assert await database.read(lambda tx: lanes.due_lanes(tx, clock(), 9)) == [
        ("default", "scan-1")
    ]


async def test_later_steps_run_after_a_dead_one_where_the_rule_says_continue(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1")
    steps = (LOG, replace(LOG, position=1))
    await plan(database, event, clock(), run_of("r", *steps, on_failure=OnFailure.CONTINUE))
    first, second = await actions_of(database, event)
    await end(database, clock, first, AttemptOutcome.DEAD, on_failure=OnFailure.CONTINUE)
    assert await end(database, clock, second, AttemptOutcome.DONE) is EventState.FAILED


async def test_waiting_action_keeps_its_lane_from_running_ahead(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1", "scan-1")
    later = await accept(database, clock, "k2", "scan-1")
    await plan(database, event, clock(), run_of())
    await plan(database, later, clock(), run_of())
    (action,) = await actions_of(database, event)
    due = clock() + 60_000
    assert await end(database, clock, action, AttemptOutcome.AGAIN, next_try_at=due) is None
    assert await database.read(lambda tx: lanes.due_lanes(tx, clock(), 9)) == []
    clock.advance(60_000)
    assert len(await database.read(lambda tx: lanes.due_lanes(tx, clock(), 9))) == 1
    waiting = await database.read(lambda tx: actions.read_lane(tx, "default", "scan-1", 9))
    assert [one.event_id for one in waiting] == [event, later]


async def test_every_try_leaves_one_row(database: Database, clock: MovableClock) -> None:
    event = await accept(database, clock, "k1")
    await plan(database, event, clock(), run_of())
    (action,) = await actions_of(database, event)
    await end(database, clock, action, AttemptOutcome.AGAIN, next_try_at=clock() + 5)
    await end(database, clock, action, AttemptOutcome.DONE)
    rows = await database.read(lambda tx: attempts.attempts_of_action(tx, action.id))
    assert [row.outcome for row in rows] == [AttemptOutcome.AGAIN, AttemptOutcome.DONE]


async def test_replay_runs_only_what_failed(database: Database, clock: MovableClock) -> None:
    event = await accept(database, clock, "k1")
    steps = tuple(replace(LOG, position=n) for n in range(3))
    await plan(database, event, clock(), run_of("r", *steps))
    first, second, _ = await actions_of(database, event)
    await end(database, clock, first, AttemptOutcome.DONE)
    await end(database, clock, second, AttemptOutcome.DEAD)
    assert await database.write(lambda tx: replay.replay_event(tx, event, clock())) == 2
    states = [action.state for action in await actions_of(database, event)]
    assert states == [ActionState.DONE, ActionState.PENDING, ActionState.PENDING]
    await plan(database, event, clock(), run_of("r", *steps))
    assert len(await actions_of(database, event)) == 3
    assert (await state_of(database, event))[0] is EventState.MATCHED


async def test_replayed_event_meets_rules_that_are_new(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1")
    await plan(database, event, clock())
    await database.write(lambda tx: replay.replay_event(tx, event, clock()))
    await plan(database, event, clock(), run_of("new-rule"))
    assert [action.rule for action in await actions_of(database, event)] == ["new-rule"]


async def test_once_per_value_that_is_done_is_skipped_and_names_the_ticket(
    database: Database, clock: MovableClock
) -> None:
    first = await accept(database, clock, "k1")
    second = await accept(database, clock, "k2")
    await plan(database, first, clock(), run_of("r", TICKET, once="f-1"))
    (action,) = await actions_of(database, first)
    made: JSON = {"key": "SEC-12", "id": "10012", "url": "https://jira.example/browse/SEC-12"}
    await end(database, clock, action, AttemptOutcome.DONE, outputs=made)
    await plan(database, second, clock(), run_of("r", TICKET, once="f-1"))
    (skipped,) = await actions_of(database, second)
    link = await database.read(lambda tx: links.find_once(tx, "default", "r", "f-1"))
    assert skipped.state is ActionState.SKIPPED
    assert "SEC-12" in skipped.reason
    assert (await state_of(database, second))[0] is EventState.DONE
    assert link is not None
    assert (link.state, link.ticket, link.event_id) == (LinkState.DONE, "SEC-12", first)


async def test_only_one_run_owns_a_once_per_value_that_two_events_have(
    database: Database, clock: MovableClock
) -> None:
    owners = []
    for key in ("k1", "k2"):
        event = await accept(database, clock, key)
        await plan(database, event, clock(), run_of("r", TICKET, once="f-1"))
        (action,) = await actions_of(database, event)
        owners.append(action.run_id)
    link = await database.read(lambda tx: links.find_once(tx, "default", "r", "f-1"))
    assert link is not None
    assert link.run_id == owners[0]


async def test_run_takes_over_the_value_of_a_dead_one_and_looks_before_it_creates(
    database: Database, clock: MovableClock
) -> None:
    first = await accept(database, clock, "k1")
    await plan(database, first, clock(), run_of("r", TICKET, once="f-1"))
    (dead,) = await actions_of(database, first)
    await end(database, clock, dead, AttemptOutcome.DEAD)
    second = await accept(database, clock, "k2")
    await plan(database, second, clock(), run_of("r", TICKET, once="f-1"))
    (action,) = await actions_of(database, second)
    assert action.mark == dead.mark
    run = await database.read(lambda tx: runs.get_run(tx, action.run_id))
    assert (await take_turn(database, clock, action, run)).may_exist
    (action,) = await actions_of(database, second)
    assert action.may_exist


async def test_skipping_a_run_at_its_turn_finishes_its_event(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1")
    await plan(database, event, clock(), run_of("r", TICKET, replace(LOG, position=1)))
    first, _ = await actions_of(database, event)
    skipped = await database.write(lambda tx: record_run_skipped(tx, first, "done", clock()))
    assert skipped.state is EventState.DONE
    assert {one.state for one in await actions_of(database, event)} == {ActionState.SKIPPED}


def throttled(over: str, rule: str = "r") -> PlannedRun:
    return replace(run_of(rule), throttle=Throttle(2, 60_000, "x", over))


async def test_throttle_lets_runs_wait_for_a_place_in_the_window(
    database: Database, clock: MovableClock
) -> None:
    due = []
    for n in range(5):
        event = await accept(database, clock, f"k{n}")
        await plan(database, event, clock(), throttled("wait"))
        (action,) = await actions_of(database, event)
        due.append(action.next_try_at - clock())
    assert due == [0, 0, 60_000, 60_000, 120_000]


async def test_throttle_drops_and_records_it(database: Database, clock: MovableClock) -> None:
    reasons = []
    for n in range(3):
        event = await accept(database, clock, f"k{n}")
        await plan(database, event, clock(), throttled("drop"))
        (action,) = await actions_of(database, event)
        reasons.append((action.state, action.reason))
    assert reasons[1][0] is ActionState.PENDING
    assert reasons[2] == (ActionState.SKIPPED, "throttled: 2 runs in 60 s are used up")
    clock.advance(60_000)
    event = await accept(database, clock, "k9")
    await plan(database, event, clock(), throttled("drop"))
    (action,) = await actions_of(database, event)
    assert action.state is ActionState.PENDING


async def test_throttle_groups_events_into_one_waiting_run(
    database: Database, clock: MovableClock
) -> None:
    ids = [await accept(database, clock, f"k{n}") for n in range(5)]
    for event in ids:
        await plan(database, event, clock(), throttled("group"))
    (waiting,) = await actions_of(database, ids[2])
    run = await database.read(lambda tx: runs.get_run(tx, waiting.run_id))
    assert run.grouped == tuple(ids[2:])
    assert waiting.next_try_at == clock() + 60_000
    state, reason = await state_of(database, ids[4])
    assert state is EventState.DONE
    assert run.id in reason


async def test_unreadable_event_is_failed_with_its_reason(
    database: Database, clock: MovableClock
) -> None:
    event = await accept(database, clock, "k1")
    stored = await database.read(lambda tx: events.get_event(tx, event))
    matched = Matched(stored, (), unreadable="data: no such key: scanId")
    await database.write(lambda tx: record_matched(tx, [matched], "v1", clock()))
    assert await state_of(database, event) == (EventState.FAILED, "data: no such key: scanId")


def test_mark_follows_the_value_with_once_per_and_the_event_without() -> None:
    assert mark("t", "r", "f-1", "evt_a", 0, 0) == mark("t", "r", "f-1", "evt_b", 7, 0)
    assert mark("t", "r", None, "evt_a", 0, 0) != mark("t", "r", None, "evt_b", 0, 0)
    assert mark("t", "r", "f-1", "evt_a", 0, 0) != mark("t", "r", "f-1", "evt_a", 0, 1)
