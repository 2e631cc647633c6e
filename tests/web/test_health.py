"""`/healthz`, `/readyz` and `/metrics`: what monitoring is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge.errors import Place, Problem
from bridge.event import EventState
from bridge.store.transaction import Database, Transaction
from bridge.web.health import Health
from bridge.web.metrics import Durations, Gauges, Metrics
from bridge.web.site import make_site
from tests.web.conftest import Door


@dataclass
class Rules:
    """A set in force, as the application holds it."""

    problems: tuple[Problem, ...] = ()
    version: str = "abc123"
    count: int = 3


@dataclass
class Loops:
    running: bool = True


@dataclass
class Site:
    client: httpx.AsyncClient
    rules: Rules = field(default_factory=Rules)
    worker: Loops = field(default_factory=Loops)
    metrics: Metrics = field(default_factory=Metrics)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)


@pytest.fixture
async def site(database: Database) -> AsyncIterator[Site]:
    rules, worker, metrics = Rules(), Loops(), Metrics()
    health = Health(database, rules, worker, metrics, lambda: Gauges(queue=4, rules=3))
    transport = httpx.ASGITransport(make_site(health.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        yield Site(client, rules, worker, metrics)


async def test_alive_says_no_more_than_that(site: Site) -> None:
    answer = await site.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_ready_when_the_store_writes_the_worker_runs_and_rules_are_loaded(
    site: Site,
) -> None:
    answer = await site.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {
            "store": {"ok": True},
            "worker": {"ok": True},
            "rules": {"ok": True, "version": "abc123", "count": 3},
            "integrations": {"ok": True, "breakers": {}},
            "sync": {"ok": True},
            "webhooks": {"ok": True, "ends": {}},
        },
    }


async def test_system_that_is_left_alone_is_named_and_the_bridge_stays_ready(
    database: Database,
) -> None:
    gauges = Gauges(breakers={"default/jira": "open"})
    health = Health(database, Rules(), Loops(), Metrics(), lambda: gauges)
    transport = httpx.ASGITransport(make_site(health.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        ready = await client.get("/readyz")
        metrics = await client.get("/metrics")
    assert ready.status_code == 200
    assert ready.json()["checks"]["integrations"] == {
        "ok": False,
        "reason": "left alone for a while: default/jira",
        "breakers": {"default/jira": "open"},
    }
    assert 'bridge_breaker_open{integration="default/jira",state="open"} 1.0' in metrics.text


async def test_webhook_that_was_not_refreshed_is_named_without_the_reason(
    database: Database,
) -> None:
    noon = 1_795_262_400_000
    gauges = Gauges(webhooks={"default/jira/7": (noon, "PUT https://jira.internal failed")})
    health = Health(database, Rules(), Loops(), Metrics(), lambda: gauges)
    transport = httpx.ASGITransport(make_site(health.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        ready = await client.get("/readyz")
        metrics = await client.get("/metrics")
    assert ready.status_code == 200
    assert ready.json()["checks"]["webhooks"] == {
        "ok": False,
        "reason": "not refreshed, the log says why: default/jira/7",
        "ends": {"default/jira/7": "2026-11-21T12:00:00.000Z"},
    }
    assert 'bridge_webhook_troubled{webhook="default/jira/7"} 1.0' in metrics.text
    assert 'bridge_webhook_ends_timestamp_seconds{webhook="default/jira/7"}' in metrics.text


async def test_not_ready_when_the_worker_has_stopped_and_says_so(site: Site) -> None:
    site.worker.running = False
    answer = await site.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["worker"] == {"ok": False, "reason": "the worker has stopped"}


async def test_not_ready_when_the_store_takes_no_writes_without_naming_its_files(
    site: Site, database: Database
) -> None:
    await database.write(read_only)
    answer = await site.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["store"]["ok"] is False
    assert "bridge.db" not in answer.text


async def read_only(tx: Transaction) -> None:
    await tx.run("PRAGMA query_only = ON")


async def test_looking_leaves_nothing_in_the_store(site: Site, door: Door) -> None:
    await site.get("/readyz")
    assert await door.refused() == []


async def test_broken_rule_files_are_told_and_the_bridge_stays_ready(site: Site) -> None:
    site.rules.problems = tuple(
        Problem(Place("rules/a.yaml", line, 1), "unknown key") for line in range(1, 31)
    )
    answer = await site.get("/readyz")
    assert answer.status_code == 200
    rules = answer.json()["checks"]["rules"]
    assert rules["ok"] is False
    assert "last good set" in rules["reason"]
    assert rules["problems"][0] == "rules/a.yaml:1:1: unknown key"
    assert rules["problems"][-1] == "and 10 more"


async def test_metrics_are_in_prometheus_form_and_count_what_happened(site: Site) -> None:
    site.metrics.received["github", "accepted"] += 2
    site.metrics.refused["", "no_such_source"] += 1
    site.metrics.count_event(EventState.DONE)
    site.metrics.count_rule_error("odd-rule")
    site.metrics.count_attempt("create_ticket", "done", 0.2)
    site.metrics.receiving.add(0.004)

    answer = await site.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["bridge_deliveries_total", "github", "accepted"] == 2
    assert samples["bridge_refused_total", "no_such_source", ""] == 1
    assert samples["bridge_events_total", "done"] == 1
    assert samples["bridge_rule_errors_total", "odd-rule"] == 1
    assert samples["bridge_attempts_total", "create_ticket", "done"] == 1
    assert samples["bridge_queue",] == 4
    assert samples["bridge_receive_seconds_bucket", "0.0025"] == 0
    assert samples["bridge_receive_seconds_bucket", "0.005"] == 1
    assert samples["bridge_receive_seconds_count",] == 1


async def test_metrics_labels_come_from_the_configuration_only(door: Door) -> None:
    for name in ("made-up-1", "made-up-2"):
        await door.post(f"/hooks/{name}", b"{}")
    await door.post("/hooks/github", b"{}")
    assert {source for source, _ in door.metrics.received} == {"", "github"}


def test_durations_fall_into_the_class_whose_bound_they_reach() -> None:
    durations = Durations()
    for seconds in (0.0, 0.001, 0.0011, 99.0):
        durations.add(seconds)
    buckets = dict(durations.buckets())
    assert buckets["0.001"] == 2
    assert buckets["0.0025"] == 3
    assert buckets["10.0"] == 3
    assert buckets["+Inf"] == 4


async def test_site_answers_unknown_paths_and_methods_in_the_one_shape(site: Site) -> None:
    missing = await site.get("/nothing")
    wrong = await site.client.post("/healthz")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["allow"]
