"""Tickets of API callers: issues in Jira that are made, read, written on and closed here.

Question: whose tickets does a caller see? Options: all of the tenant; those of the key's user.
Choice: the user's own, and all of the tenant for admins: the document speaks of "your tickets", and
calls some authors Admin. Consequence: a viewer's key shows what its user reported with other keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from bridge.access.role import Role
from bridge.calling import Integration
from bridge.clock import Clock
from bridge.connectors.jira.client import Jira
from bridge.connectors.jira.closing import close_issue
from bridge.connectors.jira.tickets import Issue, get_issue
from bridge.direct import Direct
from bridge.errors import (
    BackendFailed,
    GiveUp,
    NotFound,
    TryAgain,
)
from bridge.principal import Principal
from bridge.registry import Registry
from bridge.store import tickets
from bridge.store.audit import add_change
from bridge.store.tickets import Ticket, TicketState
from bridge.store.transaction import Database, Transaction

T = TypeVar("T")

JIRA = "jira"
NOT_CONFIGURED = "Jira integration is not configured"
TRIES = 3
"""Of one call whose answers get lost. The later ones look for the mark before they repeat it."""

log = structlog.get_logger("bridge.tickets")


@dataclass(slots=True)
class Tickets:
    """The tickets of all tenants.

    What a caller may not see is NotFound. Raises TryAgain, GiveUp where Jira says no, and
    BackendFailed where there is no Jira.
    """

    database: Database
    clock: Clock
    registry: Registry
    direct: Direct

    # --- reading --------------------------------------------------------------------------

    async def page(self, who: Principal, page: int, per_page: int) -> tuple[Sequence[Ticket], int]:
        """One page of the caller's tickets, the newest first, and how many there are."""
        user = None if who.role is Role.ADMIN else who.user_id
        return await self.database.read(
            lambda tx: tickets.page_of_tickets(
                tx, who.tenant, user, per_page, (page - 1) * per_page
            )
        )

    async def find(self, who: Principal, ticket_id: int) -> Ticket:
        """The stored ticket. Raises NotFound."""
        found = await self.database.read(lambda tx: tickets.get_ticket(tx, who.tenant, ticket_id))
        seen = found is not None and (who.role is Role.ADMIN or found.user_id == who.user_id)
        if found is None or not seen or found.state is not TicketState.OPEN:
            raise NotFound("Ticket not found")
        return found

    async def sync(self, ticket: Ticket, *, comments: bool = False) -> tuple[Ticket, Issue]:
        """The ticket with its present status and assignee, and what Jira said."""
        issue = await self.ask(
            ticket, "get_issue", lambda jira: get_issue(jira, issue_of(ticket), comments=comments)
        )
        return await self._synced(ticket, issue), issue

    async def _synced(self, ticket: Ticket, issue: Issue) -> Ticket:
        now, assigned_to = self.clock(), issue.assignee.name if issue.assignee else None

        async def work(tx: Transaction) -> Ticket | None:
            await tickets.set_synced(tx, ticket.id, issue.key, issue.status, assigned_to, now)
            return await tickets.get_ticket(tx, ticket.tenant, ticket.id)

        found = await self.database.write(work)
        assert found is not None  # rows are never taken out
        return found

    # --- ending ---------------------------------------------------------------------------

    async def delete(self, who: Principal, ticket: Ticket, request_id: str = "") -> None:
        """Closes the issue and takes the ticket from the list. An issue that is gone is closed."""
        mark = hashlib.sha256(f"close\x1f{ticket.mark}".encode()).hexdigest()[:24]
        try:
            await self.ask(
                ticket,
                "close_issue",
                lambda jira: close_issue(jira, issue_of(ticket), mark),
                writes=True,
            )
        except GiveUp as error:
            if error.status != 404:
                raise
        now = self.clock()

        async def work(tx: Transaction) -> None:
            await tickets.set_state(tx, ticket.id, TicketState.DELETED, now)
            detail = {"issue": ticket.jira_key}
            await add_change(
                tx, who.change(now, "ticket.delete", str(ticket.id), request_id, **detail)
            )

        await self.database.write(work)

    # --- Jira -----------------------------------------------------------------------------

    def integration(self, tenant: str) -> Integration:
        """Where new tickets go. Raises BackendFailed."""
        try:
            return self.registry.find(tenant, JIRA)
        except NotFound as error:
            raise BackendFailed(NOT_CONFIGURED) from error

    def integration_of(self, ticket: Ticket) -> Integration:
        """Where the issue of a ticket is: its key means nothing elsewhere. Raises BackendFailed."""
        found = self.registry.get((ticket.tenant, ticket.integration))
        if found is None or not found.enabled or found.connector.name != JIRA:
            raise BackendFailed(NOT_CONFIGURED)
        return found

    async def ask(
        self,
        ticket: Ticket,
        name: str,
        function: Callable[[Jira], Awaitable[T]],
        *,
        writes: bool = False,
    ) -> T:
        """Has something done with the issue of a ticket; alone on it where it `writes`."""
        integration = self.integration_of(ticket)
        written = ticket.jira_key if writes else None
        return await self.direct.ask(integration, name, function, written)


def issue_of(ticket: Ticket) -> str:
    """By its number: a key changes when the issue is moved to another project."""
    return ticket.jira_id or ticket.jira_key


async def until_told(call: Callable[[bool], Awaitable[T]], *, may_exist: bool = False) -> T:
    """Repeats a call whose answer was lost, a few times; it is told that it may have happened.

    Raises GiveUp, and TryAgain, which remembers the doubt of all tries.
    """
    tries = 0
    while True:
        tries += 1
        try:
            return await call(may_exist)
        except TryAgain as error:
            again = error.may_have_happened and tries < TRIES
            may_exist = may_exist or error.may_have_happened
            if again:
                continue
            if error.may_have_happened or not may_exist:
                raise
            raise TryAgain(
                error.reason, after_seconds=error.after_seconds, status=error.status,
                scope=error.scope, may_have_happened=True,
            ) from error  # fmt: skip
