"""One HTTP client for the process; the only way in which connectors speak to the network.

Every failure leaves here as TryAgain or GiveUp, without a secret in it. Requests and answers are
httpx's; the transport (`transport.py`) is called directly: httpx's client on top would add cookies,
which nobody wants shared between integrations, and a log line with the whole URL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager

import httpx

from bridge.action import Exchange
from bridge.clock import Clock
from bridge.connectors.answers import WORDS_LIMIT, failure, own_words
from bridge.connectors.ask import BODY_LIMIT_BYTES, Ask, Incoming, Reply, named
from bridge.connectors.guard import Guard
from bridge.connectors.redact import Redactor
from bridge.connectors.trail import note, open_trail
from bridge.connectors.transport import InThread, open_transport
from bridge.connectors.troubles import TROUBLES, redirected, trouble
from bridge.errors import ConnectorError, GiveUp, TryAgain

WORDS_BYTES = 100_000
REDIRECTS = frozenset({301, 302, 303, 307, 308})
REDIRECTS_LIMIT = 3
CONNECT_SECONDS = 10.0
OWN_HEADERS = {"accept-encoding": "gzip, deflate", "user-agent": "scanbridge"}
"""Sent with every request."""
NOT_OURS = "not sent: this process stood still for longer than its leases, another may be at it"


class HttpClient:
    """Shared by all connectors of the process; `aclose` it at the end.

    clock: for durations and for waits given as a date.
    transport: handed in by tests, where the remote side begins; else the real one, made at first
    use, since aiohttp's needs a running loop.
    may_change: asked right before a request that may change something.
    on_reply: told the host and the headers of every answer, whatever its status.
    guard: keeps it out of the private network; for addresses that are not the operator's own.
    """

    def __init__(
        self,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        may_change: Callable[[], bool] = lambda: True,
        on_reply: Callable[[str, Mapping[str, str]], None] | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._clock = clock
        self._guard = guard
        self._on_reply = on_reply
        self._transport = transport
        self.may_change = may_change

    async def aclose(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()

    def now(self) -> int:
        """Milliseconds UTC, by the clock that was handed in."""
        return self._clock()

    def trail(self) -> AbstractContextManager[list[Exchange]]:
        """Notes the exchanges of the current task, and of those it starts, until the block ends."""
        return open_trail()

    async def send(self, ask: Ask, redactor: Redactor) -> Reply:
        """The answer, if it is a success or allowed; else TryAgain or GiveUp."""
        reply = await self._follow(ask, redactor)
        if not 200 <= reply.status < 300 and reply.status not in ask.allow:
            raise self._failure(ask, reply, redactor)
        return reply

    def _failure(self, ask: Ask, reply: Reply, redactor: Redactor) -> ConnectorError:
        words = redactor.cut(own_words(reply.headers, reply.body), WORDS_LIMIT)
        return failure(
            named(ask, redactor),
            reply.status,
            reply.headers,
            words,
            changes=ask.changes,
            now=self._clock(),
            judge=ask.judge,
        )

    @asynccontextmanager
    async def stream(self, ask: Ask, redactor: Redactor) -> AsyncIterator[Incoming]:
        """The answer to a GET as it comes in, if it is a success; else TryAgain or GiveUp.

        Of any size. ask.timeout_seconds: until it begins, and again from one piece to the next.
        """
        url = ask.url
        for _ in range(REDIRECTS_LIMIT + 1):
            started = self._clock()
            response = await self._begin(ask, url, redactor)
            try:
                headers = _lower(response.headers)
                if not 200 <= response.status_code < 300:
                    words = await _start_of(_pieces(response, ask, redactor))
                    reply = Reply(response.status_code, headers, words)
                    _note(ask, url, reply, None, self._clock() - started, redactor)
                    location = _location(reply)
                    if location:
                        url = redirected(named(ask, redactor), ask.method, url, location, redactor)
                        continue
                    raise self._failure(ask, reply, redactor)
                reply = Reply(response.status_code, headers, b"(a file)")
                _note(ask, url, reply, None, self._clock() - started, redactor)
                yield Incoming(reply.status, headers, _pieces(response, ask, redactor))
                return
            finally:
                await response.aclose()
        raise GiveUp(f"{named(ask, redactor)} was redirected more than {REDIRECTS_LIMIT} times")

    async def _begin(self, ask: Ask, url: str, redactor: Redactor) -> httpx.Response:
        """The head of an answer; what fails before it is noted in the trail."""
        started = self._clock()
        try:
            async with asyncio.timeout(ask.timeout_seconds):
                return await self._open(ask, url)
        except TROUBLES as error:
            problem = _trouble(error, ask, redactor)
        _note(ask, url, None, problem, self._clock() - started, redactor)
        raise problem

    async def _follow(self, ask: Ask, redactor: Redactor) -> Reply:
        """The answer behind redirects within the same host, which only a GET follows."""
        url = ask.url
        for _ in range(REDIRECTS_LIMIT + 1):
            reply = await self._exchange(ask, url, redactor)
            location = _location(reply)
            if not location:
                return reply
            url = redirected(named(ask, redactor), ask.method, url, location, redactor)
        raise GiveUp(f"{named(ask, redactor)} was redirected more than {REDIRECTS_LIMIT} times")

    async def _exchange(self, ask: Ask, url: str, redactor: Redactor) -> Reply:
        """One request and its answer, noted in the trail."""
        started = self._clock()
        reply: Reply | None = None
        problem: ConnectorError | None = None
        try:
            async with asyncio.timeout(ask.timeout_seconds):
                reply = await self._transfer(ask, url)
        except TROUBLES as error:
            problem = _trouble(error, ask, redactor)
        _note(ask, url, reply, problem, self._clock() - started, redactor)
        if problem is not None:
            raise problem  # outside the `except`: the cause may hold headers with credentials
        assert reply is not None
        return reply

    async def _transfer(self, ask: Ask, url: str) -> Reply:
        response = await self._open(ask, url)
        try:
            body = await _read(response)
        finally:
            await response.aclose()
        return Reply(response.status_code, _lower(response.headers), body)

    async def _open(self, ask: Ask, url: str) -> httpx.Response:
        """The head of an answer; whoever gets it reads and closes it."""
        if self._guard is not None:
            self._guard.check(url)
        if self._transport is None:
            self._transport = open_transport(self._guard)
        if ask.changes and not self.may_change():
            raise TryAgain(NOT_OURS)
        request = httpx.Request(
            ask.method,
            url,
            headers={**OWN_HEADERS, **ask.headers},
            content=ask.content,
            files=ask.files,
            data=ask.form,
            extensions={
                "timeout": {
                    "connect": CONNECT_SECONDS,
                    "read": ask.timeout_seconds,
                    "write": ask.timeout_seconds,
                    "pool": ask.timeout_seconds,
                }
            },
        )
        if any(not isinstance(one[1], bytes) for one in (ask.files or {}).values()):
            assert isinstance(request.stream, httpx.SyncByteStream)
            request.stream = InThread(request.stream)
        else:
            await request.aread()
        response = await self._transport.handle_async_request(request)
        if self._on_reply is not None:
            self._on_reply(request.url.host, _lower(response.headers))
        return response


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _location(reply: Reply) -> str:
    """Where an answer sends on to; empty when it does not."""
    return reply.headers.get("location", "") if reply.status in REDIRECTS else ""


async def _pieces(response: httpx.Response, ask: Ask, redactor: Redactor) -> AsyncIterator[bytes]:
    problem: ConnectorError | None = None
    try:
        async for piece in response.aiter_bytes():
            yield piece
    except TROUBLES as error:
        problem = _trouble(error, ask, redactor)
    if problem is not None:
        raise problem


async def _start_of(pieces: AsyncIterator[bytes]) -> bytes:
    """Enough of an answer to see what it says."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) >= WORDS_BYTES:
            break
    return bytes(body)


async def _read(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            raise GiveUp(
                f"the answer is larger than {BODY_LIMIT_BYTES} bytes", status=response.status_code
            )
        parts.append(part)
    return b"".join(parts)


def _trouble(error: Exception, ask: Ask, redactor: Redactor) -> ConnectorError:
    return trouble(
        error,
        named(ask, redactor),
        redactor,
        changes=ask.changes,
        timeout_seconds=ask.timeout_seconds,
    )


def _note(
    ask: Ask,
    url: str,
    reply: Reply | None,
    problem: ConnectorError | None,
    duration_ms: int,
    redactor: Redactor,
) -> None:
    sent = b"(a file)" if ask.files else ask.content or b""
    if reply is not None:
        note(ask.method, url, reply.status, duration_ms, sent, reply.body, redactor)
    else:
        note(ask.method, url, 0, duration_ms, sent, problem.reason if problem else "", redactor)
