"""The one place where everything meets: the parts are built here and handed to each other.

Nothing else opens the store, makes the HTTP client or reads the clock of the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from bridge.access.vault import Vault
from bridge.act import Actor, Attempted
from bridge.backoff import Backoff
from bridge.calling import Caller, Integration
from bridge.casework import Casework
from bridge.clock import Clock, wall_clock
from bridge.configured import Configured, configure, open_vault, read_rules
from bridge.connectors.catalogue import action_shapes, load_connectors
from bridge.connectors.fetching import Fetcher
from bridge.connectors.guard import Guard
from bridge.connectors.http import HttpClient
from bridge.direct import Direct
from bridge.errors import BridgeError
from bridge.fence import Fence
from bridge.logs import configure_logging
from bridge.made import MadeIntegrations
from bridge.matcher import Matcher
from bridge.progress import Progress
from bridge.quarantine import Quarantine
from bridge.registry import Registry
from bridge.reload import RulesHolder, watch
from bridge.reload import reload as reload_rules
from bridge.remediation import Remediation
from bridge.retention import Keep, Retention
from bridge.secrets_seen import SecretsSeen
from bridge.settings import Settings
from bridge.shared_clock import SharedClock
from bridge.store.actions import StoredAction
from bridge.store.database import open_database
from bridge.store.intake import Intake
from bridge.store.transaction import Database
from bridge.switches import JiraSwitches
from bridge.ticket_making import TicketMaking
from bridge.ticket_parts import TicketParts
from bridge.tickets import Tickets
from bridge.tokens import OAuthClient, Tokens
from bridge.web.api.actions import ActionsApi
from bridge.web.api.cases import CasesApi
from bridge.web.api.entrance import Entrance
from bridge.web.api.events import EventsApi
from bridge.web.api.integrations import IntegrationsApi
from bridge.web.api.keys import KeysApi
from bridge.web.api.overview import OverviewApi
from bridge.web.api.progress import ProgressApi
from bridge.web.api.remediation import RemediationApi
from bridge.web.api.rules import RulesApi
from bridge.web.api.site import ApiSite
from bridge.web.api.tickets import TicketsApi
from bridge.web.body import BodyReader
from bridge.web.case_webhook import CaseWebhook
from bridge.web.health import Health
from bridge.web.hooks import Hooks
from bridge.web.metrics import Gauges, Metrics
from bridge.web.pages.acting import Acting
from bridge.web.pages.frame import Frame
from bridge.web.pages.manual import Manual
from bridge.web.pages.render import Renderer
from bridge.web.pages.ruling import Ruling
from bridge.web.pages.seeing import Seeing
from bridge.web.pages.sign_in import SignIn
from bridge.web.pages.site import page_routes
from bridge.web.pages.visit import Guide
from bridge.web.protocol import protocol_for
from bridge.web.refusals import RefusalBook
from bridge.web.site import make_site
from bridge.worker import Worker

GRACE_SECONDS = 10.0
"""How long a stop waits for requests and actions under way. Container platforms kill after 30."""

YOUNG_OBJECTS = 50_000
"""Objects made before the garbage collector looks for cycles. At Python's 700 it ran several
times for each batch of bodies and found nothing: a third of the rate of receiving."""

SWITCH_SECONDS = 0.0002
"""How long a thread waits for the interpreter before it is handed over. A commit wants it for two
moments only, at its start and its end, and with Python's own 0.005 waited longer for it than for
the disk, while nothing else was left to do: a seventh of the rate of receiving."""

log = structlog.get_logger("bridge")


@dataclass(slots=True)
class Parts:
    """A whole bridge, built but not yet running.

    application: answers HTTP; hooks: the part of it that takes deliveries.
    Several parts run in the background between `start` and `stop`.
    """

    configured: Configured
    database: Database
    http: HttpClient
    outside: HttpClient
    guard: Guard
    registry: Registry
    made: MadeIntegrations
    tokens: Tokens
    ticket_making: TicketMaking
    rules: RulesHolder
    worker: Worker
    intake: Intake
    metrics: Metrics
    refusals: RefusalBook
    secrets_seen: SecretsSeen | None
    retention: Retention
    api: ApiSite
    closing: asyncio.Event
    application: ASGIApp
    hooks: Hooks
    _background: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Begins to match and act, to watch the rule files and to forget what is old."""
        await self.worker.start()
        self._run("retention", self.retention.run())
        if self.configured.settings.rules.reload:
            made = self.made
            self._run("reload", watch(self.configured, self.rules, lambda: made.offers))
        self._run("integrations", self.made.watch())
        self._run("tokens", self.tokens.watch())
        self._run("tickets", self.ticket_making.watch())

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
        await self.intake.drain()
        await self.refusals.close()
        if self.secrets_seen is not None:
            await self.secrets_seen.close()
        await self.http.aclose()
        await self.outside.aclose()
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
        return await assemble(configured, vault, database, clock)
    except BaseException:
        await database.close()
        raise


async def assemble(
    configured: Configured, vault: Vault | None, database: Database, clock: Clock
) -> Parts:
    """Puts the parts together around the open store."""
    settings = configured.settings
    clock = shared = SharedClock(database, clock)
    await shared.agree()
    fence = Fence()
    http = HttpClient(clock, may_change=fence.holds)
    metrics = Metrics()
    registry = Registry(open_integrations(configured, http))
    guard = Guard(settings.server.allowed_hosts)
    outside = HttpClient(clock, may_change=fence.holds, guard=guard)
    made = MadeIntegrations(database, vault, outside, registry)
    await made.load()
    tokens = Tokens(database, clock, made, http, oauth_clients(settings))
    rules = RulesHolder(read_rules(configured, made=made.offers))
    made.on_change = lambda: reload_rules(configured, rules, made.offers)
    matcher = Matcher(lambda: rules.current, configured.sources)
    actor = make_actor(configured, database, http, matcher, clock, registry)
    actor.caller.renew = tokens.renew
    worker = Worker(
        database,
        clock,
        matcher,
        actor,
        concurrency=settings.worker.concurrency,
        on_event=metrics.count_event,
        on_attempt=lambda action, attempted: count_attempt(metrics, action, attempted),
        on_rule_error=metrics.count_rule_error,
        fence=fence,
        agree=shared.agree,
    )
    intake = Intake(database, clock, limit=settings.server.queue_limit, on_stored=worker.tell)
    refusals = RefusalBook(database, metrics, make_quarantine(settings, vault))
    secrets_seen = SecretsSeen(database, vault) if vault is not None else None

    def gauges() -> Gauges:
        return Gauges(
            queue=intake.waiting,
            commits=database.commits,
            committed=database.committed,
            lanes=worker.waiting_lanes,
            rules=rules.count,
            rule_problems=len(rules.problems),
            breakers={
                f"{tenant}/{name}": state.value
                for (tenant, name), state in actor.caller.pacing.states().items()
            },
        )

    direct = Direct(database, clock, actor.caller)
    progress = Progress(database, clock, registry, direct, JiraSwitches(database, clock, registry))
    tickets = Tickets(database, clock, registry, direct)
    ticket_making = TicketMaking(tickets)
    server = settings.server
    closing = asyncio.Event()
    health = Health(database, rules, worker, metrics, gauges)
    entrance = Entrance(database, clock, settings.limits.requests_per_minute)
    events = EventsApi(database, clock, closing.is_set)
    actions = ActionsApi(database, clock)
    overview = OverviewApi(
        database, configured.sources, registry, vault, rules, gauges, settings.public_url
    )
    keys = KeysApi(database, clock)
    ruling = RulesApi(configured, made, rules, database, clock)
    api = ApiSite(
        [
            events,
            actions,
            ruling,
            overview,
            keys,
            ProgressApi(progress),
            RemediationApi(Remediation(database, registry, direct), clock),
            TicketsApi(tickets, ticket_making, TicketParts(tickets)),
            CasesApi(Casework(database, clock, registry, direct), clock),
            IntegrationsApi(made, tokens, guard, clock),
        ],
        entrance,
        server.body_limit_bytes,
        settings.public_url,
    )
    guide = Guide(entrance, Renderer(), secure=settings.public_url.startswith("https://"))
    frame = Frame(guide.renderer, database)
    pages = page_routes(
        SignIn(guide, clock),
        Seeing(guide, frame, database, clock, events, actions, overview),
        Acting(guide, frame, registry, events, actions, overview, keys),
        Ruling(guide, frame, ruling),
        Manual(guide.renderer, api.described),
    )
    reader = BodyReader(server.body_limit_bytes, server.body_timeout_seconds)
    cases = CaseWebhook(
        configured.sources, intake, database, clock, reader, refusals, metrics, secrets_seen
    )
    hooks = Hooks(
        make_site([*pages, *health.routes(), *cases.routes(), *api.routes()]),
        configured.sources,
        intake,
        clock,
        reader,
        refusals,
        metrics,
        secrets_seen,
        Fetcher(outside),
    )
    return Parts(
        configured=configured,
        database=database,
        http=http,
        outside=outside,
        guard=guard,
        registry=registry,
        made=made,
        tokens=tokens,
        ticket_making=ticket_making,
        rules=rules,
        worker=worker,
        intake=intake,
        metrics=metrics,
        refusals=refusals,
        secrets_seen=secrets_seen,
        retention=make_retention(settings, database, clock),
        api=api,
        closing=closing,
        application=hooks,
        hooks=hooks,
    )


def open_integrations(
    configured: Configured, http: HttpClient
) -> dict[tuple[str, str], Integration]:
    """A client for each configured system, by tenant and name."""
    return {
        named: Integration(
            name=each.settings.name,
            tenant=each.settings.tenant,
            connector=each.connector,
            client=each.connector.open(each.options, http),
            enabled=each.settings.enabled,
        )
        for named, each in configured.integrations.items()
    }


def oauth_clients(settings: Settings) -> dict[str, OAuthClient]:
    """Who the bridge is to each system, by the connector's name."""
    return {
        one.type: OAuthClient(
            one.client_id, one.client_secret, one.token_url or "", one.redirect_uri or ""
        )
        for one in settings.oauth
    }


def make_actor(
    configured: Configured,
    database: Database,
    http: HttpClient,
    matcher: Matcher,
    clock: Clock,
    registry: Registry,
) -> Actor:
    """What runs actions."""
    worker = configured.settings.worker
    free = {
        connector.name: Integration(
            connector.name, "", connector, connector.open(connector.settings(), http)
        )
        for connector in load_connectors().values()
        if not connector.needs_integration
    }
    backoff = Backoff(
        first_ms=int(worker.backoff_base_seconds * 1000),
        cap_ms=int(max(worker.backoff_cap_seconds, worker.backoff_base_seconds) * 1000),
        max_attempts=worker.max_attempts,
    )
    return Actor(
        database=database,
        clock=clock,
        matcher=matcher,
        shapes=action_shapes(),
        integrations=registry,
        free=free,
        trail=http.trail,
        caller=Caller(database, clock, worker.action_timeout_seconds, http.may_change),
        backoff=backoff,
        chance=random.random,
        leads_to={
            (source.tenant, source.name): source.integration
            for source in configured.settings.sources
            if source.integration is not None
        },
    )


def make_quarantine(settings: Settings, vault: Vault | None) -> Quarantine | None:
    """Where refused deliveries are kept; None where none are."""
    limits = settings.limits
    if not limits.quarantine_per_source or not limits.quarantine_bytes:
        return None
    if vault is None:
        log.warning("no quarantine: without encryption.keys nothing can be sealed")
        return None
    return Quarantine(vault, limits.quarantine_per_source, limits.quarantine_bytes)


def make_retention(settings: Settings, database: Database, clock: Clock) -> Retention:
    """What forgets old events."""
    keep = settings.retention
    days = {
        "done": keep.done_days,
        "failed": keep.failed_days,
        "ignored": keep.ignored_days,
        "echo": keep.echo_days,
    }
    every = Keep(days, keep.max_bytes, keep.quarantine_days, keep.record_days)
    return Retention(database, clock, every)


def count_attempt(metrics: Metrics, action: StoredAction, attempted: Attempted) -> None:
    attempt = attempted.ended.attempt
    metrics.count_attempt(action.planned.name, attempt.outcome.value, attempt.duration_ms / 1000)


# --- processes ----------------------------------------------------------------------------


class Server(uvicorn.Server):
    """uvicorn, told when to stop by us: what comes after its own end is still to be done.

    The port is open before it starts: a request that comes early waits a moment and is answered.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_config(application: ASGIApp, hooks: Hooks | None = None) -> uvicorn.Config:
    """The same for the bridge and for what it is measured against.

    hooks: what takes deliveries the short way; without it all requests go uvicorn's own way.

    Nothing of a proxy's is believed here; `hooks.py` says what is, and where. Without a lifespan,
    because the parts are started and stopped around the server.
    """
    return uvicorn.Config(
        application,
        http="httptools" if hooks is None else protocol_for(hooks),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        backlog=2048,
        timeout_graceful_shutdown=int(GRACE_SECONDS),
    )


async def serve(
    settings: Settings,
    *,
    clock: Clock = wall_clock,
    started: Callable[[str], None] = lambda address: None,
) -> None:
    """Receives and acts until SIGTERM or SIGINT, then ends in order.

    started: told the address once requests are answered, such as `http://127.0.0.1:8080`.
    Raises what `build` raises, and BridgeError when the port cannot be had.
    """
    configure_logging(settings.log.level, settings.log.format)
    parts = await build(settings, clock)
    try:
        listener = listen(settings.server.host, settings.server.port)
        await parts.start()
        settle_memory()
        server = Server(server_config(parts.application, parts.hooks))
        until_told(lambda: ask_to_stop(server, parts.closing))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        address = address_of(listener)
        log.info("listening", address=address, sources=len(parts.configured.sources))
        started(address)
        await running
    finally:
        await parts.stop()
    log.info("stopped")


async def work(settings: Settings, *, clock: Clock = wall_clock) -> None:
    """Acts on what is stored until SIGTERM or SIGINT; listens on no port.

    Raises what `build` raises.
    """
    configure_logging(settings.log.level, settings.log.format)
    parts = await build(settings, clock)
    told = asyncio.Event()
    try:
        await parts.start()
        settle_memory()
        until_told(told.set)
        log.info("working", integrations=len(parts.configured.integrations))
        await told.wait()
    finally:
        await parts.stop()
    log.info("stopped")


def run(process: Coroutine[Any, Any, None]) -> None:
    """Runs `serve` or `work` to its end, on the faster event loop where there is one."""
    sys.setswitchinterval(SWITCH_SECONDS)
    if sys.platform == "win32":
        asyncio.run(process)
    else:
        import uvloop

        uvloop.run(process)


def ask_to_stop(server: Server, closing: asyncio.Event) -> None:
    """The first time in order, the second time at once. closing: ends the streams."""
    closing.set()
    server.force_exit = server.should_exit
    server.should_exit = True


def until_told(stop: Callable[[], None]) -> None:
    """Calls back at SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def listen(host: str, port: int) -> socket.socket:
    """An open port. Raises BridgeError in words that say what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise BridgeError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; "
            "another process may have it; set server.port"
        ) from error


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def settle_memory() -> None:
    """Everything built so far stays for good: the garbage collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
