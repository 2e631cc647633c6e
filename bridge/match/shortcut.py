"""Judges the plainest conditions without the engine: fields compared with constants, all joined
by `&&`.

Most conditions are of this kind, and the engine would first have to be given the whole event.
What is not clear at once, such as an absent field, is left to the engine, which also words the
errors; so an answer given here is the one that the engine would give.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from bridge.event import JSON
from bridge.match.syntax import EXACT, Literal, Steps, is_constant, literal, literal_of, plain_path

Test: TypeAlias = Callable[[Any], "bool | None"]
Term: TypeAlias = tuple[Steps, Test]
"""A path and what its value has to pass; the test gives None where only the engine can tell."""

_ORDERS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "_<_": (operator.lt, "_>_"),
    "_<=_": (operator.le, "_>=_"),
    "_>_": (operator.gt, "_<_"),
    "_>=_": (operator.ge, "_<=_"),
}
"""The operator, and the one that means the same with the sides exchanged."""


def terms_of(checked: Any) -> tuple[Term, ...] | None:
    """The terms of a condition that is nothing but such comparisons; None for all others."""
    terms = list(_terms(checked.expr))
    return None if None in terms else tuple(term for term in terms if term is not None)


def judge(terms: tuple[Term, ...], values: Mapping[str, JSON]) -> bool | None:
    """Whether all terms hold; None where the engine has to say."""
    clear = True
    for steps, test in terms:
        value: Any = values
        try:
            for step in steps:
                value = value[step]
        except (KeyError, TypeError):
            clear = False
            continue
        passed = test(value)
        if passed is False:
            return False  # false, whatever error the others hold: `&&` of CEL says so too
        if passed is None:
            clear = False
    return True if clear else None


def _terms(expr: Any) -> Iterator[Term | None]:
    call = expr.call
    if call.function == "_&&_":
        for side in call.args:
            yield from _terms(side)
    else:
        yield _comparison(call)


def _comparison(call: Any) -> Term | None:
    if len(call.args) != 2:
        return None
    function = call.function
    left, right = call.args
    if is_constant(left):
        left, right = right, left
        function = _ORDERS[function][1] if function in _ORDERS else function
        if function == "@in":
            return None
    steps = plain_path(left)
    if steps is None or any(isinstance(step, int) for step in steps):
        return None
    test = _test(function, right)
    return None if test is None else (tuple(str(step) for step in steps), test)


def _test(function: str, right: Any) -> Test | None:
    if function == "@in":
        options = [literal(option) for option in right.list.elements]
        if right.WhichOneof("kind") != "list" or any(map(_is_wide, options)):
            return None
        known = frozenset(options)
        return lambda value: literal_of(value) in known if _is_exact(value) else None
    found = literal(right)
    if found is None or _is_wide(found):
        return None
    kind, wanted = found
    if function in ("_==_", "_!=_"):
        return _equal(kind, wanted, function == "_==_")
    if function in _ORDERS and kind != "bool":
        return _ordered(_ORDERS[function][0], kind, wanted)
    return None


def _equal(kind: str, wanted: Any, meant: bool) -> Test:
    if kind == "text":
        return lambda value: (value == wanted) is meant
    if kind == "bool":
        return lambda value: (value is wanted) is meant
    return lambda value: (
        (type(value) is not bool and value == wanted) is meant if _is_exact(value) else None
    )


def _ordered(compare: Callable[[Any, Any], bool], kind: str, wanted: Any) -> Test:
    if kind == "text":
        return lambda value: compare(value, wanted) if type(value) is str else None
    return lambda value: (
        compare(value, wanted) if type(value) in (int, float) and _is_exact(value) else None
    )


def _is_exact(value: Any) -> bool:
    """The engine compares whole numbers with fractions as doubles; Python does it exactly."""
    return type(value) not in (int, float) or -EXACT < value < EXACT


def _is_wide(found: Literal | None) -> bool:
    return found is None or not _is_exact(found[1])
