"""The guards of a run: whose turn a value of `once_per` is, and when a group closes."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.clock import Clock
from bridge.store import lanes, links, throttles
from bridge.store.actions import StoredAction, doubt_run, read_lane
from bridge.store.links import Link, LinkState
from bridge.store.runs import Run
from bridge.store.transaction import Database, Transaction


@dataclass(frozen=True, slots=True)
class Turn:
    """What the guards say when an action's turn comes.

    skip_run: why the run does nothing after all; empty when it goes on.
    wait: why it has to wait; empty when it need not.
    may_exist: an earlier run for the same value died, perhaps half way.
    read_again: what was read of the lane is out of date: a replay put another action before this
    one, or its group took events in until now.
    """

    skip_run: str = ""
    wait: str = ""
    may_exist: bool = False
    read_again: bool = False


GO_ON = Turn()


async def take_turn(
    database: Database, clock: Clock, action: StoredAction, run: Run, owner: str = ""
) -> Turn:
    """Asks whether a run may go on. Writes only where an owner or a group changes.

    owner: who has the lane's lease, on PostgreSQL. Raises LeaseLost.
    """
    if (
        run.grouped
        and action.planned.position == 0
        and await database.write(lambda tx: throttles.close_group(tx, run.id))
    ):
        return Turn(read_again=True)
    if run.once is None:
        return GO_ON
    once = run.once
    held = await database.read(
        lambda tx: links.find_once(tx, run.tenant, run.rule, once), single=True
    )
    if held is None:
        return GO_ON
    if held.state in (LinkState.PLANNED, LinkState.FREE):
        return await take_over(database, clock, held, action, run, owner)
    if held.run_id == run.id:
        return GO_ON
    if held.state is LinkState.DONE:
        ticket = f", {held.ticket}" if held.ticket else ""
        return Turn(skip_run=f"once_per {once!r} was done by {held.event_id}{ticket}")
    return Turn(wait=f"once_per {once!r} is under way in {held.event_id}")


async def take_over(
    database: Database, clock: Clock, held: Link, action: StoredAction, run: Run, owner: str
) -> Turn:
    """Makes the run the owner of a value that nobody owns yet, or whose last owner died."""
    now = clock()
    doubtful = held.state is LinkState.FREE

    async def work(tx: Transaction) -> Turn:
        await lanes.keep_lane(tx, (run.tenant, action.lane), owner)
        first = await read_lane(tx, run.tenant, action.lane, 1)
        if not first or first[0].id != action.id:
            return Turn(read_again=True)
        if not await links.take_over(tx, held, run, action.lane, now):
            return Turn(wait="another run takes the value over")
        if doubtful:  # written down: all steps may be there, and this try may end in a crash
            await doubt_run(tx, run.id)
        return Turn(may_exist=doubtful)

    return await database.write(work, short=True)
