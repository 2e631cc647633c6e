"""The front door of every stand-in: what comes in is read and written down, and meets the faults.

What a vendor's refusals look like is handed in, for a fault has to sound like the vendor too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.sandbox.conditions import Conditions
from bridge.sandbox.exchange import (
    Answer,
    Declined,
    Receive,
    Request,
    Scope,
    Send,
    read_body,
    write,
)
from bridge.sandbox.journal import BODY_LIMIT, Entry, Journal

PAGE = (
    b"<!doctype html><html><head><title>Log in (sandbox)</title></head>"
    b"<body><h1>Log in</h1><p>A page where JSON was expected, as a proxy or a login screen gives. "
    b"This is a sandbox.</p></body></html>"
)


class AnswerLost(ConnectionError):
    """The fault `lost-answer` where the server gives no way to close the connection."""


@dataclass(slots=True)
class Reply:
    """An answer on its way out. lost: it is never given. fault: what met the request."""

    answer: Answer
    fault: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Front:
    """One stand-in's door. name: what the journal calls it. title: what people call the vendor."""

    name: str
    title: str
    conditions: Conditions
    journal: Journal

    async def respond(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        path: str,
        base: str,
        reply_to: Callable[[Request], Awaitable[Reply]],
    ) -> None:
        """path: behind the mount. base: scheme, host and mount as the caller addressed them."""
        request = Request(
            method=scope["method"],
            path=path,
            query_string=scope["query_string"],
            headers=scope["headers"],
            body=await read_body(receive),
            base=base,
        )
        now = self.conditions.clock()
        reply = await reply_to(request)
        self._write_down(request, reply, now)
        wait = self.conditions.answer_seconds + self.conditions.faults.slow_seconds
        if wait:
            await self.conditions.sleep(wait)
        if reply.lost:
            await hang_up(scope, receive)
            return
        label = f"true; this is a stand-in, not a real {self.title}".encode()
        headers = (
            (b"x-sandbox", label),
            (b"x-arequestid", b"sandbox-%d" % self.journal.count),
        )
        await write(send, reply.answer, headers)

    def _write_down(self, request: Request, reply: Reply, now: int) -> None:
        journal = self.journal
        journal.count += 1
        journal.by_method[request.method] += 1
        journal.entries.append(
            Entry(
                number=journal.count,
                at=now,
                site=self.name,
                method=request.method,
                path=request.path,
                query=request.query_string,
                headers=request.headers,
                body=request.body[:BODY_LIMIT],
                status=0 if reply.lost else reply.answer.status,
                fault=reply.fault,
            )
        )

    def early_fault(self, request: Request, too_many: Callable[[int], Answer]) -> Reply | None:
        """Those that meet a request before anybody looks at what it asks.

        too_many: the vendor's 429, from the milliseconds to wait.
        """
        faults, random = self.conditions.faults, self.conditions.random
        if faults.redirect:
            query = request.query_string.decode("latin-1")
            target = f"{faults.redirect}{request.path}{'?' + query if query else ''}"
            location = (b"location", target.encode("utf-8", "replace"))
            return Reply(Answer(302, b"", headers=(location,)), "redirect")
        if faults.html and faults.html.happens(random):
            return Reply(Answer(200, PAGE, b"text/html;charset=UTF-8"), "html")
        if faults.burst_429 and faults.burst_429.happens(random):
            return Reply(too_many(1000), "burst-429")
        return None

    def carry_out(
        self,
        handle: Callable[[], Answer],
        decline: Callable[[Declined], Answer],
        *,
        writes: bool,
    ) -> Reply:
        """The call itself, with the faults that lie around a write."""
        faults, random = self.conditions.faults, self.conditions.random
        broken = bool(faults.server_error and faults.server_error.happens(random))
        after = False
        if broken:
            status = random.choice((500, 502, 503, 504))
            error = decline(Declined(status, "Internal server error (sandbox fault 5xx)."))
            by_chance = random.random() < 0.5
            after = writes and (
                faults.server_error_when == "after" or (not faults.server_error_when and by_chance)
            )
            if not after:
                return Reply(error, "5xx before")
        reply = handle()
        if after:
            return Reply(error, "5xx after")
        if writes and faults.lost_answer and faults.lost_answer.happens(random):
            return Reply(reply, "lost-answer", lost=True)
        return Reply(reply)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection without a byte of an answer.

    The way to do it stands in the scope's state, where `serve.py` puts it. Then wait until the
    server has noticed, or it would answer 500 for the answer it misses.
    """
    close: Callable[[], None] | None = scope.get("state", {}).get("hang_up")
    if close is None:
        raise AnswerLost("the connection was dropped (sandbox fault lost-answer)")
    close()
    while (await receive())["type"] != "http.disconnect":
        pass
