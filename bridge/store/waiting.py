"""What a lane has to do next, with all that its turn needs, in one statement."""

from __future__ import annotations

from bridge.errors import LeaseLost
from bridge.store import actions, runs
from bridge.store.actions import UNFINISHED, StoredAction
from bridge.store.lanes import Lane
from bridge.store.runs import Run
from bridge.store.transaction import Transaction

OF_ACTION = len(actions.COLUMNS.split(","))
OF_RUN = ", ".join(f"r.{column.strip()}" for column in runs.COLUMNS.split(","))


async def read_waiting(
    tx: Transaction, lane: Lane, owner: str, limit: int
) -> list[tuple[StoredAction, Run]]:
    """The next actions of a lane, each with its run; none while it is held. Raises LeaseLost."""
    rows = await tx.rows(
        f"SELECT l.leased_by, l.held, {actions.COLUMNS}, {OF_RUN} FROM ("
        f" SELECT a.* FROM actions a WHERE a.tenant = ? AND a.lane = ? AND a.{UNFINISHED}"
        " ORDER BY a.event_seq, a.seq LIMIT ?) AS a JOIN runs r ON r.id = a.run_id"
        " LEFT JOIN lanes l ON l.tenant = a.tenant AND l.name = a.lane"
        " ORDER BY a.event_seq, a.seq",
        *lane,
        limit,
    )
    waiting: list[tuple[StoredAction, Run]] = []
    for leased_by, held, *rest in rows:
        if tx.engine == "postgres" and leased_by not in (None, owner):
            raise LeaseLost(f"{lane[1]}: another process has the lane now")
        if held:
            return []  # on SQLite a newer event may have put it into the line again
        action = actions.stored(tuple(rest[:OF_ACTION]))
        waiting.append((action, runs.stored(tuple(rest[OF_ACTION:]))))
    return waiting
