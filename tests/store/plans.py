"""Plans written the way record writes them, for tests that start after matching."""

from __future__ import annotations

from bridge.action import OnFailure, PlannedAction, PlannedRun
from bridge.planning import Matched
from bridge.record import record_matched
from bridge.store import actions, events
from bridge.store.transaction import Database, Transaction

LOG = PlannedAction(0, "log", "", "", {"message": "hello"})


def run_of(
    rule: str = "r", *steps: PlannedAction, once: str | None = None, **rest: object
) -> PlannedRun:
    on_failure = rest.get("on_failure", OnFailure.STOP)
    assert isinstance(on_failure, OnFailure)
    return PlannedRun(rule, 0, None, once, None, on_failure, steps or (LOG,))


async def plan(database: Database, event_id: str, now: int, *planned: PlannedRun) -> None:
    async def work(tx: Transaction) -> None:
        stored = await events.get_event(tx, event_id)
        await record_matched(tx, [Matched(stored, planned)], "v1", now)

    await database.write(work)


async def plan_one_action(database: Database, event_id: str, now: int) -> actions.StoredAction:
    await plan(database, event_id, now, run_of())
    (action,) = await database.read(lambda tx: actions.actions_of_event(tx, event_id))
    return action
