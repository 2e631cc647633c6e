"""Act: one try of one planned action, from its parameters to what came of it.

Everything that can go wrong ends as a value: done, found, again at a time, dead, or skipped with
a reason. Only the store's own errors are raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from pydantic import BaseModel, ValidationError

from bridge.action import ActionShape, Call, Exchange, PlannedAction
from bridge.backoff import Backoff, next_try
from bridge.calling import Caller, Integration
from bridge.cases import CASE, fill_case
from bridge.changes import without
from bridge.clock import Clock
from bridge.connectors.cases import PushCase
from bridge.connectors.parameters import CreateTicket, SyncStatus, Transition
from bridge.errors import ExpressionFailed, GiveUp, Hold, TryAgain
from bridge.event import JSON, StoredEvent
from bridge.guards import Turn
from bridge.match.plan import names_for, render_deferred
from bridge.match.syncs import SYNC
from bridge.matcher import Matcher
from bridge.record import Ended
from bridge.status import Linked, find_synced, keep_status
from bridge.store import links
from bridge.store.actions import StoredAction, outputs_of_run
from bridge.store.attempts import Attempt, AttemptOutcome
from bridge.store.events import get_event
from bridge.store.findings import NOTHING, Earlier, made_by_push
from bridge.store.links import Link
from bridge.store.outbound import ours_of_event
from bridge.store.runs import Run
from bridge.store.transaction import Database, Transaction
from bridge.sync.engine import Engine
from bridge.sync.pairs import pairs_about
from bridge.sync.writing import Asked
from bridge.text.escape import ESCAPES

TRANSITION = "transition"

OTHER_RUN_SECONDS = 2.0
"""How soon a run looks again whether the other run for its `once_per` value has ended."""

DISABLED_SECONDS = 60.0
"""How soon an action looks again whether its integration is switched on."""

PUSH_MARGIN_MS = 30_000
"""How much longer than the longest call a push may take: it waits for its turn first."""

BY_PUSH = "an API caller's push made the ticket of this finding"

log = structlog.get_logger("bridge.act")


@dataclass(frozen=True, slots=True)
class Attempted:
    """One try, ready to be recorded."""

    ended: Ended
    connector: str = ""


@dataclass(frozen=True, slots=True)
class Did:
    """What a try came to, before it becomes an attempt row."""

    outcome: AttemptOutcome
    reason: str = ""
    outputs: JSON = None
    after_seconds: float | None = None
    may_exist: bool = False


Trail = Callable[[], AbstractContextManager[list[Exchange]]]


class Integrations(Protocol):
    """The systems that can be called, by tenant and name."""

    def get(self, named: tuple[str, str], /) -> Integration | None: ...


@dataclass(slots=True)
class Actor:
    """Runs actions against the systems that are configured.

    integrations: by tenant and name. free: connectors whose actions need no integration, by name.
    trail: notes the HTTP exchanges made inside it.
    chance: a number from 0 up to 1 for the backoff's jitter.
    leads_to: by tenant and source, the integration that leads back to that sender.
    trouble: why an integration that is there cannot be used, such as a key that does not open it.
    syncs: keeps pairs alike for sync rules.
    """

    database: Database
    clock: Clock
    matcher: Matcher
    shapes: Mapping[str, ActionShape]
    integrations: Integrations
    free: Mapping[str, Integration]
    trail: Trail
    caller: Caller
    backoff: Backoff
    chance: Callable[[], float]
    leads_to: Mapping[tuple[str, str], str] = field(default_factory=dict)
    trouble: Callable[[tuple[str, str]], str] = lambda _: ""
    syncs: Engine | None = None

    # --- one try --------------------------------------------------------------------------

    async def act(self, action: StoredAction, run: Run, turn: Turn) -> Attempted:
        """Tries an action once and says how it ended."""
        started_at, started = self.clock(), time.perf_counter()
        integration = self._integration(action.planned, run.tenant)
        connector = integration.connector.name if integration else ""
        with self.trail() as exchanges:
            try:
                did = await self._try(action, run, turn, integration)
            except Hold as hold:
                return Attempted(self._held(action, turn, hold), connector)
        duration_ms = round((time.perf_counter() - started) * 1000)
        ended = self._ended(action, did, started_at, duration_ms, tuple(exchanges))
        return Attempted(ended, connector)

    def _held(self, action: StoredAction, turn: Turn, hold: Hold) -> Ended:
        now = self.clock()
        attempt = Attempt(
            action.id, action.attempts, now, 0, AttemptOutcome.AGAIN, str(hold),
            now + int(hold.seconds * 1000), (),
        )  # fmt: skip
        exists = action.may_exist or turn.may_exist
        return Ended(attempt, may_exist=exists, counted=False)

    def _integration(self, planned: PlannedAction, tenant: str) -> Integration | None:
        """The system an action is for: the one it names, else one that needs no configuring."""
        if planned.integration:
            return self.integrations.get((tenant, planned.integration))
        offering = (one for one in self.free.values() if one.connector.action(planned.name))
        return next(offering, None)

    def _missing(self, tenant: str, name: str) -> Hold | GiveUp:
        """One that is there and cannot be used is waited for, as one that is switched off is."""
        if why := self.trouble((tenant, name)):
            return Hold(f"{name} cannot be used: {why}", DISABLED_SECONDS)
        return GiveUp(f"the integration {name!r} is not configured")

    async def _try(
        self, action: StoredAction, run: Run, turn: Turn, integration: Integration | None
    ) -> Did:
        if turn.wait:
            raise Hold(turn.wait, OTHER_RUN_SECONDS)
        try:
            planned = await self._rendered(action, run)
            if planned.skip:
                return Did(AttemptOutcome.SKIPPED, planned.skip)
            if planned.name == SYNC:
                return await self._sync(action, run)
            parameters = self._parameters(planned)
            if isinstance(parameters, SyncStatus):
                return await self._sync_status(action, run, parameters)
            if integration is None:
                raise self._missing(run.tenant, planned.integration)
            if not integration.enabled:
                raise Hold(f"{integration.name} is switched off", DISABLED_SECONDS)
            may_exist = action.may_exist or turn.may_exist
            mark = action.mark
            if isinstance(parameters, PushCase):
                parameters, mark = await self._case(action, run, integration, parameters)
            if isinstance(parameters, CreateTicket):
                pushed = await self._pushed(run, integration, parameters)
                if pushed.link:
                    return Did(AttemptOutcome.FOUND, BY_PUSH, ticket_of(pushed.link))
                mark, may_exist = pushed.mark or mark, may_exist or bool(pushed.mark)
            return await self._call(action, integration, planned.name, parameters, may_exist, mark)
        except TryAgain as error:
            exists = action.may_exist or turn.may_exist or error.may_have_happened
            return Did(
                AttemptOutcome.AGAIN, error.reason, after_seconds=error.after_seconds,
                may_exist=exists,
            )  # fmt: skip
        except GiveUp as error:
            return Did(AttemptOutcome.DEAD, error.reason)
        except ExpressionFailed as error:
            return Did(AttemptOutcome.DEAD, f"expression: {error}")

    async def _rendered(self, action: StoredAction, run: Run) -> PlannedAction:
        """The action with everything filled in that had to wait for its turn."""
        planned = action.planned
        if not planned.deferred and not planned.condition:
            return planned
        names = await self._names(action, run)
        return render_deferred(planned, names, self.shapes[planned.name], ESCAPES)

    async def _names(self, action: StoredAction, run: Run) -> dict[str, JSON]:
        """What expressions may read at an action's turn."""
        ids = run.grouped or (run.event_id,)

        async def work(
            tx: Transaction,
        ) -> tuple[list[tuple[StoredEvent, list[str]]], dict[str, JSON], Link | None]:
            found = [(await get_event(tx, one), await ours_of_event(tx, one)) for one in ids]
            outputs = await outputs_of_run(tx, run.id)
            return found, outputs, await links.find_link(tx, run.tenant, action.lane)

        stored, steps, link = await self.database.read(work)
        group = [without(self.matcher.read(one), ours) for one, ours in stored]
        return names_for(
            group[0], variables=run.variables, each=run.element, now=action.planned_at,
            link=link.as_json() if link else {}, steps=steps, group=group,
        )  # fmt: skip

    def _parameters(self, planned: PlannedAction) -> BaseModel:
        """The parameters by their model. Raises GiveUp naming what does not fit."""
        shape = self.shapes.get(planned.name)
        if shape is None:
            raise GiveUp(f"there is no action {planned.name}")
        try:
            return shape.parameters.model_validate(planned.parameters)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(str(part) for part in one['loc']) or planned.name}: {one['msg']}"
                for one in error.errors(include_input=False, include_url=False)
            )
            raise GiveUp(f"parameters: {wrong}") from error

    async def _call(
        self,
        action: StoredAction,
        integration: Integration,
        name: str,
        parameters: BaseModel,
        may_exist: bool,
        mark: str = "",
    ) -> Did:
        """Has the connector do it. mark: where it is not the action's own."""
        offered = integration.connector.action(name)
        if offered is None:
            raise GiveUp(f"{integration.name} ({integration.connector.name}) has no {name}")
        call = Call(
            name, parameters, mark or action.mark, may_exist, action.attempts + 1,
            action.planned_at, self.clock(), action.event_id, action.rule,
        )  # fmt: skip
        outcome = await self.caller.carry_out(integration, offered, call)
        how = AttemptOutcome.FOUND if outcome.found else AttemptOutcome.DONE
        return Did(how, "; ".join(outcome.lost), dict(outcome.outputs))

    async def _pushed(
        self, run: Run, integration: Integration, parameters: CreateTicket
    ) -> Earlier:
        """What an API caller's push did about the finding of this run. Raises Hold."""
        if parameters.parent:  # a sub-task is no finding's own ticket
            return NOTHING
        since = self.clock() - int(self.caller.timeout_seconds * 1000) - PUSH_MARGIN_MS
        pushed = await self.database.read(
            lambda tx: made_by_push(tx, run.id, integration.name, since), single=True
        )
        if pushed.busy:
            raise Hold(f"{pushed.busy} is making the ticket of this finding", OTHER_RUN_SECONDS)
        return pushed

    async def _case(
        self, action: StoredAction, run: Run, integration: Integration, parameters: PushCase
    ) -> tuple[PushCase, str]:
        """The case that is to be pushed, with what it is tied to, and its mark."""
        stored = await self.database.read(lambda tx: get_event(tx, run.event_id))
        event = self.matcher.read(stored)
        about = event.data if event.type.startswith("case.") else None
        filled = await fill_case(
            self.database, run.tenant, integration.name, parameters, about, action.lane
        )
        return filled.parameters, filled.mark

    async def _sync(self, action: StoredAction, run: Run) -> Did:
        """Every pair of the sync rule that the event is about, one after the other."""
        rule = self.matcher.sync_rule(action.rule)
        if rule is None or self.syncs is None:
            raise GiveUp(f"the rule files have no sync rule {action.rule} any more")
        stored = await self.database.read(lambda tx: get_event(tx, run.event_id))
        event = self.matcher.read(stored)
        at = self.leads_to.get((run.tenant, event.source), "")
        pairs = await self.database.read(lambda tx: pairs_about(tx, rule, event, at))
        if not pairs:
            return Did(AttemptOutcome.SKIPPED, f"nothing is linked to {event.subject}")
        asked = Asked(
            action.event_id, action.rule, action.mark, action.attempts + 1, action.planned_at
        )
        reports = [await self.syncs.sync(rule, pair, asked) for pair in pairs]
        wrote: list[JSON] = [one for report in reports for one in report.wrote]
        held: list[JSON] = [one for report in reports for one in report.held]
        reason = "; ".join(dict.fromkeys(one for report in reports for one in report.reasons))
        how = AttemptOutcome.DONE if wrote or held else AttemptOutcome.FOUND
        return Did(how, reason, {"wrote": wrote, "held": held})

    async def _sync_status(self, action: StoredAction, run: Run, parameters: SyncStatus) -> Did:
        stored = await self.database.read(lambda tx: get_event(tx, run.event_id))
        event = self.matcher.read(stored)
        synced = await find_synced(self.database, event, parameters)
        if synced.nothing:
            return Did(AttemptOutcome.SKIPPED, synced.nothing)
        if synced.ticket:
            integration = self.integrations.get((run.tenant, synced.integration))
            if integration is None:
                raise self._missing(run.tenant, synced.integration)
            move = Transition(ticket=synced.ticket, to=synced.status)
            return await self._call(action, integration, TRANSITION, move, action.may_exist)
        for one in synced.records:
            await self._carry_over(action, run.tenant, one, synced.status)
        await keep_status(self.database, run.tenant, synced, self.clock())
        changed: list[JSON] = [f"{one.kind} {one.id}" for one in synced.records]
        return Did(AttemptOutcome.DONE, "", {"status": synced.status, "records": changed})

    async def _carry_over(
        self, action: StoredAction, tenant: str, record: Linked, status: str
    ) -> None:
        """Moves a case in the system that tells of it, where its source leads to an integration;
        the record follows, so that it never says what its own system does not."""
        integration = self.integrations.get(
            (tenant, self.leads_to.get((tenant, record.source), ""))
        )
        if record.kind != CASE or integration is None:
            return
        if integration.connector.action(TRANSITION) is None:
            return
        if not integration.enabled:
            raise Hold(f"{integration.name} is switched off", DISABLED_SECONDS)
        move = Transition(ticket=record.id, to=status)
        await self._call(action, integration, TRANSITION, move, action.may_exist)

    def _ended(
        self,
        action: StoredAction,
        did: Did,
        started_at: int,
        duration_ms: int,
        exchanges: tuple[Exchange, ...],
    ) -> Ended:
        """The try as it is recorded; one too many makes the action dead."""
        number = action.attempts + 1
        outcome, reason, next_try_at = did.outcome, did.reason, None
        if outcome is AttemptOutcome.AGAIN:
            next_try_at = next_try(
                self.backoff, attempt=number, now=self.clock(), chance=self.chance(),
                after_seconds=did.after_seconds,
            )  # fmt: skip
            if next_try_at is None:
                outcome = AttemptOutcome.DEAD
                reason = f"{reason} (given up after {number} tries)"
        attempt = Attempt(
            action.id, number, started_at, duration_ms, outcome, reason, next_try_at, exchanges
        )
        return Ended(attempt, did.outputs, did.may_exist)


def ticket_of(link: Link) -> JSON:
    """The outputs of `create_ticket`, of a ticket that is there."""
    return {"key": link.ticket, "id": link.ticket_id, "url": link.url}
