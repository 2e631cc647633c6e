"""What the guards of a run would say now: asked of the store, and nothing is taken or written."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.action import PlannedRun, Throttle
from bridge.clock import iso
from bridge.event import JSON, Event
from bridge.store.actions import MATCH, actions_of_event, read_lane
from bridge.store.lanes import held_by
from bridge.store.links import LinkState, find_once
from bridge.store.runs import positions_of
from bridge.store.throttles import place_run, read_window
from bridge.store.transaction import Transaction

NEW_RUN = "run_new"
"""Stands for the run that is not there yet."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one guard says. verdict: `runs`, `waits` or `skipped`, `grouped`. words: and why."""

    guard: str
    verdict: str
    words: str

    def as_json(self) -> JSON:
        """The same for other programs."""
        return {"guard": self.guard, "verdict": self.verdict, "words": self.words}


async def foresee(tx: Transaction, event: Event, run: PlannedRun, now: int) -> list[Decision]:
    """The guards in the order in which they are asked; those that have nothing to say are left
    out. An event that had this run already is not given it again."""
    before = await _before(tx, event, run)
    if before is not None:
        return [before]
    decisions = []
    if run.once is not None:
        decisions.append(await _once(tx, event, run, run.once))
    if run.throttle is not None and all(one.verdict != "skipped" for one in decisions):
        window = await read_window(tx, event.tenant, run.rule, run.throttle.by)
        slot, _ = place_run(window, run.throttle, NEW_RUN, now)
        decisions.append(_throttle(run.throttle, slot.starts_at, slot.group_run, now))
    decisions += await _lane(tx, event)
    return decisions


async def _before(tx: Transaction, event: Event, run: PlannedRun) -> Decision | None:
    actions = await actions_of_event(tx, event.id)
    positions = await positions_of(tx, event.id)
    mine = [
        one for one in actions if one.rule == run.rule and positions.get(one.run_id) == run.index
    ]
    if not mine:
        return None
    states = ", ".join(f"{one.planned.name} {one.state.value}" for one in mine)
    reason = next((f": {one.reason}" for one in mine if one.reason), "")
    words = f"this event had this run already ({states}{reason}); a replay does not plan it again"
    return Decision("replay", "skipped", words)


async def _once(tx: Transaction, event: Event, run: PlannedRun, once: str) -> Decision:
    held = await find_once(tx, event.tenant, run.rule, once)
    name = f"{once!r}"
    if held is None:
        return Decision("once_per", "runs", f"{name} was not done by this rule before")
    if held.state is LinkState.DONE:
        ticket = f", {held.ticket}" if held.ticket else ""
        return Decision("once_per", "skipped", f"{name} was done by {held.event_id}{ticket}")
    if held.state is LinkState.INTENT:
        return Decision("once_per", "waits", f"{name} is under way in {held.event_id}")
    if held.state is LinkState.PLANNED:
        words = f"{name} is planned by {held.event_id}: whose turn comes first does it"
        return Decision("once_per", "waits", words)
    words = f"{name} was given up by {held.event_id}: it is looked for, then done"
    return Decision("once_per", "runs", words)


def _throttle(given: Throttle, starts_at: int, group_run: str, now: int) -> Decision:
    if group_run:
        return Decision("throttle", "grouped", f"{group_run} waits, and takes this event in")
    if starts_at <= now:
        return Decision("throttle", "runs", "its window is not full")
    full = f"{given.at_most} runs in {given.per_ms // 1000} s are used up"
    if given.over == "drop":
        return Decision("throttle", "skipped", full)
    return Decision("throttle", "waits", f"{full}, until {iso(starts_at)}")


async def _lane(tx: Transaction, event: Event) -> list[Decision]:
    """What stands before the event in its lane."""
    held = await held_by(tx, (event.tenant, event.subject))
    if held:
        words = f"the lane is held by {held}, which is dead: a person has to replay it"
        return [Decision("lane", "waits", words)]
    waiting = await read_lane(tx, event.tenant, event.subject, 1)
    if waiting and waiting[0].event_id != event.id:
        first = waiting[0]
        name = "the rules that read `link`" if first.planned.name == MATCH else first.planned.name
        words = f"behind {name} of {first.event_id} ({first.state.value}), in the same lane"
        return [Decision("lane", "waits", words)]
    return []
