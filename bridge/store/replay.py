"""Puts an event back on its way, for an operator or for a sender that sent it again."""

from __future__ import annotations

from bridge.errors import Conflict, NotFound
from bridge.store.actions import AFTER_DEAD, get_action, lanes_of_event, revive_actions
from bridge.store.event_states import forget_dead, reopen
from bridge.store.events import get_event
from bridge.store.lanes import free_lane, free_lane_held_by, lock_lane, settle_lane
from bridge.store.links import owner_in_lane
from bridge.store.transaction import Transaction


async def replay_event(tx: Transaction, event_id: str, now: int) -> int:
    """Revives the dead actions of an event and lets the rules see it again.

    Steps that are done stay done, and a run that exists is not planned a second time; so only
    what failed, as the rules in force plan it then, and what newer rules add, will run.
    Gives the number of revived actions.
    """
    event = await get_event(tx, event_id)
    await lock_lane(tx, (event.tenant, event.subject))
    owner = await owner_in_lane(tx, event.tenant, event.subject)
    revived = await revive_actions(tx, event_id, now, owner)
    await reopen(tx, event_id, revived)
    for lane in await lanes_of_event(tx, event_id):
        await free_lane(tx, lane)
        await settle_lane(tx, lane)
    return revived


DISCARDED = "discarded"
"""How the reason of an action begins that a person gave up for good."""


async def discard_action(tx: Transaction, tenant: str, action_id: str, why: str, now: int) -> str:
    """Gives a dead action up for good: it no longer makes its event fail, nor holds its lane.

    Steps that were skipped because of it stay skipped. Gives the event's id.
    Raises NotFound, also for another tenant's; Conflict unless it is dead.
    """
    action = await get_action(tx, action_id)
    if action.tenant != tenant:
        raise NotFound(f"no action has the id {action_id}")
    changed = await tx.run(
        "UPDATE actions SET state = 'skipped', reason = ?, finished_at = ?"
        " WHERE id = ? AND state = 'dead'",
        f"{DISCARDED}: {why}",
        now,
        action_id,
    )
    if not changed:
        raise Conflict(f"{action_id} is {action.state.value}; only a dead action can be discarded")
    await tx.run(
        "UPDATE actions SET reason = ? WHERE run_id = ? AND state = 'skipped' AND reason = ?",
        f"an earlier step of its run was {DISCARDED}",
        action.run_id,
        AFTER_DEAD,
    )
    await forget_dead(tx, action.event_id)
    lane = (tenant, action.lane)
    await lock_lane(tx, lane)
    await free_lane_held_by(tx, lane, action_id)
    await settle_lane(tx, lane)
    return action.event_id
