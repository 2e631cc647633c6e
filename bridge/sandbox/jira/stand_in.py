"""The Jira stand-in as an ASGI application: who asks, which fault meets them, who answers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.sandbox.conditions import Conditions
from bridge.sandbox.exchange import (
    Answer,
    Declined,
    Receive,
    Request,
    Scope,
    Send,
    answer,
    decline,
)
from bridge.sandbox.front import Front, Reply
from bridge.sandbox.jira.admin_webhooks import CLOUD_PLACE, DATA_CENTER_PLACE, answer_admin
from bridge.sandbox.jira.limits import too_many, wait_of
from bridge.sandbox.jira.meta import CLOUD_ID
from bridge.sandbox.jira.registrations import NO_APP
from bridge.sandbox.jira.routes import SECURE, Table
from bridge.sandbox.jira.show import Deployment
from bridge.sandbox.jira.site import IN_GATEWAY, Call, JiraSite, Outbox, Route
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.jira.world import BRIDGE, User
from bridge.sandbox.journal import Journal
from bridge.sandbox.uploads import read_files

NO_ENTRY = "You are not authenticated. Authentication required to perform this operation."
NOT_HERE = "The sandbox does not offer this path."


TENANT_INFO = "/_edge/tenant_info"
"""Where a Cloud site tells anybody its id at the gateway."""

APPLINKS = "/rest/applinks/latest/listApplicationlinks"
NO_APPLINKS = Route("GET", (), lambda _call: answer({"list": []}))
# Clients ask for the linked applications before they make a remote link; there are none.


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may enter; nothing given lets everybody in.

    basic: e-mail or name to password or API token. bearer: tokens. These enter at the site.
    scoped, oauth: API tokens with scopes and OAuth tokens. These enter at the gateway.
    """

    basic: Mapping[str, str] = field(default_factory=dict)
    bearer: frozenset[str] = frozenset()
    scoped: Mapping[str, str] = field(default_factory=dict)
    oauth: frozenset[str] = frozenset()

    @property
    def closed(self) -> bool:
        return bool(self.basic or self.bearer or self.scoped or self.oauth)

    def __repr__(self) -> str:
        tokens = len(self.bearer) + len(self.oauth)
        return f"Credentials({len(self.basic) + len(self.scoped)} basic, {tokens} bearer)"


def jira_stand_in(
    state: JiraState,
    deployment: Deployment,
    conditions: Conditions,
    outbox: Outbox,
    journal: Journal,
    name: str = "jira",
    credentials: Credentials | None = None,
    client_secret: str = "",
) -> JiraStandIn:
    """name: what the journal calls this site."""
    site = JiraSite(state, deployment, conditions, outbox, client_secret)
    return JiraStandIn(site, journal, name, credentials or Credentials())


class JiraStandIn:
    """Answers under the path it is mounted at; the path comes in already cut."""

    def __init__(
        self, site: JiraSite, journal: Journal, name: str, credentials: Credentials
    ) -> None:
        self.site = site
        self.name = name
        self._front = Front(name, "Jira", site.conditions, journal)
        self._credentials = credentials
        self._table = Table(site.deployment)

    async def answer(
        self, scope: Scope, receive: Receive, send: Send, path: str, base: str
    ) -> None:
        await self._front.respond(scope, receive, send, path, base, self._reply)

    async def _reply(self, request: Request) -> Reply:
        early = self._front.early_fault(request, self._burst)
        if early is not None:
            return early
        try:
            if request.path == TENANT_INFO and self.site.cloud and IN_GATEWAY not in request.base:
                return Reply(answer({"cloudId": CLOUD_ID}))
            user = self._who(request)
            segments = tuple(request.path.strip("/").split("/"))
            place = CLOUD_PLACE if self.site.cloud else DATA_CENTER_PLACE
            if segments[:4] == place and len(segments) <= 5:
                call = Call(self.site, request, 2, user, ())
                writes = request.method != "GET"
                return self._front.carry_out(
                    lambda: answer_admin(call, segments[4:]), decline, writes=writes
                )
            route, arguments, api = self._route(request)
            if route.parts[:1] == ("webhook",) and self._credentials.closed:
                self._only_apps(request)
            kind = request.header(b"content-type") or ""
            if kind.startswith("multipart/form-data"):
                request.files = await read_files(request, "file")
            call = Call(self.site, request, api, user, arguments)
            return self._carry_out(call, route)
        except Declined as refusal:
            reply = decline(refusal)
            if refusal.status == 401:
                entry = (b"www-authenticate", b'Basic realm="Sandbox"')
                reply = Answer(401, reply.body, reply.content_type, (entry,))
            return Reply(reply)

    def _burst(self, wait_ms: int) -> Answer:
        return too_many("jira-burst-based", wait_ms, self.site.conditions.clock())

    def _who(self, request: Request) -> User:
        """The account behind the credentials; an unknown name acts as the bridge's own account."""
        header = request.header(b"authorization") or ""
        scheme, _, value = header.partition(" ")
        closed = self._credentials.closed
        basic, bearer = self._credentials.basic, self._credentials.bearer
        if IN_GATEWAY in request.base:
            basic, bearer = self._credentials.scoped, self._credentials.oauth
        if scheme.lower() == "basic":
            try:
                name, _, password = base64.b64decode(value.strip()).decode().partition(":")
            except (binascii.Error, ValueError):
                raise Declined(401, NO_ENTRY) from None
            if closed and basic.get(name) != password:
                raise Declined(401, NO_ENTRY)
            return self.site.state.users.get(name, BRIDGE)
        if closed and not (scheme.lower() == "bearer" and value.strip() in bearer):
            raise Declined(401, NO_ENTRY)
        return BRIDGE

    def _only_apps(self, request: Request) -> None:
        """Raises Declined (403) for whoever is no OAuth app."""
        header = request.header(b"authorization") or ""
        if header.partition(" ")[2].strip() not in self._credentials.oauth:
            raise Declined(403, NO_APP)

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

    def _carry_out(self, call: Call, route: Route) -> Reply:
        """The call itself, with the faults that lie around a write."""
        conditions = self.site.conditions
        faults = conditions.faults
        if faults.per_issue_429 and route.writes and route.on_issue:
            issue = self.site.state.issue(call.arguments[0])
            wait = wait_of(issue, conditions.clock()) if issue else 0
            if wait:
                reply = too_many("jira-per-issue-on-write", wait, conditions.clock())
                return Reply(reply, "per-issue-429")
        return self._front.carry_out(lambda: route.handler(call), decline, writes=route.writes)
