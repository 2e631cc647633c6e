"""Record: writes what matching planned, and how each try of an action ended.

Each function is one transaction's worth: either all of it is in the store, or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge.action import ActionState, OnFailure, PlannedAction, PlannedRun
from bridge.casebook import complete_cases, keep_push
from bridge.clock import new_id
from bridge.errors import LeaseLost, NotFound
from bridge.event import JSON, EventState, StoredEvent
from bridge.store import actions, events, lanes, links, runs, throttles
from bridge.store.actions import MATCH
from bridge.store.attempts import Attempt, AttemptOutcome, insert_attempt
from bridge.store.links import Link, LinkState
from bridge.store.records import Record, get_record, keep_records
from bridge.store.rule_counts import count_rules
from bridge.store.transaction import Transaction, wake_all

MAKES_TICKET = "create_ticket"
"""The action whose outputs name a ticket that a link can be tied to."""


PUSHES_CASE = "push_case"
"""The action whose outputs name a ticket that a case is tied to."""


def mark(tenant: str, rule: str, once: str | None, event_id: str, element: int, step: int) -> str:
    """What the thing that an action makes carries, so that it can be found again.

    With `once_per` it follows from the value alone, not from the event: a run that takes over
    from a dead one must find what that one made. Without, it follows from the event and the
    element: a second event is meant to make a second thing. 24 hex digits: 96 bits of SHA-256.
    """
    what = ["once", tenant, rule, once] if once is not None else ["run", event_id, rule, element]
    text = "\x1f".join(str(part) for part in [*what, step])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Matched:
    """What the rules said about one event.

    needs_lane: rules that read `link` are still to be asked, when the lane's turn comes.
    unreadable: why no rule could see it; empty otherwise.
    errors: rules whose expressions gave an error, with its text.
    about: the kind and id of the record the event is about, for links.
    """

    stored: StoredEvent
    runs: tuple[PlannedRun, ...]
    records: tuple[Record, ...] = ()
    needs_lane: bool = False
    unreadable: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    about: tuple[str, str] = ("", "")


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
    await keep_unfinished(tx, step, owner)
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
class Planned:
    """What was written for one event: its open actions, when the first is due, rules hit."""

    opened: int
    due_at: int
    matched: Mapping[str, int]
    before: set[tuple[str, int]]
    reason: str


async def plan_runs(tx: Transaction, matched: Matched, now: int) -> Planned:
    """Writes the runs of an event that are not there yet, with their actions and links."""
    event = matched.stored
    seen_before = bool(event.rules_version)
    before = await runs.planned_before(tx, event.id) if seen_before else set()
    lane_seq = await lane_place(tx, event) if seen_before else event.seq
    opened = 0
    due_at = now
    reason = ""
    hits: dict[str, int] = {}
    for planned in matched.runs:
        if (planned.rule, planned.index) in before:
            continue
        hits[planned.rule] = hits.get(planned.rule, 0) + 1
        placed = await place_run(tx, matched, planned, now)
        reason = placed.reason or reason
        if placed.run is None:
            continue
        new = new_actions(event, planned, placed.run.id, placed, lane_seq, now)
        await runs.insert_runs(tx, [placed.run], now)
        await actions.insert_actions(tx, new)
        count = sum(1 for action in new if not action.skip)
        if count and not opened:
            due_at = placed.due_at
        opened += count
    return Planned(opened, due_at, hits, before, reason)


@dataclass(frozen=True, slots=True)
class Placed:
    """What the guards said about a run.

    run: None when a waiting run has taken the event in.
    due_at: when it may start. skip: why it will not run; empty otherwise.
    """

    run: runs.Run | None
    due_at: int = 0
    skip: str = ""
    reason: str = ""


async def place_run(tx: Transaction, matched: Matched, planned: PlannedRun, now: int) -> Placed:
    """Asks the guards, `once_per` first: a value that is done takes no place in a throttle."""
    event = matched.stored
    run = runs.Run(
        new_id("run", now), event.id, event.tenant, planned.rule, planned.index, planned.each,
        planned.once, planned.on_failure, planned.variables,
    )  # fmt: skip
    held = None
    if planned.once is not None:
        held = await links.find_once(tx, event.tenant, planned.rule, planned.once)
        if held is not None and held.state is LinkState.DONE:
            ticket = f", {held.ticket}" if held.ticket else ""
            return Placed(
                run, now, f"once_per {planned.once!r} was done by {held.event_id}{ticket}"
            )
    due_at = now
    if planned.throttle is not None:
        slot = await throttles.take_slot(
            tx, event.tenant, planned.rule, planned.throttle, run.id, now
        )
        limit = f"{planned.throttle.at_most} runs in {planned.throttle.per_ms // 1000} s"
        if slot.group_run:
            await runs.add_to_group(tx, slot.group_run, event.id)
            return Placed(None, reason=f"taken in by the waiting {slot.group_run} ({limit})")
        if slot.starts_at > now and planned.throttle.over == "drop":
            return Placed(run, now, f"throttled: {limit} are used up")
        due_at = slot.starts_at
        run = replace(run, grouped=(event.id,))
    if held is None:
        await plan_link(tx, matched, planned, run, now)
    return Placed(run, due_at)


async def plan_link(
    tx: Transaction, matched: Matched, planned: PlannedRun, run: runs.Run, now: int
) -> None:
    """Writes the link of a run that makes a ticket or runs once. A value of `once_per` gets its
    owner when a run's turn comes."""
    makes_ticket = any(action.name == MAKES_TICKET for action in planned.actions)
    if planned.once is None and not makes_ticket:
        return
    kind, record_id = element_about(matched.about, planned)
    event = matched.stored
    state = LinkState.INTENT if planned.once is None else LinkState.PLANNED
    link = Link(
        event.tenant, planned.rule, planned.once, event.subject, kind, record_id, run.id,
        event.id, state, "", "", "", "",
    )  # fmt: skip
    await links.intend(tx, link, now)


def element_about(about: tuple[str, str], planned: PlannedRun) -> tuple[str, str]:
    """The record a run is about: the finding its element is, else what the event is about."""
    if isinstance(planned.each, dict):
        element_id = planned.each.get("id")
        if isinstance(element_id, str) and about[0] == "scan":
            return "finding", element_id
    return about


async def lane_place(tx: Transaction, event: StoredEvent) -> int:
    """Where an event that comes before the rules again stands in its lane: as it came, but not
    ahead of a run that owns a value of `once_per`."""
    owner = await links.owner_in_lane(tx, event.tenant, event.subject)
    return event.seq if owner is None else max(event.seq, owner[1] + 1)


def new_actions(
    event: StoredEvent, planned: PlannedRun, run_id: str, placed: Placed, lane_seq: int, now: int
) -> list[actions.NewAction]:
    """The rows of a run's steps. lane_seq: where they stand in the lane."""
    return [
        actions.NewAction(
            new_id("act", now), run_id, event.id, lane_seq, event.tenant, event.subject,
            planned.rule, step,
            mark(event.tenant, planned.rule, planned.once, event.id, planned.index, step.position),
            placed.skip or step.skip, False, placed.due_at, now,
        )
        for step in planned.actions
    ]  # fmt: skip


async def add_match_step(tx: Transaction, event: StoredEvent, now: int) -> None:
    """Puts a step into the lane that will ask the rules which read `link`."""
    run = runs.Run(
        new_id("run", now), event.id, event.tenant, MATCH, 0, None, None, OnFailure.STOP, None
    )
    step = actions.NewAction(
        new_id("act", now), run.id, event.id, event.seq, event.tenant, event.subject, MATCH,
        PlannedAction(0, MATCH, "", "", {}), mark(event.tenant, MATCH, None, event.id, 0, 0),
        "", False, now, now,
    )  # fmt: skip
    await runs.insert_runs(tx, [run], now)
    await actions.insert_actions(tx, [step])


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
    await keep_unfinished(tx, action, owner)
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


async def keep_unfinished(tx: Transaction, action: actions.StoredAction, owner: str) -> None:
    """Locks the lane of an action that is still to be ended by its owner. Raises LeaseLost.

    A node that stood still may have its lane again by now, and its action be ended by another.
    """
    await lanes.keep_lane(tx, (action.tenant, action.lane), owner)
    if not await actions.is_unfinished(tx, action.id):
        raise LeaseLost(f"{action.id}: another process has ended it")


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


async def tie_ticket(
    tx: Transaction, action: actions.StoredAction, outputs: JSON, now: int
) -> None:
    """Ties the run's link to the ticket that was made."""
    made = outputs if isinstance(outputs, dict) else {}
    key, id_, url = (str(made.get(name) or "") for name in ("key", "id", "url"))
    tied = await links.set_ticket(tx, action.run_id, action.planned.integration, key, id_, url, now)
    if not tied:
        raise NotFound(f"{action.run_id} made {key} but has no link to tie it to")


async def tie_case(
    tx: Transaction,
    tenant: str,
    integration: str,
    lane: str,
    outputs: JSON,
    now: int,
    by: JSON = None,
    comments: Sequence[str] = (),
) -> None:
    """Ties a case to the ticket that a push made, found or brought up to date; once is enough.

    Unlike a ticket of `create_ticket` it needs no intent: its mark belongs to the case itself.
    outputs: of the connector's `push_case`. lane: the subject of a case that is in no record.
    by, comments: as for `keep_push`.
    """
    made = outputs if isinstance(outputs, dict) else {}
    key, id_, url, case_id = (str(made.get(name) or "") for name in ("key", "id", "url", "case"))
    record = await get_record(tx, tenant, "case", case_id)
    link = Link(
        tenant, PUSHES_CASE, None, record.subject if record else lane, "case", case_id, "", "",
        LinkState.DONE, integration, key, id_, url,
    )  # fmt: skip
    await links.tie(tx, link, now)
    await keep_push(tx, tenant, integration, made, by, now, comments)


async def settle_link(tx: Transaction, action: actions.StoredAction, now: int) -> None:
    """With its last step a run ends: its link is done, or free for the next run."""
    unfinished, dead = await actions.rest_of_run(tx, action.run_id)
    if unfinished == 0:
        state = LinkState.FREE if dead else LinkState.DONE
        await links.set_state(tx, action.run_id, state, now)


async def record_run_skipped(
    tx: Transaction, action: actions.StoredAction, reason: str, now: int, owner: str = ""
) -> EventState:
    """Skips what is left of a run whose `once_per` value another run has done.

    owner: as for `record_ended`. Raises LeaseLost.
    """
    await keep_unfinished(tx, action, owner)
    finished = await actions.skip_rest_of_run(
        tx, action.run_id, action.planned.position, reason, now
    )
    state = await events.count_finished(tx, action.event_id, finished, 0, "")
    await lanes.settle_lane(tx, (action.tenant, action.lane))
    return state
