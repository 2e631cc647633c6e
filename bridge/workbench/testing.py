"""Runs the `tests:` of rule files: what was planned, held against what was expected."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.action import ActionShape, PlannedAction
from bridge.configured import Configured
from bridge.connectors.catalogue import action_shapes
from bridge.errors import BridgeError
from bridge.event import JSON
from bridge.match.cases import RuleTest, Wanted
from bridge.match.rules import RuleSet
from bridge.rehearse import events_of_sample, find_sample, source_for
from bridge.sources.sample import load_sample
from bridge.workbench.coverage import Coverage, Reached, coverage_of, reached_by
from bridge.workbench.rehearsal import Judged, rehearse

ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Difference:
    """A parameter that is not as expected. planned: None with `absent` where there is none."""

    parameter: str
    expected: JSON
    planned: JSON
    absent: bool = False

    def lines(self) -> list[str]:
        planned = ABSENT if self.absent else _json(self.planned)
        expected = _json(self.expected)
        lines = [f"  {self.parameter}", f"    expected {expected}", f"    planned  {planned}"]
        if isinstance(self.expected, str) and isinstance(self.planned, str):
            lines.append(f"             {' ' * _first_difference(expected, planned)}^")
        return lines


@dataclass(frozen=True, slots=True)
class Miss:
    """One expectation that did not come true. words: one line that says it all but the values."""

    words: str
    differences: tuple[Difference, ...] = ()

    def lines(self) -> list[str]:
        return [self.words, *(line for one in self.differences for line in one.lines())]


@dataclass(frozen=True, slots=True)
class Tested:
    """What one test came to. misses: empty when all was as expected."""

    test: RuleTest
    misses: tuple[Miss, ...]
    reached: frozenset[Reached]
    duration_seconds: float

    @property
    def ok(self) -> bool:
        return not self.misses

    def as_json(self) -> JSON:
        """The same for other programs."""
        return {
            "sample": self.test.sample,
            "place": str(self.test.place),
            "ok": self.ok,
            "missing": [miss.words for miss in self.misses],
            "differences": [
                {
                    "parameter": one.parameter,
                    "expected": one.expected,
                    "planned": one.planned,
                    "absent": one.absent,
                }
                for miss in self.misses
                for one in miss.differences
            ],
        }


@dataclass(frozen=True, slots=True)
class TestRun:
    """All tests of a rule set, and what they reach of it."""

    __test__ = False
    tested: tuple[Tested, ...]
    coverage: Coverage

    @property
    def failed(self) -> int:
        return sum(not one.ok for one in self.tested)

    def as_json(self) -> JSON:
        """The same for other programs."""
        tests: list[JSON] = [one.as_json() for one in self.tested]
        return {"tests": tests, "failed": self.failed, "coverage": self.coverage.as_json()}


def run_tests(configured: Configured, rules: RuleSet, folder: Path, now: int) -> TestRun:
    """Runs every test of the set. folder: where the paths of samples begin, if they are there."""
    shapes = action_shapes()
    tested = tuple(run_test(one, configured, rules, shapes, folder, now) for one in rules.tests)
    reached = {branch for one in tested for branch in one.reached}
    return TestRun(tested, coverage_of(rules.rules, reached))


def run_test(
    test: RuleTest,
    configured: Configured,
    rules: RuleSet,
    shapes: Mapping[str, ActionShape],
    folder: Path,
    now: int,
) -> Tested:
    """Reads the test's sample, lets every rule judge it, and compares."""
    started = time.perf_counter()
    now = now if test.at is None else test.at
    judged: list[Judged] = []
    try:
        sample = load_sample(find_sample(test, folder))
        for event in events_of_sample(sample, source_for(configured, sample, test.source), now):
            judged += rehearse(event, rules, shapes, now, test.link)
        misses = [*_errors(judged), *_missing(test, judged)]
    except BridgeError as error:
        misses = [Miss(str(error))]
    reached = frozenset(branch for one in judged for branch in reached_by(one))
    return Tested(test, tuple(misses), reached, time.perf_counter() - started)


def _errors(judged: Sequence[Judged]) -> list[Miss]:
    """An expression's error is never what was expected, whatever else was planned."""
    return [
        Miss(f"{one.rule.name} gave an error: {one.verdict.reason}")
        for one in judged
        if one.verdict is not None and one.verdict.error
    ]


def _missing(test: RuleTest, judged: Sequence[Judged]) -> list[Miss]:
    """What was expected and is not so; with nothing expected, what this file planned."""
    if not test.expect:
        here = [one for one in judged if one.rule.place.file == test.place.file]
        return [
            Miss(f"nothing was expected, but {one.rule.name} planned {action.name}")
            for one in here
            for action in one.actions
        ]
    left = [(one.rule.name, action) for one in judged for action in one.actions]
    misses = [miss for wanted in test.expect if wanted.unwanted for miss in _unwanted(wanted, left)]
    # The most particular first, or a bare expectation could take what only that one fits.
    for wanted in sorted(test.expect, key=lambda one: -len(one.parameters)):
        if wanted.unwanted:
            continue
        found = next((one for one in left if _fits(wanted, *one)), None)
        if found is not None:
            left.remove(found)
        else:
            misses.append(_miss(wanted, left, judged))
    return misses


def _unwanted(wanted: Wanted, planned: Sequence[tuple[str, PlannedAction]]) -> list[Miss]:
    return [
        Miss(f"{rule} planned {action.name}, which it must not")
        for rule, action in planned
        if rule == wanted.rule
        and wanted.action in ("", action.name)
        and not _differences(wanted, action)
    ]


def _fits(wanted: Wanted, rule: str, action: PlannedAction) -> bool:
    same = (rule, action.name) == (wanted.rule, wanted.action)
    return same and not _differences(wanted, action)


def _differences(wanted: Wanted, action: PlannedAction) -> tuple[Difference, ...]:
    """The wanted parameters that have another value; `1` is not `true` and not `"1"`."""
    given = action.parameters if isinstance(action.parameters, dict) else {}
    return tuple(
        Difference(name, value, given.get(name), name not in given)
        for name, value in wanted.parameters.items()
        if name not in given or type(given[name]) is not type(value) or given[name] != value
    )


def _miss(
    wanted: Wanted, left: Sequence[tuple[str, PlannedAction]], judged: Sequence[Judged]
) -> Miss:
    """What was expected, and what that rule planned instead, or why it planned nothing."""
    what = f"expected {wanted.action} of {wanted.rule}"
    near = [
        _differences(wanted, action)
        for rule, action in left
        if (rule, action.name) == (wanted.rule, wanted.action)
    ]
    if near:
        return Miss(f"{what}; it was planned otherwise", min(near, key=len))
    why = "; ".join(dict.fromkeys(_why_not(wanted, one) for one in judged if _of(wanted, one)))
    return Miss(f"{what}; it was not planned: {why}")


def _of(wanted: Wanted, judged: Judged) -> bool:
    return judged.rule.name == wanted.rule


def _why_not(wanted: Wanted, judged: Judged) -> str:
    if judged.verdict is None:
        return judged.why_not
    if not judged.runs:
        return judged.verdict.reason or "nothing came of it"
    skipped = (
        action.skip
        for run in judged.runs
        for action in run.actions
        if action.name == wanted.action and action.skip
    )
    return next(skipped, "all that it planned was expected by another line")


def _json(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False)


def _first_difference(one: str, other: str) -> int:
    """Where two texts part."""
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))
