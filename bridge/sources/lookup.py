"""Expressions of a preset, made ready to be evaluated many times.

Every expression is compiled as CEL, so a mistake is found at load. What is only a path, or texts
and paths joined by `+`, is then walked in Python: a key costs a microsecond that way, and thirty
where the engine first has to be given the whole body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, cast

from bridge.document import Document
from bridge.errors import ExpressionFailed, Invalid
from bridge.event import JSON
from bridge.match.expression import Activation, Expression, activation, compile_expression

NAMES: Final = frozenset({"body", "headers", "item", "raw"})
Path: TypeAlias = tuple[str | int, ...]


class Absent:
    """The one value of this class stands for "not there", which null does not."""


ABSENT: Final = Absent()
Walk: TypeAlias = Callable[[Mapping[str, JSON]], "JSON | Absent"]

_PATH = r'(?:body|headers|item)(?:\.[A-Za-z_][A-Za-z0-9_]*|\["[^"\\]*"\])*'
_TERM = rf'"[^"\\]*"|string\({_PATH}\)|{_PATH}'
_JOIN = re.compile(rf"(?:{_TERM})(?:\s*\+\s*(?:{_TERM}))*")
_EACH_TERM = re.compile(_TERM)
_STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_]*)|\["([^"\\]*)"\]')


class Scope:
    """The values that the expressions of one event read; given to the engine only when needed.

    What the engine sees has no nulls: to an expression they are not there, so that `has`, `.?` and
    `orValue` say the same whether a sender leaves a field out or empties it, and no element of a
    list is nothing. `raw` is the body with its nulls, for the rare sender to whom one of them says
    something.

    whole: the scope of the whole body where this is one event of several, to share its work.
    nulls: false where it is known that there are none, which spares looking for them.
    """

    __slots__ = ("_activation", "_bare", "_nulls", "_raw", "_whole", "values")

    def __init__(
        self,
        body: JSON,
        headers: Mapping[str, str],
        item: JSON,
        whole: Scope | None = None,
        *,
        nulls: bool = True,
    ) -> None:
        named = cast("JSON", headers)
        self.values: dict[str, JSON] = {"body": body, "headers": named, "item": item}
        self._whole = whole
        self._nulls = nulls
        self._bare: JSON | Absent = ABSENT
        self._activation: Activation | None = None
        self._raw: Activation | None = None

    def activation(self) -> Activation:
        if self._activation is None:
            body, item = self.values["body"], self.values["item"]
            bare = self._whole.bare_body() if self._whole is not None else self.bare_body()
            values = {**self.values, "body": bare}
            if self._nulls:
                values["item"] = bare if item is body else without_nulls(item)
            self._activation = activation(values)
        return self._activation

    def raw_activation(self) -> Activation:
        if self._raw is None:
            self._raw = activation({**self.activation().values, "raw": self.values["body"]})
        return self._raw

    def bare_body(self) -> JSON:
        if isinstance(self._bare, Absent):
            body = self.values["body"]
            self._bare = without_nulls(body) if self._nulls else body
        return self._bare


def without_nulls(value: JSON) -> JSON:
    """The value without nulls, be they members of objects or in lists, at any depth.

    The original stays.
    """
    if isinstance(value, dict):
        return {
            name: without_nulls(one) if type(one) in _NESTS else one
            for name, one in value.items()
            if one is not None
        }
    if isinstance(value, list):
        return [
            without_nulls(one) if type(one) in _NESTS else one for one in value if one is not None
        ]
    return value


_NESTS = (dict, list)


class Reading:
    """One compiled expression."""

    __slots__ = ("_expression", "_reads_raw", "_walk", "plain", "reads_item", "text")

    def __init__(self, text: str, expression: Expression) -> None:
        self.text = text
        self._expression = expression
        self._walk = plain_walk(text)
        self.plain = plain_text(text)
        self.reads_item = "item" in expression.names
        self._reads_raw = "raw" in expression.names

    def value(self, scope: Scope) -> JSON | Absent:
        """What the expression gives. A path through null gives null.

        Raises ExpressionFailed for an error that is more than an absent field.
        """
        if self._walk is not None:
            return self._walk(scope.values)
        joined = self.plain(scope.values) if self.plain is not None else None
        if joined:  # the engine would first be given the whole body
            return joined
        try:
            read = scope.raw_activation() if self._reads_raw else scope.activation()
            return self._expression.evaluate(read)
        except ExpressionFailed as error:
            if error.absent:
                return ABSENT
            raise

    def words(self, scope: Scope) -> str:
        """What the expression gives as text; empty when it gives none, or an error."""
        if self.plain is not None:
            joined = self.plain(scope.values)
            if joined is not None:
                return joined
        try:
            return as_text(self.value(scope))
        except ExpressionFailed:
            return ""


class Lookup:
    """Several expressions, of which the first that gives a text counts."""

    __slots__ = ("readings",)

    def __init__(self, readings: Sequence[Reading]) -> None:
        self.readings = tuple(readings)

    def find(self, scope: Scope) -> tuple[str, bool]:
        """The text, and whether it is the item's own rather than the whole body's."""
        for reading in self.readings:
            found = reading.plain(scope.values) if reading.plain is not None else None
            if found is None:
                found = reading.words(scope)
            if found:
                return found, reading.reads_item
        return "", False

    def text(self, scope: Scope) -> str:
        for reading in self.readings:
            found = reading.plain(scope.values) if reading.plain is not None else None
            if found is None:
                found = reading.words(scope)
            if found:
                return found
        return ""


def compile_reading(text: str, document: Document, path: Path) -> Reading:
    """Raises Invalid, with the place in the preset file."""
    if not text.strip():
        raise Invalid([document.problem(path, "an expression is missing")])
    try:
        compiled = compile_expression(
            text, document.place(path), NAMES, lambda offset: document.place_inside(path, offset)
        )
        return Reading(text, compiled)
    except Invalid as error:
        name = document.problem(path, "").field
        raise Invalid([replace(problem, field=name) for problem in error.problems]) from error


def compile_lookup(texts: Sequence[str], document: Document, path: Path) -> Lookup:
    """Raises Invalid, with the place in the preset file."""
    several = isinstance(document.value_at(path), list)
    return Lookup(
        [
            compile_reading(text, document, (*path, index) if several else path)
            for index, text in enumerate(texts)
        ]
    )


def as_text(value: JSON | Absent) -> str:
    """A text or a number as text; empty for everything that names nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(int(value)) if value == int(value) else str(value)


def plain_walk(text: str) -> Walk | None:
    """A function that walks a plain path such as `body.a["b"]`; None when the text is no path."""
    if not re.fullmatch(_PATH, text):
        return None
    root, *steps = _steps(text)
    if len(steps) == 1:
        return _one_step(root, steps[0])

    def walk(values: Mapping[str, JSON]) -> JSON | Absent:
        value = values[root]
        for step in steps:
            if not isinstance(value, dict):
                return None if value is None else ABSENT
            if step not in value:
                return ABSENT
            value = value[step]
        return value

    return walk


def _one_step(root: str, step: str) -> Walk:
    """The same for `body.a` and `headers["a"]`, the most frequent paths."""

    def member(values: Mapping[str, JSON]) -> JSON | Absent:
        value = values[root]
        if isinstance(value, dict):
            return value.get(step, ABSENT)
        return None if value is None else ABSENT

    return member


def plain_text(text: str) -> Callable[[Mapping[str, JSON]], str | None] | None:
    """A function that joins texts and paths; None when the expression is more than that.

    The function gives an empty text where a path leads nowhere, and None where the engine has to
    decide (a number in a sum, say).
    """
    if not _JOIN.fullmatch(text):
        return None
    terms = [_term(term) for term in _EACH_TERM.findall(text)]
    alone = len(terms) == 1
    if alone and terms[0][1] is not None:
        return _one_path(terms[0][1])

    def join(values: Mapping[str, JSON]) -> str | None:
        parts = []
        for fixed, walk, converts in terms:
            if walk is None:
                parts.append(fixed)
                continue
            value = walk(values)
            if isinstance(value, str):
                parts.append(value)
            elif value is None or value is ABSENT:
                return ""
            elif (converts or alone) and type(value) is int:
                parts.append(str(value))
            else:
                return None
        return parts[0] if alone else "".join(parts)

    return join


def _one_path(walk: Walk) -> Callable[[Mapping[str, JSON]], str | None]:
    """The same for a single path: most of what presets say, and read for every delivery."""

    def text_at(values: Mapping[str, JSON]) -> str | None:
        value = walk(values)
        if isinstance(value, str):
            return value
        if value is None or value is ABSENT:
            return ""
        return str(value) if type(value) is int else None

    return text_at


def _term(term: str) -> tuple[str, Walk | None, bool]:
    if term.startswith('"'):
        return term[1:-1], None, False
    if term.startswith("string("):
        return "", plain_walk(term[len("string(") : -1]), True
    return "", plain_walk(term), False


def _steps(path: str) -> list[str]:
    root = re.match(r"[a-z]+", path)
    assert root is not None  # the caller matched the whole path already
    rest = _STEP.findall(path[root.end() :])
    return [root.group(), *(name or key for name, key in rest)]
