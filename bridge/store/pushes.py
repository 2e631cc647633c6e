"""The table of pushes: what was sent to a job's ticket, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from bridge.store.transaction import Transaction


class PushState(StrEnum):
    """How far a push has come."""

    SENT = "sent"
    """Under way, or its process ended before the answer came."""
    DONE = "done"
    FAILED = "failed"
    """Nothing was written."""
    DOUBT = "doubt"
    """It may have been written although no answer came: the next one that says the same looks."""


@dataclass(frozen=True, slots=True)
class Push:
    """One push. may_exist: an earlier request may have written what this one says."""

    id: str
    tenant: str
    job_id: str
    what: str
    ticket: str
    digest: str
    actor: str
    may_exist: bool = False


LOST_AFTER_MS = 600_000
"""How long after its start a push without an end is taken for one whose process died: longer than
any request lasts."""


async def begin_push(tx: Transaction, push: Push, now: int) -> Push:
    """Writes the intent of a push, or takes over the earlier one that is in doubt."""
    row = await tx.row(
        "UPDATE pushes SET state = 'sent', updated_at = ?, actor = ? WHERE id ="
        " (SELECT id FROM pushes WHERE tenant = ? AND job_id = ? AND what = ? AND ticket = ?"
        " AND digest = ? AND (state = 'doubt' OR (state = 'sent' AND updated_at < ?))"
        " ORDER BY created_at LIMIT 1)"
        " AND (state = 'doubt' OR updated_at < ?) RETURNING id",
        now, push.actor, push.tenant, push.job_id, push.what, push.ticket, push.digest,
        now - LOST_AFTER_MS, now - LOST_AFTER_MS,
    )  # fmt: skip
    if row is not None:
        return replace(push, id=row[0], may_exist=True)
    await tx.run(
        "INSERT INTO pushes (id, tenant, job_id, what, ticket, digest, state, actor, created_at,"
        " updated_at) VALUES (?, ?, ?, ?, ?, ?, 'sent', ?, ?, ?)",
        push.id, push.tenant, push.job_id, push.what, push.ticket, push.digest, push.actor, now,
        now,
    )  # fmt: skip
    return push


async def end_push(tx: Transaction, push_id: str, state: PushState, reason: str, now: int) -> None:
    await tx.run(
        "UPDATE pushes SET state = ?, reason = ?, updated_at = ? WHERE id = ?",
        state.value,
        reason,
        now,
        push_id,
    )


async def forget_pushes(tx: Transaction, before: int, limit: int) -> int:
    """Deletes what was pushed before a moment; gives how many."""
    return await tx.run(
        "DELETE FROM pushes WHERE id IN"
        " (SELECT id FROM pushes WHERE updated_at < ? ORDER BY updated_at LIMIT ?)",
        before,
        limit,
    )
