"""The door as a sender meets it: real sources and a real store behind the real ASGI function."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bridge.event import StoredEvent
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.sign import sign
from bridge.sources.source import Source
from bridge.store.database import open_database
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from bridge.store.intake import Intake
from bridge.store.refusals import Refusal, list_refusals
from bridge.store.transaction import Database
from bridge.web.body import BodyReader
from bridge.web.hooks import Hooks
from bridge.web.metrics import Metrics
from bridge.web.refusals import RefusalBook
from bridge.web.site import make_site
from tests.store.conftest import MovableClock, clock

__all__ = ["clock"]

SECRET = "made-up-for-these-tests"
LIMIT = 10_000

SOURCES = (
    SourceSettings(name="github", preset="github", secrets=(SecretStr(SECRET),)),
    SourceSettings(name="qtangl", preset="qtangl", secrets=(SecretStr(SECRET),)),
    SourceSettings(name="open", preset="cloudevents", proof="none"),
    SourceSettings(name="closed", preset="generic-hmac"),
    SourceSettings(
        name="jira", preset="jira-cloud", secrets=(SecretStr(SECRET),), on_bad_signature="retry"
    ),
    SourceSettings(name="token", preset="generic-token", secrets=(SecretStr(SECRET),)),
    SourceSettings(name="inner", preset="cloudevents", proof="none", allow_from=("10.0.0.0/8",)),
    SourceSettings(name="theirs", preset="cloudevents", proof="none", tenant="acme"),
)


@dataclass
class Door:
    """The hooks, and what lies behind them."""

    database: Database
    sources: dict[tuple[str, str], Source]
    intake: Intake
    refusals: RefusalBook
    metrics: Metrics
    hooks: Hooks
    client: httpx.AsyncClient
    clock: MovableClock

    async def post(
        self, path: str, body: bytes, headers: Sequence[tuple[str, str]] = ()
    ) -> httpx.Response:
        return await self.client.post(path, content=body, headers=list(headers))

    def signed(
        self, source: str, body: bytes, headers: Sequence[tuple[str, str]] = ()
    ) -> list[tuple[str, str]]:
        """The headers its sender would send with this body."""
        given = [("content-type", "application/json"), *headers]
        proofs = self.sources["default", source].proofs
        return list(sign(proofs, body, SECRET, self.clock(), given).headers)

    async def send(
        self, source: str, body: bytes, headers: Sequence[tuple[str, str]] = ()
    ) -> httpx.Response:
        """Posts it as its sender would."""
        return await self.post(f"/hooks/{source}", body, self.signed(source, body, headers))

    async def events(self) -> list[StoredEvent]:
        return await self.database.read(
            lambda tx: list_events(tx, EventFilter(), oldest_first=True)
        )

    async def refused(self) -> Sequence[Refusal]:
        await self.refusals.write()
        return await self.database.read(list_refusals)


def make_sources() -> dict[tuple[str, str], Source]:
    presets = load_presets()
    return {(each.tenant, each.name): Source(presets[each.preset], each) for each in SOURCES}


def make_hooks(
    database: Database,
    clock: MovableClock,
    *,
    queue_limit: int = 100,
    body_timeout_seconds: float = 10.0,
) -> tuple[Hooks, dict[tuple[str, str], Source], Intake, RefusalBook, Metrics]:
    sources = make_sources()
    metrics = Metrics()
    intake = Intake(database, clock, limit=queue_limit)
    refusals = RefusalBook(database, metrics)
    reader = BodyReader(LIMIT, body_timeout_seconds)
    hooks = Hooks(make_site([]), sources, intake, clock, reader, refusals, metrics)
    return hooks, sources, intake, refusals, metrics


@pytest.fixture
async def database(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Database]:
    database = await open_database("sqlite:///bridge.db", clock, beside=tmp_path)
    yield database
    await database.close()


@pytest.fixture
async def door(database: Database, clock: MovableClock) -> AsyncIterator[Door]:
    hooks, sources, intake, refusals, metrics = make_hooks(database, clock)
    transport = httpx.ASGITransport(hooks, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        yield Door(database, sources, intake, refusals, metrics, hooks, client, clock)
        await refusals.close()
