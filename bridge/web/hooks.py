"""`POST /hooks/{source}`: in front of everything else, and of the server's own ways where it can.

The order of the checks: method, route, announced length, room in the line, body, proof, form.
What comes first costs least: nothing of a body is read that could not be stored.

A request comes in by one of two ways. `__call__` is a plain ASGI function and serves every
request. `take_whole` is called by `protocol.py` with a delivery that is there to its last byte,
which nearly all are; from the body on both ways are the same, `take`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.clock import Clock
from bridge.errors import (
    CertificateNeeded,
    NoSuchSource,
    ProofRefused,
    Refused,
    StoreError,
    StoreFull,
    TooSlow,
)
from bridge.event import Delivery
from bridge.quarantine import is_kept
from bridge.receive import Noting, receive
from bridge.sources.source import Answer, Source
from bridge.store.intake import Intake, Outcome
from bridge.store.refusals import Refusal
from bridge.web.body import BodyReader
from bridge.web.deliveries import make_delivery
from bridge.web.doors import Door, check_remote, make_doors, read_address, remote_of
from bridge.web.errands import Errands, Remote
from bridge.web.errors import (
    code_of,
    error_body,
    message_of,
    new_request_id,
    retry_after_of,
    status_of,
)
from bridge.web.metrics import Metrics
from bridge.web.refusals import RefusalBook
from bridge.web.replies import Headers, Reply, accepted, failed, handshake, json_reply

ALLOWED = b"POST, OPTIONS"

Told = Callable[[Reply], None]
"""Takes the reply to a delivery, at once or after its commit; it may not fail."""

log = structlog.get_logger("bridge.receive")


class Hooks:
    """Answers the hooks' paths, and hands every other request to what stands behind.

    sources: by tenant and name.
    remote: fetches what a delivery needs from its sender's own server; without it nothing is.
    """

    def __init__(
        self,
        behind: ASGIApp,
        sources: Mapping[tuple[str, str], Source],
        intake: Intake,
        clock: Clock,
        reader: BodyReader,
        refusals: RefusalBook,
        metrics: Metrics,
        secrets: Noting | None = None,
        remote: Remote | None = None,
    ) -> None:
        self._behind = behind
        self._doors = make_doors(sources)
        self._plain = {path.encode(): door for path, door in self._doors.items()}
        self._intake = intake
        self._clock = clock
        self._reader = reader
        self._refusals = refusals
        self._metrics = metrics
        self._secrets = secrets
        self._errands = Errands(remote)
        self._log = log.bind()  # asked once: the lazy one costs four times as much a line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._behind(scope, receive, send)
            return
        path = scope["path"]
        door, token = self._doors.get(path), None
        if door is None:
            address = read_address(path)
            if address is None:
                await self._behind(scope, receive, send)
                return
            door, token = self._doors.get(address.plain), address.token
        started = time.perf_counter()
        reply = await self._reply(scope, receive, door, token)
        if reply is None:  # the sender is gone, and nobody is left to be answered
            self._metrics.received[door.label if door else "", "gone"] += 1
            return
        await send(
            {"type": "http.response.start", "status": reply.status, "headers": reply.headers}
        )
        await send({"type": "http.response.body", "body": reply.body})
        self.count(door, reply, started)

    def plain_door(self, url: bytes) -> Door | None:
        """The source at a request's target, where it is nothing but the source's path."""
        return self._plain.get(url)

    def count(self, door: Door | None, reply: Reply, started: float) -> None:
        """After a reply: how often each is given, and after how long."""
        metrics = self._metrics
        metrics.received[door.label if door else "", reply.label] += 1
        metrics.receiving.add(time.perf_counter() - started)

    def take_whole(self, scope: Scope, door: Door, body: bytes, told: Told) -> None:
        """A POST to a source's own path, with all of its body. `scope` needs no path."""
        try:
            self._reader.check_announced(scope["headers"])
            if self._intake.full:
                raise StoreFull
            self._reader.check_length(body)
        except (Refused, StoreError) as error:
            told(self._refuse(error, scope, door, len(body), None))
            return
        self.take(scope, door, None, body, told)

    def take(self, scope: Scope, door: Door, token: str | None, body: bytes, told: Told) -> None:
        """Checks a delivery and puts it in line for the store, or refuses it."""
        delivery: Delivery | None = None
        length = len(body)  # what waits below holds no more of the body than this

        def settled(outcome: Outcome) -> None:
            if isinstance(outcome, tuple):
                reply = accepted(outcome)
                told(reply)
                ids = [one.id for one in outcome]
                self._log.debug("received", source=door.label, ids=ids, answer=reply.label)
            elif isinstance(outcome, StoreError):
                told(self._refuse(outcome, scope, door, length, None))
            else:
                told(failed(outcome))

        try:
            now = self._clock()
            delivery = make_delivery(scope, body, token, now)
            if door.networks:
                check_remote(remote_of(scope), door)
            answer = receive(delivery, door.source, self._intake, now, settled, self._secrets)
            if answer is not None:
                self._answer(answer, scope, door, length, told)
        except CertificateNeeded as needed:
            self._fetch_certificate(needed, scope, door, token, delivery, told)
        except (Refused, StoreError) as error:
            told(self._refuse(error, scope, door, length, delivery))
        except Exception as error:  # noqa: BLE001 (the edge: a mistake of ours is a 500, and the sender repeats)
            told(failed(error))

    def _answer(self, answer: Answer, scope: Scope, door: Door, length: int, told: Told) -> None:
        """Answers a delivery that only asks, after a call to its sender where it wants one."""
        if not answer.visit:
            told(handshake(answer))
            return

        def refused(error: Refused) -> None:
            told(self._refuse(error, scope, door, length, None))

        self._errands.run(answer.visit, lambda _: told(handshake(answer)), refused)

    def _fetch_certificate(
        self,
        needed: CertificateNeeded,
        scope: Scope,
        door: Door,
        token: str | None,
        delivery: Delivery | None,
        told: Told,
    ) -> None:
        """Takes the delivery again once the certificate that it names is there."""
        assert delivery is not None  # without one, nothing could have been needed
        body = delivery.body
        if not self._errands.possible:
            told(self._refuse(needed, scope, door, len(body), delivery))
            return

        def again(pem: bytes) -> None:
            door.source.certificates.keep(needed.url, pem)
            self.take(scope, door, token, body, told)

        def refused(error: Refused) -> None:
            told(self._refuse(error, scope, door, len(body), None))

        self._errands.run(needed.url, again, refused)

    async def _reply(
        self, scope: Scope, receive: Receive, door: Door | None, token: str | None
    ) -> Reply | None:
        try:
            if scope["method"] != "POST":
                return self._other_method(scope, door, token)
            if door is None:
                raise NoSuchSource("there is no source of this name")
            self._reader.check_announced(scope["headers"])
            if self._intake.full:
                raise StoreFull
            body = await self._reader.read(receive)
        except (Refused, StoreError) as error:
            return self._refuse(error, scope, door, 0, None)
        except Exception as error:  # noqa: BLE001 (the edge, as above)
            return failed(error)
        if body is None or door is None:
            return None
        replied: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def told(reply: Reply) -> None:
            if not replied.done():  # the request may have been cancelled meanwhile
                replied.set_result(reply)

        self.take(scope, door, token, body, told)
        del body  # it is the store's now; here it would lie until the answer
        return await replied

    def _other_method(self, scope: Scope, door: Door | None, token: str | None) -> Reply:
        if scope["method"] != "OPTIONS":
            request_id = new_request_id()
            body = error_body("method_not_allowed", "send it with POST", request_id)
            return json_reply(405, body, request_id, [(b"allow", ALLOWED)])
        if door is None:
            raise NoSuchSource("there is no source of this name")
        delivery = make_delivery(scope, b"", token, self._clock())
        answer = door.source.answer_handshake(delivery, None)
        if answer is None:
            answer = Answer(200, (("allow", ALLOWED.decode()),), b"")
        return handshake(answer)

    def _refuse(
        self,
        error: Refused | StoreError,
        scope: Scope,
        door: Door | None,
        body_bytes: int,
        delivery: Delivery | None,
    ) -> Reply:
        status = status_of(error)
        if isinstance(error, ProofRefused) and door is not None:
            status = door.source.refuse_status
        code = code_of(error)
        self._metrics.refused[door.label if door else "", code] += 1
        if isinstance(error, Refused):
            whole = delivery if is_kept(error) else None
            self._refusals.note(self._refusal(error, scope, door, status, body_bytes), whole)
        elif not isinstance(error, StoreFull):
            log.error("store", error=str(error))
        request_id = new_request_id()
        further: Headers = []
        wait = retry_after_of(error, status)
        if wait is not None:
            further.append((b"retry-after", str(wait).encode()))
        if isinstance(error, TooSlow):  # the rest of that body may still come, as the next request
            further.append((b"connection", b"close"))
        return json_reply(
            status, error_body(code, message_of(error), request_id), request_id, further
        )

    def _refusal(
        self, error: Refused, scope: Scope, door: Door | None, status: int, body_bytes: int
    ) -> Refusal:
        # An unknown name is a stranger's word: under it, the table could be filled without end.
        return Refusal(
            tenant=door.source.tenant if door else "",
            source=door.source.name if door else "",
            at=self._clock(),
            reason=error.reason,
            message=str(error),
            status=status,
            body_bytes=body_bytes,
            remote=remote_of(scope),
        )
