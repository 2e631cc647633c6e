"""What acts: the registry of systems, the rules, the matcher, the actor and the worker."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from bridge.access.vault import Vault
from bridge.act import Actor, Attempted
from bridge.backoff import Backoff
from bridge.calling import Caller, Integration
from bridge.clock import Clock
from bridge.configured import Configured, read_rules
from bridge.connectors.catalogue import action_shapes, load_connectors
from bridge.connectors.guard import Guard
from bridge.connectors.http import HttpClient
from bridge.echo import Echoes
from bridge.fence import Fence
from bridge.made import MadeIntegrations
from bridge.match.rules import RuleSet
from bridge.matcher import Matcher
from bridge.registry import Registry
from bridge.reload import RulesHolder
from bridge.reload import reload as reload_rules
from bridge.settings import Settings
from bridge.shared_clock import SharedClock
from bridge.store.actions import StoredAction
from bridge.store.transaction import Database
from bridge.sync.asking import own_sources
from bridge.sync.engine import Engine as SyncEngine
from bridge.sync.pingpong import Breakers, Limits
from bridge.sync.reconcile import Reconciler
from bridge.sync.watch import SyncWatch
from bridge.token_requests import OAuthClient
from bridge.tokens import Tokens
from bridge.web.metrics import Metrics
from bridge.webhook_watch import WebhookWatch
from bridge.worker import Worker


@dataclass(frozen=True, slots=True)
class Engine:
    """All that needs no request, built around the open store.

    clock: the database's, which all nodes share; http: for addresses of the configuration;
    outside: for addresses that callers give, each checked by the guard.
    """

    configured: Configured
    vault: Vault | None
    database: Database
    clock: Clock
    http: HttpClient
    outside: HttpClient
    guard: Guard
    registry: Registry
    made: MadeIntegrations
    tokens: Tokens
    rules: RulesHolder
    caller: Caller
    worker: Worker
    webhooks: WebhookWatch
    metrics: Metrics
    reconciler: Reconciler
    sync_watch: SyncWatch


async def make_engine(
    configured: Configured, vault: Vault | None, database: Database, clock: Clock
) -> Engine:
    """Builds what acts; nothing runs yet. Raises what reading the rules raises."""
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
    own = own_sources(tenant.name for tenant in settings.tenants)
    matcher = Matcher(lambda: rules.current, {**own, **configured.sources})
    actor = make_actor(configured, database, http, matcher, clock, registry)
    actor.caller.renew, actor.caller.refused = tokens.renew, tokens.refused
    echoes = Echoes(database, clock, actor.leads_to, settings.sync.echo_minutes)
    actor.caller.watch = echoes
    breakers = Breakers(database, clock, ping_pong_limits(settings))
    actor.syncs = syncs = SyncEngine(database, clock, registry, actor.caller, breakers)
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
        echoes=echoes,
    )
    return Engine(
        configured=configured,
        vault=vault,
        database=database,
        clock=clock,
        http=http,
        outside=outside,
        guard=guard,
        registry=registry,
        made=made,
        tokens=tokens,
        rules=rules,
        caller=actor.caller,
        worker=worker,
        webhooks=WebhookWatch(database, clock, registry, tokens.renew),
        metrics=metrics,
        reconciler=make_reconciler(settings, database, clock, syncs, lambda: rules.current),
        sync_watch=SyncWatch(database, clock),
    )


def make_reconciler(
    settings: Settings,
    database: Database,
    clock: Clock,
    syncs: SyncEngine,
    rules: Callable[[], RuleSet],
) -> Reconciler:
    return Reconciler(
        database, clock, syncs, rules,
        list(dict.fromkeys(("default", *(one.name for one in settings.tenants)))),
        settings.sync.reconcile_pairs_per_minute, settings.sync.reconcile_minutes,
    )  # fmt: skip


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
        trouble=registry.trouble,
        leads_to={
            (source.tenant, source.name): source.integration
            for source in configured.settings.sources
            if source.integration is not None
        },
    )


def ping_pong_limits(settings: Settings) -> Limits:
    sync = settings.sync
    return Limits(
        sync.ping_pong_writes,
        int(sync.ping_pong_minutes * 60_000),
        int(sync.quiet_minutes * 60_000),
    )


def count_attempt(metrics: Metrics, action: StoredAction, attempted: Attempted) -> None:
    attempt = attempted.ended.attempt
    metrics.count_attempt(action.planned.name, attempt.outcome.value, attempt.duration_ms / 1000)
