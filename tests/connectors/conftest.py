"""The remote side: scripted by a mock transport, or the sandbox on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx
import pytest
from pydantic import BaseModel

from bridge.action import Call, Outcome
from bridge.connectors.catalogue import load_connectors
from bridge.connectors.contract import Client, Connector
from bridge.connectors.http import HttpClient
from bridge.connectors.transport import open_transport
from bridge.errors import TryAgain
from bridge.event import JSON
from bridge.sandbox.faults import read_faults
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from tests.connectors.shared import all_given

NOON = 1_795_262_400_000  # 2026-11-21T12:00:00Z


@dataclass(slots=True)
class Moment:
    """A clock that a test moves."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


@dataclass(slots=True)
class Remote:
    """The other side, scripted: `answer` is asked for every request."""

    answer: Callable[[httpx.Request], httpx.Response] = field(
        default=lambda request: httpx.Response(200, json={})
    )
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)


class Tee(httpx.AsyncByteStream):
    """A body sent in pieces, kept for the test as it goes by."""

    def __init__(self, body: httpx.AsyncByteStream) -> None:
        self._body = body
        self.sent = bytearray()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._body:
            self.sent += piece
            yield piece


class Recorder(httpx.AsyncBaseTransport):
    """The real transport, remembering what went through it."""

    def __init__(self) -> None:
        self._real = open_transport()
        self.requests: list[httpx.Request] = []
        self.answers: list[tuple[httpx.Request, httpx.Response]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not hasattr(request, "_content"):
            assert isinstance(request.stream, httpx.AsyncByteStream)
            request.stream = Tee(request.stream)
        answer = await self._real.handle_async_request(request)
        if request.headers["accept"] == "*/*":
            return answer  # a file, which comes in pieces
        body = await answer.aread()
        kept = httpx.Response(answer.status_code, headers=answer.headers, content=body)
        self.answers.append((request, kept))
        return kept

    async def aclose(self) -> None:
        await self._real.aclose()


@dataclass(slots=True)
class Opened:
    """A connector with its client, ready to be called."""

    connector: Connector
    client: Client
    http: HttpClient
    clock: Moment

    async def run(
        self,
        action: str,
        parameters: dict[str, JSON] | None = None,
        *,
        may_exist: bool = False,
        mark: str = "mark-0000000001",
        attempt: int = 1,
        intended_at: int | None = None,
    ) -> Outcome:
        offered = self.connector.action(action)
        assert offered is not None
        given = parameters
        if given is None:
            given = all_given()[self.connector.name].parameters[action]
        call: Call[BaseModel] = Call(
            action,
            offered.shape.parameters.model_validate(given),
            mark,
            may_exist,
            attempt,
            self.clock.now if intended_at is None else intended_at,
            self.clock.now,
            "evt_1",
            "a-rule",
        )
        return await offered.run(self.client, call)


def open_connector(
    name: str,
    transport: httpx.AsyncBaseTransport | None,
    clock: Moment,
    options: dict[str, JSON] | None = None,
) -> Opened:
    connector = load_connectors()[name]
    http = HttpClient(clock, transport)
    settings = connector.settings.model_validate({**all_given()[name].options, **(options or {})})
    return Opened(connector, connector.open(settings, http), http, clock)


@pytest.fixture
def clock() -> Moment:
    return Moment()


@pytest.fixture
def remote() -> Remote:
    return Remote()


@pytest.fixture
def scripted(remote: Remote, clock: Moment) -> Callable[[str], Opened]:
    """Opens a connector whose remote side is the script."""
    return lambda name: open_connector(name, httpx.MockTransport(remote), clock)


@pytest.fixture
async def sandbox(clock: Moment) -> AsyncIterator[RunningSandbox]:
    async with running_sandbox(clock=clock) as running:
        yield running


async def opened_at(
    sandbox: RunningSandbox, name: str, clock: Moment, options: dict[str, JSON]
) -> AsyncIterator[Opened]:
    """A connector against one of the sandbox's stand-ins, over real HTTP."""
    opened = open_connector(name, Recorder(), clock, options)
    yield opened
    await opened.http.aclose()


def recorder(opened: Opened) -> Recorder:
    """What went through the connector's transport."""
    found = opened.http._transport
    assert isinstance(found, Recorder)
    return found


@pytest.fixture(params=["cloud", "data-center"])
async def jira(
    request: pytest.FixtureRequest, sandbox: RunningSandbox, clock: Moment
) -> AsyncIterator[Opened]:
    """The Jira connector against the sandbox, over real HTTP; Cloud, then Data Center."""
    address = sandbox.jira_url if request.param == "cloud" else sandbox.jira_dc_url
    opened = open_connector("jira", Recorder(), clock, {"base_url": address, "deployment": "auto"})
    yield opened
    await opened.http.aclose()


@pytest.fixture
def state(jira: Opened, sandbox: RunningSandbox) -> JiraState:
    """What the site behind `jira` remembers."""
    cloud = jira.client.settings.base_url == sandbox.jira_url
    return sandbox.app.states["jira" if cloud else "jira-dc"]


def set_faults(sandbox: RunningSandbox, **faults: str) -> None:
    """Switches faults of the sandbox on: `lost_answer="next:1"`."""
    written: dict[str, JSON] = {name.replace("_", "-"): value for name, value in faults.items()}
    sandbox.app.conditions.faults = read_faults(written)


async def until_done(
    opened: Opened,
    action: str,
    parameters: dict[str, JSON],
    *,
    mark: str = "mark-0000000001",
    tries: int = 8,
    wait_seconds: float = 1.0,
) -> Outcome:
    """Tries again as the worker does: later, and looking for the mark once it may be there."""
    intended_at, may_exist = opened.clock.now, False
    for attempt in range(1, tries + 1):
        try:
            return await opened.run(
                action,
                parameters,
                may_exist=may_exist,
                mark=mark,
                attempt=attempt,
                intended_at=intended_at,
            )
        except TryAgain as error:
            may_exist = may_exist or error.may_have_happened
            opened.clock.pass_seconds(error.after_seconds or wait_seconds)
    raise AssertionError(f"not done after {tries} tries")
