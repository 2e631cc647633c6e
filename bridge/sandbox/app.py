"""The whole sandbox as one ASGI application: the stand-ins, the control endpoints, the page.

A Cloud site is mounted at `/jira`, a Data Center site at `/jira-dc`; `/rest` and `/secure` belong
to the one of them that `SandboxOptions.root` names, so that a bare address works as a base URL.
The other vendors' stand-ins are mounted at their names, as `neighbours.py` finds them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from starlette.applications import Starlette

from bridge.clock import Clock, wall_clock
from bridge.sandbox.conditions import Conditions
from bridge.sandbox.control import control_app
from bridge.sandbox.exchange import Receive, Scope, Send
from bridge.sandbox.faults import NONE, Faults
from bridge.sandbox.jira.meta import CLOUD_ID
from bridge.sandbox.jira.show import Deployment
from bridge.sandbox.jira.stand_in import Credentials, JiraStandIn, jira_stand_in
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.journal import Journal
from bridge.sandbox.neighbours import load_neighbours
from bridge.sandbox.stand_in import AnyStandIn, StandIn, Surroundings
from bridge.sandbox.webhooks import DELAYS_SECONDS, JIRA, Target, Webhooks

SITES: dict[str, Deployment] = {"jira": "cloud", "jira-dc": "data-center"}
"""Where each site is mounted, and what it plays."""

GATEWAY = f"/ex/jira/{CLOUD_ID}"
"""Where Atlassian's gateway has the Cloud site."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """seed: of everything random, so that a run can be repeated.

    projects: key and name; the first gets the ready-made epic (`SEC-1`).
    client_secret: of the OAuth app that registers webhooks with Jira; it signs what they bring.
    root: the site that answers without its mount. webhooks: where changes are reported to.
    tokens: what the other vendors' stand-ins let in; empty lets any credentials in.
    webhook_delays_seconds: between the tries of one webhook; as many tries as numbers, plus one.
    answer_seconds: how long every answer of a stand-in takes.
    """

    seed: int = 1
    projects: Sequence[tuple[str, str]] = (("SEC", "Security (sandbox)"),)
    root: str = "jira"
    faults: Faults = NONE
    credentials: Credentials = field(default_factory=Credentials)
    tokens: frozenset[str] = field(default=frozenset(), repr=False)
    client_secret: str = field(default="made-up-sandbox-client-secret", repr=False)
    webhooks: Sequence[Target] = ()
    webhook_delays_seconds: Sequence[float] = DELAYS_SECONDS
    answer_seconds: float = 0.0


class Sandbox:
    """An ASGI application; its parts stand open for tests and for the demo."""

    def __init__(
        self, options: SandboxOptions, clock: Clock, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        if options.root not in SITES:
            raise ValueError(f"no site {options.root}; known are {', '.join(SITES)}")
        self.options = options
        self.conditions = Conditions(
            clock, options.seed, options.faults, sleep, options.answer_seconds
        )
        self.webhooks = Webhooks(self.conditions, options.webhooks, options.webhook_delays_seconds)
        self.journal = Journal()
        self.states: dict[str, JiraState] = {}
        self.neighbours: dict[str, AnyStandIn] = {}
        self._sites: dict[str, JiraStandIn] = {}
        self._make_sites()
        self._control = control_app(self)

    def _make_sites(self) -> None:
        for name, deployment in SITES.items():
            state = JiraState(self.options.projects, self.conditions.clock())
            self.states[name] = state
            self._sites[name] = jira_stand_in(
                state,
                deployment,
                self.conditions,
                self.webhooks.outbox(name),
                self.journal,
                name,
                self.options.credentials,
                self.options.client_secret,
            )
        for name, kind in load_neighbours().items():
            outbox = self.webhooks.outbox(name, kind.webhooks or JIRA)
            around = Surroundings(self.conditions, outbox, self.journal, self.options.tokens)
            self.neighbours[name] = StandIn(kind, around)

    @property
    def state(self) -> JiraState:
        """The site that answers at the root."""
        return self.states[self.options.root]

    def deployment(self, name: str) -> Deployment:
        return SITES[name]

    async def reset(self) -> None:
        """As just started: first epic only, faults and webhook targets as the options say."""
        await self.webhooks.stop()
        self.webhooks.deliveries.clear()
        self.webhooks.targets = tuple(self.options.webhooks)
        self.conditions.faults = self.options.faults
        self.conditions.reseed()
        self.journal.clear()
        self._make_sites()

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncGenerator[None, None]:
        yield
        await self.webhooks.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            first = path[1:].partition("/")[0]
            if first in self._sites:
                await _ask(self._sites[first], f"/{first}", scope, receive, send)
                return
            if first in self.neighbours:
                await _ask(self.neighbours[first], f"/{first}", scope, receive, send)
                return
            if path.startswith(GATEWAY):  # as api.atlassian.com, in front of the Cloud site
                await _ask(self._sites["jira"], GATEWAY, scope, receive, send)
                return
            if first in ("rest", "secure"):
                await _ask(self._sites[self.options.root], "", scope, receive, send)
                return
        await self._control(scope, receive, send)


class Answering(Protocol):
    """A stand-in as the sandbox calls it; the path comes in already cut."""

    async def answer(
        self, scope: Scope, receive: Receive, send: Send, path: str, base: str
    ) -> None: ...


async def _ask(stand_in: Answering, mount: str, scope: Scope, receive: Receive, send: Send) -> None:
    host = next((value for key, value in scope["headers"] if key == b"host"), b"sandbox")
    base = f"{scope['scheme']}://{host.decode('latin-1')}{mount}"
    await stand_in.answer(scope, receive, send, scope["path"][len(mount) :], base)


def create_sandbox(
    options: SandboxOptions | None = None,
    clock: Clock = wall_clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Sandbox:
    """sleep: what the faults and the webhooks wait with; a test may hand in its own."""
    return Sandbox(options or SandboxOptions(), clock, sleep)
