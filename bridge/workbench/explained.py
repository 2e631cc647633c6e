"""Why each rule did or did not match an event, what it would do, and what its guards say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.action import PlannedAction, PlannedRun
from bridge.changes import without
from bridge.clock import Clock
from bridge.configured import Configured
from bridge.connectors.redact import Redactor
from bridge.errors import NotFound
from bridge.event import JSON, Event, EventState
from bridge.match.explain import Explained, Explanation, Outcome, explain
from bridge.match.rules import RuleSet
from bridge.store.events import get_event
from bridge.store.outbound import ours_of_event
from bridge.store.sync_fields import link_seen
from bridge.store.transaction import Database, Transaction
from bridge.sync.asking import SOURCE as ASKING
from bridge.sync.asking import OwnSource
from bridge.text.escape import ESCAPES
from bridge.workbench.foreseen import Decision, foresee
from bridge.workbench.requests import Find, Preview, Previewer, nothing_made

ECHO = "the event only tells of what the bridge wrote itself: no rule is asked"


@dataclass(frozen=True, slots=True)
class ExplainedRun:
    """One run that a rule would make: what its guards say, and what each of its steps sends."""

    run: PlannedRun
    decisions: tuple[Decision, ...]
    steps: tuple[tuple[PlannedAction, Preview], ...]


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """One rule's verdict with its runs."""

    explanation: Explanation
    runs: tuple[ExplainedRun, ...]


@dataclass(frozen=True, slots=True)
class ExplainedEvent:
    """An event and every rule of a set. echo: why no rule is asked at all; empty otherwise.

    ours: fields whose change the bridge made itself, which rules do not see.

    stored: whether the event is in the store; a sample is not.
    """

    event: Event
    link: JSON
    echo: str
    rules_version: str
    met_version: str
    rules: tuple[ExplainedRule, ...]
    ours: tuple[str, ...] = ()


@dataclass(slots=True)
class Explainer:
    """Explains events by the rules it was given.

    database: asked for links and for what was done before; None where there is none.
    made, ask: see `Previewer`.
    """

    configured: Configured
    rules: RuleSet
    clock: Clock
    database: Database | None
    ask: bool = False
    made: Find = nothing_made

    async def explain_stored(self, event_id: str, tenant: str | None = None) -> ExplainedEvent:
        """A stored event, read as its source reads it now. Raises NotFound, also where its
        source is gone."""
        assert self.database is not None
        stored = await self.database.read(lambda tx: get_event(tx, event_id, tenant))
        if stored.source == ASKING:
            event = OwnSource().normalise(stored)
        elif source := self.configured.sources.get((stored.tenant, stored.source)):
            event = source.normalise(stored)
        else:
            raise NotFound(f"its source {stored.source} is no longer configured")
        if stored.state is EventState.ECHO:
            return await self.explain(event, stored.reason or ECHO, stored.rules_version)
        ours = tuple(await self.database.read(lambda tx: ours_of_event(tx, event_id)))
        told = await self.explain(without(event, ours), met=stored.rules_version)
        return replace(told, ours=ours)

    async def explain(self, event: Event, echo: str = "", met: str = "") -> ExplainedEvent:
        """An event, stored or not. met: the version of the rules that it met."""
        now = self.clock()
        link = await self._link_of(event)
        found = explain(event, self.rules, now, link, ESCAPES)
        rules = [await self._rule(event, one, link, now) for one in found]
        return ExplainedEvent(event, link, echo, self.rules.version, met, tuple(rules))

    async def _link_of(self, event: Event) -> JSON:
        if self.database is None:
            return {}
        return await self.database.read(lambda tx: link_seen(tx, event.tenant, event.subject))

    async def _rule(
        self, event: Event, explanation: Explanation, link: JSON, now: int
    ) -> ExplainedRule:
        previewer = Previewer(self.configured, self.made, self.clock, self.ask)
        rule = self.rules.by_name[explanation.rule]
        runs = []
        for run in explanation.runs:
            steps = [
                (action, await previewer.preview(event, rule, run, action, link))
                for action in run.actions
            ]
            decisions = await self._decisions(event, run, now)
            runs.append(ExplainedRun(run, tuple(decisions), tuple(steps)))
        return ExplainedRule(explanation, tuple(runs))

    async def _decisions(self, event: Event, run: PlannedRun, now: int) -> Sequence[Decision]:
        if self.database is None:
            return []

        async def work(tx: Transaction) -> list[Decision]:
            return await foresee(tx, event, run, now)

        return await self.database.read(work)


def explained_json(explained: ExplainedEvent, *, every: bool) -> dict[str, JSON]:
    """The same for other programs. every: also the rules that were not asked."""
    event = explained.event
    return {
        "event": {
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "data": event.data,
        },
        "link": explained.link,
        "echo": explained.echo,
        "ours": list(explained.ours),
        "rules_version": explained.rules_version,
        "met_version": explained.met_version,
        "rules": [
            _rule_json(one)
            for one in explained.rules
            if every or one.explanation.outcome is not Outcome.NOT_ASKED
        ],
    }


def without_secrets(parameters: JSON) -> JSON:
    """Parameters with what looks like a secret masked; a rule's author may have written one."""
    text = json.dumps(parameters, ensure_ascii=False)
    masked = Redactor()(text)
    try:
        found: JSON = parameters if masked == text else json.loads(masked)
    except ValueError:
        return masked
    return found


def _rule_json(rule: ExplainedRule) -> JSON:
    one = rule.explanation
    return {
        "rule": one.rule,
        "place": str(one.place),
        "outcome": one.outcome.value,
        "reason": one.reason,
        "absent": one.absent,
        "parts": {key: _part_json(part) for key, part in one.parts},
        "guards": list(one.guards),
        "runs": [_run_json(run) for run in rule.runs],
    }


def _part_json(part: Explained) -> JSON:
    return {
        "text": part.text,
        "start": part.start,
        "end": part.end,
        "value": part.value,
        "error": part.error,
        "absent": part.absent,
        "inside": [_part_json(inside) for inside in part.inside],
    }


def _run_json(explained: ExplainedRun) -> JSON:
    return {
        "index": explained.run.index,
        "once": explained.run.once,
        "decisions": [one.as_json() for one in explained.decisions],
        "actions": [
            {
                "action": action.name,
                "integration": action.integration,
                "parameters": without_secrets(action.parameters),
                "deferred": list(action.deferred),
                "skip": action.skip,
                "preview": preview.as_json(),
            }
            for action, preview in explained.steps
        ],
    }
