"""A sandbox without a socket, one on a real socket, a clock to move, and the vendor's word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest

from bridge.event import JSON
from bridge.sandbox.app import Sandbox, create_sandbox
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from tests.sandbox.oracle import Oracle, oracle
from tests.sandbox.receiver import Receiver

START = 1_795_000_000_000
"""Some day in November 2026; the tests move on from there."""


class MovingClock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


class Jira:
    """Short words for what most tests do; `base` is where the site is mounted."""

    def __init__(self, client: httpx.AsyncClient, base: str = "") -> None:
        self.client = client
        self.base = base

    async def ask(
        self, method: str, path: str, body: JSON = None, api: int = 2, **more: str
    ) -> httpx.Response:
        url = f"{self.base}/rest/api/{api}/{path}"
        if body is None:
            return await self.client.request(method, url, headers=more)
        return await self.client.request(method, url, json=body, headers=more)

    async def create(self, **fields: JSON) -> str:
        """The key of a new bug."""
        start: dict[str, JSON] = {
            "project": {"key": "SEC"},
            "issuetype": {"name": "Bug"},
            "summary": "Something is wrong",
        }
        answer = await self.ask("POST", "issue", {"fields": {**start, **fields}})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    async def fields(self, key: str) -> dict[str, JSON]:
        answer = await self.ask("GET", f"issue/{key}")
        assert answer.status_code == 200, answer.text
        found: dict[str, JSON] = answer.json()["fields"]
        return found

    async def find(self, jql: str) -> list[str]:
        """Keys in order; raises AssertionError with the answer when the query is refused."""
        answer = await self.ask("POST", "search/jql", {"jql": jql, "fields": ["key"]})
        assert answer.status_code == 200, answer.text
        return [issue["key"] for issue in answer.json()["issues"]]

    async def refused(self, jql: str) -> str:
        answer = await self.ask("POST", "search/jql", {"jql": jql})
        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"] == {}
        return str(answer.json()["errorMessages"][0])

    async def faults(self, **values: JSON) -> None:
        """Switch on exactly these; underscores stand for hyphens, `_5xx` for `5xx`."""
        named = {name.lstrip("_").replace("_", "-"): value for name, value in values.items()}
        answer = await self.client.put("/sandbox/faults", json=named)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def app(clock: MovingClock) -> Sandbox:
    return create_sandbox(clock=clock)


@pytest.fixture
async def jira(app: Sandbox) -> AsyncGenerator[Jira, None]:
    """The Cloud site, asked without a socket."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.test") as client:
        yield Jira(client)


@pytest.fixture
def data_center(jira: Jira) -> Jira:
    return Jira(jira.client, "/jira-dc")


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver, None]:
    made = Receiver()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks/jira?x=1"
    async with server:
        yield made


@pytest.fixture
async def running(clock: MovingClock) -> AsyncGenerator[RunningSandbox, None]:
    async with running_sandbox(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def cloud_oracle() -> Oracle:
    return oracle("jira-cloud-v2.json")


@pytest.fixture(scope="session")
def cloud_v3_oracle() -> Oracle:
    return oracle("jira-cloud-v3.json")


@pytest.fixture(scope="session")
def data_center_oracle() -> Oracle:
    return oracle("jira-dc-10.3.json")
