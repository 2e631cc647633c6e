"""The tables of tickets that API callers made, and of who wrote their comments and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.store.transaction import Row, Transaction


class TicketState(StrEnum):
    """How far a ticket has come."""

    INTENT = "intent"
    """Its issue is being made, or was made and the answer was lost."""
    OPEN = "open"
    """Its issue is there."""
    FAILED = "failed"
    """There is no issue; the reason says why."""
    DELETED = "deleted"
    """Its issue was closed, and it is no longer shown."""


class PartKind(StrEnum):
    """What hangs on a ticket."""

    COMMENT = "comment"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ticket before it has a number. once: the caller's Idempotency-Key."""

    tenant: str
    user_id: int
    integration: str
    mark: str
    once: str | None
    asked: str
    summary: str
    description: str | None
    issue_type: str
    priority: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """See the columns of the table. username, email: of who reported it."""

    id: int
    tenant: str
    user_id: int
    integration: str
    mark: str
    once: str | None
    asked: str
    state: TicketState
    reason: str
    jira_key: str
    jira_id: str
    summary: str
    description: str | None
    issue_type: str
    priority: str
    status: str
    assigned_to: str | None
    created_at: int
    updated_at: int
    username: str
    email: str


@dataclass(frozen=True, slots=True)
class Part:
    """Who wrote a comment or uploaded a file. role: that user's then."""

    outside_id: str
    mark: str
    user_id: int
    role: str
    username: str


COLUMNS = (
    "t.id, t.tenant, t.user_id, t.integration, t.mark, t.once, t.asked, t.state, t.reason,"
    " t.jira_key, t.jira_id, t.summary, t.description, t.issue_type, t.priority, t.status,"
    " t.assigned_to, t.created_at, t.updated_at, u.username, u.email"
)
FROM = "FROM tickets t JOIN users u ON u.id = t.user_id"


def stored(row: Row) -> Ticket:
    id_, tenant, user_id, integration, mark, once, asked, state, reason = row[:9]
    return Ticket(
        id_, tenant, user_id, integration, mark, once, asked, TicketState(state), reason, *row[9:]
    )


async def insert_ticket(tx: Transaction, wanted: Wanted, now: int) -> int | None:
    """The number of the new ticket; None where its Idempotency-Key has one already."""
    row = await tx.row(
        "INSERT INTO tickets (tenant, user_id, integration, mark, once, asked, state, summary,"
        " description, issue_type, priority, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'intent', ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant, user_id, once) WHERE once IS NOT NULL DO NOTHING RETURNING id",
        wanted.tenant, wanted.user_id, wanted.integration, wanted.mark, wanted.once, wanted.asked,
        wanted.summary, wanted.description, wanted.issue_type, wanted.priority, now, now,
    )  # fmt: skip
    return int(row[0]) if row else None


async def get_ticket(tx: Transaction, tenant: str, ticket_id: int) -> Ticket | None:
    row = await tx.row(
        f"SELECT {COLUMNS} {FROM} WHERE t.tenant = ? AND t.id = ?", tenant, ticket_id
    )
    return stored(row) if row else None


async def find_ticket_once(tx: Transaction, tenant: str, user_id: int, once: str) -> Ticket | None:
    row = await tx.row(
        f"SELECT {COLUMNS} {FROM} WHERE t.tenant = ? AND t.user_id = ? AND t.once = ?",
        tenant,
        user_id,
        once,
    )
    return stored(row) if row else None


async def page_of_tickets(
    tx: Transaction, tenant: str, user_id: int | None, limit: int, offset: int
) -> tuple[Sequence[Ticket], int]:
    """Open tickets, the newest first, and how many there are; of one user unless it is None."""
    own = "" if user_id is None else " AND t.user_id = ?"
    values = (tenant,) if user_id is None else (tenant, user_id)
    rows = await tx.rows(
        f"SELECT {COLUMNS} {FROM} WHERE t.tenant = ?{own} AND t.state = 'open'"
        " ORDER BY t.id DESC LIMIT ? OFFSET ?",
        *values,
        limit,
        offset,
    )
    row = await tx.row(
        f"SELECT count(*) FROM tickets t WHERE t.tenant = ?{own} AND t.state = 'open'", *values
    )
    return [stored(one) for one in rows], int(row[0]) if row else 0


async def intended_before(tx: Transaction, before: int, limit: int = 100) -> Sequence[Ticket]:
    """Tickets whose issue may or may not be there, untouched since a time."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} {FROM} WHERE t.state = 'intent' AND t.updated_at < ?"
        " ORDER BY t.updated_at LIMIT ?",
        before,
        limit,
    )
    return [stored(row) for row in rows]


async def set_state(
    tx: Transaction, ticket_id: int, state: TicketState, now: int, reason: str = ""
) -> None:
    await tx.run(
        "UPDATE tickets SET state = ?, reason = ?, updated_at = ? WHERE id = ?",
        state.value,
        reason,
        now,
        ticket_id,
    )


async def set_issue(tx: Transaction, ticket_id: int, key: str, issue_id: str, now: int) -> None:
    """The issue is there: from now on the ticket is shown."""
    await tx.run(
        "UPDATE tickets SET state = 'open', reason = '', jira_key = ?, jira_id = ?,"
        " updated_at = ? WHERE id = ?",
        key,
        issue_id,
        now,
        ticket_id,
    )


async def set_synced(
    tx: Transaction, ticket_id: int, key: str, status: str, assigned_to: str | None, now: int
) -> None:
    """Takes over what Jira says; `updated_at` moves only where that is something new.

    key: an issue that was moved to another project has a new one.
    """
    await tx.run(
        "UPDATE tickets SET jira_key = ?, status = ?, assigned_to = ?, updated_at = ?"
        " WHERE id = ? AND (jira_key <> ? OR status <> ?"
        " OR coalesce(assigned_to, '') <> coalesce(?, ''))",
        key,
        status,
        assigned_to,
        now,
        ticket_id,
        key,
        status,
        assigned_to,
    )


async def insert_part(
    tx: Transaction, ticket: Ticket, kind: PartKind, user_id: int, role: str, now: int,
    *, mark: str = "", outside_id: str = "",
) -> None:  # fmt: skip
    """Remembers who is about to write a comment (by its mark), or who uploaded a file."""
    await tx.run(
        "INSERT INTO ticket_parts (tenant, ticket_id, kind, outside_id, mark, user_id, role,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ticket.tenant,
        ticket.id,
        kind.value,
        outside_id,
        mark,
        user_id,
        role,
        now,
    )


async def set_outside_id(tx: Transaction, ticket: Ticket, mark: str, outside_id: str) -> None:
    """The comment of a mark has this id in Jira."""
    await tx.run(
        "UPDATE ticket_parts SET outside_id = ? WHERE tenant = ? AND ticket_id = ? AND mark = ?",
        outside_id,
        ticket.tenant,
        ticket.id,
        mark,
    )


async def parts_of_ticket(tx: Transaction, ticket: Ticket, kind: PartKind) -> Sequence[Part]:
    rows = await tx.rows(
        "SELECT p.outside_id, p.mark, p.user_id, p.role, u.username FROM ticket_parts p"
        " JOIN users u ON u.id = p.user_id"
        " WHERE p.tenant = ? AND p.ticket_id = ? AND p.kind = ? ORDER BY p.id",
        ticket.tenant,
        ticket.id,
        kind.value,
    )
    return [Part(*row) for row in rows]
