"""Explains, for every rule, why it matched an event or did not: off the hot path."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridge.action import PlannedRun
from bridge.errors import ExpressionFailed, Place
from bridge.event import JSON, Event
from bridge.match.expression import Activation, Expression, PartExpression, compile_expression
from bridge.match.fill import Escapes
from bridge.match.names import EventNames
from bridge.match.plan import Verdict, elements_of, plan_rule
from bridge.match.rule import NAMES, Rule, fits
from bridge.match.rules import RuleSet


class Outcome(StrEnum):
    """What became of a rule."""

    MATCHED = "matched"
    NO_MATCH = "no match"
    ERROR = "error"
    """An expression gave an error; the reason says which."""
    NOT_ASKED = "not asked"
    """The rule is for other types or sources, or it is disabled."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One sub-expression: where it stands in its expression, and what it gave.

    absent: the field that was not there. error: in words; then `value` means nothing.
    """

    text: str
    start: int
    end: int
    value: JSON
    error: str
    absent: str
    inside: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule and one event.

    place: where the rule stands. reason: in words.
    parts: the rule's expressions by key (`when`, `each`, `once_per`, `throttle.by`), as far as
        they were reached; `once_per` and `throttle.by` for the first element.
    guards: what may still hold a run back, in words.
    """

    rule: str
    place: Place
    outcome: Outcome
    reason: str
    absent: str
    parts: tuple[tuple[str, Explained], ...]
    guards: tuple[str, ...]
    runs: tuple[PlannedRun, ...]


def explain(
    event: Event, rules: RuleSet, now: int, link: JSON, escapes: Escapes | None = None
) -> tuple[Explanation, ...]:
    """Every rule of the set in its order, with the value of each sub-expression.

    escapes: how text from the event is escaped in the runs shown; none by default.
    """
    names = EventNames(event, now, link)
    return tuple(_explain_rule(rule, event, names, escapes or {}) for rule in rules.rules)


def _explain_rule(rule: Rule, event: Event, names: EventNames, escapes: Escapes) -> Explanation:
    why_not = not_asked(rule, event)
    if why_not:
        return Explanation(rule.name, rule.place, Outcome.NOT_ASKED, why_not, "", (), (), ())
    runs: list[PlannedRun] = []
    verdict = plan_rule(rule, names, escapes, runs)
    return Explanation(
        rule.name,
        rule.place,
        _outcome(verdict),
        verdict.reason,
        verdict.absent,
        tuple(_parts(rule, names, verdict)),
        tuple(_guards(rule, runs)),
        tuple(runs),
    )


def not_asked(rule: Rule, event: Event) -> str:
    """Why a rule has nothing to say to an event; empty where it is asked."""
    if not rule.enabled:
        return "the rule is disabled"
    if not fits(rule.on, event.type):
        return f"on {', '.join(rule.on)} does not mean {event.type}"
    if rule.source and not fits(rule.source, event.source):
        return f"source {', '.join(rule.source)} does not mean {event.source}"
    return ""


def _outcome(verdict: Verdict) -> Outcome:
    if verdict.error:
        return Outcome.ERROR
    return Outcome.MATCHED if verdict.matched else Outcome.NO_MATCH


def _parts(rule: Rule, names: EventNames, verdict: Verdict) -> list[tuple[str, Explained]]:
    found: list[tuple[str, Explained]] = []
    bound = names.for_rule(rule)
    if rule.when is not None:
        found.append(("when", explain_expression(rule.when, bound)))
    if not verdict.matched:
        return found
    if rule.each is not None:
        found.append(("each", explain_expression(rule.each, bound)))
        try:
            elements = elements_of(rule, names)
        except ExpressionFailed:
            return found
        if not elements:
            return found
        bound = names.for_element(rule, elements[0])
    if rule.once_per is not None:
        found.append(("once_per", explain_expression(rule.once_per, bound)))
    if rule.throttle is not None and rule.throttle.by is not None:
        found.append(("throttle.by", explain_expression(rule.throttle.by, bound)))
    return found


def explain_expression(expression: Expression, bound: Activation) -> Explained:
    """The value of an expression and of everything in it that has a value of its own."""
    return _explained(expression.parts(), bound)


def _explained(part: PartExpression, bound: Activation) -> Explained:
    inside = tuple(_explained(one, bound) for one in part.inside)
    text = part.expression.text
    try:
        value = _with_value(part.expression).evaluate(bound)
    except ExpressionFailed as error:
        words = str(error).removeprefix(f"{text}: ")
        return Explained(text, part.start, part.end, None, words, error.absent, inside)
    return Explained(text, part.start, part.end, value, "", "", inside)


def _with_value(expression: Expression) -> Expression:
    """An optional inside an expression shows what it holds, null where it holds nothing."""
    if not expression.gives.startswith("optional_type"):
        return expression
    return compile_expression(f"({expression.text}).orValue(null)", expression.place, NAMES)


def _guards(rule: Rule, runs: list[PlannedRun]) -> list[str]:
    """What may hold the runs back that is not in the event: what happened before."""
    found = []
    if rule.in_lane:
        found.append("judged again when its lane is free, because it reads `link`")
    for run in runs:
        if run.once is not None:
            found.append(f"once_per: runs only if {run.once!r} was not done by this rule before")
        if run.throttle is not None:
            of = f" of {run.throttle.by!r}" if run.throttle.by else ""
            over = {"wait": "wait", "group": "are grouped", "drop": "are skipped"}
            found.append(
                f"throttle: at most {run.throttle.at_most} runs{of} in"
                f" {_window(run.throttle.per_ms)}; others {over[run.throttle.over]}"
            )
    return list(dict.fromkeys(found))


def _window(milliseconds: int) -> str:
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        if milliseconds % length == 0:
            return f"{milliseconds // length}{unit}"
    return f"{milliseconds // 1000}s"
