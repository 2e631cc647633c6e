"""The one place where everything meets: the parts are built here and handed to each other.

Nothing else opens the store. What acts is put together in `engine.py`, what answers in `front.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.types import ASGIApp

from bridge.clock import Clock, wall_clock
from bridge.configured import Configured, configure, open_vault
from bridge.connectors.guard import Guard
from bridge.engine import Engine, make_engine
from bridge.front import Front, make_front
from bridge.made import MadeIntegrations
from bridge.registry import Registry
from bridge.reload import RulesHolder, watch
from bridge.reload import reload as reload_rules
from bridge.retention import Keep, Retention
from bridge.settings import Settings
from bridge.store.database import open_database
from bridge.store.transaction import Database
from bridge.ticket_making import TicketMaking
from bridge.tokens import Tokens
from bridge.web.api.site import ApiSite
from bridge.web.hooks import Hooks
from bridge.worker import Worker

GRACE_SECONDS = 10.0
"""How long a stop waits for requests and actions under way. Container platforms kill after 30."""

log = structlog.get_logger("bridge")


@dataclass(slots=True)
class Parts:
    """A whole bridge, built but not yet running.

    Several parts run in the background between `start` and `stop`.
    """

    engine: Engine
    front: Front
    retention: Retention
    _background: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def configured(self) -> Configured:
        return self.engine.configured

    @property
    def database(self) -> Database:
        return self.engine.database

    @property
    def guard(self) -> Guard:
        return self.engine.guard

    @property
    def registry(self) -> Registry:
        return self.engine.registry

    @property
    def made(self) -> MadeIntegrations:
        return self.engine.made

    @property
    def tokens(self) -> Tokens:
        return self.engine.tokens

    @property
    def rules(self) -> RulesHolder:
        return self.engine.rules

    @property
    def worker(self) -> Worker:
        return self.engine.worker

    @property
    def ticket_making(self) -> TicketMaking:
        return self.front.ticket_making

    @property
    def api(self) -> ApiSite:
        return self.front.api

    @property
    def closing(self) -> asyncio.Event:
        """Set when the process is told to end."""
        return self.front.closing

    @property
    def hooks(self) -> Hooks:
        """The part of the application that takes deliveries."""
        return self.front.hooks

    @property
    def application(self) -> ASGIApp:
        """Answers HTTP."""
        return self.front.hooks

    async def start(self) -> None:
        """Begins to match and act, to watch the rule files and to forget what is old."""
        await self.worker.start()
        self._run("retention", self.retention.run())
        if self.configured.settings.rules.reload:
            made = self.made
            self._run("reload", watch(self.configured, self.rules, lambda: made.offers))
        self._run("integrations", self.made.watch())
        self._run("tokens", self.tokens.watch())
        self._run("webhooks", self.engine.webhooks.watch())
        self._run("tickets", self.ticket_making.watch())
        self._run("sync", self.engine.sync_watch.run())
        self._run("reconcile", self.engine.reconciler.run())

    async def reload(self) -> None:
        """Reads the rule files again; a mistake in them leaves the old set in force."""
        await reload_rules(self.configured, self.rules, self.made.offers)

    async def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ends in order: what is under way is finished, then written, then the store is closed."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self._background.clear()
        await self.worker.stop(grace_seconds)
        await self.front.intake.drain()
        await self.front.refusals.close()
        if self.front.secrets_seen is not None:
            await self.front.secrets_seen.close()
        await self.engine.http.aclose()
        await self.engine.outside.aclose()
        await self.database.close()

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._background.append(asyncio.create_task(survived(name, work), name=name))


async def survived(name: str, work: Coroutine[Any, Any, None]) -> None:
    """Runs a part that the rest can do without; its end is told, not passed on."""
    try:
        await work
    except Exception:
        log.exception("a part has stopped", part=name)


async def build(settings: Settings, clock: Clock = wall_clock) -> Parts:
    """Builds everything that the configuration asks for, and opens the store.

    Raises Invalid with every mistake of the configuration and the rules, StoreUnavailable,
    StoreOutdated.
    """
    configured = configure(settings)
    vault = open_vault(settings)
    database = await open_database(settings.store.url, clock, exclusive=True)
    try:
        engine = await make_engine(configured, vault, database, clock)
        return Parts(engine, make_front(engine), make_retention(settings, database, engine.clock))
    except BaseException:
        await database.close()
        raise


def make_retention(settings: Settings, database: Database, clock: Clock) -> Retention:
    """What forgets old events."""
    keep = settings.retention
    days = {
        "done": keep.done_days,
        "failed": keep.failed_days,
        "ignored": keep.ignored_days,
        "echo": keep.echo_days,
    }
    every = Keep(
        days, keep.max_bytes, keep.quarantine_days, keep.record_days, settings.sync.echo_minutes
    )
    return Retention(database, clock, every)
