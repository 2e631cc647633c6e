"""Pushing a case: from its record to the ticket it is tied to, for rules and for the Cases API.

Both go the same way: `fill_case` reads the case and what it is tied to, the connector's `push_case`
does the rest, `record.tie_case` writes down what it is tied to now. The Cases API has `Pusher` for
all three; a rule's action takes the second step at its turn, like every other action.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel, JsonValue

from bridge.action import Call, Outcome
from bridge.calling import Caller, Integration
from bridge.clock import Clock
from bridge.connectors.cases import PushCase, case_of, read_case
from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.store.cases import incident_of
from bridge.store.links import find_pushed
from bridge.store.records import get_record
from bridge.store.transaction import Database, Transaction
from bridge.ties import PUSHES_CASE, tie_case

CASE = "case"


@dataclass(frozen=True, slots=True)
class Filled:
    """A push with everything a connector needs.

    mark: of the case in this integration, whatever event or person asked for the push.
    subject: what the case's events are about; ties the ticket to it.
    """

    parameters: PushCase
    mark: str
    subject: str


def case_mark(tenant: str, integration: str, case_id: str) -> str:
    """What the ticket of a case carries: the same for every push of it, so that there is one."""
    text = "\x1f".join(("case", tenant, integration, case_id))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


async def fill_case(
    database: Database,
    tenant: str,
    integration: str,
    parameters: PushCase,
    about: JSON = None,
    subject: str = "",
) -> Filled:
    """Puts the case itself, its ticket and what the last push remembers into the parameters.

    about, subject: the data of a `case.*` event and what it is about, for a push that names no
    case. Raises GiveUp when there is no such case.
    """
    inline = parameters.case if isinstance(parameters.case, dict) else None
    given = parameters.case if parameters.case is not None else about
    case_id = str(given.get("id", "")) if isinstance(given, dict) else str(given or "")
    if not case_id:
        raise GiveUp("push_case: the event is about no case, and `case` names none")

    async def work(tx: Transaction) -> tuple[JSON, str, str, JSON]:
        record = await get_record(tx, tenant, CASE, case_id)
        at = record.subject if record else subject or case_id
        link = await find_pushed(tx, tenant, at, integration)
        incident = await incident_of(tx, tenant, case_id, integration)
        memory = incident.service.get("memory") if incident else None
        return record.data if record else None, at, link.ticket if link else "", memory

    known, at, ticket, memory = await database.read(work)
    case = inline or _latest(known, about if given is about else None)
    if case is None:
        raise GiveUp(f"push_case: there is no case {case_id!r}")
    read_case(case)
    filled = parameters.model_copy(
        update={
            "case": cast("JsonValue", case),
            "ticket": parameters.ticket or ticket or None,
            "memory": parameters.memory or memory,
        }
    )
    return Filled(filled, case_mark(tenant, integration, case_id), at)


def _latest(known: JSON, told: JSON) -> dict[str, JSON] | None:
    """The latest that is known of a case, with the comment that the event itself brings: a later
    event may have said more by now, and its own comment will be pushed in its turn."""
    latest = known if isinstance(known, dict) else told
    if not isinstance(latest, dict):
        return None
    return {**latest, "comment": told.get("comment")} if isinstance(told, dict) else latest


@dataclass(frozen=True, slots=True)
class Pusher:
    """Pushes a case at once, for whoever waits for the answer."""

    database: Database
    caller: Caller
    clock: Clock

    async def push(
        self, integration: Integration, parameters: PushCase, by: JSON = None
    ) -> Outcome:
        """Pushes and ties. Raises TryAgain, GiveUp, or Hold when it cannot even be tried.

        by: who had it pushed, as answers show it. A push whose answer was lost may simply be asked
        for again: the mark finds what it made.
        """
        offered = integration.connector.action(PUSHES_CASE)
        if offered is None:
            raise GiveUp(f"{integration.name} ({integration.connector.name}) has no {PUSHES_CASE}")
        tenant, name = integration.tenant, integration.name
        filled = await fill_case(self.database, tenant, name, parameters)
        now = self.clock()
        call: Call[BaseModel] = Call(
            PUSHES_CASE, filled.parameters, filled.mark, False, 1, now, now, "", ""
        )
        outcome = await self.caller.carry_out(integration, offered, call)
        outside = [one.id for one in case_of(filled.parameters).comments]
        await self.database.write(
            lambda tx: tie_case(
                tx, tenant, name, filled.subject, dict(outcome.outputs), now, by, outside
            )
        )
        return outcome
