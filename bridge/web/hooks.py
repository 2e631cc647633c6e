"""`POST /hooks/{source}`: a plain ASGI function in front of everything else.

The order of the checks: method, route, announced length, room in the line, body, proof, form.
What comes first costs least: nothing of a body is read that could not be stored.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.clock import Clock
from bridge.errors import (
    AddressRefused,
    Malformed,
    NoSuchSource,
    ProofRefused,
    Refused,
    StoreError,
    StoreFull,
    TooSlow,
)
from bridge.event import Delivery
from bridge.quarantine import is_kept
from bridge.receive import Noting, Received
from bridge.receive import receive as receive_delivery
from bridge.sources.source import Answer, Source
from bridge.store.intake import Intake
from bridge.store.refusals import Refusal
from bridge.web.body import BodyReader
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

Headers = list[tuple[bytes, bytes]]

ALLOWED = b"POST, OPTIONS"
MOST_QUERY_FIELDS = 50
"""Arbitrary; senders put one or two there."""

MOST_HEADER_NAMES = 1_000
"""Remembered; a stranger may send any, so there is an end to it."""

JSON_TYPE = (b"content-type", b"application/json")

log = structlog.get_logger("bridge.receive")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. label: how it is counted, a status or what stands for it."""

    status: int
    headers: Headers
    body: bytes
    label: str


@dataclass(frozen=True, slots=True)
class Door:
    """A configured source and how it is reached.

    label: its name in metrics, with the tenant before it unless that is the default one.
    networks: where deliveries may come from; empty for anywhere.
    """

    source: Source
    label: str
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """What a path says: `/hooks/NAME` without its token, and the token behind it."""

    plain: str
    token: str | None


def read_address(path: str) -> Address | None:
    """`/hooks/{source}[/{token}]` and `/t/{tenant}/hooks/…`; None for every other path."""
    parts = path.split("/")
    at = 3 if parts[1:2] == ["t"] else 1
    if len(parts) < at + 2 or parts[at] != "hooks" or not parts[at + 1]:
        return None
    if len(parts) > at + 3:
        return None
    token = parts[at + 2] if len(parts) == at + 3 else None
    return Address("/".join(parts[: at + 2]), token or None)


def make_doors(sources: Mapping[tuple[str, str], Source]) -> dict[str, Door]:
    """By path. A source of the default tenant is reached with and without `/t/default`."""
    doors: dict[str, Door] = {}
    for (tenant, name), source in sources.items():
        ours = tenant == "default"
        networks = tuple(ipaddress.ip_network(each) for each in source.settings.allow_from)
        door = Door(source, name if ours else f"{tenant}/{name}", networks)
        doors[f"/t/{tenant}/hooks/{name}"] = door
        if ours:
            doors[f"/hooks/{name}"] = door
    return doors


class Hooks:
    """Answers the hooks' paths, and hands every other request to what stands behind.

    sources: by tenant and name.
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
    ) -> None:
        self._behind = behind
        self._doors = make_doors(sources)
        self._intake = intake
        self._clock = clock
        self._reader = reader
        self._refusals = refusals
        self._metrics = metrics
        self._secrets = secrets
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
        metrics = self._metrics
        metrics.received[door.label if door else "", reply.label] += 1
        metrics.receiving.add(time.perf_counter() - started)

    async def _reply(
        self, scope: Scope, receive: Receive, door: Door | None, token: str | None
    ) -> Reply | None:
        body: bytes | None = b""
        delivery: Delivery | None = None
        try:
            if scope["method"] != "POST":
                return self._other_method(scope, door, token)
            if door is None:
                raise NoSuchSource("there is no source of this name")
            self._reader.check_announced(scope["headers"])
            if self._intake.full:
                raise StoreFull
            body = await self._reader.read(receive)
            if body is None:
                return None
            delivery = make_delivery(scope, body, token, self._clock())
            if door.networks:
                check_remote(remote_of(scope), door)
            received = await receive_delivery(
                delivery, door.source, self._intake, self._clock, self._secrets
            )
        except (Refused, StoreError) as error:
            return self._refuse(error, scope, door, len(body or b""), delivery)
        except Exception:  # noqa: BLE001 (the edge: a mistake of ours is a 500, and the sender repeats)
            return failed()
        self._log.debug(
            "received", source=door.label, ids=received.ids, duplicate=received.duplicate
        )
        return accepted(received)

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


class HeaderNames(dict[bytes, str]):
    """Names of headers as text, each decoded once: senders use the same few again and again."""

    def __missing__(self, name: bytes) -> str:
        if len(self) > MOST_HEADER_NAMES:
            self.clear()
        text = self[name] = name.decode("latin-1")
        return text


HEADER_NAMES = HeaderNames()


def make_delivery(scope: Scope, body: bytes, token: str | None, now: int) -> Delivery:
    """The request as a value. Raises Malformed for a query of absurdly many fields."""
    query: tuple[tuple[str, str], ...] = ()
    if scope["query_string"]:
        text = scope["query_string"].decode("latin-1")
        try:
            fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_QUERY_FIELDS)
        except ValueError as error:
            raise Malformed("the address has too many parameters") from error
        query = tuple(fields)
    headers = tuple(
        [(HEADER_NAMES[name], value.decode("latin-1")) for name, value in scope["headers"]]
    )
    return Delivery(scope["method"], headers, body, query, token, now)


def remote_of(scope: Scope) -> str:
    """The address a delivery came from; empty when it is not known.

    What a proxy on this machine reports is believed, because only it can have written the last
    part of that header; anybody else's `X-Forwarded-For` is not.
    """
    client = scope.get("client")
    host = str(client[0]) if client else ""
    if not is_loopback(host):
        return host
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    if not forwarded:
        return host
    return str(forwarded[-1].rpartition(b",")[2].strip().decode("latin-1"))[:64]


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_remote(remote: str, door: Door) -> None:
    """Raises AddressRefused when the source does not take deliveries from there."""
    try:
        address = ipaddress.ip_address(remote)
    except ValueError as error:
        raise AddressRefused("this source takes deliveries from named networks only") from error
    mapped = getattr(address, "ipv4_mapped", None)
    if not any((mapped or address) in network for network in door.networks):
        raise AddressRefused("this source takes no deliveries from this address")


def accepted(received: Received) -> Reply:
    """202 for what is new, 200 for what was there, or what the handshake says."""
    if received.answer is not None:
        return handshake(received.answer)
    status, word = (200, "duplicate") if received.duplicate else (202, "accepted")
    ids = received.ids
    if len(ids) == 1:
        text = f'{{"id": "{ids[0]}", "status": "{word}"}}'
    else:
        listed = ", ".join(f'"{each}"' for each in ids)
        text = f'{{"ids": [{listed}], "status": "{word}"}}'
    body = text.encode()
    headers = [JSON_TYPE, (b"content-length", str(len(body)).encode())]
    return Reply(status, headers, body, word)


def handshake(answer: Answer) -> Reply:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    return Reply(answer.status, headers, answer.body, "answered")


def json_reply(status: int, body: bytes, request_id: str, further: Headers) -> Reply:
    headers = [
        JSON_TYPE,
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
        *further,
    ]
    return Reply(status, headers, body, str(status))


def failed() -> Reply:
    """For a mistake of ours: the traceback in the log, under the name the sender gets."""
    request_id = new_request_id()
    log.exception("receive failed", request_id=request_id)
    error = RuntimeError()
    return json_reply(
        500, error_body(code_of(error), message_of(error), request_id), request_id, []
    )
