"""The hooks with a quarantine behind them, on each engine, and hands that send to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from pydantic import SecretStr

from bridge.access.vault import Vault
from bridge.document import load
from bridge.errors import NotFound
from bridge.quarantine import Examiner, Quarantine, Verified
from bridge.secrets_seen import SecretsSeen
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.compiled import compile_preset
from bridge.sources.sign import SignedRequest, sign
from bridge.sources.source import Source
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from bridge.store.intake import Intake
from bridge.store.quarantine import Kept, get_kept, list_kept, list_lost
from bridge.store.transaction import Database
from bridge.web.body import BodyReader
from bridge.web.hooks import Hooks
from bridge.web.metrics import Metrics
from bridge.web.refusals import RefusalBook
from bridge.web.site import make_site
from tests.store.conftest import MovableClock, clock, database, postgres_server, sqlite, store_url

__all__ = ["clock", "database", "postgres_server", "sqlite", "store_url"]

SECRET = "made-up-and-right"
MENDED = "made-up-and-mended"
KEY = b"k" * 32
QUARANTINE = Quarantine(Vault([KEY]), per_source=100, total_bytes=10_000_000)
SCAN = b'{"event": "scan.complete", "scanId": "s1", "targetDomain": "shop.example"}'

ASKING = """\
name: asking
sentence: A sender that asks before it sends.
page: https://example.com/
read: 2026-11
level: X
proof: [{kind: hmac, header: x-signature}]
answers:
  - where: body.type
    equals: are_you_there
    reply: {challenge: body.challenge}
key: body.id
type: {of: body.type}
"""


def settings_of(name: str, preset: str, secret: str = SECRET, **more: object) -> SourceSettings:
    given = {"name": name, "preset": preset, "secrets": (SecretStr(secret),), **more}
    return SourceSettings.model_validate(given)


SOURCES = (
    settings_of("qtangl", "qtangl"),
    settings_of("jira", "jira-cloud", on_bad_signature="retry"),
    settings_of("generic", "generic-hmac"),
    settings_of("token", "generic-token"),
    settings_of("events", "cloudevents"),
    settings_of("asking", "asking"),
    settings_of("inner", "generic-hmac", allow_from=("10.0.0.0/8",)),
    SourceSettings(name="closed", preset="generic-hmac"),
)


@dataclass
class Door:
    """The hooks of one node, and what they write to."""

    database: Database
    clock: MovableClock
    hooks: Hooks
    refusals: RefusalBook
    metrics: Metrics
    secrets: SecretsSeen
    sources: Mapping[tuple[str, str], Source]
    client: httpx.AsyncClient
    gone: set[str] = field(default_factory=set)

    def signed(
        self, source: str, body: bytes, secret: str, headers: Sequence[tuple[str, str]] = ()
    ) -> SignedRequest:
        given = [("content-type", "application/json"), *headers]
        return sign(self.sources["default", source].proofs, body, secret, self.clock(), given)

    async def send(
        self, source: str, body: bytes, secret: str, headers: Sequence[tuple[str, str]] = ()
    ) -> httpx.Response:
        """As its sender would send it, with this secret."""
        signed = self.signed(source, body, secret, headers)
        address = f"/hooks/{source}"
        if signed.path_token:
            address += f"/{signed.path_token}"
        return await self.client.post(
            address, content=body, headers=list(signed.headers), params=list(signed.query)
        )

    async def kept(self, source: str = "") -> Sequence[Kept]:
        """What is in quarantine once all that waits is written, each with what is sealed."""
        await self.refusals.write()
        found = await self.database.read(lambda tx: list_kept(tx, "", source))
        return [await self.one(each.id) for each in found]

    async def one(self, kept_id: str) -> Kept:
        return await self.database.read(lambda tx: get_kept(tx, kept_id))

    async def lost(self) -> dict[tuple[str, str], int]:
        """By source and reason."""
        found = await self.database.read(list_lost)
        return {(one.source, one.why.value): one.times for one in found}

    async def events(self) -> list[tuple[str, int]]:
        """Type and time of receipt of each event, oldest first."""
        fits = EventFilter()
        found = await self.database.read(lambda tx: list_events(tx, fits, oldest_first=True))
        return [(event.type, event.received_at) for event in found]

    async def verify(
        self, kept_id: str, *, mended: bool = True, vault: Vault | None = None
    ) -> Verified:
        """Verifies again as a person would; mended: MENDED is one of the secrets now."""
        sources = make_sources(MENDED) if mended else self.sources
        named = {key: source for key, source in sources.items() if key[1] not in self.gone}
        examiner = Examiner(
            self.database,
            vault or QUARANTINE.vault,
            lambda tenant, name: find(named, tenant, name),
            self.clock,
        )
        return await examiner.verify(kept_id)


@asynccontextmanager
async def without_table(database: Database, name: str) -> AsyncIterator[None]:
    """The store says no to all that needs this table."""
    await database.write(lambda tx: tx.run(f"ALTER TABLE {name} RENAME TO away"))
    yield
    await database.write(lambda tx: tx.run(f"ALTER TABLE away RENAME TO {name}"))


def find(sources: Mapping[tuple[str, str], Source], tenant: str, name: str) -> Source:
    if (tenant, name) not in sources:
        raise NotFound(f"the source {name} is no longer configured")
    return sources[tenant, name]


def make_sources(*more: str) -> dict[tuple[str, str], Source]:
    """The sources; more: secrets that each has beside its own."""
    presets = {**load_presets(), "asking": compile_preset(load(ASKING, "asking.yaml"))}
    made = {}
    for each in SOURCES:
        secrets = (*each.secrets, *(SecretStr(secret) for secret in more))
        changed = each.model_copy(update={"secrets": secrets})
        made[each.tenant, each.name] = Source(presets[each.preset], changed)
    return made


@asynccontextmanager
async def opened(
    database: Database, clock: MovableClock, quarantine: Quarantine | None
) -> AsyncIterator[Door]:
    """The hooks, closed in order at the end."""
    sources, metrics = make_sources(), Metrics()
    refusals = RefusalBook(database, metrics, quarantine)
    secrets = SecretsSeen(database, QUARANTINE.vault)
    intake = Intake(database, clock)
    reader = BodyReader(1_000_000, 10.0)
    hooks = Hooks(make_site([]), sources, intake, clock, reader, refusals, metrics, secrets)
    transport = httpx.ASGITransport(hooks, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        yield Door(database, clock, hooks, refusals, metrics, secrets, sources, client)
        await refusals.close()
        await secrets.close()


def bounded(*, per_source: int = 100, total_bytes: int = 10_000_000) -> Quarantine:
    """A quarantine with other bounds."""
    return Quarantine(QUARANTINE.vault, per_source, total_bytes)


@pytest.fixture
async def door(database: Database, clock: MovableClock) -> AsyncIterator[Door]:
    async with opened(database, clock, QUARANTINE) as door:
        yield door
