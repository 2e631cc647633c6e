"""One event judged by every rule of a set, as if nothing had happened before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.action import ActionShape, PlannedAction, PlannedRun
from bridge.errors import ExpressionFailed, Place
from bridge.event import JSON, Event
from bridge.match.explain import not_asked
from bridge.match.expression import compile_expression
from bridge.match.fill import path_of, value_at
from bridge.match.names import EventNames
from bridge.match.plan import Verdict, names_for, plan_rule, render_deferred
from bridge.match.rule import NAMES, Rule
from bridge.match.rules import RuleSet
from bridge.match.template import compile_text
from bridge.text.escape import ESCAPES

HAPPENS_LATER = frozenset(("steps", "group"))
"""What only running the earlier steps, or waiting for a group to close, would tell."""

NOWHERE = Place("", 1, 1)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one rule.

    why_not: why it was not asked; empty where it was, and then there is a verdict.
    runs: with everything rendered that does not depend on what earlier steps give.
    """

    rule: Rule
    why_not: str
    verdict: Verdict | None
    runs: tuple[PlannedRun, ...]

    @property
    def actions(self) -> list[PlannedAction]:
        """What it plans; without the steps that are skipped."""
        return [action for run in self.runs for action in run.actions if not action.skip]


def rehearse(
    event: Event,
    rules: RuleSet,
    shapes: Mapping[str, ActionShape],
    now: int,
    link: Mapping[str, JSON],
) -> Sequence[Judged]:
    """Every rule of the set in its order. link: what the event's subject is tied to.

    Raises ExpressionFailed where a step reads of the link what it does not have.
    """
    names = EventNames(event, now, dict(link))
    judged = []
    for rule in rules.rules:
        why_not = not_asked(rule, event)
        runs: list[PlannedRun] = []
        verdict = None if why_not else plan_rule(rule, names, ESCAPES, runs)
        if link:
            runs = [_tied(run, rule, event, shapes, now, link) for run in runs]
        judged.append(Judged(rule, why_not, verdict, tuple(runs)))
    return judged


def _tied(
    run: PlannedRun,
    rule: Rule,
    event: Event,
    shapes: Mapping[str, ActionShape],
    now: int,
    link: Mapping[str, JSON],
) -> PlannedRun:
    """The run with everything rendered that reads the link alone."""
    values = names_for(
        event, variables=rule.variables, each=run.each, now=now, link=dict(link), steps={}
    )
    actions = tuple(
        _filled(action, values, shapes[action.name]) if action.name in shapes else action
        for action in run.actions  # what is in no table has nothing to fill in: `sync`
    )
    return replace(run, actions=actions)


def _filled(action: PlannedAction, values: Mapping[str, JSON], shape: ActionShape) -> PlannedAction:
    known = tuple(one for one in action.deferred if not reads_later(action, one))
    later = tuple(one for one in action.deferred if one not in known)
    waits = condition_waits(action)
    condition = "" if waits else action.condition
    try:
        filled = render_deferred(
            replace(action, deferred=known, condition=condition), values, shape, ESCAPES
        )
    except ExpressionFailed as error:
        raise ExpressionFailed(f"{action.name}: {error}", error.absent) from error
    if filled.skip:
        return filled
    return replace(filled, deferred=later, condition=action.condition if waits else "")


def reads_later(action: PlannedAction, pointer: str) -> bool:
    """Whether what stands at a deferred pointer depends on what the earlier steps give."""
    text = value_at(action.parameters, path_of(pointer, action.parameters))
    template = compile_text(text if isinstance(text, str) else "", NOWHERE, NAMES)
    return any(leaf.names & HAPPENS_LATER for leaf in template.leaves)


def condition_waits(action: PlannedAction) -> bool:
    """Whether the action's `when` depends on what the earlier steps give."""
    if not action.condition:
        return False
    return bool(compile_expression(action.condition, NOWHERE, NAMES).names & HAPPENS_LATER)
