"""What a compiled expression reads, from the syntax tree that the engine serialises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Steps: TypeAlias = tuple[str, ...]
"""A path from a name down: `("data", "findings", "*", "severity")`; `*` is any element."""
Literal: TypeAlias = tuple[str, bool | float | str]
"""A constant with its kind, so that `true` and `1` stay apart while `1` and `1.0` are one.
Numbers are doubles here: whole ones beyond EXACT may stand for their neighbours too."""
EXACT = 2**53
"""Below this every whole number has a double of its own."""


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field that an expression reads.

    offset: where in the expression its first name stands, in characters.
    checked: how many of the steps are written as names; from the first `["…"]` on, the writer
        means a field that no vocabulary knows.
    """

    steps: Steps
    offset: int
    checked: int

    def __str__(self) -> str:
        return ".".join(self.steps).replace(".*", "[*]")


@dataclass(slots=True)
class Reading:
    """What one expression reads and calls.

    names: the given names it reads.
    paths: the longest chains of fields from a name that is given, in the order of the text.
    calls: functions with their offsets, operators left out.
    tests: constant equality tests that must hold for the whole to be true.
    plain: the path, where the expression is nothing but one; None otherwise.
    gives: the path its value comes from, or a list of whose elements it gives some.
    complaints: what is refused although the engine would take it, with its offset.
    """

    names: frozenset[str] = frozenset()
    paths: list[FieldPath] = field(default_factory=list)
    calls: list[tuple[str, int]] = field(default_factory=list)
    tests: tuple[tuple[Steps, frozenset[Literal]], ...] = ()
    plain: tuple[str | int, ...] | None = None
    gives: Steps | None = None
    complaints: list[tuple[str, int]] = field(default_factory=list)


def read(checked: Any) -> Reading:
    """Walk a checked expression once and note what it reads."""
    walk = _Walk({pair.key: pair.value for pair in checked.source_info.positions})
    walk.visit(checked.expr, {}, 0)
    reading = walk.reading
    reading.paths.sort(key=lambda path: path.offset)
    reading.names = frozenset(path.steps[0] for path in reading.paths)
    reading.tests = tuple(_must_hold(checked.expr))
    reading.plain = plain_path(checked.expr)
    reading.gives = walk.gives(checked.expr, {})
    return reading


_Scope: TypeAlias = dict[str, Steps | None]
"""Names that loops bind, each with the path of what it stands for, where that is a path."""

MOST_LOOPS = 4
"""Loops inside loops; the engine's own budget of 10,000 turns stops them later anyway."""


class _Walk:
    """Collects a Reading; positions are those of the engine's source info, by node."""

    def __init__(self, positions: dict[int, int]) -> None:
        self.positions = positions
        self.reading = Reading()

    def visit(self, expr: Any, scope: _Scope, loops: int) -> None:
        kind = expr.WhichOneof("kind")
        if kind in ("ident", "select", "call"):
            steps, root, unchecked = self._chain(expr, scope)
            if steps is not None:
                if steps:
                    offset = self.positions.get(root, 0)
                    path = FieldPath(steps, offset, len(steps) - unchecked)
                    self.reading.paths.append(path)
                return
        if kind == "select":
            self.visit(expr.select.operand, scope, loops)
        elif kind == "call":
            self._call(expr, scope, loops)
        elif kind == "comprehension":
            self._comprehension(expr, scope, loops)
        else:
            for child in children(expr):
                self.visit(child, scope, loops)

    def _call(self, expr: Any, scope: _Scope, loops: int) -> None:
        call = expr.call
        offset = self.positions.get(expr.id, 0)
        if call.function[0].isalpha():
            self.reading.calls.append((call.function, offset))
            self._check_growth(call, offset)
        for child in children(expr):
            self.visit(child, scope, loops)

    def _check_growth(self, call: Any, offset: int) -> None:
        """Both of these multiply sizes, so one of the two sizes has to be known here."""
        member = call.HasField("target")
        if call.function == "replace" and member and len(call.args) >= 2:
            if not (is_constant(call.target) or is_constant(call.args[1])):
                words = "replace() needs its text or its replacement written here, between quotes"
                self.reading.complaints.append((words, offset))
        elif call.function == "join" and member and call.args and not is_constant(call.args[0]):
            words = "join() needs its separator written here, between quotes"
            self.reading.complaints.append((words, offset))

    def _comprehension(self, expr: Any, scope: _Scope, loops: int) -> None:
        loop = expr.comprehension
        self.visit(loop.iter_range, scope, loops)
        self.visit(loop.accu_init, scope, loops)
        if loops == MOST_LOOPS:
            words = f"more than {MOST_LOOPS} loops inside each other"
            self.reading.complaints.append((words, self.positions.get(expr.id, 0)))
            return
        inner = dict(scope)
        ranged = self.gives(loop.iter_range, scope)
        inner[loop.iter_var] = None if ranged is None else (*ranged, "*")
        if loop.iter_var2:
            inner[loop.iter_var2] = inner[loop.iter_var]
            inner[loop.iter_var] = None
        inner[loop.accu_var] = self.gives(loop.accu_init, scope)
        for child in (loop.loop_condition, loop.loop_step, loop.result):
            self.visit(child, inner, loops + 1)

    def _chain(self, expr: Any, scope: _Scope) -> tuple[Steps | None, int, int]:
        """The path of a chain of fields, the id of its root, and how many steps go unchecked.

        An empty path is a chain from something that has none, such as an element of a literal.
        """
        kind = expr.WhichOneof("kind")
        if kind == "ident":
            name = expr.ident.name
            steps = scope.get(name, (name,))
            return (() if steps is None else steps), expr.id, 0
        step, base, free = _last_step(expr, kind)
        if step is None:
            return None, 0, 0
        steps, root, unchecked = self._chain(base, scope)
        if steps:
            steps = (*steps, step)
        return steps, root, unchecked + 1 if free or unchecked else 0

    def gives(self, expr: Any, scope: _Scope) -> Steps | None:
        """The path that the value comes from: a chain, or a chain filtered or put in order."""
        kind = expr.WhichOneof("kind")
        if kind in ("ident", "select", "call") and not expr.select.test_only:
            steps, _, _ = self._chain(expr, scope)
            if steps:
                return steps
        if kind == "call" and expr.call.HasField("target"):
            if expr.call.function in ("sort", "worst_first", "take", "distinct", "orValue", "or"):
                return self.gives(expr.call.target, scope)
            if expr.call.function in ("first", "last"):
                listed = self.gives(expr.call.target, scope)
                return None if listed is None else (*listed, "*")
        if kind == "comprehension" and _is_filter(expr.comprehension):
            return self.gives(expr.comprehension.iter_range, scope)
        return None


def _last_step(expr: Any, kind: str) -> tuple[str | None, Any, bool]:
    """The field that `expr` takes, what it takes it from, and whether it is written as `["…"]`."""
    if kind == "select":
        return expr.select.field, expr.select.operand, False
    if kind == "call" and expr.call.function in ("_[_]", "_?._", "_[?_]"):
        base, index = expr.call.args
        constant = index.const.WhichOneof("kind") if index.WhichOneof("kind") == "const" else None
        if constant == "string":
            return index.const.string, base, expr.call.function != "_?._"
        if constant == "int":
            return "*", base, False
    return None, None, False


def children(expr: Any) -> Iterator[Any]:
    """The nodes directly inside a call, a list or a map."""
    kind = expr.WhichOneof("kind")
    if kind == "call":
        if expr.call.HasField("target"):
            yield expr.call.target
        yield from expr.call.args
    elif kind == "list":
        yield from expr.list.elements
    elif kind == "struct":
        for entry in expr.struct.entries:
            if entry.HasField("map_key"):
                yield entry.map_key
            yield entry.value


def is_constant(expr: Any) -> bool:
    """Whether a node is a constant."""
    return bool(expr.WhichOneof("kind") == "const")


def _is_filter(loop: Any) -> bool:
    """A filter's step is `cond ? result + [x] : result` with x the element itself."""
    step = loop.loop_step
    if step.call.function != "_?_:_":
        return False
    added = step.call.args[1].call.args
    if len(added) != 2 or len(added[1].list.elements) != 1:
        return False
    return bool(added[1].list.elements[0].ident.name == loop.iter_var)


def plain_path(expr: Any) -> tuple[str | int, ...] | None:
    """The steps of an expression that only follows fields and indexes; None for all others."""
    kind = expr.WhichOneof("kind")
    if kind == "ident":
        return (expr.ident.name,)
    if kind == "select" and not expr.select.test_only:
        base = plain_path(expr.select.operand)
        return None if base is None else (*base, expr.select.field)
    if kind == "call" and expr.call.function == "_[_]":
        base = plain_path(expr.call.args[0])
        index = expr.call.args[1]
        which = index.const.WhichOneof("kind") if is_constant(index) else None
        if base is not None and which in ("string", "int"):
            return (*base, getattr(index.const, which))
    return None


def _must_hold(expr: Any) -> Iterator[tuple[Steps, frozenset[Literal]]]:
    """Equality tests on a fixed path that the whole cannot be true without."""
    if expr.WhichOneof("kind") != "call":
        return
    call = expr.call
    if call.function == "_&&_":
        for child in call.args:
            yield from _must_hold(child)
    elif call.function == "_||_":
        sides = [list(_must_hold(child)) for child in call.args]
        if all(len(side) == 1 for side in sides) and len({side[0][0] for side in sides}) == 1:
            yield sides[0][0][0], frozenset().union(*(side[0][1] for side in sides))
    elif call.function in ("_==_", "@in"):
        test = _equality(call)
        if test is not None:
            yield test


def _equality(call: Any) -> tuple[Steps, frozenset[Literal]] | None:
    left, right = call.args
    if call.function == "_==_" and is_constant(left):
        left, right = right, left
    steps = plain_path(left)
    if steps is None or len(steps) < 1 or any(isinstance(step, int) for step in steps):
        return None
    options = [right] if call.function == "_==_" else list(right.list.elements)
    if call.function == "@in" and right.WhichOneof("kind") != "list":
        return None
    found = [literal(option) for option in options]
    if None in found:
        return None
    return tuple(map(str, steps)), frozenset(one for one in found if one is not None)


def literal(expr: Any) -> Literal | None:
    """The constant that a node is, with its kind; None for other nodes, null and bytes."""
    if not is_constant(expr):
        return None
    which = expr.const.WhichOneof("kind")
    if which == "bool":
        return "bool", expr.const.bool
    if which in ("int", "uint", "double"):
        return "number", float(getattr(expr.const, which))
    return ("text", expr.const.string) if which == "string" else None


def literal_of(value: object) -> Literal | None:
    """The same key for a value of an event; None for what no literal equals."""
    if isinstance(value, str):
        return "text", value
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**64):
        return "number", float(value)
    return None
