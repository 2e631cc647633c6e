"""The one place that knows the expression engine: compile at load, evaluate at match.

Question: which language for conditions and templates? Options: Jinja2's sandbox, a Rust or pure
Python engine for CEL, the CEL team's own C++ engine. Choice: the last, `cel-expr-python`: names
are checked at load, loops have a budget, a condition costs 2 µs. Consequence: it is young (0.1.x),
so its oddities stay in this file, each with a test in tests/match/test_expression.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

from cel_expr_python import cel
from cel_expr_python.ext import ext_encoders, ext_math, ext_optional, ext_strings

from bridge.clock import day, iso
from bridge.errors import ExpressionFailed, Invalid, Place, Problem
from bridge.event import JSON
from bridge.match.absent import absent_field, follow
from bridge.match.checked import decode, encode
from bridge.match.complaints import ENGINE_FUNCTIONS, Complaint, complaints, name_before, spoken
from bridge.match.functions import Function, all_functions
from bridge.match.references import Lent, count_nulls, keeps_results
from bridge.match.result import Result
from bridge.match.shortcut import Term, judge, terms_of
from bridge.match.spans import Part, parts_of
from bridge.match.syntax import FieldPath, Literal, Reading, Steps
from bridge.match.syntax import read as read_syntax

MOST_CHARACTERS = 4_000
"""Of one expression. Arbitrary; the longest in the examples has 180."""

Inside: TypeAlias = Callable[[int], Place]
"""From the offset of a character of an expression to its place in the file."""


class Activation:
    """The values of one event's names, handed to the engine only when an expression needs it.

    Build one for each event: the engine converts a value once and keeps it.
    """

    __slots__ = ("_engine", "_env", "now", "values")

    def __init__(self, values: Mapping[str, JSON], now: int | None) -> None:
        self.values = values
        self.now = now
        self._env: Any = None
        self._engine: Any = None

    def engine(self, env: Any) -> Any:
        """The engine's own activation, made when first asked for."""
        if self._env is not env:
            self._engine = env.Activation(self.values)
            self._env = env
        return self._engine


def activation(values: Mapping[str, JSON]) -> Activation:
    """Bind names to values. `now`, in milliseconds, becomes the text of a time (RFC 3339)."""
    now = values.get("now")
    if isinstance(now, int) and not isinstance(now, bool):
        return Activation({**values, "now": iso(now)}, now)
    return Activation(values, None)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `gives` is the engine's name of the result's type, DYN if unknown."""

    text: str
    place: Place
    gives: str
    reading: Reading
    _env: _Environment
    _program: Any
    _terms: tuple[Term, ...] | None = None

    @property
    def names(self) -> frozenset[str]:
        """The given names that it reads."""
        return self.reading.names

    @property
    def paths(self) -> tuple[FieldPath, ...]:
        """The fields that it reads."""
        return tuple(self.reading.paths)

    @property
    def tests(self) -> tuple[tuple[Steps, frozenset[Literal]], ...]:
        """Constant equality tests without which it cannot be true."""
        return self.reading.tests

    def holds(self, activation: Activation) -> bool:
        """Whether it gives true; anything but true or false raises ExpressionFailed.

        An error is a value to the engine, and one that Python takes for true; hence `is`.
        """
        if self._terms is not None:
            clear = judge(self._terms, activation.values)
            if clear is not None:
                return clear
        try:
            return self._truth(activation)
        finally:
            self._let_go()

    def _truth(self, activation: Activation) -> bool:
        value = self._run(activation)
        try:
            result = value.value()
        except TypeError as error:
            raise self._optional() from error
        count_nulls(result)
        if result is True:
            return True
        if result is False:
            return False
        raise self._failure(value, activation, "must give true or false")

    def evaluate(self, activation: Activation) -> JSON:
        """The value as JSON: times as RFC 3339 text, durations as `90s`, bytes as base64.

        Raises ExpressionFailed, naming the absent field where there is one.
        """
        if self.reading.plain is not None:
            return follow(self.text, self.reading.plain, activation.values)
        try:
            return self._value(activation)
        finally:
            self._let_go()

    def _value(self, activation: Activation) -> JSON:
        value = self._run(activation)
        try:
            if value.type() == cel.Type.ERROR:
                raise self._failure(value, activation, "")
            given = value.plain_value()
        except TypeError as error:
            raise self._optional() from error
        count_nulls(given)
        return Result().take(given)

    def _let_go(self) -> None:
        if self.reading.calls and self._env.lent is not None:
            self._env.lent.let_go()

    def _optional(self) -> ExpressionFailed:
        return ExpressionFailed(f"{self.text}: gives an optional value; end it with .orValue(…)")

    def parts(self) -> PartExpression:
        """The tree of its sub-expressions, each of which can be evaluated; slow, for `explain`."""
        checked = decode(self._program.serialize())
        return self._part(checked, parts_of(checked, self.text))

    def _part(self, checked: Any, part: Part) -> PartExpression:
        serialized = encode(checked, part.node)
        program = self._env.engine.deserialize(serialized)
        text = self.text[part.start : part.end]
        gives = program.return_type().name()
        reading = read_syntax(decode(serialized))
        whole = Expression(text, self.place, gives, reading, self._env, program)
        inside = tuple(self._part(checked, one) for one in part.inside)
        return PartExpression(part.start, part.end, whole, inside)

    def _run(self, activation: Activation) -> Any:
        env = self._env
        if self.reading.calls:
            env.moment.now = activation.now
        try:
            return self._program.eval(activation.engine(env.engine))
        except (RuntimeError, TypeError, ValueError, MemoryError, OverflowError) as error:
            raise ExpressionFailed(f"{self.text}: {spoken(str(error))}") from error

    def _failure(self, value: Any, activation: Activation, wanted: str) -> ExpressionFailed:
        kind = value.type()
        if kind != cel.Type.ERROR:
            return ExpressionFailed(f"{self.text}: {wanted}, not {kind.name().lower()}")
        words = str(value.value())
        absent = absent_field(words, self.reading.paths, activation.values)
        if absent:
            return ExpressionFailed(f"{self.text}: there is no {absent}", absent)
        return ExpressionFailed(f"{self.text}: {spoken(words)}")


@dataclass(frozen=True, slots=True)
class PartExpression:
    """A sub-expression and where it stands in the text of the whole."""

    start: int
    end: int
    expression: Expression
    inside: tuple[PartExpression, ...]


def compile_expression(
    text: str, place: Place, names: frozenset[str], inside: Inside | None = None
) -> Expression:
    """Compile, or raise Invalid with every problem at its place.

    names: what the expression may read; anything else is an unknown name.
    inside: finds the place of a character; without it the text is taken to stand at `place`.
    """
    at = inside or place_in(text, place)
    if not text.strip():
        raise Invalid([Problem(place, "the expression is empty")])
    if len(text) > MOST_CHARACTERS:
        words = f"the expression has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read"
        raise Invalid([Problem(place, words)])
    if "\0" in text or not _encodable(text):
        raise Invalid([Problem(place, "the expression holds a character that cannot stand in it")])
    compiled = _compiled(text, names)
    if isinstance(compiled, list):
        raise Invalid([Problem(at(offset), said, "", hint) for said, hint, offset in compiled])
    gives, reading, env, program, terms = compiled
    return Expression(text, place, gives, reading, env, program, terms)


def place_in(text: str, place: Place) -> Inside:
    """Finds characters of an expression that begins at `place` and is written there as it is."""

    def at(offset: int) -> Place:
        lines = text[:offset].split("\n")
        if len(lines) == 1:
            return Place(place.file, place.line, place.column + offset)
        return Place(place.file, place.line + len(lines) - 1, len(lines[-1]) + 1)

    return at


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Moment(threading.local):
    """The time of the evaluation under way: the engine binds no functions to an activation."""

    now: int | None = None

    def today(self) -> str:
        if self.now is None:
            raise ValueError("today() is not known here")
        return day(self.now)


@dataclass(frozen=True, slots=True)
class _Environment:
    """The engine with a set of names, and the clock hand that its today() looks at.

    lent: what the engine would never let go; None with an engine that does.
    """

    engine: Any
    moment: _Moment
    functions: frozenset[str]
    lent: Lent | None


_Compiled: TypeAlias = tuple[str, Reading, _Environment, Any, tuple[Term, ...] | None]


@lru_cache(maxsize=64)
def _environment(names: frozenset[str]) -> _Environment:
    """Made once for each set of names; it takes the engine 25 ms."""
    moment = _Moment()
    functions = all_functions(moment.today)
    lent = Lent() if keeps_results(_call_once) else None
    if lent is not None:
        functions = tuple(
            replace(one, run=lent.noting(one.run, len(one.takes))) for one in functions
        )
    engine = cel.NewEnv(
        variables=dict.fromkeys(sorted(names), cel.Type.DYN),
        extensions=[
            ext_math.ExtMath(),
            ext_optional.ExtOptional(),
            ext_strings.ExtStrings(),
            ext_encoders.ExtEncoders(),
        ],
        functions=_declarations(functions),
    )
    known = frozenset(function.name for function in functions)
    return _Environment(engine, moment, known | ENGINE_FUNCTIONS, lent)


def _call_once(run: Callable[[list[Any]], list[Any]]) -> None:
    """Have the engine call a function with a list, as it calls ours."""
    declared = _declarations((Function("f", "", "", (("list",),), "list", run),))
    engine = cel.NewEnv(functions=declared)
    engine.compile("f([1])").eval(engine.Activation({})).plain_value()


def _declarations(functions: tuple[Function, ...]) -> list[Any]:
    kinds = {
        "any": cel.Type.DYN, "int": cel.Type.INT, "double": cel.Type.DOUBLE,
        "string": cel.Type.STRING, "bool": cel.Type.BOOL, "null": cel.Type.NULL,
        "list": cel.Type.List(cel.Type.DYN), "map": cel.Type.Map(cel.Type.DYN, cel.Type.DYN),
    }  # fmt: skip
    overloads: dict[str, list[Any]] = {}
    for function in functions:
        for signature in _signatures(function.takes):
            name = "_".join((function.name, *signature))
            overloads.setdefault(function.name, []).append(
                cel.Overload(
                    name,
                    return_type=kinds[function.gives],
                    parameters=[kinds[kind] for kind in signature],
                    is_member=function.member,
                    impl=function.run,
                )
            )
    return [cel.FunctionDecl(name, found) for name, found in overloads.items()]


def _signatures(takes: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    signatures: list[tuple[str, ...]] = [()]
    for kinds in takes:
        signatures = [(*before, kind) for before in signatures for kind in kinds]
    return signatures


@lru_cache(maxsize=50_000)
def _compiled(text: str, names: frozenset[str]) -> _Compiled | list[Complaint]:
    """The same text is compiled once, however many rules hold it and however often they load."""
    env = _environment(names)
    try:
        program = env.engine.compile(text)
    except (RuntimeError, ValueError, TypeError) as error:
        return complaints(text, str(error), names | env.functions)
    checked = decode(program.serialize())
    reading = read_syntax(checked)
    gives = program.return_type().name()
    found = [(said, "", name_before(text, at)) for said, at in reading.complaints]
    if gives.startswith("optional_type"):
        found.append(("this gives an optional value", "end it with .orValue(…)", 0))
    return found or (gives, reading, env, program, terms_of(checked))
