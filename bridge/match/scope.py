"""Compiles the expressions of one rule file and checks what each of them reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.document import Document, did_you_mean
from bridge.errors import Invalid, Problem
from bridge.event import JSON
from bridge.match.expression import Expression, compile_expression
from bridge.match.fields import (
    EVENT,
    LINK,
    TRUTH,
    Fields,
    Vocabulary,
    field_at,
    in_all,
    unknown_step,
)
from bridge.match.rule import NAMES, fits
from bridge.match.syntax import FieldPath, Steps
from bridge.match.template import Path, Template, compile_template

GUARD_NAMES = frozenset(("event", "data", "source", "tenant", "vars", "link", "now"))
"""What the conditions of a rule may read: what is known before any of its actions has run."""

_ELSEWHERE = {
    "each": "`each` is known only in a rule that has `each`, in once_per, throttle.by and then",
    "steps": "`steps` is known only inside `then`",
    "group": "`group` is known only inside `then` of a rule whose throttle has `over: group`",
}


@dataclass(slots=True)
class Scope:
    """What the expressions of one rule may read, and the problems found so far.

    kinds: the `data` fields of every event type the rule is for; empty where they are not known.
    each: where the elements of `each` come from, as a path, where that is one.
    steps: the outputs of the steps before the present one.
    known_good: what was checked before, in this rule or another; rules are often much alike.
    """

    document: Document
    variables: Mapping[str, JSON]
    kinds: list[Fields]
    problems: list[Problem]
    each: Steps | None = None
    steps: dict[str, frozenset[str]] = field(default_factory=dict)
    known_good: set[object] = field(default_factory=set)

    def compile(self, text: str, path: Path, names: Iterable[str]) -> Expression | None:
        """The expression at this path, or None with the problems noted."""
        try:
            found = compile_expression(
                text,
                self.document.place(path),
                NAMES,
                lambda offset: self.document.place_inside(path, offset),
            )
        except Invalid as error:
            self.problems += [_named(problem, self.document, path) for problem in error.problems]
            return None
        self.check(found, text, path, frozenset(names))
        return found

    def condition(self, text: str, path: Path, names: Iterable[str]) -> Expression | None:
        """As compile; refused where it can be neither true nor false."""
        found = self.compile(text, path, names)
        if found is not None and found.gives not in ("BOOL", "DYN"):
            words = f"this gives {found.gives.lower()}; a condition must give true or false"
            self.problems.append(self.document.problem(path, words))
        elif found is not None and self._is_no_truth(found):
            words = f"{found.text} is neither true nor false; a condition must give one of them"
            hint = f"compare it, or ask has({found.text})"
            self.problems.append(self.document.problem(path, words, hint))
        return found

    def _is_no_truth(self, found: Expression) -> bool:
        """Whether it is one field, and one that is known to hold something else."""
        steps = self._plain_steps(found)
        if len(steps) < 2:
            return False
        name, *below = steps
        if name == "vars":
            value = self.variables.get(below[0])
            return len(below) == 1 and below[0] in self.variables and not isinstance(value, bool)
        known = {"data": self.kinds, "event": [EVENT], "link": [LINK]}.get(name, [])
        found_fields = [field_at(fields, below) for fields in known]
        return bool(found_fields) and all(one not in (None, TRUTH) for one in found_fields)

    def _plain_steps(self, found: Expression) -> list[str]:
        """The steps of an expression that is one field; of `each` those of where it comes from."""
        plain = found.reading.plain or ()
        steps = ["*" if isinstance(step, int) else step for step in plain]
        if steps[:1] == ["each"] and self.each is not None:
            return [*self.each, "*", *steps[1:]]
        return steps

    def template(self, value: JSON, path: Path, names: frozenset[str]) -> Template:
        """The templates in the value at this path, their mistakes noted."""
        template = compile_template(value, self.document, path, NAMES, self.problems)
        for leaf in template.leaves:
            at = (*path, *leaf.path)
            written = self.document.value_at(at)
            for part in leaf.parts:
                if isinstance(part, Expression):
                    self.check(part, written if isinstance(written, str) else "", at, names)
        return template

    def check(self, found: Expression, written: str, path: Path, names: frozenset[str]) -> None:
        """Every name has to be known here, and every field to exist."""
        same = None
        if not found.names & {"vars", "steps"}:
            same = (found.text, names, id(self.kinds), self.each if "each" in found.names else None)
            if same in self.known_good:
                return
        before = len(self.problems)
        self._check_paths(found, written, path, names)
        if same is not None and len(self.problems) == before:
            self.known_good.add(same)

    def _check_paths(
        self, found: Expression, written: str, path: Path, names: frozenset[str]
    ) -> None:
        for read in found.paths:
            wrong = self._wrong(read, names)
            if wrong is None:
                continue
            words, hint = wrong
            start = max(written.find(found.text), 0)
            place = self.document.place_inside(path, start + read.offset)
            name = self.document.problem(path, "").field
            problem = Problem(place, words, name, hint)
            if problem not in self.problems:
                self.problems.append(problem)

    def type_of(self, found: Expression) -> str:
        """The type of its value, as the engine names it: from the expression, else from the
        vocabulary, where it is one field; DYN where neither tells."""
        plain = found.reading.plain
        if found.gives != "DYN" or plain is None:
            return found.gives
        steps = self._plain_steps(found)
        if steps[0] != "data" or not self.kinds:
            return "DYN"
        known = [field_at(fields, steps[1:]) for fields in self.kinds]
        if all(isinstance(fields, Mapping) for fields in known):
            return "MAP"
        if all(isinstance(fields, list) for fields in known):
            return "LIST"
        return "DYN"

    def _wrong(self, read: FieldPath, names: frozenset[str]) -> tuple[str, str] | None:
        name, *below = read.steps[: max(read.checked, 1)]
        if name not in names:
            return _ELSEWHERE.get(name, f"`{name}` is not known here"), ""
        wrong = self._unknown(name, below)
        if wrong is None:
            return None
        index, words, hint = wrong
        return f"{FieldPath(read.steps[: index + 2], 0, 0)}: {words}", hint

    def _unknown(self, name: str, below: list[str]) -> tuple[int, str, str] | None:
        """The first unknown step below a name; its index counts from there."""
        if name == "data":
            return in_all(self.kinds, below)
        if name == "event":
            if below[:1] == ["data"]:
                return _moved(in_all(self.kinds, below[1:]), 1)
            return unknown_step(EVENT, below)
        if name == "each" and self.each is not None:
            base, *rest = self.each
            return _moved(self._unknown(base, [*rest, "*", *below]), -len(rest) - 1)
        if name == "link":
            return unknown_step(LINK, below)
        if name in ("vars", "steps") and below:
            return self._unknown_word(name, below)
        return None

    def _unknown_word(self, name: str, below: list[str]) -> tuple[int, str, str] | None:
        if name == "vars":
            if below[0] in self.variables or below[0] == "*":
                return None
            return (
                0,
                f'this file has no variable "{below[0]}"',
                did_you_mean(below[0], self.variables),
            )
        if below[0] not in self.steps:
            hint = did_you_mean(below[0], self.steps) or "give the step above an `id`"
            return 0, f'no earlier step has the id "{below[0]}"', hint
        outputs = self.steps[below[0]]
        if len(below) > 1 and below[1] not in outputs and below[1] != "*":
            known = ", ".join(sorted(outputs)) or "nothing"
            hint = did_you_mean(below[1], outputs) or f"it gives {known}"
            return 1, f'the step "{below[0]}" gives no "{below[1]}"', hint
        return None


def kinds_for(patterns: tuple[str, ...], vocabulary: Vocabulary) -> list[Fields]:
    """The fields of every type that the patterns mean; empty where one may be a sender's own."""
    if any(not any(fits((pattern,), kind) for kind in vocabulary) for pattern in patterns):
        return []
    return [fields for kind, fields in vocabulary.items() if fits(patterns, kind)]


def _moved(wrong: tuple[int, str, str] | None, by: int) -> tuple[int, str, str] | None:
    return None if wrong is None else (max(wrong[0] + by, -1), wrong[1], wrong[2])


def _named(problem: Problem, document: Document, path: Path) -> Problem:
    return Problem(problem.place, problem.message, document.problem(path, "").field, problem.hint)
