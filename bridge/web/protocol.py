"""The server's protocol for connections, with a short way for deliveries.

uvicorn's own makes a task, an event, a cycle and four ASGI messages for each request, which takes
longer than checking a delivery does. So a delivery that has wholly arrived at the end of a read is
handed over as it is, and answered with one write when its commit is through.

Only what is plain goes the short way: an HTTP/1.1 POST to a source's own path, no upgrade, no
`Expect`, nothing before it on its connection that is still to be answered, and a sender that takes
the answers in. Every other request, and one of which the rest is still to come, goes uvicorn's way
to the same application. Requests are parsed by uvicorn's parser either way.
"""

from __future__ import annotations

import time
from collections import deque
from typing import ClassVar, cast

from starlette.types import Scope
from uvicorn._types import HTTPScope
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from bridge.web.doors import Door
from bridge.web.hooks import Hooks
from bridge.web.replies import Reply

Headers = list[tuple[bytes, bytes]]


class Ignored:
    """Stands for an event that nobody waits for."""

    def set(self) -> None:
        """Nobody waits."""


NOBODY_WAITS = Ignored()


class Short(RequestResponseCycle):
    """A delivery on the short way, with as much of uvicorn's cycle as its protocol looks at."""

    def __init__(self, scope: HTTPScope, door: Door, keep_alive: bool) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False
        self.message_event = NOBODY_WAITS  # type: ignore[assignment]
        self.door = door
        self.whole_body = b""
        self.started = time.perf_counter()


class HookProtocol(HttpToolsProtocol):
    """One connection.

    hooks: where deliveries go; `protocol_for` sets it, arrivals and shared_lines.
    _coming: a delivery that may go the short way, while its body comes in.
    _whole: one that has arrived; it is taken when the parser is done with what was read.
    _before: the cycle of the request before `_coming`.
    _idle: all is answered and nothing has come since, at `_idle_since` by the loop's time.
    """

    hooks: ClassVar[Hooks]
    arrivals: ClassVar[Arrivals]
    shared_lines: ClassVar[SharedLines]
    _coming: Short | None = None
    _whole: Short | None = None
    _before: RequestResponseCycle | None = None
    _idle: bool = False
    _idle_since: float = 0.0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._whole is not None:
            short, self._whole = self._whole, None
            self.arrivals.add(self, short)
        elif self._coming is not None:
            short, self._coming = self._coming, None
            self._take_the_long_way(short)

    def on_headers_complete(self) -> None:
        door = self.hooks.plain_door(self.url)
        if door is None or not self._may_be_short():
            super().on_headers_complete()
            return
        self.scope["method"] = "POST"
        self.scope["query_string"] = b""
        self._before = self.cycle
        self.cycle = self._coming = Short(self.scope, door, self.parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        short = self._coming
        if short is None:
            super().on_body(body)
        else:
            short.whole_body = short.whole_body + body if short.whole_body else body

    def on_message_complete(self) -> None:
        if self._coming is None:
            super().on_message_complete()
        else:
            self._whole, self._coming = self._coming, None

    # uvicorn stops and starts a timer with each request, three microseconds. Here it runs on, and
    # what it has to do is decided when it rings.

    def _unset_keepalive_if_required(self) -> None:
        self._idle = False

    def on_response_complete(self) -> None:
        more = bool(self.pipeline)
        if more or self.timeout_keep_alive_task is None or self.transport.is_closing():
            super().on_response_complete()
        else:
            self.server_state.total_requests += 1
            self.flow.resume_reading()
        self._idle, self._idle_since = not more, self.loop.time()

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if not self._idle:
            return  # the next answer starts it again
        rest = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if rest > 0:
            self.timeout_keep_alive_task = self.loop.call_later(
                rest, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def _may_be_short(self) -> bool:
        parser = self.parser
        return (
            parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and (self.cycle is None or self.cycle.response_complete)
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and not self.flow.write_paused
            and self.limit_concurrency is None
        )

    def take(self, short: Short) -> None:
        """Hands a delivery over that is there to its last byte."""
        body, short.whole_body = short.whole_body, b""  # nothing of it is to wait for the commit

        def told(reply: Reply) -> None:
            self._answer(short, reply)

        self.hooks.take_whole(cast(Scope, short.scope), short.door, body, told)

    def _take_the_long_way(self, short: Short) -> None:
        """As if it had gone there from the start."""
        self.cycle = self._before  # type: ignore[assignment]
        super().on_headers_complete()
        if short.whole_body:
            super().on_body(short.whole_body)

    def _answer(self, short: Short, reply: Reply) -> None:
        short.response_complete = True
        if not short.disconnected and not self.transport.is_closing():
            shared = self.shared_lines(self.server_state.default_headers)
            self.transport.write(written(reply, shared, keep_alive=short.keep_alive))
            if not short.keep_alive:
                self.transport.close()
        self.on_response_complete()
        self.hooks.count(short.door, reply, short.started)


class Arrivals:
    """Deliveries that have come in one turn of the event loop, taken in the next, all together.

    Each by itself, between reading its connection and the next one, found the processor's caches
    full of the other half of the work: it took 7 µs more of 87.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[HookProtocol, Short]] = deque()

    def add(self, protocol: HookProtocol, short: Short) -> None:
        if not self._waiting:
            protocol.loop.call_soon(self._take)
        self._waiting.append((protocol, short))

    def _take(self) -> None:
        while self._waiting:
            protocol, short = self._waiting.popleft()
            try:
                protocol.take(short)
            except BaseException:  # a mistake of ours; it is for the loop to tell
                protocol.transport.abort()
                if self._waiting:
                    protocol.loop.call_soon(self._take)
                raise


class SharedLines:
    """The lines that the server puts on every answer; written anew when it changes them."""

    def __init__(self) -> None:
        self._headers: Headers = []
        self._lines = b""

    def __call__(self, headers: Headers) -> bytes:
        if headers is not self._headers:
            self._headers = headers
            self._lines = lines_of(headers)
        return self._lines


def lines_of(headers: Headers) -> bytes:
    return b"".join([b"%s: %s\r\n" % header for header in headers])


def written(reply: Reply, shared: bytes, *, keep_alive: bool) -> bytes:
    """An answer as it stands on the wire. shared: the lines that every answer has."""
    end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
    return b"".join((STATUS_LINE[reply.status], shared, lines_of(reply.headers), end, reply.body))


def protocol_for(hooks: Hooks) -> type[HookProtocol]:
    """The protocol of a server whose deliveries these hooks take."""
    members = {"hooks": hooks, "arrivals": Arrivals(), "shared_lines": SharedLines()}
    return type("HookProtocol", (HookProtocol,), members)
