"""The guards of a run: whose turn a value of `once_per` is, and when a group closes."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.clock import Clock
from bridge.store import links, throttles
from bridge.store.actions import StoredAction, doubt_run
from bridge.store.links import Link, LinkState
from bridge.store.runs import Run
from bridge.store.transaction import Database, Transaction


@dataclass(frozen=True, slots=True)
class Turn:
    """What the guards say when an action's turn comes.

    skip_run: why the run does nothing after all; empty when it goes on.
    wait: why it has to wait; empty when it need not.
    may_exist: an earlier run for the same value died, perhaps half way.
    """

    skip_run: str = ""
    wait: str = ""
    may_exist: bool = False


GO_ON = Turn()


async def take_turn(database: Database, clock: Clock, action: StoredAction, run: Run) -> Turn:
    """Asks whether a run may go on. Writes only where an owner or a group changes."""
    if run.grouped and action.planned.position == 0:
        await database.write(lambda tx: throttles.close_group(tx, run.id))
    if run.once is None:
        return GO_ON
    once = run.once
    held = await database.read(lambda tx: links.find_once(tx, run.tenant, run.rule, once))
    if held is None:
        return GO_ON
    if held.state is LinkState.FREE:
        return await take_over(database, clock, held, run)
    if held.run_id == run.id:
        return GO_ON
    if held.state is LinkState.DONE:
        ticket = f", {held.ticket}" if held.ticket else ""
        return Turn(skip_run=f"once_per {once!r} was done by {held.event_id}{ticket}")
    return Turn(wait=f"once_per {once!r} is under way in {held.event_id}")


async def take_over(database: Database, clock: Clock, held: Link, run: Run) -> Turn:
    """Makes the run the owner of a value whose last owner died."""
    now = clock()

    async def work(tx: Transaction) -> bool:
        taken = await links.take_over(tx, held, run.id, run.event_id, now)
        if taken:  # written down: all its steps may be there, and this try may end in a crash
            await doubt_run(tx, run.id)
        return taken

    taken = await database.write(work)
    return Turn(may_exist=True) if taken else Turn(wait="another run takes the value over")
