"""`/case-webhook/{source}/cases…`: what Kibana's connector "Webhook - Case Management" calls.

It creates a case, gets it, updates it and comments on it, and gets it once more after each. The
calls become `case.*` events by the ordinary intake; what they are answered with is read back from
what is stored, so that an answer never says more than is durable.

Source: https://www.elastic.co/docs/reference/kibana/connectors-kibana/cases-webhook-action-type,
read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.cases_known import KnownCase, known_case
from bridge.clock import Clock, iso, new_id
from bridge.errors import (
    Malformed,
    NoSuchSource,
    NotFound,
    ProofRefused,
    Refused,
    StoreError,
    StoreFull,
)
from bridge.event import JSON, Delivery
from bridge.quarantine import is_kept
from bridge.receive import Noting, examine
from bridge.sources.source import Answer, Source
from bridge.store.events import get_event
from bridge.store.intake import Intake
from bridge.store.refusals import Refusal
from bridge.store.transaction import Database
from bridge.web.body import BodyReader
from bridge.web.deliveries import make_delivery
from bridge.web.doors import Door, check_remote, make_doors, remote_of
from bridge.web.errors import code_of, message_of, retry_after_of, status_of
from bridge.web.metrics import Metrics
from bridge.web.refusals import RefusalBook
from bridge.web.site import error_response

CallName: TypeAlias = Literal["create", "update", "comment", "show"]
CHANGING = ["POST", "PUT", "PATCH"]
"""Which of them is used is typed into the connector, for each call."""
OURS = "x-case-"
"""What begins like this is set here and never taken from the caller."""

log = structlog.get_logger("bridge.receive")


@dataclass(frozen=True, slots=True)
class Call:
    """One call, and the case it names; a new id where it creates one."""

    name: CallName
    case_id: str
    request_id: str


class CaseWebhook:
    """Answers the four calls for every source whose preset says `case_webhook`."""

    def __init__(
        self,
        sources: Mapping[tuple[str, str], Source],
        intake: Intake,
        database: Database,
        clock: Clock,
        reader: BodyReader,
        refusals: RefusalBook,
        metrics: Metrics,
        secrets: Noting | None = None,
    ) -> None:
        self._doors = make_doors(sources)
        self._intake = intake
        self._database = database
        self._clock = clock
        self._reader = reader
        self._refusals = refusals
        self._metrics = metrics
        self._secrets = secrets

    def routes(self) -> list[Route]:
        found = []
        for prefix in ("", "/t/{tenant}"):
            cases = f"{prefix}/case-webhook/{{source}}/cases"
            found += [
                Route(cases, self.create, methods=CHANGING),
                Route(f"{cases}/{{case}}", self.show, methods=["GET"]),
                Route(f"{cases}/{{case}}", self.update, methods=CHANGING),
                Route(f"{cases}/{{case}}/comment", self.comment, methods=CHANGING),
                Route(f"{cases}/{{case}}/comments", self.comment, methods=CHANGING),
            ]
        return found

    async def create(self, request: Request) -> Response:
        return await self._serve(request, "create")

    async def show(self, request: Request) -> Response:
        return await self._serve(request, "show")

    async def update(self, request: Request) -> Response:
        return await self._serve(request, "update")

    async def comment(self, request: Request) -> Response:
        return await self._serve(request, "comment")

    async def _serve(self, request: Request, name: CallName) -> Response:
        now = self._clock()
        case_id = request.path_params.get("case") or new_id("cas", now)
        call = Call(name, case_id, new_id("call", now))
        door = self._door(request)
        delivery: Delivery | None = None
        try:
            if door is None or not door.source.preset.form.case_webhook:
                raise NoSuchSource("there is no source of this name that takes cases")
            delivery = await self._read(request, call, now)
            if door.networks:
                check_remote(remote_of(request.scope), door)
            status, known = await self._take(door.source, delivery, call, now)
        except (Refused, StoreError, NotFound) as error:
            return self._refuse(error, request, door, delivery)
        self._metrics.received[door.label, "answered"] += 1
        return JSONResponse(shown(known), status)

    def _door(self, request: Request) -> Door | None:
        tenant = request.path_params.get("tenant", "default")
        return self._doors.get(f"/t/{tenant}/hooks/{request.path_params['source']}")

    async def _read(self, request: Request, call: Call, now: int) -> Delivery:
        """The call as a delivery, with what its address says in headers of ours."""
        self._reader.check_announced(request.scope["headers"])
        if self._intake.full:
            raise StoreFull
        body = await self._reader.read(request.receive)
        if body is None:
            raise Malformed("the caller went away before the end of the body")
        delivery = make_delivery(request.scope, body, None, now)
        theirs = [one for one in delivery.headers if not one[0].startswith(OURS)]
        ours = [
            (f"{OURS}call", call.name),
            (f"{OURS}id", call.case_id),
            (f"{OURS}request", call.request_id),
        ]
        return delivery._replace(headers=(*theirs, *ours))

    async def _take(
        self, source: Source, delivery: Delivery, call: Call, now: int
    ) -> tuple[int, KnownCase]:
        """Does what the call asks; gives the status and the case as it is known then."""
        if call.name == "show":
            fingerprint = source.verify(delivery, now)
            if self._secrets is not None and fingerprint:
                self._secrets.note(source, fingerprint, now)
            return 200, await self._known(source, call.case_id)
        events = examine(delivery, source, now, self._secrets)
        if isinstance(events, Answer):
            raise Malformed("this is no call about a case")
        if call.name != "create":
            await self._known(source, call.case_id)
        (accepted, *_) = await self._intake.accept(events)
        log.debug("received", source=source.name, ids=[accepted.id], call=call.name)
        stored = await self._database.read(lambda tx: get_event(tx, accepted.id))
        data = source.normalise(stored).data
        case_id = str(data.get("id") or call.case_id) if isinstance(data, dict) else call.case_id
        status = 201 if call.name == "create" and not accepted.duplicate else 200
        return status, await self._known(source, case_id)

    async def _known(self, source: Source, case_id: str) -> KnownCase:
        found = await known_case(self._database, source, case_id)
        if found is None:
            raise NotFound(f"there is no case {case_id[:100]} here")
        return found

    def _refuse(
        self,
        error: Refused | StoreError | NotFound,
        request: Request,
        door: Door | None,
        delivery: Delivery | None,
    ) -> Response:
        status = status_of(error)
        if isinstance(error, ProofRefused) and door is not None:
            status = door.source.refuse_status
        self._metrics.refused[door.label if door else "", code_of(error)] += 1
        if isinstance(error, Refused):
            refusal = Refusal(
                tenant=door.source.tenant if door else "",
                source=door.source.name if door else "",
                at=self._clock(),
                reason=error.reason,
                message=str(error),
                status=status,
                body_bytes=len(delivery.body) if delivery else 0,
                remote=remote_of(request.scope),
            )
            self._refusals.note(refusal, delivery if is_kept(error) else None)
        elif isinstance(error, StoreError) and not isinstance(error, StoreFull):
            log.error("store", error=str(error))
        wait = retry_after_of(error, status)
        headers = {"retry-after": str(wait)} if wait is not None else {}
        return error_response(status, code_of(error), message_of(error), headers)


def shown(known: KnownCase) -> dict[str, JSON]:
    """The case as an answer: `id` and `title` are the keys that the connector asks for."""
    return {
        "id": known.id,
        "title": known.title,
        "status": known.status,
        "severity": known.severity,
        "created_at": iso(known.created_at),
        "updated_at": iso(known.updated_at),
        "ticket": known.ticket or None,
        "url": known.url or None,
    }
