"""Tickets of API callers: issues in Jira that are made, read, written on and closed here.

Question: whose tickets does a caller see? Options: all of the tenant; those of the key's user.
Choice: the user's own, and all of the tenant for admins: the document speaks of "your tickets", and
calls some authors Admin. Consequence: a viewer's key shows what its user reported with other keys.

Question: what becomes of a create that was broken off? The row is there before the issue is, and
the issue carries the row's mark. Choice: `settle` looks for such issues and shows the tickets that
it finds; it never creates. A caller that repeats with the same Idempotency-Key goes on with it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import structlog

from bridge.access.role import Role
from bridge.action import Outcome
from bridge.calling import Integration
from bridge.clock import Clock
from bridge.connectors.jira.client import Jira
from bridge.connectors.jira.closing import close_issue
from bridge.connectors.jira.find import find_made
from bridge.connectors.jira.tickets import Issue, get_issue
from bridge.connectors.parameters import CreateTicket
from bridge.direct import Direct
from bridge.errors import (
    BackendFailed,
    Conflict,
    ConnectorError,
    FieldProblem,
    FieldsRefused,
    GiveUp,
    NotFound,
    StoreError,
    TryAgain,
)
from bridge.principal import Principal
from bridge.registry import Registry
from bridge.store import tickets
from bridge.store.audit import add_change
from bridge.store.tickets import Ticket, TicketState, Wanted
from bridge.store.transaction import Database, Transaction

T = TypeVar("T")

JIRA = "jira"
NOT_CONFIGURED = "Jira integration is not configured"
PRIORITY = "Medium"
"""Of every ticket: it is not selectable."""

TRIES = 3
"""Of one call whose answers get lost. The later ones look for the mark before they repeat it."""

SETTLE_EVERY_SECONDS = 60.0
UNSETTLED_MS = 180_000
"""How long a create is left alone: longer than any request that may still be at it."""

log = structlog.get_logger("bridge.tickets")


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What a caller asks for. once: its Idempotency-Key; None: each call is a ticket."""

    summary: str
    description: str | None
    issue_type: str
    once: str | None = None

    @property
    def digest(self) -> str:
        """Of what is asked for: a key stands for one request."""
        parts = (self.summary, self.description or "", self.issue_type)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


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

    # --- making ---------------------------------------------------------------------------

    async def create(self, who: Principal, new: NewTicket, request_id: str = "") -> Ticket:
        """Makes the issue, then shows the ticket. Raises Conflict, FieldsRefused for a key that
        stands for something else."""
        integration = self.integration(who.tenant)
        wanted = Wanted(
            who.tenant, who.user_id, integration.name, uuid4().hex[:24], new.once, new.digest,
            new.summary, new.description, new.issue_type, PRIORITY,
        )  # fmt: skip
        ticket, known = await self._intend(wanted)
        async with self.direct.alone((who.tenant, "api:ticket", str(ticket.id))):
            if known:
                ticket = await self._again(ticket, new)
                if ticket.state is TicketState.OPEN:
                    return ticket
            outcome = await self._make(ticket, may_exist=known)
            key, issue_id = (str(outcome.outputs.get(name, "")) for name in ("key", "id"))
            ticket = await self._made(ticket, key, issue_id, who, request_id)
        try:
            return (await self.sync(ticket))[0]
        except ConnectorError as error:
            # The ticket is made; what it looks like is read again by whoever opens it.
            log.warning("new ticket not read", ticket=ticket.jira_key, error=error.reason)
            return ticket

    async def _intend(self, wanted: Wanted) -> tuple[Ticket, bool]:
        """The row of a ticket, and whether it was there before."""
        now = self.clock()

        async def work(tx: Transaction) -> tuple[Ticket | None, bool]:
            number = await tickets.insert_ticket(tx, wanted, now)
            if number is not None:
                return await tickets.get_ticket(tx, wanted.tenant, number), False
            once = wanted.once or ""
            return await tickets.find_ticket_once(tx, wanted.tenant, wanted.user_id, once), True

        ticket, known = await self.database.write(work)
        assert ticket is not None
        return ticket, known

    async def _again(self, ticket: Ticket, new: NewTicket) -> Ticket:
        """What an earlier call with the same key has come to; a failed one begins anew."""
        if ticket.asked != new.digest:
            where = ("header", "Idempotency-Key")
            raise FieldsRefused([FieldProblem(where, "it was used for another ticket")])
        now = self.clock()

        async def work(tx: Transaction) -> Ticket | None:
            found = await tickets.get_ticket(tx, ticket.tenant, ticket.id)
            if found is not None and found.state in (TicketState.FAILED, TicketState.INTENT):
                await tickets.set_state(tx, ticket.id, TicketState.INTENT, now)
            return found

        found = await self.database.write(work)
        assert found is not None
        if found.state is TicketState.DELETED:
            raise Conflict("the ticket of this Idempotency-Key was deleted")
        return found

    async def _make(self, ticket: Ticket, *, may_exist: bool) -> Outcome:
        """The issue of a ticket. Where there is none for certain, the row says why."""
        integration = self.integration_of(ticket)
        for priority in (PRIORITY, None):
            try:
                return await self._create(integration, ticket, priority, may_exist=may_exist)
            except GiveUp as error:
                if priority and error.status == 400 and "priority" in error.reason.lower():
                    continue  # the project's screen has none; Jira then takes its own
                await self._failed(ticket, error.reason)
                raise
            except TryAgain as error:
                if not error.may_have_happened:
                    await self._failed(ticket, error.reason)
                raise
        raise AssertionError("the last try returns or raises")

    async def _create(
        self, integration: Integration, ticket: Ticket, priority: str | None, *, may_exist: bool
    ) -> Outcome:
        parameters = CreateTicket(
            summary=ticket.summary,
            description=ticket.description,
            issue_type=ticket.issue_type,
            priority=priority,
            format="plain",
        )
        return await until_told(
            lambda doubt: self.direct.call(
                integration, "create_ticket", parameters, ticket.mark, may_exist=doubt
            ),
            may_exist=may_exist,
        )

    async def _failed(self, ticket: Ticket, reason: str) -> None:
        now = self.clock()
        await self.database.write(
            lambda tx: tickets.set_state(tx, ticket.id, TicketState.FAILED, now, reason)
        )

    async def _made(
        self, ticket: Ticket, key: str, issue_id: str, who: Principal | None, request_id: str
    ) -> Ticket:
        now = self.clock()

        async def work(tx: Transaction) -> Ticket | None:
            await tickets.set_issue(tx, ticket.id, key, issue_id, now)
            if who is not None:
                detail = {"issue": key, "integration": ticket.integration}
                change = who.change(now, "ticket.create", str(ticket.id), request_id, **detail)
                await add_change(tx, change)
            return await tickets.get_ticket(tx, ticket.tenant, ticket.id)

        found = await self.database.write(work)
        assert found is not None
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

    # --- what was broken off --------------------------------------------------------------

    async def watch(self) -> None:
        """Settles what was broken off, until cancelled."""
        while True:
            try:
                await self.settle()
            except (ConnectorError, StoreError) as error:
                log.warning("tickets not settled", error=str(error))
            await asyncio.sleep(SETTLE_EVERY_SECONDS)

    async def settle(self) -> None:
        """Looks for the issues of creates whose answer never came."""
        before = self.clock() - UNSETTLED_MS
        for ticket in await self.database.read(lambda tx: tickets.intended_before(tx, before)):
            try:
                async with self.direct.alone((ticket.tenant, "api:ticket", str(ticket.id))):
                    await self._settle(ticket, before)
            except (ConnectorError, BackendFailed) as error:
                log.warning("ticket not settled", ticket=ticket.id, error=str(error))

    async def _settle(self, ticket: Ticket, before: int) -> None:
        now = await self.database.read(lambda tx: tickets.get_ticket(tx, ticket.tenant, ticket.id))
        if now is None or now.state is not TicketState.INTENT or now.updated_at >= before:
            return  # a caller has come back meanwhile
        found = await self.ask(
            ticket, "find", lambda jira: find_made(jira, jira.settings.project or "", ticket.mark)
        )
        if found is None:
            await self._failed(ticket, "it was broken off, and no issue was made")
        else:
            log.info("ticket found", ticket=ticket.id, issue=found.key)
            await self.sync(await self._made(ticket, found.key, found.id, None, ""))

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
