"""Which branches of which rules the tests reach: a rule that no test reaches is only hoped for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.event import JSON
from bridge.match.rule import Rule
from bridge.workbench.rehearsal import HAPPENS_LATER, Judged

Reached = tuple[str, str, str]
"""A rule's name, the part of it, and the case of it."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way that a rule can go.

    part: `when`, `each`, a step's `when` such as `then[1].comment.when`, or `rule` for a rule that
        has no choice. case: `true` or `false`, `empty` or `not empty`, `reached`.
    """

    rule: Rule
    part: str
    case: str
    reached: bool

    @property
    def words(self) -> str:
        """What no test has shown, as one line."""
        if self.part == "rule":
            return "no test reaches it"
        return f"{self.part} is never {self.case}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """All branches of the enabled rules."""

    branches: tuple[Branch, ...]

    @property
    def reached(self) -> int:
        return sum(one.reached for one in self.branches)

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all; a set without rules has nothing left to reach."""
        return 100 * self.reached // len(self.branches) if self.branches else 100

    @property
    def missed(self) -> tuple[Branch, ...]:
        return tuple(one for one in self.branches if not one.reached)

    def as_json(self) -> JSON:
        """The same for other programs."""
        return {
            "branches": len(self.branches),
            "reached": self.reached,
            "percent": self.percent,
            "missed": [
                {
                    "rule": one.rule.name,
                    "place": str(one.rule.place),
                    "part": one.part,
                    "case": one.case,
                }
                for one in self.missed
            ],
        }


def coverage_of(rules: Iterable[Rule], reached: Iterable[Reached]) -> Coverage:
    """The branches of these rules, with those that were reached."""
    known = set(reached)
    return Coverage(
        tuple(
            Branch(rule, part, case, (rule.name, part, case) in known)
            for rule in rules
            if rule.enabled
            for part, case in branches_of(rule)
        )
    )


def branches_of(rule: Rule) -> Iterator[tuple[str, str]]:
    """The ways a rule can go. A step's condition on what earlier steps gave is not among them: no
    test runs those."""
    if rule.when is None and rule.each is None:
        yield "rule", "reached"
    if rule.when is not None:
        yield from (("when", "true"), ("when", "false"))
    if rule.each is not None:
        yield from (("each", "not empty"), ("each", "empty"))
    for step in rule.steps:
        if step.when is not None and not step.when.names & HAPPENS_LATER:
            part = step_part(step.position, step.action)
            yield from ((part, "true"), (part, "false"))


def step_part(position: int, action: str) -> str:
    return f"then[{position}].{action}.when"


def reached_by(judged: Judged) -> Iterator[Reached]:
    """The branches that one event has gone through in one rule."""
    rule, verdict = judged.rule, judged.verdict
    if verdict is None:
        return
    if not verdict.matched:
        if not verdict.error:
            yield rule.name, "when", "false"
        return
    yield rule.name, "rule", "reached"
    yield rule.name, "when", "true"
    if judged.runs:
        yield rule.name, "each", "not empty"
    elif not verdict.error:
        yield rule.name, "each", "empty"
    for run in judged.runs:
        for action in run.actions:
            if not action.condition:
                case = "false" if action.skip else "true"
                yield rule.name, step_part(action.position, action.name), case
