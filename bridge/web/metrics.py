"""What is counted, and `/metrics`, which shows it in Prometheus' form.

The hot path adds to plain numbers; the families are made when somebody asks. Every label's values
come from the configuration or from a fixed list, so a stranger cannot make new ones.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bridge.event import EventState

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the classes of durations: from one quick commit to the slowest sender's limit."""


Labels = TypeVar("Labels", bound=tuple[str, ...])


class Durations:
    """How many durations fell into each class of SECONDS."""

    __slots__ = ("counts", "total_seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.total_seconds = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total_seconds += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Prometheus' cumulative form."""
        bounds = [*(str(bound) for bound in SECONDS), "+Inf"]
        running = 0
        found: list[tuple[str, float]] = []
        for bound, count in zip(bounds, self.counts, strict=True):
            running += count
            found.append((bound, running))
        return found


@dataclass(slots=True)
class Gauges:
    """Present values, read by whoever owns them at the moment they are asked for.

    queue: deliveries that wait for their commit. commits, committed: of the store since the start.
    lanes: lanes that are due. rule_problems: mistakes in changed rule files.
    breakers: the circuit breakers that are not closed, by `tenant/integration`.
    ping_pong: fields that sync leaves alone, in words. sync_held: conflicts that wait for a person.
    webhooks: those of Jira that end, by `tenant/source/number`: when, in milliseconds, and what is
        wrong with them.
    """

    queue: int = 0
    commits: int = 0
    committed: int = 0
    lanes: int = 0
    rules: int = 0
    rule_problems: int = 0
    breakers: Mapping[str, str] = field(default_factory=dict)
    ping_pong: Sequence[str] = ()
    sync_held: int = 0
    webhooks: Mapping[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Metrics:
    """The numbers of this process since it started.

    received: by source's label and what it was answered. refused: by source's label and reason.
    events: by the state they reached. actions: by name and outcome. quarantine_lost: by why.
    """

    received: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    receiving: Durations = field(default_factory=Durations)
    acting: Durations = field(default_factory=Durations)
    unshown_refusals: int = 0
    quarantine_lost: Counter[tuple[str]] = field(default_factory=Counter)
    rule_errors: Counter[tuple[str]] = field(default_factory=Counter)

    def count_event(self, state: EventState) -> None:
        self.events[state.value] += 1

    def count_rule_error(self, rule: str) -> None:
        self.rule_errors[rule,] += 1

    def count_attempt(self, action: str, outcome: str, seconds: float) -> None:
        self.actions[action, outcome] += 1
        self.acting.add(seconds)


class NumbersCollector(Collector):
    """Makes Prometheus' families out of the numbers."""

    def __init__(self, metrics: Metrics, gauges: Gauges) -> None:
        self.metrics = metrics
        self.gauges = gauges

    def collect(self) -> Iterator[Metric]:
        metrics, gauges = self.metrics, self.gauges
        yield counted(
            "bridge_deliveries", "Deliveries, by source and answer.", ("source", "status"),
            metrics.received,
        )  # fmt: skip
        yield counted(
            "bridge_refused", "Deliveries turned away, by source and reason.",
            ("source", "reason"), metrics.refused,
        )  # fmt: skip
        yield counted(
            "bridge_events", "Events, by the state they reached.", ("state",),
            Counter({(state,): count for state, count in metrics.events.items()}),
        )  # fmt: skip
        yield counted(
            "bridge_attempts", "Tries of actions, by action and outcome.", ("action", "outcome"),
            metrics.actions,
        )  # fmt: skip
        yield histogram(
            "bridge_receive_seconds", "From a delivery's first byte to its answer.",
            metrics.receiving,
        )  # fmt: skip
        yield histogram("bridge_attempt_seconds", "One try of an action.", metrics.acting)
        yield CounterMetricFamily(
            "bridge_commits", "Transactions the store committed.", gauges.commits
        )
        yield CounterMetricFamily(
            "bridge_committed_writes",
            "Writes in those commits; divided by the commits, the size of a batch.",
            gauges.committed,
        )
        yield GaugeMetricFamily(
            "bridge_queue", "Deliveries that wait for their commit.", gauges.queue
        )
        yield GaugeMetricFamily("bridge_lanes_due", "Lanes with an action to run.", gauges.lanes)
        yield GaugeMetricFamily("bridge_rules", "Rules in force.", gauges.rules)
        yield GaugeMetricFamily(
            "bridge_rule_problems",
            "Mistakes in rule files that were changed and therefore not taken up.",
            gauges.rule_problems,
        )
        yield counted(
            "bridge_rule_errors", "Events a rule could not judge, because an expression failed.",
            ("rule",), metrics.rule_errors,
        )  # fmt: skip
        breakers = GaugeMetricFamily(
            "bridge_breaker_open",
            "Integrations that are left alone because they do not answer.",
            labels=("integration", "state"),
        )
        for integration, state in gauges.breakers.items():
            breakers.add_metric((integration, state), 1)
        yield breakers
        yield from endings(gauges.webhooks)
        yield GaugeMetricFamily(
            "bridge_sync_ping_pong",
            "Fields that sync leaves alone, because something else takes back what it writes.",
            len(gauges.ping_pong),
        )
        yield GaugeMetricFamily(
            "bridge_sync_held", "Conflicts that wait for a person.", gauges.sync_held
        )
        yield CounterMetricFamily(
            "bridge_unshown_refusals",
            "Refused deliveries that came too fast to be kept and shown.",
            metrics.unshown_refusals,
        )
        yield counted(
            "bridge_quarantine_lost", "Refused deliveries not kept in quarantine, by reason.",
            ("why",), metrics.quarantine_lost,
        )  # fmt: skip


def endings(webhooks: Mapping[str, tuple[int, str]]) -> Iterator[Metric]:
    ends = GaugeMetricFamily(
        "bridge_webhook_ends_timestamp_seconds",
        "When a webhook that Jira lets end does so.",
        labels=("webhook",),
    )
    troubled = GaugeMetricFamily(
        "bridge_webhook_troubled",
        "Whether it could not be refreshed when that was last tried, or has ended.",
        labels=("webhook",),
    )
    for name, (ends_at, trouble) in webhooks.items():
        ends.add_metric((name,), ends_at / 1000)
        troubled.add_metric((name,), float(bool(trouble)))
    yield ends
    yield troubled


def counted(
    name: str, words: str, labels: Sequence[str], counts: Mapping[Labels, int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, words, labels=labels)
    for values, count in counts.items():
        family.add_metric(values, count)
    return family


def histogram(name: str, words: str, durations: Durations) -> HistogramMetricFamily:
    return HistogramMetricFamily(
        name, words, buckets=durations.buckets(), sum_value=durations.total_seconds
    )


def exposition(metrics: Metrics, gauges: Gauges) -> bytes:
    """The text of `/metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(NumbersCollector(metrics, gauges))
    return generate_latest(registry)
