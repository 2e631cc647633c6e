"""`/api/v1/sources` and `/api/v1/stats`: who may send, what can be called, where things stand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.access.role import Role
from bridge.access.vault import Vault
from bridge.event import EventState
from bridge.made import MadeIntegrations
from bridge.registry import Registry
from bridge.senders import describe_source
from bridge.sources.source import Source
from bridge.store.actions import count_dead
from bridge.store.event_pages import count_by_state
from bridge.store.refusals import list_refusals
from bridge.store.secrets_seen import list_seen
from bridge.store.transaction import Database, Transaction
from bridge.web.api.operation import ApiModel, Asked, Nothing, Operation
from bridge.web.health import Rules
from bridge.web.metrics import Gauges

TAG = "Overview"
FRESH_SECONDS = 5.0
"""How long counts are good for: counting reads an index from end to end."""

REST = 20
"""Counting may take a twentieth of a processor, however many events there are."""

PATIENCE_SECONDS = 0.1
"""How long an answer waits for a new count when there is an older one."""


@dataclass(frozen=True, slots=True)
class Counted:
    """at, took: seconds. states: events by their state. dead: dead actions."""

    at: float
    took: float
    states: dict[str, int]
    dead: int


class SecretUse(ApiModel):
    """A secret, named by eight digits that help nobody to guess it."""

    name: str | None
    last_seen: str | None
    times: int | None


class ShownSource(ApiModel):
    """A configured sender."""

    name: str
    tenant: str
    preset: str
    level: str
    """How sure the preset is: V verified at the sender, P partly, X not at all."""
    verified: str
    """The same in a word."""
    proof: str
    address: str
    secrets: tuple[SecretUse, ...]
    refused: int
    """Refusals that are kept, at most 100."""
    last_refusal: str | None
    """The reason of the last one."""


class SourceList(ApiModel):
    """The senders of the tenant."""

    sources: tuple[ShownSource, ...]


class CalledSystem(ApiModel):
    """A system that rules and APIs can call."""

    id: str
    name: str
    type: str
    enabled: bool
    breaker: str
    """`closed` when all is well; `open` or `half_open` while it is left alone."""
    problem: str
    """Why it cannot be used as it stands; empty when it can."""


class Stats(ApiModel):
    """Where things stand. Counts are some seconds old."""

    events: dict[EventState, int]
    dead_actions: int
    queue: int
    """Deliveries of all tenants that wait for their commit in this process."""
    lanes: int
    """Lanes of all tenants that are due in this process."""
    rules: int
    rules_version: str
    rules_problems: int
    integrations: tuple[CalledSystem, ...]


class OverviewApi:
    """gauges: present values of this process."""

    def __init__(
        self,
        database: Database,
        sources: Mapping[tuple[str, str], Source],
        registry: Registry,
        made: MadeIntegrations,
        vault: Vault | None,
        rules: Rules,
        gauges: Callable[[], Gauges],
        public_url: str,
    ) -> None:
        self._database = database
        self._sources = sources
        self._registry = registry
        self._made = made
        self._vault = vault
        self._rules = rules
        self._gauges = gauges
        self._public_url = public_url
        self._counted: dict[str, Counted] = {}
        self._counting: dict[str, asyncio.Task[Counted]] = {}

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation(
                "GET", "/api/v1/sources", "list_sources",
                "List the senders, with each secret's last use.", TAG, Role.VIEWER, self.sources,
                SourceList,
            ),
            Operation(
                "GET", "/api/v1/stats", "get_stats", "Say where things stand.", TAG, Role.VIEWER,
                self.stats, Stats,
            ),
        )  # fmt: skip

    async def sources(self, asked: Asked[None, Nothing]) -> SourceList:
        tenant = asked.who.tenant
        seen = await self._database.read(list_seen)
        refused = await self._database.read(lambda tx: list_refusals(tx, tenant, limit=10_000))
        shown = []
        for source in self._sources.values():
            if source.tenant != tenant:
                continue
            mine = [one for one in refused if one.source == source.name]
            last = max(mine, key=lambda one: one.at, default=None)
            told = describe_source(source, self._public_url, self._vault, seen)
            told |= {"refused": len(mine), "last_refusal": last.reason if last else None}
            shown.append(ShownSource.model_validate(told))
        return SourceList(sources=tuple(shown))

    async def stats(self, asked: Asked[None, Nothing]) -> Stats:
        tenant, gauges = asked.who.tenant, self._gauges()
        counts, dead = await self._counts(tenant)
        made = {row.id: (row, problem) for row, problem in self._made.of(tenant)}
        systems = {
            one.public_id: CalledSystem(
                id=one.public_id, name=one.title or one.name, type=one.connector.name,
                enabled=one.enabled, breaker=gauges.breakers.get(f"{tenant}/{one.name}", "closed"),
                problem=made[one.id][1] if one.id in made else "",
            )
            for one in self._registry.of(tenant)
        } | {
            id_: CalledSystem(
                id=id_, name=row.name, type=row.type, enabled=row.active, breaker="closed",
                problem=problem,
            )
            for id_, (row, problem) in made.items()
            if problem
        }  # fmt: skip
        return Stats(
            events={state: counts.get(state.value, 0) for state in EventState},
            dead_actions=dead,
            queue=gauges.queue,
            lanes=gauges.lanes,
            rules=self._rules.count,
            rules_version=self._rules.version,
            rules_problems=len(self._rules.problems),
            integrations=tuple(systems.values()),
        )

    async def _counts(self, tenant: str) -> tuple[dict[str, int], int]:
        """The counts of a moment ago; those before where counting takes long."""
        known, now = self._counted.get(tenant), time.monotonic()
        if known is None or now - known.at >= max(FRESH_SECONDS, REST * known.took):
            counting = self._counting.get(tenant)
            if counting is None:
                counting = asyncio.create_task(self._count(tenant), name="count events")
                self._counting[tenant] = counting
                counting.add_done_callback(lambda task: self._counting.pop(tenant, None))
            if known is None:
                known = await asyncio.shield(counting)
            elif (await asyncio.wait({counting}, timeout=PATIENCE_SECONDS))[0]:
                known = counting.result()
        return known.states, known.dead

    async def _count(self, tenant: str) -> Counted:
        async def work(tx: Transaction) -> tuple[dict[str, int], int]:
            return await count_by_state(tx, tenant), await count_dead(tx, tenant)

        begun = time.monotonic()
        states, dead = await self._database.read(work)
        counted = Counted(begun, time.monotonic() - begun, states, dead)
        self._counted[tenant] = counted
        return counted
