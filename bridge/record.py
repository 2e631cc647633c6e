"""Record: writes what matching planned, and how each try of an action ended.

Each function is one transaction's worth: either all of it is in the store, or none.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.action import ActionState, OnFailure
from bridge.casebook import complete_cases
from bridge.event import JSON, EventState
from bridge.planning import Matched, add_match_step, plan_runs
from bridge.store import actions, events, lanes, runs
from bridge.store.actions import MATCH
from bridge.store.attempts import Attempt, AttemptOutcome, insert_attempt
from bridge.store.records import keep_records
from bridge.store.rule_counts import count_rules
from bridge.store.transaction import Transaction, wake_all
from bridge.ties import MAKES_TICKET, PUSHES_CASE, settle_link, tie_case, tie_ticket

NO_RULE = "no rule matched"

MOST_ERROR_CHARS = 300
"""Of an expression's error in an event's reason; the rule's count keeps all of it."""


async def record_matched(
    tx: Transaction, matched: Matched, rules_version: str, now: int
) -> EventState | None:
    """Writes the planned actions and marks the event, unless another matcher was here already.

    Gives the event's state, or None when nothing was written.
    """
    event = matched.stored
    if event.rules_version:  # replayed: lane before event, as workers lock them, who may be at it
        await lanes.lock_lane(tx, (event.tenant, event.subject))
    if not await events.lock_received(tx, event.id):
        return None
    if matched.unreadable:
        await events.settle(tx, event.id, 0, rules_version, EventState.FAILED, matched.unreadable)
        return EventState.FAILED
    await keep_records(tx, await complete_cases(tx, matched.records, now), now)
    planned = await plan_runs(tx, matched, now)
    opened = planned.opened
    if matched.needs_lane and (MATCH, 0) not in planned.before:
        await add_match_step(tx, event, now)
        opened += 1
    if opened:
        await lanes.open_lane(tx, (event.tenant, event.subject), planned.due_at)
    await count_rules(tx, event.tenant, planned.matched, matched.errors, now)
    idle = EventState.DONE if planned.matched or planned.before else EventState.IGNORED
    undecided = opened or idle is EventState.DONE
    reason = planned.reason or error_reason(matched) or ("" if undecided else NO_RULE)
    await events.settle(tx, event.id, opened, rules_version, idle, reason)
    if opened:
        await wake_all(tx)
    return EventState.MATCHED if opened else idle


async def record_matched_in_lane(
    tx: Transaction, matched: Matched, step: actions.StoredAction, now: int, owner: str = ""
) -> None:
    """Writes what the rules that read `link` planned, in place of the step that asked them.

    owner: as for `record_ended`. Raises LeaseLost.
    """
    await lanes.keep_unfinished(tx, (step.tenant, step.lane), step.id, owner)
    planned = await plan_runs(tx, matched, now)
    await count_rules(tx, step.tenant, planned.matched, matched.errors, now)
    await runs.delete_run(tx, step.run_id)
    if matched.unreadable:
        await events.count_finished(tx, step.event_id, 1, 1, matched.unreadable)
    else:
        reason = planned.reason or error_reason(matched) or NO_RULE
        await events.settle_in_lane(tx, step.event_id, planned.opened - 1, reason)
    await lanes.settle_lane(tx, (step.tenant, step.lane))


def error_reason(matched: Matched) -> str:
    """Which rule could not be judged, and why; empty where all could."""
    if not matched.errors:
        return ""
    (rule, error), *others = matched.errors.items()
    also = f" (and {len(others)} more rules)" if others else ""
    return f'the rule "{rule}" gave an error{also}: {error[:MOST_ERROR_CHARS]}'


@dataclass(frozen=True, slots=True)
class Ended:
    """How one try of an action ended.

    outputs: what later steps may read; only of a try that did it.
    may_exist: it may have happened although no answer came.
    counted: false when a guard let it wait before anything was tried; then it leaves no row.
    """

    attempt: Attempt
    outputs: JSON = None
    may_exist: bool = False
    counted: bool = True


async def record_ended(
    tx: Transaction,
    action: actions.StoredAction,
    ended: Ended,
    on_failure: OnFailure,
    now: int,
    owner: str = "",
) -> EventState | None:
    """Writes one try: its attempt row, the action's and the event's state, the lane's next time.

    owner: who must still have the lane's lease, on PostgreSQL.
    Gives the event's state when the action is finished, None when it waits. Raises LeaseLost.
    """
    attempt = ended.attempt
    await lanes.keep_unfinished(tx, (action.tenant, action.lane), action.id, owner)
    if ended.counted:
        await insert_attempt(tx, attempt)
    lane = (action.tenant, action.lane)
    if attempt.outcome is AttemptOutcome.AGAIN:
        await actions.postpone_action(
            tx, action.id, attempt.reason, attempt.next_try_at or now, attempt.number,
            ended.may_exist,
        )  # fmt: skip
        await lanes.settle_lane(tx, lane)
        return None
    await actions.end_action(
        tx, action.id, STATES[attempt.outcome], attempt.reason, ended.outputs or {}, now,
        attempt.number,
    )  # fmt: skip
    finished, dead = 1, 0
    if attempt.outcome is AttemptOutcome.DEAD:
        dead = 1
        finished += await give_up_rest(tx, action, on_failure, now)
    elif action.planned.name == MAKES_TICKET:
        await tie_ticket(tx, action, ended.outputs, now)
    elif action.planned.name == PUSHES_CASE and attempt.outcome is not AttemptOutcome.SKIPPED:
        integration = action.planned.integration
        by: JSON = {"username": action.rule, "full_name": None, "email": None}
        await tie_case(tx, action.tenant, integration, action.lane, ended.outputs, now, by)
    await settle_link(tx, action, now)
    state = await events.count_finished(tx, action.event_id, finished, dead, attempt.reason)
    await lanes.settle_lane(tx, lane)
    return state


STATES = {
    AttemptOutcome.DONE: ActionState.DONE,
    AttemptOutcome.FOUND: ActionState.DONE,
    AttemptOutcome.SKIPPED: ActionState.SKIPPED,
    AttemptOutcome.DEAD: ActionState.DEAD,
}


async def give_up_rest(
    tx: Transaction, action: actions.StoredAction, on_failure: OnFailure, now: int
) -> int:
    """What a dead action does to the steps behind it; gives how many were skipped."""
    if on_failure is OnFailure.HOLD:
        await lanes.hold_lane(tx, (action.tenant, action.lane), action.id)
        return 0
    if on_failure is OnFailure.CONTINUE:
        return 0
    return await actions.skip_rest_of_run(
        tx, action.run_id, action.planned.position, actions.AFTER_DEAD, now
    )


async def record_run_skipped(
    tx: Transaction, action: actions.StoredAction, reason: str, now: int, owner: str = ""
) -> EventState:
    """Skips what is left of a run whose `once_per` value another run has done.

    owner: as for `record_ended`. Raises LeaseLost.
    """
    await lanes.keep_unfinished(tx, (action.tenant, action.lane), action.id, owner)
    finished = await actions.skip_rest_of_run(
        tx, action.run_id, action.planned.position, reason, now
    )
    state = await events.count_finished(tx, action.event_id, finished, 0, "")
    await lanes.settle_lane(tx, (action.tenant, action.lane))
    return state
