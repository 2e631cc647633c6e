"""Plan: one event meets the rule set; out come the runs to make, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bridge.action import ActionShape, PlannedAction, PlannedRun, Throttle
from bridge.errors import ExpressionFailed, Malformed, Place
from bridge.event import JSON, Event
from bridge.match.clean import clean
from bridge.match.expression import Activation, Expression, activation, compile_expression
from bridge.match.fill import (
    Escapes,
    escape_for,
    mapping,
    path_of,
    plan_action,
    skip_reason,
    value_at,
)
from bridge.match.names import EventNames, event_json, key_text
from bridge.match.rule import LATER, NAMES, Rule
from bridge.match.rules import RuleSet
from bridge.match.template import compile_text, replaced

Stage = Literal["at_once", "in_lane"]

Spare = Callable[[str, str], bool] | None
"""Says of a rule and a value of `once_per` that its run need not be rendered, because it has been
done: of a thousand findings most are found again. Only where nothing is acted on."""

MOST_ELEMENTS = 1_000
"""Of one `each`. Arbitrary; the largest recorded scan has 300 findings. More is an error that is
shown, not a silent cut."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule that could have matched.

    error: an expression gave an error; the runs that it left out are missing.
    reason: in words; empty for a match without trouble.
    absent: the field that was not there, where that decided.
    """

    rule: str
    matched: bool
    error: bool = False
    reason: str = ""
    absent: str = ""
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one event makes happen.

    needs_lane: rules remain that read `link` and are planned when the lane is free.
    """

    runs: tuple[PlannedRun, ...]
    verdicts: tuple[Verdict, ...]
    needs_lane: bool = False


def plan(
    event: Event,
    rules: RuleSet,
    now: int,
    link: JSON,
    escapes: Escapes,
    stage: Stage = "at_once",
    spare: Spare = None,
) -> Plan:
    """The runs of every rule that matches, in the order of the rules.

    Never raises: what goes wrong in an expression is its rule's verdict.
    now: milliseconds UTC. link: what the event's subject is tied to; read at stage `in_lane` only.
    spare: see `Spare`.
    """
    names = EventNames(event, now, link)
    runs: list[PlannedRun] = []
    verdicts: list[Verdict] = []
    needs_lane = False
    for rule in rules.index.bucket(event.source, event.type).candidates(names.values):
        if rule.in_lane is not (stage == "in_lane"):
            needs_lane = needs_lane or rule.in_lane
            continue
        verdicts.append(plan_rule(rule, names, escapes, runs, spare))
    return Plan(tuple(runs), tuple(verdicts), needs_lane)


def plan_rule(
    rule: Rule, names: EventNames, escapes: Escapes, runs: list[PlannedRun], spare: Spare = None
) -> Verdict:
    """What one rule makes of the event; its runs are added to `runs`."""
    try:
        if rule.when is not None and not rule.when.holds(names.for_guard(rule, rule.when)):
            return Verdict(rule.name, False, reason="when is false")
    except ExpressionFailed as error:
        if error.absent:
            return Verdict(rule.name, False, reason=f"when: {error}", absent=error.absent)
        return Verdict(rule.name, False, error=True, reason=f"when: {error}")
    try:
        elements = elements_of(rule, names)
    except ExpressionFailed as error:
        return Verdict(rule.name, True, error=True, reason=f"each: {error}", absent=error.absent)
    made = 0
    trouble: list[tuple[str, str]] = []
    for index, element in enumerate(elements):
        bound = names.for_rule(rule) if rule.each is None else names.for_element(rule, element)
        try:
            runs.append(_run(rule, index, element, bound, escapes, spare))
            made += 1
        except ExpressionFailed as error:
            which = "" if rule.each is None else f"element {index}: "
            trouble.append((f"{which}{error}", error.absent))
    if trouble:
        reason, absent = trouble[0]
        more = f" (and {len(trouble) - 1} more like it)" if len(trouble) > 1 else ""
        return Verdict(rule.name, True, True, reason + more, absent, made)
    reason = "" if made else "each gave an empty list"
    return Verdict(rule.name, True, reason=reason, runs=made)


def elements_of(rule: Rule, names: EventNames) -> list[JSON]:
    """The elements that a rule runs for; one, which is null, without `each`."""
    if rule.each is None:
        return [None]
    elements = rule.each.evaluate(names.for_guard(rule, rule.each))
    if not isinstance(elements, list):
        raise ExpressionFailed(f"{rule.each.text}: must give a list")
    if len(elements) > MOST_ELEMENTS:
        words = f"{len(elements):,} elements; at most {MOST_ELEMENTS:,} runs come from one event"
        raise ExpressionFailed(f"{rule.each.text}: {words}")
    return elements


def render_deferred(
    action: PlannedAction, values: Mapping[str, JSON], shape: ActionShape, escapes: Escapes
) -> PlannedAction:
    """The action with everything rendered that had to wait, at its turn.

    values: see `names_for`. The result has nothing deferred; its `skip` says why it is not to run
    where its condition is not true. Raises ExpressionFailed.
    """
    bound = activation(values)
    if action.condition:
        condition = compile_expression(action.condition, Place("", 1, 1), NAMES)
        skip = skip_reason(condition, bound)
        if skip:
            return replace(action, skip=skip, deferred=(), condition="")
    parameters = action.parameters
    given = parameters if isinstance(parameters, dict) else {}
    for pointer in action.deferred:
        path = path_of(pointer, parameters)
        text = value_at(parameters, path)
        template = compile_text(text if isinstance(text, str) else "", Place("", 1, 1), NAMES)
        name = str(path[0])
        escape = escape_for(name, given, shape.rich, escapes, given.get(name))
        try:
            rendered = template.render(bound, escape)
        except ExpressionFailed as error:
            info = shape.parameters.model_fields.get(name)
            if not (error.absent and len(path) == 1 and info and not info.is_required()):
                raise ExpressionFailed(f"{name}: {error}", error.absent) from error
            if template.leaves[0].only is None:
                raise ExpressionFailed(f"{name}: {error}", error.absent) from error
            parameters = {key: one for key, one in mapping(parameters).items() if key != name}
            continue
        parameters = replaced(parameters, path, rendered)
    return replace(action, parameters=parameters, deferred=(), condition="")


def names_for(
    event: Event,
    *,
    variables: JSON,
    each: JSON,
    now: int,
    link: JSON,
    steps: Mapping[str, JSON],
    group: Sequence[Event] = (),
) -> dict[str, JSON]:
    """Everything an expression may read at an action's turn.

    steps: the outputs of the earlier steps by their ids. group: the events of a grouped run.
    Raises ExpressionFailed when what another system answered cannot be given to expressions.
    """
    try:
        return {
            "event": event_json(event),
            "data": event.data,
            "source": event.source,
            "tenant": event.tenant,
            "vars": variables if variables is not None else {},
            "each": each,
            "link": clean(link),
            "steps": clean(dict(steps)),
            "now": now,
            "group": [event_json(one) for one in group],
        }
    except Malformed as error:
        raise ExpressionFailed(str(error)) from error


def _run(
    rule: Rule, index: int, element: JSON, bound: Activation, escapes: Escapes, spare: Spare
) -> PlannedRun:
    once = None if rule.once_per is None else _key("once_per", rule.once_per, bound)
    if spare is not None and once is not None and spare(rule.name, once):
        return PlannedRun(rule.name, index, element, once, None, rule.on_failure, _bare(rule))
    throttle = None
    if rule.throttle is not None:
        given = rule.throttle
        by = "" if given.by is None else _key("throttle.by", given.by, bound)
        throttle = Throttle(given.at_most, given.per_ms, by, given.over)
    actions = tuple(plan_action(step, bound, escapes) for step in rule.steps)
    later = any(action.deferred or action.condition for action in actions)
    return PlannedRun(
        rule.name, index, element, once, throttle, rule.on_failure, actions,
        rule.variables if later and _reads_vars_later(rule) else None,
    )  # fmt: skip


def _bare(rule: Rule) -> tuple[PlannedAction, ...]:
    return tuple(
        PlannedAction(step.position, step.action, step.id, step.integration, {})
        for step in rule.steps
    )


def _key(name: str, expression: Expression, bound: Activation) -> str:
    try:
        return key_text(expression.evaluate(bound))
    except ExpressionFailed as error:
        raise ExpressionFailed(f"{name}: {error}", error.absent) from error


def _reads_vars_later(rule: Rule) -> bool:
    for step in rule.steps:
        if step.when is not None and {"vars"} <= step.when.names and step.when.names & LATER:
            return True
        for template in step.parameters.values():
            if any("vars" in leaf.names and leaf.names & LATER for leaf in template.leaves):
                return True
    return False
