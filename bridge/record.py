"""Record: writes what matching planned, and how each try of an action ended.

Each function is one transaction's worth: either all of it is in the store, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.action import ActionState, OnFailure
from bridge.casebook import complete_cases, has_case
from bridge.event import JSON, EventState, StoredEvent
from bridge.planning import Matched, Rows, add_match_step, lock_shared, plan_runs
from bridge.store import actions, event_states, lanes, links, runs
from bridge.store.actions import MATCH
from bridge.store.attempts import Attempt, AttemptOutcome, insert_attempt
from bridge.store.outbound import use_up
from bridge.store.records import Record, keep_records
from bridge.store.rule_counts import Tallies, Tally, count_rules, tally
from bridge.store.transaction import Transaction, wake_all
from bridge.ties import MAKES_TICKET, PUSHES_CASE, tie_case, tie_ticket

NO_RULE = "no rule matched"

MOST_ERROR_CHARS = 300
"""Of an expression's error in an event's reason; the rule's count keeps all of it."""


async def record_matched(
    tx: Transaction, batch: Sequence[Matched], rules_version: str, now: int
) -> list[EventState | None]:
    """Writes the planned actions of events and marks them, unless another matcher was here already.

    Gives each event's state, or None where nothing was written.
    """
    await lock_shared(tx, batch)
    for lane in sorted({lane_of(one.stored) for one in batch if workers_meet(one)}):
        await lanes.lock_lane(tx, lane)
    received = await event_states.lock_received(tx, [one.stored.id for one in batch])
    writing = Writing(rules_version)
    states = [
        await writing.plan(tx, one, now) if one.stored.id in received else None for one in batch
    ]
    await writing.write(tx, now)
    return states


def workers_meet(matched: Matched) -> bool:
    """Whether a worker may be writing to the same event or record now: what is replayed, and cases.
    Workers lock their lane first; whoever would lock it last could wait for one that waits for it.
    """
    return bool(matched.stored.rules_version) or has_case(matched.records)


@dataclass(slots=True)
class Writing:
    """What a batch of events comes to, gathered so that each table is written to once."""

    rules_version: str
    rows: Rows = field(default_factory=Rows)
    records: list[Record] = field(default_factory=list)
    due: dict[lanes.Lane, int] = field(default_factory=dict)
    tallies: Tallies = field(default_factory=dict)
    settled: list[event_states.Settled] = field(default_factory=list)

    async def plan(self, tx: Transaction, matched: Matched, now: int) -> EventState:
        """Plans one event; gives the state that it will have."""
        event = matched.stored
        if matched.unreadable:
            return self._settle(event, 0, EventState.FAILED, matched.unreadable)
        if has_case(matched.records):  # made whole from what the event before it has told
            await keep_records(tx, await complete_cases(tx, matched.records, now), now)
        else:
            self.records.extend(matched.records)
        if matched.ours is not None:
            await use_up(tx, event.id, matched.ours)
            if matched.ours.whole:
                return self._settle(event, 0, EventState.ECHO, matched.ours.reason)
        planned = await plan_runs(tx, self.rows, matched, now)
        opened = planned.opened
        if matched.needs_lane and not planned.before.has(MATCH, 0, None):
            add_match_step(self.rows, event, now)
            opened += 1
        if opened:
            self.due.setdefault(lane_of(event), planned.due_at)
        tally(self.tallies, event.tenant, planned.matched, matched.errors)
        idle = EventState.DONE if planned.matched or planned.before.elements else EventState.IGNORED
        undecided = opened or idle is EventState.DONE
        reason = planned.reason or error_reason(matched) or ("" if undecided else NO_RULE)
        return self._settle(event, opened, idle, reason)

    def _settle(self, event: StoredEvent, opened: int, idle: EventState, reason: str) -> EventState:
        self.settled.append(
            event_states.Settled(event.id, opened, self.rules_version, idle, reason)
        )
        return EventState.MATCHED if opened else idle

    async def write(self, tx: Transaction, now: int) -> None:
        """Writes all of it; the lanes first, as workers do, and last what all nodes write to."""
        await lanes.open_lanes(tx, self.due)
        await keep_records(tx, self.records, now)
        await self.rows.write(tx, now)
        await event_states.settle_all(tx, self.settled)
        await count_rules(tx, self.tallies, now)
        if self.due:
            await wake_all(tx)


def lane_of(event: StoredEvent) -> lanes.Lane:
    return (event.tenant, event.subject)


async def record_matched_in_lane(
    tx: Transaction,
    matched: Matched,
    step: actions.StoredAction,
    rules_version: str,
    now: int,
    owner: str = "",
) -> None:
    """Writes what the rules that read `link` planned, in place of the step that asked them.

    owner: as for `record_ended`. Raises LeaseLost.
    """
    await lock_shared(tx, [matched])
    await lanes.keep_unfinished(tx, (step.tenant, step.lane), step.id, owner)
    rows, tallies = Rows(), dict[tuple[str, str], Tally]()
    planned = await plan_runs(tx, rows, matched, now)
    await rows.write(tx, now)
    tally(tallies, step.tenant, planned.matched, matched.errors)
    await runs.delete_run(tx, step.run_id)
    if matched.unreadable:
        await event_states.count_finished(tx, step.event_id, 1, 1, matched.unreadable)
    else:
        reason = planned.reason or error_reason(matched) or NO_RULE
        opened = planned.opened - 1
        await event_states.settle_in_lane(tx, step.event_id, opened, rules_version, reason)
    await lanes.settle_lane(tx, (step.tenant, step.lane))
    await count_rules(tx, tallies, now)


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


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a try that is written down leaves behind.

    state: of the event, when the action is finished; None when it waits.
    goes_on: the lane has something to do at once; else it is given back already.
    """

    state: EventState | None
    goes_on: bool


async def record_ended(
    tx: Transaction,
    action: actions.StoredAction,
    ended: Ended,
    on_failure: OnFailure,
    now: int,
    owner: str = "",
) -> Recorded:
    """Writes one try: its attempt row, the action's and the event's state, the lane's next time.

    owner: who must still have the lane's lease, on PostgreSQL.
    Raises LeaseLost.
    """
    attempt, lane = ended.attempt, (action.tenant, action.lane)
    await lanes.keep_lane(tx, lane, owner)
    if ended.counted:
        await insert_attempt(tx, attempt)
    if attempt.outcome is AttemptOutcome.AGAIN:
        await actions.postpone_action(
            tx, action.id, attempt.reason, attempt.next_try_at or now, attempt.number,
            ended.may_exist,
        )  # fmt: skip
        return Recorded(None, await lanes.settle_own_lane(tx, lane, now))
    await actions.end_action(
        tx, action.id, STATES[attempt.outcome], attempt.reason, ended.outputs or {}, now,
        attempt.number,
    )  # fmt: skip
    finished, dead = 1, 0
    if attempt.outcome is AttemptOutcome.DEAD:
        dead = 1
        finished += await give_up_rest(tx, action, on_failure, now)
    elif action.planned.name == PUSHES_CASE and attempt.outcome is not AttemptOutcome.SKIPPED:
        integration = action.planned.integration
        by: JSON = {"username": action.rule, "full_name": None, "email": None}
        await tie_case(tx, action.tenant, integration, action.lane, ended.outputs, now, by)
    if action.planned.name == MAKES_TICKET and not dead:
        await tie_ticket(tx, action, ended.outputs, now)
    else:
        await links.settle(tx, action.run_id, now)
    state = await event_states.count_finished(tx, action.event_id, finished, dead, attempt.reason)
    return Recorded(state, await lanes.settle_own_lane(tx, lane, now))


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
) -> Recorded:
    """Skips what is left of a run whose `once_per` value another run has done.

    owner: as for `record_ended`. Raises LeaseLost.
    """
    await lanes.keep_unfinished(tx, (action.tenant, action.lane), action.id, owner)
    finished = await actions.skip_rest_of_run(
        tx, action.run_id, action.planned.position, reason, now
    )
    state = await event_states.count_finished(tx, action.event_id, finished, 0, "")
    return Recorded(state, await lanes.settle_own_lane(tx, (action.tenant, action.lane), now))
