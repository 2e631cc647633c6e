"""One Jira site, and one call to it as its handlers see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.event import JSON
from bridge.sandbox.conditions import Conditions
from bridge.sandbox.exchange import Answer, Declined, Request
from bridge.sandbox.jira.show import Deployment, View
from bridge.sandbox.jira.state import Issue, JiraState
from bridge.sandbox.jira.world import User
from bridge.sandbox.webhooks import Dialect, Target

IN_GATEWAY = "/ex/jira/"
NO_ISSUE = "Issue does not exist or you do not have permission to see it."


class Outbox(Protocol):
    """Where the site's webhooks go."""

    @property
    def wanted(self) -> bool: ...

    def send(self, subject: str, event: str, body: dict[str, JSON]) -> None: ...

    def send_to(
        self, target: Target, dialect: Dialect, subject: str, event: str, body: dict[str, JSON]
    ) -> None: ...


class JiraSite:
    """A state, the flavour it is shown in, and what it shares with the rest of the sandbox."""

    def __init__(
        self,
        state: JiraState,
        deployment: Deployment,
        conditions: Conditions,
        outbox: Outbox,
        client_secret: str = "",
    ) -> None:
        """client_secret: of the OAuth app that all bearers of tokens are."""
        self.state = state
        self.deployment: Deployment = deployment
        self.conditions = conditions
        self.outbox = outbox
        self.client_secret = client_secret
        self._views: dict[tuple[str, int], View] = {}

    @property
    def cloud(self) -> bool:
        return self.deployment == "cloud"

    def view(self, base: str, api: int) -> View:
        found = self._views.get((base, api))
        if found is None:
            if len(self._views) > 32:  # The base comes from the Host header: anybody's word.
                self._views.clear()
            found = self._views[base, api] = View(self.state, self.deployment, base, api)
        return found


@dataclass(slots=True)
class Call:
    """arguments: the parts of the path a route leaves open, in order."""

    site: JiraSite
    request: Request
    api: int
    user: User
    arguments: tuple[str, ...]

    @property
    def state(self) -> JiraState:
        return self.site.state

    @property
    def view(self) -> View:
        return self.site.view(self.request.base, self.api)

    @property
    def site_base(self) -> str:
        """The site's own address, also for what came through Atlassian's gateway."""
        base, at_gateway, _ = self.request.base.partition(IN_GATEWAY)
        return f"{base}/jira" if at_gateway else base

    @property
    def now(self) -> int:
        return self.site.conditions.clock()

    def issue(self) -> Issue:
        """The issue the path names first. Raises Declined (404)."""
        found = self.state.issue(self.arguments[0])
        if found is None:
            raise Declined(404, NO_ISSUE)
        return found


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the API.

    parts: its segments; an empty one is left open. writes: it changes something, so that faults
    of writes apply. on_issue: its first open segment names an issue. deployment: where it exists;
    empty for both.
    """

    method: str
    parts: tuple[str, ...]
    handler: Handler
    writes: bool = False
    on_issue: bool = False
    deployment: str = ""

    def match(self, segments: tuple[str, ...]) -> tuple[str, ...] | None:
        found: list[str] = []
        for part, segment in zip(self.parts, segments, strict=True):
            if not part:
                found.append(segment)
            elif part != segment:
                return None
        return tuple(found)


def route(method: str, pattern: str, handler: Handler, deployment: str = "") -> Route:
    """`GET issue/{}/comment`: braces are left open. A GET reads, as do the searches by POST."""
    parts = tuple("" if part == "{}" else part for part in pattern.split("/"))
    reads = method == "GET" or parts[0] in ("search", "jql") or parts[-1] in ("list", "bulkfetch")
    on_issue = parts[0] == "issue" and len(parts) > 1 and parts[1] == ""
    return Route(method, parts, handler, not reads, on_issue, deployment)
