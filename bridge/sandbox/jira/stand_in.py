"""The Jira stand-in as an ASGI application: who asks, which fault meets them, who answers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from bridge.sandbox.conditions import Conditions
from bridge.sandbox.exchange import (
    Answer,
    Declined,
    Receive,
    Request,
    Scope,
    Send,
    Upload,
    answer,
    decline,
    read_body,
    write,
)
from bridge.sandbox.jira.limits import too_many, wait_of
from bridge.sandbox.jira.routes import SECURE, Table
from bridge.sandbox.jira.show import Deployment
from bridge.sandbox.jira.site import Call, JiraSite, Outbox, Route
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.jira.world import BRIDGE, User
from bridge.sandbox.journal import BODY_LIMIT, Entry, Journal

LABEL = (b"x-sandbox", b"true; this is a stand-in, not a real Jira")
NO_ENTRY = "You are not authenticated. Authentication required to perform this operation."
NOT_HERE = "The sandbox does not offer this path."
PAGE = (
    b"<!doctype html><html><head><title>Log in (sandbox)</title></head>"
    b"<body><h1>Log in</h1><p>A page where JSON was expected, as a proxy or a login screen gives. "
    b"This is a sandbox.</p></body></html>"
)


APPLINKS = "/rest/applinks/latest/listApplicationlinks"
NO_APPLINKS = Route("GET", (), lambda _call: answer({"list": []}))
# Clients ask for the linked applications before they make a remote link; there are none.


class AnswerLost(ConnectionError):
    """The fault `lost-answer` where the server gives no way to close the connection."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may enter; nothing given lets everybody in.

    basic: e-mail or name to password or API token. bearer: tokens.
    """

    basic: Mapping[str, str] = field(default_factory=dict)
    bearer: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Credentials({len(self.basic)} basic, {len(self.bearer)} bearer)"


def jira_stand_in(
    state: JiraState,
    deployment: Deployment,
    conditions: Conditions,
    outbox: Outbox,
    journal: Journal,
    name: str = "jira",
    credentials: Credentials | None = None,
) -> JiraStandIn:
    """name: what the journal calls this site."""
    site = JiraSite(state, deployment, conditions, outbox)
    return JiraStandIn(site, journal, name, credentials or Credentials())


@dataclass(slots=True)
class _Reply:
    """An answer on its way out. lost: it is never given. fault: what met the request."""

    answer: Answer
    fault: str = ""
    lost: bool = False


class JiraStandIn:
    """Answers under the path it is mounted at; the path comes in already cut."""

    def __init__(
        self, site: JiraSite, journal: Journal, name: str, credentials: Credentials
    ) -> None:
        self.site = site
        self.name = name
        self._journal = journal
        self._credentials = credentials
        self._table = Table(site.deployment)

    async def answer(
        self, scope: Scope, receive: Receive, send: Send, path: str, base: str
    ) -> None:
        body = await read_body(receive)
        request = Request(
            method=scope["method"],
            path=path,
            query_string=scope["query_string"],
            headers=scope["headers"],
            body=body,
            base=base,
        )
        conditions = self.site.conditions
        now = conditions.clock()
        reply = await self._reply(request)
        self._write_down(request, reply, now)
        if conditions.faults.slow_seconds:
            await conditions.sleep(conditions.faults.slow_seconds)
        if reply.lost:
            await hang_up(scope, receive)
            return
        number = self._journal.count
        headers = (LABEL, (b"x-arequestid", b"sandbox-%d" % number))
        await write(send, reply.answer, headers)

    def _write_down(self, request: Request, reply: _Reply, now: int) -> None:
        journal = self._journal
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

    async def _reply(self, request: Request) -> _Reply:
        early = self._early_fault(request)
        if early is not None:
            return early
        try:
            user = self._who(request)
            route, arguments, api = self._route(request)
            kind = request.header(b"content-type") or ""
            if kind.startswith("multipart/form-data"):
                request.files = await read_files(request)
            call = Call(self.site, request, api, user, arguments)
            return self._carry_out(call, route)
        except Declined as refusal:
            reply = decline(refusal)
            if refusal.status == 401:
                entry = (b"www-authenticate", b'Basic realm="Sandbox"')
                reply = Answer(401, reply.body, reply.content_type, (entry,))
            return _Reply(reply)

    def _early_fault(self, request: Request) -> _Reply | None:
        """Those that meet a request before anybody looks at what it asks."""
        conditions = self.site.conditions
        faults = conditions.faults
        if faults.redirect:
            query = request.query_string.decode("latin-1")
            target = f"{faults.redirect}{request.path}{'?' + query if query else ''}"
            location = (b"location", target.encode("utf-8", "replace"))
            return _Reply(Answer(302, b"", headers=(location,)), "redirect")
        if faults.html and faults.html.happens(conditions.random):
            return _Reply(Answer(200, PAGE, b"text/html;charset=UTF-8"), "html")
        if faults.burst_429 and faults.burst_429.happens(conditions.random):
            return _Reply(too_many("jira-burst-based", 1000, conditions.clock()), "burst-429")
        return None

    def _who(self, request: Request) -> User:
        """The account behind the credentials; an unknown name acts as the bridge's own account."""
        header = request.header(b"authorization") or ""
        scheme, _, value = header.partition(" ")
        allowed = self._credentials
        closed = bool(allowed.basic or allowed.bearer)
        if scheme.lower() == "basic":
            try:
                name, _, password = base64.b64decode(value.strip()).decode().partition(":")
            except (binascii.Error, ValueError):
                raise Declined(401, NO_ENTRY) from None
            if closed and (name not in allowed.basic or allowed.basic[name] != password):
                raise Declined(401, NO_ENTRY)
            return self.site.state.users.get(name, BRIDGE)
        if closed and not (scheme.lower() == "bearer" and value.strip() in allowed.bearer):
            raise Declined(401, NO_ENTRY)
        return BRIDGE

    def _route(self, request: Request) -> tuple[Route, tuple[str, ...], int]:
        segments = tuple(request.path.strip("/").split("/"))
        if segments[:2] == ("secure", "attachment") and request.method == "GET":
            arguments = SECURE.match(segments) if len(segments) == len(SECURE.parts) else None
            if arguments is not None:
                return SECURE, arguments, 2
        if request.path == APPLINKS and request.method == "GET":
            return NO_APPLINKS, (), 2
        api = {"2": 2, "latest": 2, "3": 3}.get(segments[2] if len(segments) > 3 else "", 0)
        if segments[:2] != ("rest", "api") or not api or (api == 3 and not self.site.cloud):
            raise Declined(404, NOT_HERE)
        route, arguments, known = self._table.find(request.method, segments[3:])
        if route is None:
            raise Declined(405, "Method not allowed.") if known else Declined(404, NOT_HERE)
        return route, arguments, api

    def _carry_out(self, call: Call, route: Route) -> _Reply:
        """The call itself, with the faults that lie around a write."""
        conditions = self.site.conditions
        faults = conditions.faults
        if faults.per_issue_429 and route.writes and route.on_issue:
            issue = self.site.state.issue(call.arguments[0])
            wait = wait_of(issue, conditions.clock()) if issue else 0
            if wait:
                reply = too_many("jira-per-issue-on-write", wait, conditions.clock())
                return _Reply(reply, "per-issue-429")
        broken = bool(faults.server_error and faults.server_error.happens(conditions.random))
        after = False
        if broken:
            status = conditions.random.choice((500, 502, 503, 504))
            error = decline(Declined(status, "Internal server error (sandbox fault 5xx)."))
            by_chance = conditions.random.random() < 0.5
            after = route.writes and (
                faults.server_error_when == "after" or (not faults.server_error_when and by_chance)
            )
            if not after:
                return _Reply(error, "5xx before")
        reply = route.handler(call)
        if after:
            return _Reply(error, "5xx after")
        if route.writes and faults.lost_answer and faults.lost_answer.happens(conditions.random):
            return _Reply(reply, "lost-answer", lost=True)
        return _Reply(reply)


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


async def read_files(request: Request) -> tuple[Upload, ...]:
    """The parts named `file` of a multipart body. Raises Declined (400)."""

    async def body() -> AsyncGenerator[bytes, None]:
        yield request.body
        yield b""

    try:
        form = await MultiPartParser(Headers(raw=request.headers), body()).parse()
    except (MultiPartException, KeyError) as error:
        raise Declined(400, f"The multipart body cannot be read: {error}") from None
    found: Sequence[object] = form.getlist("file")
    uploads: list[Upload] = []
    for part in found:
        if isinstance(part, UploadFile):
            kind = part.content_type or "application/octet-stream"
            uploads.append(Upload(part.filename or "unnamed", kind, await part.read()))
    await form.close()
    return tuple(uploads)
