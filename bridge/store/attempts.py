"""The table of attempts: one row for each try of an action."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from bridge.action import Exchange
from bridge.store.transaction import Row, Transaction


class AttemptOutcome(StrEnum):
    """How one try ended."""

    DONE = "done"
    FOUND = "found"
    """An earlier try had done it; this one only found it."""
    AGAIN = "again"
    """To be tried again."""
    DEAD = "dead"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. started_at, next_try_at: milliseconds UTC; next_try_at only when tried again."""

    action_id: str
    number: int
    started_at: int
    duration_ms: int
    outcome: AttemptOutcome
    reason: str
    next_try_at: int | None
    exchanges: tuple[Exchange, ...]


async def insert_attempt(tx: Transaction, attempt: Attempt) -> None:
    await tx.run(
        "INSERT INTO attempts (action_id, number, started_at, duration_ms, outcome, reason,"
        " next_try_at, exchanges) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        attempt.action_id,
        attempt.number,
        attempt.started_at,
        attempt.duration_ms,
        attempt.outcome.value,
        attempt.reason,
        attempt.next_try_at,
        json.dumps([asdict(exchange) for exchange in attempt.exchanges]),
    )


async def attempts_of_action(tx: Transaction, action_id: str) -> Sequence[Attempt]:
    """All tries of an action, in order."""
    rows = await tx.rows(
        "SELECT action_id, number, started_at, duration_ms, outcome, reason, next_try_at,"
        " exchanges FROM attempts WHERE action_id = ? ORDER BY seq",
        action_id,
    )
    return [stored(row) for row in rows]


def stored(row: Row) -> Attempt:
    action_id, number, started_at, duration_ms, outcome, reason, next_try_at, exchanges = row
    return Attempt(
        action_id, number, started_at, duration_ms, AttemptOutcome(outcome), reason, next_try_at,
        tuple(Exchange(**exchange) for exchange in json.loads(exchanges)),
    )  # fmt: skip
