"""What answers: the hooks, the APIs, the pages and the health of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from starlette.routing import BaseRoute

from bridge.access.vault import Vault
from bridge.casework import Casework
from bridge.connectors.fetching import Fetcher
from bridge.direct import Direct
from bridge.engine import Engine
from bridge.errors import NotFound
from bridge.matcher import Reader, read_stored
from bridge.progress import Progress
from bridge.quarantine import Quarantine
from bridge.reload import reload
from bridge.remediation import Remediation
from bridge.secrets_seen import SecretsSeen
from bridge.settings import Settings
from bridge.sources.source import Source
from bridge.store.intake import Intake
from bridge.switches import JiraSwitches
from bridge.sync.asking import own_sources
from bridge.ticket_making import TicketMaking
from bridge.ticket_parts import TicketParts
from bridge.tickets import Tickets
from bridge.web.api.actions import ActionsApi
from bridge.web.api.cases import CasesApi
from bridge.web.api.entrance import Entrance
from bridge.web.api.events import EventsApi
from bridge.web.api.integrations import IntegrationsApi
from bridge.web.api.keys import KeysApi
from bridge.web.api.overview import OverviewApi
from bridge.web.api.progress import ProgressApi
from bridge.web.api.quarantine import QuarantineApi
from bridge.web.api.remediation import RemediationApi
from bridge.web.api.rule_files import RuleFilesApi
from bridge.web.api.rules import RulesApi
from bridge.web.api.site import ApiSite
from bridge.web.api.sync import SyncApi
from bridge.web.api.tickets import TicketsApi
from bridge.web.body import BodyReader
from bridge.web.case_webhook import CaseWebhook
from bridge.web.health import Health
from bridge.web.hooks import Hooks
from bridge.web.metrics import Gauges
from bridge.web.pages.acting import Acting
from bridge.web.pages.frame import Frame
from bridge.web.pages.manual import Manual
from bridge.web.pages.quarantining import Quarantining
from bridge.web.pages.render import Renderer
from bridge.web.pages.ruling import Ruling
from bridge.web.pages.seeing import Known, Seeing
from bridge.web.pages.sign_in import SignIn
from bridge.web.pages.site import page_routes
from bridge.web.pages.syncing import Syncing
from bridge.web.pages.visit import Guide
from bridge.web.refusals import RefusalBook
from bridge.web.site import make_site

log = structlog.get_logger("bridge")


@dataclass(frozen=True, slots=True)
class Front:
    """The HTTP side of a bridge.

    hooks: the application; deliveries it takes itself, everything else goes to the site behind it.
    closing: set when the process is told to end, which ends the streams.
    """

    hooks: Hooks
    intake: Intake
    refusals: RefusalBook
    secrets_seen: SecretsSeen | None
    ticket_making: TicketMaking
    api: ApiSite
    closing: asyncio.Event


@dataclass(frozen=True, slots=True)
class Apis:
    """The APIs that the pages ask too."""

    entrance: Entrance
    events: EventsApi
    actions: ActionsApi
    overview: OverviewApi
    keys: KeysApi
    rules: RulesApi
    rule_files: RuleFilesApi
    quarantine: QuarantineApi
    sync: SyncApi
    integrations: IntegrationsApi
    site: ApiSite


def make_front(engine: Engine) -> Front:
    """Builds what answers around what acts."""
    settings, database, clock = engine.configured.settings, engine.database, engine.clock
    vault, sources, metrics = engine.vault, engine.configured.sources, engine.metrics
    intake = Intake(
        database, clock, limit=settings.server.queue_limit, on_stored=engine.worker.tell
    )
    refusals = RefusalBook(database, metrics, make_quarantine(settings, vault))
    secrets_seen = SecretsSeen(database, vault) if vault is not None else None
    direct = Direct(database, clock, engine.caller)
    tickets = Tickets(database, clock, engine.registry, direct)
    ticket_making = TicketMaking(tickets)
    closing = asyncio.Event()

    def gauges() -> Gauges:
        return gauges_of(engine, intake)

    apis = make_apis(engine, direct, tickets, ticket_making, gauges, closing)
    health = Health(database, engine.rules, engine.worker, metrics, gauges)
    reader = BodyReader(settings.server.body_limit_bytes, settings.server.body_timeout_seconds)
    cases = CaseWebhook(sources, intake, database, clock, reader, refusals, metrics, secrets_seen)
    pages = make_pages(engine, apis)
    hooks = Hooks(
        make_site([*pages, *health.routes(), *cases.routes(), *apis.site.routes()]),
        sources,
        intake,
        clock,
        reader,
        refusals,
        metrics,
        secrets_seen,
        Fetcher(engine.outside),
    )
    return Front(hooks, intake, refusals, secrets_seen, ticket_making, apis.site, closing)


def make_apis(
    engine: Engine,
    direct: Direct,
    tickets: Tickets,
    ticket_making: TicketMaking,
    gauges: Callable[[], Gauges],
    closing: asyncio.Event,
) -> Apis:
    """The five documented APIs and the bridge's own."""
    settings, database, clock = engine.configured.settings, engine.database, engine.clock
    registry = engine.registry
    progress = Progress(database, clock, registry, direct, JiraSwitches(database, clock, registry))
    entrance = Entrance(database, clock, settings.limits.requests_per_minute)
    readers: dict[tuple[str, str], Reader] = {
        **own_sources(one.name for one in settings.tenants),
        **engine.configured.sources,
    }
    events = EventsApi(database, clock, closing.is_set, partial(read_stored, readers))
    actions = ActionsApi(database, clock)
    overview = OverviewApi(
        database,
        engine.configured.sources,
        registry,
        engine.made,
        engine.vault,
        engine.rules,
        gauges,
        settings.public_url,
    )
    keys = KeysApi(database, clock)
    configured, made = engine.configured, engine.made
    rules = RulesApi(configured, made, engine.rules, database, clock)

    async def take_up() -> None:
        if settings.rules.reload:
            await reload(configured, engine.rules, made.offers)

    integrations = IntegrationsApi(made, engine.tokens, engine.guard, clock)

    def source_of(tenant: str, name: str) -> Source:
        source = configured.sources.get((tenant, name))
        if source is None:
            raise NotFound(f"the source {name} is no longer configured")
        return source

    sync = SyncApi(database, clock)
    quarantine = QuarantineApi(database, engine.vault, source_of, clock)
    rule_files = RuleFilesApi(configured, made, database, clock, take_up)
    site = ApiSite(
        [
            events,
            actions,
            rules,
            rule_files,
            quarantine,
            overview,
            keys,
            ProgressApi(progress),
            RemediationApi(Remediation(database, registry, direct), clock),
            TicketsApi(tickets, ticket_making, TicketParts(tickets)),
            CasesApi(Casework(database, clock, registry, direct), clock),
            integrations,
            sync,
        ],
        entrance,
        settings.server.body_limit_bytes,
        settings.public_url,
    )
    return Apis(
        entrance,
        events,
        actions,
        overview,
        keys,
        rules,
        rule_files,
        quarantine,
        sync,
        integrations,
        site,
    )


def make_pages(engine: Engine, apis: Apis) -> Sequence[BaseRoute]:
    """The dashboard and the manual at `/docs`."""
    database, clock = engine.database, engine.clock
    secure = engine.configured.settings.public_url.startswith("https://")
    guide = Guide(apis.entrance, Renderer(), secure=secure)
    frame = Frame(guide.renderer, database)
    return page_routes(
        SignIn(guide, clock),
        Seeing(
            guide,
            frame,
            database,
            clock,
            apis.events,
            apis.actions,
            apis.overview,
            Known(engine.configured.sources, lambda: engine.rules.current.rules),
        ),
        Acting(
            guide,
            frame,
            engine.registry,
            apis.events,
            apis.actions,
            apis.overview,
            apis.integrations,
            apis.keys,
        ),
        Quarantining(guide, frame, apis.quarantine),
        Syncing(guide, frame, apis.sync),
        Ruling(guide, frame, apis.rules, apis.rule_files, apis.events),
        Manual(guide.renderer, apis.site.described),
    )


def gauges_of(engine: Engine, intake: Intake) -> Gauges:
    """What `/metrics` and the overview show of this moment."""
    return Gauges(
        queue=intake.waiting,
        commits=engine.database.commits,
        committed=engine.database.committed,
        lanes=engine.worker.waiting_lanes,
        rules=engine.rules.count,
        rule_problems=len(engine.rules.problems),
        breakers={
            f"{tenant}/{name}": state.value
            for (tenant, name), state in engine.caller.pacing.states().items()
        },
        ping_pong=engine.sync_watch.names(),
        sync_held=engine.sync_watch.held,
        webhooks={
            name: (one.ends_at, one.trouble) for name, one in engine.webhooks.endings().items()
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
