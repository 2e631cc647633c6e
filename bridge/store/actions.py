"""The table of planned actions: what a lane still has to do, and what became of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridge.action import ActionState, PlannedAction
from bridge.errors import LeaseLost, NotFound
from bridge.event import JSON
from bridge.store.transaction import Row, Transaction, insert_rows

UNFINISHED = "state IN ('pending', 'running', 'waiting')"
"""Word for word the condition of the index, so that the engine uses it."""

AFTER_DEAD = "an earlier step of its run is dead"
"""Why a step was skipped that a replay runs after all."""

REPLAYED = "to be tried again after a replay"
"""Why an action is pending that was dead: the rules are asked once more what it shall do."""

MATCH = "match"
"""The name of the step that asks the rules reading `link` once the lane has come to the event."""

COLUMNS = (
    "a.seq, a.id, a.run_id, a.event_id, a.event_seq, a.tenant, a.lane, a.rule, a.position,"
    " a.name, a.step, a.integration, a.parameters, a.deferred, a.condition, a.mark, a.state,"
    " a.reason, a.attempts, a.may_exist, a.next_try_at, a.outputs, a.planned_at"
)


@dataclass(frozen=True, slots=True)
class StoredAction:
    """An action as the store gives it back.

    planned: the step as the rules planned it, rendered but for its deferred leaves.
    attempts: tries so far. next_try_at, planned_at: milliseconds UTC.
    """

    seq: int
    id: str
    run_id: str
    event_id: str
    event_seq: int
    tenant: str
    lane: str
    rule: str
    planned: PlannedAction
    mark: str
    state: ActionState
    reason: str
    attempts: int
    may_exist: bool
    next_try_at: int
    outputs: JSON
    planned_at: int


def stored(row: Row) -> StoredAction:
    """A row of COLUMNS as a value."""
    seq, id_, run_id, event_id, event_seq, tenant, lane, rule, position = row[:9]
    name, step, integration, parameters, deferred, condition, mark, state = row[9:17]
    reason, attempts, may_exist, next_try_at, outputs, planned_at = row[17:23]
    planned = PlannedAction(
        position, name, step, integration, json.loads(parameters),
        tuple(json.loads(deferred)), condition,
    )  # fmt: skip
    return StoredAction(
        seq, id_, run_id, event_id, event_seq, tenant, lane, rule, planned, mark,
        ActionState(state), reason, attempts, bool(may_exist), next_try_at,
        json.loads(outputs), planned_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewAction:
    """A planned action on its way into the table."""

    id: str
    run_id: str
    event_id: str
    event_seq: int
    tenant: str
    lane: str
    rule: str
    planned: PlannedAction
    mark: str
    skip: str
    may_exist: bool
    next_try_at: int
    planned_at: int

    def row(self) -> tuple[object, ...]:
        planned = self.planned
        state = ActionState.SKIPPED if self.skip else ActionState.PENDING
        return (
            self.id, self.run_id, self.event_id, self.event_seq, self.tenant, self.lane,
            self.rule, planned.position, planned.name, planned.step, planned.integration,
            json.dumps(planned.parameters), json.dumps(planned.deferred), planned.condition,
            self.mark, state.value, self.skip, int(self.may_exist), self.next_try_at,
            self.planned_at, self.planned_at if self.skip else None,
        )  # fmt: skip


async def insert_actions(tx: Transaction, actions: Iterable[NewAction]) -> None:
    await insert_rows(
        tx,
        "INSERT INTO actions (id, run_id, event_id, event_seq, tenant, lane, rule, position, name,"
        " step, integration, parameters, deferred, condition, mark, state, reason, may_exist,"
        " next_try_at, planned_at, finished_at)",
        [action.row() for action in actions],
    )


async def read_lane(tx: Transaction, tenant: str, lane: str, limit: int) -> list[StoredAction]:
    """What a lane has to do next, in order."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM actions a WHERE a.tenant = ? AND a.lane = ?"
        f" AND a.{UNFINISHED} ORDER BY a.event_seq, a.seq LIMIT ?",
        tenant,
        lane,
        limit,
    )
    return [stored(row) for row in rows]


async def get_action(tx: Transaction, action_id: str) -> StoredAction:
    """One action. Raises NotFound."""
    row = await tx.row(f"SELECT {COLUMNS} FROM actions a WHERE a.id = ?", action_id)
    if row is None:
        raise NotFound(f"no action has the id {action_id}")
    return stored(row)


@dataclass(frozen=True, slots=True)
class ActionFilter:
    """Which actions a list shows; an empty field does not narrow. before_seq: the cursor."""

    tenant: str
    state: str = ""
    rule: str = ""
    integration: str = ""
    event_id: str = ""
    before_seq: int = 0


async def list_actions(
    tx: Transaction, chosen: ActionFilter, limit: int = 50
) -> list[StoredAction]:
    """Actions of events, the last planned first."""
    terms, values = ["a.tenant = ?", "a.name <> ?"], list[object]([chosen.tenant, MATCH])
    for column in ("state", "rule", "integration", "event_id"):
        wanted = getattr(chosen, column)
        if wanted:
            terms.append(f"a.{column} = ?")
            values.append(wanted)
    if chosen.state == "dead":
        terms.append("a.state = 'dead'")  # word for word the condition of its index
    if chosen.before_seq:
        terms.append("a.seq < ?")
        values.append(chosen.before_seq)
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM actions a WHERE {' AND '.join(terms)} ORDER BY a.seq DESC LIMIT ?",
        *values,
        limit,
    )
    return [stored(row) for row in rows]


async def count_dead(tx: Transaction, tenant: str) -> int:
    """How many actions wait for a person."""
    row = await tx.row("SELECT count(*) FROM actions WHERE tenant = ? AND state = 'dead'", tenant)
    return int(row[0]) if row else 0


async def is_unfinished(tx: Transaction, action_id: str) -> bool:
    """Whether an action is still to be ended."""
    row = await tx.row(f"SELECT 1 FROM actions WHERE id = ? AND {UNFINISHED}", action_id)
    return row is not None


async def actions_of_event(tx: Transaction, event_id: str) -> list[StoredAction]:
    """All actions planned for an event, in order."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM actions a WHERE a.event_id = ? ORDER BY a.seq", event_id
    )
    return [stored(row) for row in rows]


def check_changed(action_id: str, changed: int) -> None:
    """A node that stood still may have its lane again, and the action be ended by another by now.

    Raises LeaseLost.
    """
    if not changed:
        raise LeaseLost(f"{action_id}: another process has ended it")


async def end_action(
    tx: Transaction, action_id: str, state: ActionState, reason: str, outputs: JSON, now: int,
    attempts: int,
) -> None:  # fmt: skip
    """Writes how an action ended: done, skipped or dead. Raises LeaseLost when it had ended."""
    changed = await tx.run(
        "UPDATE actions SET state = ?, reason = ?, outputs = ?, finished_at = ?, attempts = ?"
        f" WHERE id = ? AND {UNFINISHED}",
        state.value,
        reason,
        json.dumps(outputs),
        now,
        attempts,
        action_id,
    )
    check_changed(action_id, changed)


async def postpone_action(
    tx: Transaction, action_id: str, reason: str, next_try_at: int, attempts: int, may_exist: bool
) -> None:
    """The action waits for its next try. Raises LeaseLost when it had ended."""
    changed = await tx.run(
        "UPDATE actions SET state = 'waiting', reason = ?, next_try_at = ?, attempts = ?,"
        f" may_exist = ? WHERE id = ? AND {UNFINISHED}",
        reason,
        next_try_at,
        attempts,
        int(may_exist),
        action_id,
    )
    check_changed(action_id, changed)


async def skip_rest_of_run(
    tx: Transaction, run_id: str, position: int, reason: str, now: int
) -> int:
    """Skips the unfinished steps of a run from a position on; gives how many."""
    return await tx.run(
        f"UPDATE actions SET state = 'skipped', reason = ?, finished_at = ?"
        f" WHERE run_id = ? AND position >= ? AND {UNFINISHED}",
        reason,
        now,
        run_id,
        position,
    )


async def outputs_of_run(tx: Transaction, run_id: str) -> dict[str, JSON]:
    """What the finished steps of a run gave, by step id."""
    rows: Sequence[Row] = await tx.rows(
        "SELECT step, outputs FROM actions WHERE run_id = ? AND state = 'done' AND step <> ''",
        run_id,
    )
    return {step: json.loads(outputs) for step, outputs in rows}


async def revive_actions(
    tx: Transaction, event_id: str, now: int, owner: tuple[str, int] | None = None
) -> int:
    """Makes the dead actions of an event, and the steps skipped behind them, pending again.

    They may have happened although no answer came, so each is looked for before it is repeated.
    owner: see `owner_in_lane`; other runs do not get ahead of it.
    """
    run_id, seq = owner or ("", -1)
    return await tx.run(
        "UPDATE actions SET state = 'pending', reason = ?, attempts = 0, may_exist = 1,"
        " next_try_at = ?, finished_at = NULL,"
        " event_seq = CASE WHEN run_id <> ? AND event_seq <= ? THEN ? ELSE event_seq END"
        " WHERE event_id = ? AND (state = 'dead' OR (state = 'skipped' AND reason = ?))",
        REPLAYED,
        now,
        run_id,
        seq,
        seq + 1,
        event_id,
        AFTER_DEAD,
    )


async def replayed_of_run(tx: Transaction, run_id: str) -> list[StoredAction]:
    """The steps of a run that a replay revived, and that no try has ended yet."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM actions a WHERE a.run_id = ? AND a.reason = ? AND a.{UNFINISHED}",
        run_id,
        REPLAYED,
    )
    return [stored(row) for row in rows]


async def replan_action(tx: Transaction, action_id: str, planned: PlannedAction) -> None:
    """Writes what an action is to do after a replay; the rules are not asked once more."""
    await tx.run(
        "UPDATE actions SET step = ?, integration = ?, parameters = ?, deferred = ?, condition = ?,"
        " reason = '' WHERE id = ?",
        planned.step,
        planned.integration,
        json.dumps(planned.parameters),
        json.dumps(planned.deferred),
        planned.condition,
        action_id,
    )


async def lanes_of_event(tx: Transaction, event_id: str) -> list[tuple[str, str]]:
    """The lanes in which an event has unfinished actions."""
    rows = await tx.rows(
        f"SELECT DISTINCT tenant, lane FROM actions WHERE event_id = ? AND {UNFINISHED}", event_id
    )
    return [(tenant, lane) for tenant, lane in rows]


async def newest_action(tx: Transaction) -> int:
    """The seq of the action planned last; 0 when there is none."""
    row = await tx.row("SELECT max(seq) FROM actions")
    return int(row[0] or 0) if row else 0


async def doubt_run(tx: Transaction, run_id: str) -> None:
    """An earlier run may have done the steps of this one."""
    await tx.run(f"UPDATE actions SET may_exist = 1 WHERE run_id = ? AND {UNFINISHED}", run_id)


async def doubt_lane(tx: Transaction, tenant: str, lane: str) -> None:
    """Whoever had this lane did not give it back: its unfinished actions may have happened."""
    await tx.run(
        f"UPDATE actions SET may_exist = 1 WHERE tenant = ? AND lane = ? AND {UNFINISHED}",
        tenant,
        lane,
    )
