"""What the small stand-ins are made of: a table of routes and a state behind the common front.

A vendor is a folder with a module `stand_in` holding one `STAND_IN`; `neighbours.py` finds it and
the sandbox mounts it at its name. Nothing else has to be told of it. Jira's is older, larger and
under the benchmarks, so it has its own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from bridge.event import JSON
from bridge.sandbox.conditions import Conditions
from bridge.sandbox.exchange import Answer, Declined, Receive, Request, Scope, Send
from bridge.sandbox.front import Front, Reply
from bridge.sandbox.journal import Journal
from bridge.sandbox.uploads import read_files
from bridge.sandbox.webhooks import Dialect

S = TypeVar("S")

NOT_HERE = "The sandbox does not offer this path."
NO_ENTRY = "Authentication is required."


class Outbox(Protocol):
    """Where the stand-in's webhooks go."""

    @property
    def wanted(self) -> bool: ...

    def send(self, subject: str, event: str, body: dict[str, JSON]) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a stand-in shares with the rest of its sandbox.

    tokens: the only credentials let in; empty lets any in.
    """

    conditions: Conditions
    outbox: Outbox
    journal: Journal
    tokens: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call(Generic[S]):
    """One request as a handler sees it. arguments: what the route leaves open, in order.

    token: what the caller proved itself with.
    """

    state: S
    request: Request
    arguments: tuple[str, ...]
    around: Surroundings
    token: str = ""

    @property
    def now(self) -> int:
        return self.around.conditions.clock()


@dataclass(frozen=True, slots=True)
class Path(Generic[S]):
    """One path of the API. parts: its segments; an empty one is left open.

    writes: whether this call changes something, so that the faults of writes apply to it.
    public: it asks for no credentials. file_part: what holds the files of a multipart body.
    """

    method: str
    parts: tuple[str, ...]
    handler: Callable[[Call[S]], Answer]
    writes: Callable[[Call[S]], bool]
    public: bool = False
    file_part: str = ""

    def match(self, segments: Sequence[str]) -> tuple[str, ...] | None:
        """The open segments, or None. A last part `{+}` takes all that is left, slashes too."""
        parts, rest = self.parts, tuple(segments)
        if parts and parts[-1] == "{+}":
            if len(rest) < len(parts):
                return None
            rest = (*rest[: len(parts) - 1], "/".join(rest[len(parts) - 1 :]))
        if len(parts) != len(rest):
            return None
        if any(part not in ("{}", "{+}", own) for part, own in zip(parts, rest, strict=True)):
            return None
        pairs = zip(parts, rest, strict=True)
        return tuple(own for part, own in pairs if part in ("{}", "{+}"))


def path(
    method: str,
    pattern: str,
    handler: Callable[[Call[S]], Answer],
    writes: Callable[[Call[S]], bool] | None = None,
    *,
    public: bool = False,
    file_part: str = "",
) -> Path[S]:
    """`GET repos/{}/{}/issues`: braces are left open. Unless said, all but GET writes."""
    parts = tuple(pattern.split("/"))
    writes = writes or (lambda _call: method != "GET")
    return Path(method, parts, handler, writes, public, file_part)


@dataclass(frozen=True, slots=True)
class StandInKind(Generic[S]):
    """All that makes one vendor's stand-in.

    name: where it is mounted, and what journal and control endpoints call it.
    paths: the first that fits answers, so that written-out ones come before open ones.
    make: its state as just started. show: everything the state holds, for tests and people.
    decline: a refusal in the vendor's words. too_many: its 429, from the milliseconds to wait and
        the time. token_of: the credentials of a request, empty without any.
    webhooks: how it signs and names what it sends; None for one that sends nothing.
    """

    name: str
    title: str
    paths: tuple[Path[S], ...]
    make: Callable[[Surroundings], S]
    show: Callable[[S], JSON]
    decline: Callable[[Declined], Answer]
    too_many: Callable[[int, int], Answer]
    token_of: Callable[[Request], str]
    webhooks: Dialect | None = None


class StandIn(Generic[S]):
    """One vendor, playing. `state` stands open for tests and for the demo."""

    def __init__(self, kind: StandInKind[S], around: Surroundings) -> None:
        self.kind = kind
        self.around = around
        self.state = kind.make(around)
        self._front = Front(kind.name, kind.title, around.conditions, around.journal)

    async def answer(
        self, scope: Scope, receive: Receive, send: Send, path: str, base: str
    ) -> None:
        await self._front.respond(scope, receive, send, path, base, self._reply)

    def show(self) -> JSON:
        return self.kind.show(self.state)

    async def _reply(self, request: Request) -> Reply:
        conditions = self.around.conditions
        early = self._front.early_fault(
            request, lambda wait_ms: self.kind.too_many(wait_ms, conditions.clock())
        )
        if early is not None:
            return early
        try:
            call, taken = self._route(request)
            if taken.file_part:
                request.files = await read_files(request, taken.file_part)
            writes = taken.writes(call)
            return self._front.carry_out(
                lambda: taken.handler(call), self.kind.decline, writes=writes
            )
        except Declined as refusal:
            return Reply(self.kind.decline(refusal))

    def _route(self, request: Request) -> tuple[Call[S], Path[S]]:
        segments = request.path.strip("/").split("/")
        known = False
        for entry in self.kind.paths:
            arguments = entry.match(segments)
            if arguments is None:
                continue
            known = True
            if entry.method == request.method:
                token = "" if entry.public else self._token(request)
                return Call(self.state, request, arguments, self.around, token), entry
        raise Declined(405, "Method not allowed.") if known else Declined(404, NOT_HERE)

    def _token(self, request: Request) -> str:
        token = self.kind.token_of(request)
        allowed = self.around.tokens
        if not token or (allowed and token not in allowed):
            raise Declined(401, NO_ENTRY)
        return token


AnyKind = StandInKind[Any]
AnyStandIn = StandIn[Any]
"""Only a vendor's own modules and tests look into its state."""


def bearer_token(request: Request) -> str:
    """`Authorization: Bearer X`, or `token X`."""
    scheme, _, value = (request.header(b"authorization") or "").partition(" ")
    return value.strip() if scheme.lower() in ("bearer", "token") else ""


def token_or_pair(scheme: str) -> Callable[[Request], str]:
    """Reads what stands behind this scheme, in small letters, or `name:password`."""

    def read(request: Request) -> str:
        given, _, value = (request.header(b"authorization") or "").partition(" ")
        if given.lower() == scheme:
            return value.strip()
        if given.lower() != "basic":
            return ""
        try:
            return base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            return ""

    return read


def waiting(refusal: Answer, wait_ms: int) -> Answer:
    """The refusal with the seconds to wait, at least one."""
    seconds = max(-(-wait_ms // 1000), 1)
    return replace(refusal, headers=(*refusal.headers, (b"retry-after", b"%d" % seconds)))
