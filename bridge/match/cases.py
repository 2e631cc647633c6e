"""The `tests:` of rule files, checked: recorded deliveries, and what the rules make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.document import Document, did_you_mean
from bridge.errors import Place, Problem
from bridge.event import JSON
from bridge.match.fields import LINK_NAMES
from bridge.match.rule import Rule
from bridge.match.rulefile import Expectation, TestEntry, moment_ms

Entry: TypeAlias = tuple[Document, int, TestEntry]
"""A test as it is written: its file, its place in the list, and itself."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One action that a test expects, with parameters it must have.

    unwanted: it must not be planned; with an empty `action`, nothing of the rule may be.
    """

    rule: str
    action: str
    parameters: Mapping[str, JSON]
    unwanted: bool = False


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One entry of a rule file's `tests`.

    link: what the event's subject is tied to; empty where it is tied to nothing.
    at: when the event arrives, milliseconds UTC; None means at present.
    """

    place: Place
    sample: str
    source: str
    expect: tuple[Wanted, ...]
    link: Mapping[str, JSON] = field(default_factory=dict)
    at: int | None = None


def read_tests(
    entries: Sequence[Entry], rules: Sequence[Rule], problems: list[Problem]
) -> tuple[RuleTest, ...]:
    """The tests of all files. Their rules and actions may stand in any file; mistakes are added."""
    steps = {rule.name: {step.action for step in rule.steps} for rule in rules}
    tests = []
    for document, index, entry in entries:
        path = ("tests", index)
        for number, wanted in enumerate(entry.expect):
            _check_names(document, (*path, "expect", number), wanted, steps, problems)
        for name in entry.link:
            if name not in LINK_NAMES:
                words = f'a link has no "{name}"'
                hint = did_you_mean(name, LINK_NAMES) or f"it has {', '.join(sorted(LINK_NAMES))}"
                problems.append(document.problem((*path, "link", name), words, hint, key=True))
        expect = tuple(Wanted(one.rule, one.action, one.with_, one.not_) for one in entry.expect)
        at = moment_ms(entry.at) if entry.at else None
        place = document.place((*path, "sample"))
        tests.append(RuleTest(place, entry.sample, entry.source, expect, dict(entry.link), at))
    return tuple(tests)


def _check_names(
    document: Document,
    at: tuple[str | int, ...],
    wanted: Expectation,
    steps: Mapping[str, set[str]],
    problems: list[Problem],
) -> None:
    if wanted.rule not in steps:
        words = f'no rule is called "{wanted.rule}"'
        hint = did_you_mean(wanted.rule, steps)
        problems.append(document.problem((*at, "rule"), words, hint))
    elif wanted.action and wanted.action not in steps[wanted.rule]:
        words = f'the rule "{wanted.rule}" has no action "{wanted.action}"'
        hint = did_you_mean(wanted.action, steps[wanted.rule])
        problems.append(document.problem((*at, "action"), words, hint))
