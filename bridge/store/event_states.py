"""How events stand in the table: what the rules planned for them, and how much of it is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.errors import NotFound
from bridge.event import EventState
from bridge.store.transaction import Transaction, placeholders


async def lock_received(tx: Transaction, event_ids: Sequence[str]) -> set[str]:
    """Those of the events that no matcher has settled; keeps others from them until the transaction
    ends.

    SQLite has one writer, who needs no lock.
    """
    if tx.engine == "postgres":
        rows = await tx.rows(
            "SELECT id FROM events WHERE id = ANY(?::text[]) AND state = 'received'"
            " ORDER BY seq FOR UPDATE",
            list(event_ids),
        )
    else:
        rows = await tx.rows(
            f"SELECT id FROM events WHERE id IN {placeholders(len(event_ids))}"
            " AND state = 'received'",
            *event_ids,
        )
    return {event_id for (event_id,) in rows}


@dataclass(frozen=True, slots=True)
class Settled:
    """How an event stands when the rules have seen it.

    opened: actions planned for it. idle: what it becomes when nothing is left to run.
    """

    event_id: str
    opened: int
    rules_version: str
    idle: EventState
    reason: str

    def row(self) -> tuple[object, ...]:
        return (
            self.rules_version, self.opened, self.reason, self.opened, self.idle.value,
            self.event_id,
        )  # fmt: skip


SETTLE = (
    "UPDATE events SET rules_version = ?, open_actions = open_actions + ?, reason = ?,"
    " state = CASE WHEN open_actions + ? > 0 THEN 'matched'"
    " WHEN dead_actions > 0 THEN 'failed' ELSE ? END"
    " WHERE id = ? AND state = 'received'"
)


async def settle_all(tx: Transaction, settled: Sequence[Settled]) -> None:
    """Marks events as matched and counts the actions planned for them.

    After `lock_received`; one that another matcher has settled is left as it is.
    """
    await tx.run_many(SETTLE, [one.row() for one in settled])


async def count_finished(
    tx: Transaction, event_id: str, finished: int, dead: int, reason: str
) -> EventState:
    """Counts actions that ended; the last one makes the event done or failed.

    reason: kept with the event when an action died. Gives the event's state afterwards.
    """
    row = await tx.row(
        "UPDATE events SET open_actions = open_actions - ?, dead_actions = dead_actions + ?,"
        " reason = CASE WHEN ? > 0 THEN ? ELSE reason END,"
        " state = CASE WHEN state NOT IN ('matched', 'failed') THEN state"
        " WHEN dead_actions + ? > 0 THEN 'failed' WHEN open_actions <= ? THEN 'done' ELSE state END"
        " WHERE id = ? RETURNING state",
        finished,
        dead,
        dead,
        reason,
        dead,
        finished,
        event_id,
    )
    if row is None:
        raise NotFound(f"no event has the id {event_id}")
    return EventState(row[0])


async def settle_in_lane(
    tx: Transaction, event_id: str, opened: int, rules_version: str, reason: str
) -> None:
    """Counts the actions planned at the lane's turn, and ends the event when there are none.

    rules_version: of the rules that were asked now; they may be others than at first.
    opened: how many more are open than before; less than 0 when only the asking step is gone.
    reason: why it is ignored, where no rule at all has planned anything for it.
    """
    await tx.run(
        "UPDATE events SET open_actions = open_actions + ?, rules_version = ? WHERE id = ?",
        opened,
        rules_version,
        event_id,
    )
    planned = await tx.row("SELECT 1 FROM runs WHERE event_id = ? LIMIT 1", event_id)
    idle, why = (EventState.DONE, "") if planned else (EventState.IGNORED, reason)
    await tx.run(
        "UPDATE events SET state = CASE WHEN dead_actions > 0 THEN 'failed' ELSE ? END,"
        " reason = CASE WHEN dead_actions > 0 THEN reason ELSE ? END"
        " WHERE id = ? AND state = 'matched' AND open_actions <= 0",
        idle.value,
        why,
        event_id,
    )


async def forget_dead(tx: Transaction, event_id: str) -> None:
    """One of its dead actions no longer counts; with the last one the event is done."""
    await tx.run("UPDATE events SET dead_actions = dead_actions - 1 WHERE id = ?", event_id)
    await tx.run(
        "UPDATE events SET state = CASE WHEN open_actions > 0 THEN 'matched' ELSE 'done' END,"
        " reason = '' WHERE id = ? AND state = 'failed' AND dead_actions <= 0",
        event_id,
    )


async def reopen(tx: Transaction, event_id: str, reopened: int) -> None:
    """Puts an event back before the rules; its revived actions count as open, none as dead."""
    await tx.run(
        "UPDATE events SET state = 'received', reason = '', dead_actions = 0,"
        " open_actions = open_actions + ? WHERE id = ?",
        reopened,
        event_id,
    )
