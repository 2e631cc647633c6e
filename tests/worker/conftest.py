"""A worker on a real store, with a real source and real rules, and a far side that a test scripts.

The far side is a connector of our own kind without a network: it notes what it was asked and
answers what the test told it to.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import BaseModel

from bridge.act import Actor
from bridge.action import Call, Exchange, Outcome
from bridge.backoff import Backoff
from bridge.calling import Caller, Integration
from bridge.clock import new_id
from bridge.connectors.contract import Action, Connector
from bridge.connectors.shapes import SHAPES
from bridge.echo import Echoes
from bridge.event import EventState, NewEvent
from bridge.match.rules import RuleSet, load_rules
from bridge.matcher import Matcher
from bridge.pacing import Pacing
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.source import Source
from bridge.store.actions import StoredAction, actions_of_event
from bridge.store.database import open_database
from bridge.store.events import get_event
from bridge.store.intake import Intake
from bridge.store.transaction import Database
from bridge.worker import Worker
from tests.engines import postgres_server, store_url
from tests.store.conftest import MovableClock, clock

__all__ = ["clock", "database", "far", "make_route", "postgres_server", "store_url"]

Reply = Outcome | Exception


@dataclass
class FarSide:
    """What another system was asked, and what it answers next."""

    calls: list[Call[Any]] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    together: list[int] = field(default_factory=list)
    before: Callable[[Call[Any]], Awaitable[None]] | None = None

    async def run(self, client: object, call: Call[Any]) -> Outcome:
        self.calls.append(call)
        if self.before is not None:
            await self.before(call)
        reply = self.replies.pop(0) if self.replies else Outcome(made(call))
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def run_many(self, client: object, calls: Sequence[Call[Any]]) -> list[Outcome]:
        self.together.append(len(calls))
        return [await self.run(client, call) for call in calls]

    @property
    def names(self) -> list[str]:
        return [call.name for call in self.calls]


def made(call: Call[Any]) -> dict[str, Any]:
    if call.name != "create_ticket":
        return {}
    return {"key": f"SEC-{call.mark[:4]}", "id": call.mark[:6], "url": "https://jira.example/x"}


class NoSettings(BaseModel):
    """This far side has none."""


def far_connector(far: FarSide) -> Connector:
    def ticket_of(parameters: BaseModel) -> str | None:
        found = getattr(parameters, "ticket", None)
        return found if isinstance(found, str) else None

    async def check(client: object) -> tuple[()]:
        return ()

    return Connector(
        "jira",
        "A far side that a test scripts.",
        NoSettings,
        lambda settings, http: far,
        tuple(
            Action(
                shape, far.run, ticket_of, far.run_many if shape.name == "append_table" else None
            )
            for shape in SHAPES
        ),
        check,
    )


@pytest.fixture
def far() -> FarSide:
    return FarSide()


@pytest.fixture
async def database(store_url: str, clock: MovableClock) -> AsyncIterator[Database]:
    database = await open_database(store_url, clock)
    yield database
    await database.close()


@dataclass
class Route:
    """Everything behind the door."""

    worker: Worker
    actor: Actor
    intake: Intake
    database: Database
    clock: MovableClock
    rules: RuleSet
    states: asyncio.Queue[EventState]
    pacing: Pacing

    async def run_until_done(self, count: int) -> None:
        """Lets the worker's own loops run until so many events are done."""
        await self.worker.start()
        async with asyncio.timeout(20):
            while count:
                count -= await self.states.get() is EventState.DONE
        await self.worker.stop()

    async def accept(
        self,
        key: str,
        data: object,
        *,
        kind: str = "scan.finished",
        subject: str = "scan-1",
        source: str = "events",
    ) -> str:
        """Stores a CloudEvent the way receive does; gives its id."""
        body = {
            "specversion": "1.0", "id": key, "source": "test", "type": kind,
            "subject": subject, "data": data,
        }  # fmt: skip
        event = NewEvent(
            new_id("evt", self.clock()), "default", source, key, 0, kind, subject,
            self.clock(), self.clock(), '{"content-type": "application/cloudevents+json"}',
            json.dumps(body).encode(),
        )  # fmt: skip
        (accepted,) = await self.intake.accept([event])
        return accepted.id

    async def run(self) -> None:
        await self.worker.drain()

    async def state(self, event_id: str) -> tuple[str, str]:
        event = await self.database.read(lambda tx: get_event(tx, event_id))
        return event.state.value, event.reason

    async def actions(self, event_id: str) -> Sequence[StoredAction]:
        return await self.database.read(lambda tx: actions_of_event(tx, event_id))


@contextmanager
def no_trail() -> Any:
    exchanges: list[Exchange] = []
    yield exchanges


@pytest.fixture
def make_route(database: Database, clock: MovableClock, far: FarSide) -> Callable[..., Route]:
    presets = load_presets()
    settings = SourceSettings(name="events", preset="cloudevents", proof="none")
    source = Source(presets["cloudevents"], settings)

    def make(
        rules_text: str,
        *,
        windows: tuple[tuple[int, int], ...] = (),
        on: Database | None = None,
        timeout_seconds: float = 60.0,
        broken: Any = None,
    ) -> Route:
        store = on or database
        shapes = {shape.name: shape for shape in SHAPES}
        offered = {"jira": frozenset(shapes)}
        rules = load_rules({"rules.yaml": rules_text}, shapes, ["events"], offered)
        readers: dict[tuple[str, str], Any] = {("default", "events"): source}
        if broken is not None:
            readers["default", "broken"] = broken
        matcher = Matcher(lambda: rules, readers)
        connector = replace(far_connector(far), object_windows=windows)
        integration = Integration("jira", "default", connector, far)
        echoes = Echoes(store, clock, {("default", "events"): "jira"})
        caller = Caller(store, clock, timeout_seconds, watch=echoes)
        actor = Actor(
            store, clock, matcher, shapes, {("default", "jira"): integration},
            {"far": integration}, no_trail, caller, Backoff(first_ms=1000, max_attempts=3),
            lambda: 0.5,
        )  # fmt: skip
        states: asyncio.Queue[EventState] = asyncio.Queue()
        worker = Worker(
            store, clock, matcher, actor, pause_seconds=0.05, on_event=states.put_nowait,
            echoes=echoes,
        )  # fmt: skip
        intake = Intake(store, clock, on_stored=worker.tell)
        return Route(worker, actor, intake, store, clock, rules, states, caller.pacing)

    return make
