"""Planning: what the rules said about an event becomes rows, as far as the guards let it.

Each function is part of a transaction of `record`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge.action import OnFailure, PlannedAction, PlannedRun
from bridge.clock import new_id
from bridge.event import StoredEvent
from bridge.marks import mark
from bridge.store import actions, links, runs, throttles
from bridge.store.actions import MATCH
from bridge.store.links import Link, LinkState
from bridge.store.outbound import Ours
from bridge.store.records import Record
from bridge.store.runs import Before, Run, ordered
from bridge.store.shared_locks import lock_names
from bridge.store.transaction import Transaction
from bridge.ties import planned_link


@dataclass(frozen=True, slots=True)
class Matched:
    """What the rules said about one event.

    needs_lane: rules that read `link` are still to be asked, when the lane's turn comes.
    unreadable: why no rule could see it; empty otherwise.
    errors: rules whose expressions gave an error, with its text.
    about: the kind and id of the record the event is about, for links.
    ours: what of the event the bridge wrote itself, where it did.
    """

    stored: StoredEvent
    runs: tuple[PlannedRun, ...]
    records: tuple[Record, ...] = ()
    needs_lane: bool = False
    unreadable: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    about: tuple[str, str] = ("", "")
    ours: Ours | None = None


NOTHING_BEFORE = Before({})


@dataclass(slots=True)
class Rows:
    """What is planned for a batch of events and still to be written, each table at once."""

    runs: list[Run] = field(default_factory=list)
    actions: list[actions.NewAction] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    async def write(self, tx: Transaction, now: int) -> None:
        """Writes it, and is empty again."""
        await links.intend_all(tx, self.links, now)
        await runs.insert_runs(tx, self.runs, now)
        await actions.insert_actions(tx, self.actions)
        self.runs, self.actions, self.links = [], [], []


async def lock_shared(tx: Transaction, batch: Iterable[Matched]) -> None:
    """Keeps other nodes from what the guards read and write for these events."""
    names: list[tuple[str, ...]] = []
    for matched in batch:
        tenant = matched.stored.tenant
        for planned in matched.runs:
            if planned.once is not None:
                names.append(("once", tenant, planned.rule, planned.once))
            if planned.throttle is not None:
                names.append(throttles.window_name(tenant, planned.rule, planned.throttle.by))
    await lock_names(tx, names)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is planned for one event: its open actions, when the first is due, rules hit."""

    opened: int
    due_at: int
    matched: Mapping[str, int]
    before: Before
    reason: str


async def plan_runs(tx: Transaction, rows: Rows, matched: Matched, now: int) -> Planned:
    """Plans the runs of an event that are not there yet, with their actions and links.

    After `lock_shared`.
    """
    event = matched.stored
    seen_before = bool(event.rules_version)
    before = await runs.planned_before(tx, event.id) if seen_before else NOTHING_BEFORE
    lane_seq = await lane_place(tx, event) if seen_before else event.seq
    opened = 0
    due_at = now
    reason = ""
    hits: dict[str, int] = {}
    for planned in still_to_plan(matched.runs, before):
        hits[planned.rule] = hits.get(planned.rule, 0) + 1
        placed = await place_run(tx, rows, matched, planned, now)
        reason = placed.reason or reason
        if placed.run is None:
            continue
        new = new_actions(event, planned, placed.run.id, placed, lane_seq, now)
        rows.runs.append(placed.run)
        rows.actions.extend(new)
        count = sum(1 for action in new if not action.skip)
        if count and not opened:
            due_at = placed.due_at
        opened += count
    return Planned(opened, due_at, hits, before, reason)


def still_to_plan(planned: Sequence[PlannedRun], before: Before) -> Iterator[PlannedRun]:
    """The runs whose element has none yet. One that stands where another stood gets a position of
    its own, since the mark of what it makes goes by that."""
    if not before.elements:
        yield from planned
        return
    now: dict[str, set[str]] = {}
    free: dict[str, int] = {}
    for run in planned:
        now.setdefault(run.rule, set()).add(ordered(run.each))
        free[run.rule] = max(free.get(run.rule, 0), run.index + 1)
    for run in planned:
        if before.has(run.rule, run.index, run.each, now[run.rule]):
            continue
        held = before.elements.get(run.rule, {})
        if run.index in held:
            free[run.rule] = max(free[run.rule], max(held) + 1)
            yield replace(run, index=free[run.rule])
            free[run.rule] += 1
        else:
            yield run


@dataclass(frozen=True, slots=True)
class Placed:
    """What the guards said about a run.

    run: None when a waiting run has taken the event in.
    due_at: when it may start. skip: why it will not run; empty otherwise.
    """

    run: Run | None
    due_at: int = 0
    skip: str = ""
    reason: str = ""


async def place_run(
    tx: Transaction, rows: Rows, matched: Matched, planned: PlannedRun, now: int
) -> Placed:
    """Asks the guards, `once_per` first: a value that is done takes no place in a throttle."""
    event = matched.stored
    run = Run(
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
            await rows.write(tx, now)  # the waiting run may be of this very batch
            await runs.add_to_group(tx, slot.group_run, event.id)
            return Placed(None, reason=f"taken in by the waiting {slot.group_run} ({limit})")
        if slot.starts_at > now and planned.throttle.over == "drop":
            return Placed(run, now, f"throttled: {limit} are used up")
        due_at = slot.starts_at
        run = replace(run, grouped=(event.id,))
    if held is None and (link := planned_link(event, matched.about, planned, run)) is not None:
        rows.links.append(link)
    return Placed(run, due_at)


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


def add_match_step(rows: Rows, event: StoredEvent, now: int) -> None:
    """Puts a step into the lane that will ask the rules which read `link`."""
    run = Run(
        new_id("run", now), event.id, event.tenant, MATCH, 0, None, None, OnFailure.STOP, None
    )
    step = actions.NewAction(
        new_id("act", now), run.id, event.id, event.seq, event.tenant, event.subject, MATCH,
        PlannedAction(0, MATCH, "", "", {}), mark(event.tenant, MATCH, None, event.id, 0, 0),
        "", False, now, now,
    )  # fmt: skip
    rows.runs.append(run)
    rows.actions.append(step)
