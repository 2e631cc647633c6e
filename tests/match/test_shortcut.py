"""Plain comparisons are judged without the engine, and always as the engine would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ExpressionFailed, Place
from bridge.event import JSON
from bridge.match.expression import Activation, Expression, activation, compile_expression
from bridge.match.rule import NAMES


def compiled(text: str) -> Expression:
    return compile_expression(text, Place("r.yaml", 1, 1), NAMES)


def needs_engine(text: str, data: JSON) -> bool:
    bound = activation({"data": data})
    try:
        compiled(text).holds(bound)
    except ExpressionFailed:
        return True
    return bound._engine is not None


@pytest.mark.parametrize(
    "text",
    ["data.a == 1", "data.a == 1 && data.b != 'x' && 3 >= data.c", "data.a in [1, 2, 'x']",
     "data['a'] < 2.5", "data.a == true"],
)  # fmt: skip
def test_comparisons_with_constants_need_no_engine(text: str) -> None:
    assert not needs_engine(text, {"a": 1, "b": "y", "c": 3})


@pytest.mark.parametrize(
    "text",
    ["data.a == data.b", "data.a == 1 || data.b == 'y'", "data.absent == 1", "data.b < 3",
     "data.a == null", "!(data.a == 2)", "has(data.a)", "data.a == 1 && data.b.startsWith('y')",
     "data.l[0] == 1", "data.wide == 1", "data.a == 9007199254740993",
     "data.a in [9007199254740993]", "data.wide in [1]", "data.wide < 3.0", "1 in [data.a]",
     "data.a == 1u || data.a in data.l"],
)  # fmt: skip
def test_everything_else_is_left_to_the_engine(text: str) -> None:
    assert needs_engine(text, {"a": 1, "b": "y", "l": [1], "wide": 2**60})


def test_false_comparison_decides_although_another_cannot_be_judged() -> None:
    assert not needs_engine("data.absent == 1 && data.a == 2", {"a": 1})


_LITERALS = ["1", "-1", "1.0", "2.5", "'a'", "'b'", "''", "true", "false", "9007199254740993"]
_ORDER = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_FIELD = st.sampled_from(["data.a", "data.b", "data.c.d", "data['a']"])
_COMPARISON = st.one_of(
    st.tuples(_FIELD, _ORDER, st.sampled_from(_LITERALS)).map(" ".join),
    st.tuples(st.sampled_from(_LITERALS), _ORDER, _FIELD).map(" ".join),
    st.tuples(_FIELD, st.lists(st.sampled_from(_LITERALS), max_size=3)).map(
        lambda pair: f"{pair[0]} in [{', '.join(f'dyn({one})' for one in pair[1])}]"
    ),
    st.tuples(_FIELD, st.sampled_from(["'a', 'b'", "1, 2", "1.0, 2.5", "true"])).map(
        lambda pair: f"{pair[0]} in [{pair[1]}]"
    ),
)
_VALUE = st.sampled_from(
    [1, -1, 1.0, 2.5, "a", "b", "", "é", True, False, None, [], ["a"], {"d": 1}, {"d": "a"}, {},
     9007199254740993, 9007199254740992.0, 2**63 - 1]
)  # fmt: skip


def engine_says(text: str, bound: Activation) -> bool | None:
    """What the engine gives for a condition; None for an error."""
    try:
        found = compiled(text).evaluate(bound)
    except ExpressionFailed:
        return None
    return found if isinstance(found, bool) else None


@given(
    st.lists(_COMPARISON, min_size=1, max_size=3).map(" && ".join),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), _VALUE),
)
def test_shortcut_says_what_the_engine_says(text: str, data: dict[str, JSON]) -> None:
    bound = activation({"data": data})
    said: bool | None
    try:
        said = compiled(text).holds(bound)
    except ExpressionFailed:
        said = None
    assert said == engine_says(text, bound)
