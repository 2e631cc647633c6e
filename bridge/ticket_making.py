"""Making tickets: in Jira first, then shown here.

Question: what becomes of a create that was broken off? The row is there before the issue is, and
the issue carries the row's mark. Choice: `settle` looks for such issues and shows the tickets that
it finds; it never creates. A caller that repeats with the same Idempotency-Key goes on with it.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import uuid4

import structlog

from bridge.action import Outcome
from bridge.calling import Integration
from bridge.connectors.jira.find import find_made
from bridge.connectors.parameters import CreateTicket
from bridge.errors import (
    BackendFailed,
    Conflict,
    ConnectorError,
    FieldProblem,
    FieldsRefused,
    GiveUp,
    StoreError,
    TryAgain,
)
from bridge.principal import Principal
from bridge.store import tickets
from bridge.store.audit import add_change
from bridge.store.tickets import Ticket, TicketState, Wanted
from bridge.store.transaction import Transaction
from bridge.tickets import Tickets, until_told

PRIORITY = "Medium"
"""Of every ticket: it is not selectable."""

SETTLE_EVERY_SECONDS = 60.0
UNSETTLED_MS = 180_000
"""How long a create is left alone: longer than any request that may still be at it."""

REMOVED = (
    "it was broken off, and the integration {!r} has been removed:"
    " whether an issue was made cannot be looked up any more"
)
"""Why a create is given up whose Jira is no longer known."""

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


def turn_of(one: Wanted | Ticket) -> tuple[str, str, str]:
    """The turn of a create: calls of one Idempotency-Key take it one after the other, and `settle`.

    Taken before the row is there: else the call that has found the row of another could make the
    issue first, and the other, whose row was new, one more.
    """
    return (one.tenant, f"api:ticket:{one.user_id}", one.mark if one.once is None else one.once)


@dataclass(slots=True)
class TicketMaking:
    """Makes tickets, and settles what was broken off. Raises as Tickets does."""

    tickets: Tickets

    async def create(self, who: Principal, new: NewTicket, request_id: str = "") -> Ticket:
        """Makes the issue, then shows the ticket. Raises Conflict, FieldsRefused for a key that
        stands for something else."""
        integration = self.tickets.integration(who.tenant)
        wanted = Wanted(
            who.tenant, who.user_id, integration.name, uuid4().hex[:24], new.once, new.digest,
            new.summary, new.description, new.issue_type, PRIORITY,
        )  # fmt: skip
        async with self.tickets.direct.alone(turn_of(wanted)):
            ticket, known = await self._intend(wanted)
            ticket = await self._one(ticket, known, who, new, request_id)
        try:
            return (await self.tickets.sync(ticket))[0]
        except ConnectorError as error:
            # The ticket is made; what it looks like is read again by whoever opens it.
            log.warning("new ticket not read", ticket=ticket.jira_key, error=error.reason)
            return ticket

    async def _one(
        self, ticket: Ticket, known: bool, who: Principal, new: NewTicket, request_id: str
    ) -> Ticket:
        """The ticket of a row, made if it is not there yet."""
        if known:
            ticket = await self._again(ticket, new)
            if ticket.state is TicketState.OPEN:
                return ticket
        outcome = await self._make(ticket, may_exist=known)
        key, issue_id = (str(outcome.outputs.get(name, "")) for name in ("key", "id"))
        return await self._made(ticket, key, issue_id, who, request_id)

    async def _intend(self, wanted: Wanted) -> tuple[Ticket, bool]:
        """The row of a ticket, and whether it was there before."""
        now = self.tickets.clock()

        async def work(tx: Transaction) -> tuple[Ticket | None, bool]:
            number = await tickets.insert_ticket(tx, wanted, now)
            if number is not None:
                return await tickets.get_ticket(tx, wanted.tenant, number), False
            once = wanted.once or ""
            return await tickets.find_ticket_once(tx, wanted.tenant, wanted.user_id, once), True

        ticket, known = await self.tickets.database.write(work)
        assert ticket is not None
        return ticket, known

    async def _again(self, ticket: Ticket, new: NewTicket) -> Ticket:
        """What an earlier call with the same key has come to; a failed one begins anew."""
        if ticket.asked != new.digest:
            where = ("header", "Idempotency-Key")
            raise FieldsRefused([FieldProblem(where, "it was used for another ticket")])
        now = self.tickets.clock()

        async def work(tx: Transaction) -> Ticket | None:
            found = await tickets.get_ticket(tx, ticket.tenant, ticket.id)
            if found is not None and found.state in (TicketState.FAILED, TicketState.INTENT):
                await tickets.set_state(tx, ticket.id, TicketState.INTENT, now)
            return found

        found = await self.tickets.database.write(work)
        assert found is not None
        if found.state is TicketState.DELETED:
            raise Conflict("the ticket of this Idempotency-Key was deleted")
        return found

    async def _make(self, ticket: Ticket, *, may_exist: bool) -> Outcome:
        """The issue of a ticket. Where there is none for certain, the row says why."""
        integration = self.tickets.integration_of(ticket)
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
            lambda doubt: self.tickets.direct.call(
                integration, "create_ticket", parameters, ticket.mark, may_exist=doubt
            ),
            may_exist=may_exist,
        )

    async def _failed(self, ticket: Ticket, reason: str) -> None:
        now = self.tickets.clock()
        await self.tickets.database.write(
            lambda tx: tickets.set_state(tx, ticket.id, TicketState.FAILED, now, reason)
        )

    async def _made(
        self, ticket: Ticket, key: str, issue_id: str, who: Principal | None, request_id: str
    ) -> Ticket:
        now = self.tickets.clock()

        async def work(tx: Transaction) -> Ticket | None:
            await tickets.set_issue(tx, ticket.id, key, issue_id, now)
            if who is not None:
                detail = {"issue": key, "integration": ticket.integration}
                change = who.change(now, "ticket.create", str(ticket.id), request_id, **detail)
                await add_change(tx, change)
            return await tickets.get_ticket(tx, ticket.tenant, ticket.id)

        found = await self.tickets.database.write(work)
        assert found is not None
        return found

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
        before = self.tickets.clock() - UNSETTLED_MS
        for ticket in await self.tickets.database.read(
            lambda tx: tickets.intended_before(tx, before)
        ):
            try:
                async with self.tickets.direct.alone(turn_of(ticket)):
                    await self._settle(ticket, before)
            except (ConnectorError, BackendFailed) as error:
                log.warning("ticket not settled", ticket=ticket.id, error=str(error))

    async def _settle(self, ticket: Ticket, before: int) -> None:
        now = await self.tickets.database.read(
            lambda tx: tickets.get_ticket(tx, ticket.tenant, ticket.id)
        )
        if now is None or now.state is not TicketState.INTENT or now.updated_at >= before:
            return  # a caller has come back meanwhile
        integration = self.tickets.registry.get((ticket.tenant, ticket.integration))
        if integration is None:
            log.warning("ticket given up", ticket=ticket.id, integration=ticket.integration)
            await self._failed(ticket, REMOVED.format(ticket.integration))
            return
        if not integration.enabled:
            return  # looked for when it is switched on again
        found = await self.tickets.ask(
            ticket, "find", lambda jira: find_made(jira, jira.settings.project or "", ticket.mark)
        )
        if found is None:
            await self._failed(ticket, "it was broken off, and no issue was made")
        else:
            log.info("ticket found", ticket=ticket.id, issue=found.key)
            await self.tickets.sync(await self._made(ticket, found.key, found.id, None, ""))
