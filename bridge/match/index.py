"""Finds the rules that an event can match, without asking the others.

By source and type first; what is left by the constant equality tests in the conditions, such as
`data.target == "www.example.com"`. A rule is left out only where its condition cannot be true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.event import JSON
from bridge.match.rule import Rule, fits, is_glob
from bridge.match.syntax import Literal, Steps, literal_of

MOST_BUCKETS = 1_000
"""Pairs of source and type kept ready. A sender that makes types up starts the cache anew."""
_FIXED = frozenset(("event", "data", "source", "tenant"))


@dataclass(slots=True)
class Bucket:
    """The rules for one source and type: those with a test, by path and value, and the others."""

    always: list[Rule] = field(default_factory=list)
    by_test: dict[Steps, dict[Literal, list[Rule]]] = field(default_factory=dict)

    def candidates(self, values: Mapping[str, JSON]) -> list[Rule]:
        """The rules whose test the values pass, and those without one, in their order."""
        found: list[Rule] = []
        for steps, rules in self.by_test.items():
            literal = literal_of(_value_at(values, steps))
            if literal is not None:
                found += rules.get(literal, ())
        if not found:
            return self.always
        found += self.always
        found.sort(key=_position)
        return found


class Index:
    """All enabled rules of a set."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_type: dict[str, list[Rule]] = {}
        self._by_glob: list[Rule] = []
        self._buckets: dict[tuple[str, str], Bucket] = {}
        for rule in rules:
            if not rule.enabled:
                continue
            if any(is_glob(pattern) for pattern in rule.on):
                self._by_glob.append(rule)
            else:
                for kind in set(rule.on):
                    self._by_type.setdefault(kind, []).append(rule)

    def bucket(self, source: str, kind: str) -> Bucket:
        """The rules for a source and a type; put together once and kept."""
        found = self._buckets.get((source, kind))
        if found is None:
            if len(self._buckets) >= MOST_BUCKETS:
                self._buckets.clear()
            found = self._buckets[source, kind] = _sorted_in(self._taking(source, kind))
        return found

    def _taking(self, source: str, kind: str) -> list[Rule]:
        globs = [rule for rule in self._by_glob if fits(rule.on, kind)]
        rules = [*self._by_type.get(kind, ()), *globs]
        return [rule for rule in rules if not rule.source or fits(rule.source, source)]


def _sorted_in(rules: list[Rule]) -> Bucket:
    bucket = Bucket()
    tests = {rule.position: _tests(rule) for rule in rules}
    values: dict[Steps, set[Literal]] = {}
    for found in tests.values():
        for steps, literals in found.items():
            values.setdefault(steps, set()).update(literals)
    for rule in sorted(rules, key=_position):
        found = tests[rule.position]
        if not found:
            bucket.always.append(rule)
            continue
        # The path with most values tells the rules apart best.
        steps = max(found, key=lambda one: (len(values[one]), one))
        rules_by_value = bucket.by_test.setdefault(steps, {})
        for literal in found[steps]:
            rules_by_value.setdefault(literal, []).append(rule)
    return bucket


def _tests(rule: Rule) -> dict[Steps, frozenset[Literal]]:
    if rule.when is None:
        return {}
    tests: dict[Steps, frozenset[Literal]] = {}
    for steps, literals in rule.when.tests:
        if steps[0] in _FIXED:
            tests[steps] = tests[steps] & literals if steps in tests else literals
    return tests


def _position(rule: Rule) -> int:
    return rule.position


def _value_at(values: Mapping[str, JSON], steps: Steps) -> JSON:
    value: Any = values
    for step in steps:
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value  # type: ignore[no-any-return]
