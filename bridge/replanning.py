"""Replanning: what a replay tries again is done as the rules in force say, not as they said then.

An event is replayed after something was mended, and often that was the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.action import PlannedAction, PlannedRun
from bridge.event import JSON, StoredEvent
from bridge.matcher import Matcher
from bridge.matching import read_with_link
from bridge.store.actions import REPLAYED, StoredAction, replan_action, replayed_of_run
from bridge.store.lanes import keep_unfinished
from bridge.store.outbound import Ours
from bridge.store.runs import Run, replan_run
from bridge.store.transaction import Database, Transaction

NEVER = "false"
"""The condition of a step whose `when` is known to be false: it may have to wait before it ends."""


async def plan_anew(
    database: Database, matcher: Matcher, action: StoredAction, run: Run, owner: str = ""
) -> bool:
    """Writes what the rules in force plan for a replayed action and the steps replayed behind it.

    All of a run at once, since what its first step does may change what its rule says. A step that
    the rules no longer have stays as it was planned. Gives False for what is not replayed.
    owner: who has the lane's lease, on PostgreSQL. Raises LeaseLost.
    """
    if action.reason != REPLAYED:
        return False
    seen = await database.read(lambda tx: read_with_link(tx, run.event_id))
    found = same_run(runs_now(matcher, action, *seen), run)

    async def work(tx: Transaction) -> None:
        await keep_unfinished(tx, (action.tenant, action.lane), action.id, owner)
        for one in await replayed_of_run(tx, run.id):
            await replan_action(tx, one.id, same_step(found, one.planned) or one.planned)
        if found is not None:
            await replan_run(tx, run.id, found.variables, found.on_failure)

    await database.write(work)
    return True


def runs_now(
    matcher: Matcher, action: StoredAction, stored: StoredEvent, link: JSON, ours: Ours
) -> list[PlannedRun]:
    """What all rules plan for the event, at the time at which the action was planned."""
    return [
        run
        for seen in (None, link)
        for run in matcher.match(stored, action.planned_at, link=seen, ours=ours).runs
    ]


def same_run(runs: Sequence[PlannedRun], run: Run) -> PlannedRun | None:
    """The run of the same rule for the same element, which may stand elsewhere in its list now."""
    wanted = (run.rule, run.element, run.once)
    fitting = [one for one in runs if (one.rule, one.each, one.once) == wanted]
    return min(fitting, key=lambda one: abs(one.index - run.position), default=None)


def same_step(run: PlannedRun | None, planned: PlannedAction) -> PlannedAction | None:
    """The step at the same place that does the same."""
    for step in run.actions if run is not None else ():
        if (step.position, step.name) == (planned.position, planned.name):
            return replace(step, condition=NEVER) if step.skip else step
    return None
