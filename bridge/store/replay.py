"""Puts an event back on its way, for an operator or for a sender that sent it again."""

from __future__ import annotations

from bridge.store.actions import lanes_of_event, revive_actions
from bridge.store.events import get_event, reopen
from bridge.store.lanes import free_lane, lock_lane, settle_lane
from bridge.store.links import owner_in_lane
from bridge.store.transaction import Transaction


async def replay_event(tx: Transaction, event_id: str, now: int) -> int:
    """Revives the dead actions of an event and lets the rules see it again.

    Steps that are done stay done, and a run that exists is not planned a second time; so only
    what failed, and what newer rules add, will run. Gives the number of revived actions.
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
