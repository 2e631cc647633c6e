"""Expressions: what they give, what they refuse, and the engine's oddities, each held down."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ExpressionFailed, Invalid, Place
from bridge.event import JSON
from bridge.match.clean import clean
from bridge.match.expression import Expression, activation, compile_expression
from bridge.match.rule import NAMES
from tests.match.catalogue import FINDINGS, NOW

HERE = Place("r.yaml", 3, 11)
VALUES: dict[str, JSON] = {
    "data": {"n": 1, "f": 1.5, "t": "x", "yes": True, "nothing": None, "list": [3, 1, 2],
             "map": {"b": {"c": 1}}, "findings": FINDINGS},
    "vars": {"bad": ["high", "critical"]},
    "source": "scanner",
    "now": NOW,
}  # fmt: skip


def compiled(text: str) -> Expression:
    return compile_expression(text, HERE, NAMES)


def value(text: str, values: dict[str, JSON] | None = None) -> JSON:
    return compiled(text).evaluate(activation(VALUES if values is None else values))


def complaints(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        compiled(text)
    return [str(problem) for problem in caught.value.problems]


def failure(text: str, values: dict[str, JSON] | None = None) -> ExpressionFailed:
    with pytest.raises(ExpressionFailed) as caught:
        value(text, values)
    return caught.value


# --- values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data.n", 1), ("data.f", 1.5), ("data.t", "x"), ("data.yes", True), ("data.nothing", None),
        ("data.list[1]", 1), ('data["map"].b["c"]', 1), ("data.map", {"b": {"c": 1}}),
        ("data.n + 1", 2), ("data.n < data.f", True), ("data.n == 1.0 || data.yes", True),
        ("size(data.list)", 3), ("data.list.map(x, x * 2)", [6, 2, 4]), ("uint(3)", 3),
        ('["a", "b"].join(", ")', "a, b"), ("has(data.map.z)", False),
        ("data.?map.?z.orValue(7)", 7), ("data.list.first().orValue(0)", 3),
        ("math.greatest(data.n, 5)", 5), ('b"abc"', "YWJj"), ("type(1)", "int"),
        ('timestamp("2026-11-21T09:14:02Z")', "2026-11-21T09:14:02.000Z"),
        ('duration("90s")', "90s"), ('{"b": 1, "a": [true, null]}', {"a": [True, None], "b": 1}),
        ("{1: 2}", {"1": 2}), ('base64.encode(b"hi")', "aGk="),
        ('timestamp(now) - timestamp("2026-11-21T09:14:01.123Z") == duration("1s")', True),
    ],
)  # fmt: skip
def test_value_is_json(text: str, expected: JSON) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_simple_path_keeps_the_order_of_keys() -> None:
    given: dict[str, JSON] = {"data": {"z": 1, "a": 2, "m": 3}}
    found = value("data", given)
    assert isinstance(found, dict)
    assert list(found) == ["z", "a", "m"]


def test_keys_of_a_computed_map_are_in_order() -> None:
    given: dict[str, JSON] = {"data": {"z": 1, "a": 2, "m": 3, "b": 4, "y": 5}}
    found = value("[data][0]", given)
    assert isinstance(found, dict)
    assert list(found) == sorted(found)


def test_simple_path_is_followed_without_the_engine() -> None:
    given = activation(VALUES)
    assert compiled("data.map.b.c").evaluate(given) == 1
    assert given._engine is None
    assert compiled("data.map.b.c + 1").evaluate(given) == 2
    assert given._engine is not None


# --- conditions ---------------------------------------------------------------------------


def test_condition_holds_only_on_true() -> None:
    bound = activation(VALUES)
    assert compiled("data.n == 1").holds(bound) is True
    assert compiled("data.n == 2").holds(bound) is False


@pytest.mark.parametrize("text", ["data.n", "data.t", "data.list", "data.nothing", "data.map"])
def test_condition_that_gives_no_truth_value_fails(text: str) -> None:
    with pytest.raises(ExpressionFailed, match="must give true or false"):
        compiled(text).holds(activation(VALUES))


def test_error_value_that_python_takes_for_true_does_not_hold() -> None:
    with pytest.raises(ExpressionFailed):
        compiled("data.n / 0 == 1").holds(activation(VALUES))
    with pytest.raises(ExpressionFailed, match=r"no data\.absent"):
        compiled("data.absent").holds(activation(VALUES))


def test_optional_hidden_in_a_condition_fails_with_the_way_out() -> None:
    with pytest.raises(ExpressionFailed, match="orValue"):
        compiled("dyn(data.?n)").holds(activation(VALUES))


# --- absent fields and errors -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("data.absent", "data.absent"), ("data.absent.deeper > 3", "data.absent"),
        ("data.map.b.z == 1", "data.map.b.z"), ("data.nothing.x", "data.nothing.x"),
        ("data.nothing.x == 1", "data.nothing.x"), ("data.list[7]", "data.list[7]"),
        ("data.list[7] == 1", "data.list[7]"), ('data["absent"] == 1', "data.absent"),
        ("data.findings.filter(f, f.zip == 1)", "data.findings[*].zip"),
        ("data.n == 1 && data.t2 == 'x'", "data.t2"), ("each.id == 1", "each"),
        ("steps.ticket.key", "steps"),
    ],
)  # fmt: skip
def test_absent_field_is_named(text: str, absent: str) -> None:
    assert failure(text).absent == absent
    assert f"there is no {absent}" in str(failure(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data.n / 0", "divide by zero"), ("9223372036854775807 + data.n", "overflow"),
        ("data.t + data.n", "No matching overloads"), ("data.n.x", "data.n is a number"),
        ("data.t.x == 1", "no fields"), ("1.0 / 0.0", "no number in JSON"),
        ("data.t.sort()", "No matching overloads"), ("data.t.matches('(')", "regular expression"),
    ],
)  # fmt: skip
def test_other_error_names_no_field(text: str, words: str) -> None:
    found = failure(text)
    assert found.absent == ""
    assert words in str(found)


def test_error_on_one_side_of_or_does_not_hide_the_other() -> None:
    assert value("data.absent == 1 || data.yes") is True


# --- the engine's oddities ----------------------------------------------------------------


def test_integer_beyond_64_bits_fails_in_words_and_is_cured_by_cleaning() -> None:
    given: dict[str, JSON] = {"data": {"id": 2**70, "n": 1}}
    assert "beyond 64 bits" in str(failure("data.n + 1", given))
    cleaned = clean(given)
    assert isinstance(cleaned, dict)
    assert value("data.n + 1", cleaned) == 2
    assert value("data.id", cleaned) == str(2**70)


def test_lone_surrogate_fails_and_is_cured_by_cleaning() -> None:
    given: dict[str, JSON] = {"data": {"t": "a\ud800b", "n": 1}}
    failure("data.t + 'x'", given)
    cleaned = clean(given)
    assert isinstance(cleaned, dict)
    assert value("data.t + 'x'", cleaned) == "a\ufffdbx"


def test_nul_does_not_cut_a_cleaned_text() -> None:
    cleaned = clean({"data": {"t": "a\0b"}})
    assert isinstance(cleaned, dict)
    assert value("data.t + 'x'", cleaned) == "a\ufffdbx"


def test_data_of_the_depth_that_the_door_lets_in_is_evaluated() -> None:
    deep: JSON = 1
    for _ in range(99):
        deep = [deep]
    assert value("size([data.d]) == 1 && data.n == 1", {"data": {"d": deep, "n": 1}}) is True


def test_nothing_is_done_at_import() -> None:
    code = (
        "import sys; import bridge.match.expression as e;"
        "assert e._environment.cache_info().currsize == 0;"
        "import bridge.match.checked as c; assert c.checked_class.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_today_is_the_day_of_the_time_handed_in() -> None:
    assert value("today()", {"now": 0}) == "1970-01-01"
    assert value("today()", {"now": NOW}) == "2026-11-21"
    assert value("now", {"now": NOW}) == "2026-11-21T09:14:02.123Z"


def test_today_without_a_time_fails() -> None:
    value("today()", {"now": NOW})
    assert "today() is not known here" in str(failure("today()", {}))


# --- bounds -------------------------------------------------------------------------------


def test_nested_loops_run_out_of_turns_quickly() -> None:
    given: dict[str, JSON] = {"data": {"l": list(range(200))}}
    started = time.perf_counter()
    found = failure("data.l.all(a, data.l.all(b, data.l.all(c, data.l.all(d, true))))", given)
    assert "more than 10,000 turns" in str(found)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("+".join("1" * 40), "more than 32 operators"),
        ("(" * 40 + "1" + ")" * 40, "more than 32 operators"),
        ("data" + ".a" * 300, "more than 32 operators"),
        ("data.t == '" + "x" * 4000 + "'", "at most 4,000"),
        ("data.l.map(a, data.l.map(b, data.l.map(c, data.l.map(d, data.l.map(e, 1)))))",
         "more than 4 loops"),
        ("data.t.replace(data.n, data.t)", "replace() needs"),
        ("data.list.join(data.t)", "join() needs"),
        ("", "is empty"), ("   ", "is empty"), ("'\0'", "cannot stand in it"),
        ("'\ud800'", "cannot stand in it"),
    ],
)  # fmt: skip
def test_expression_beyond_bounds_is_refused(text: str, words: str) -> None:
    assert words in complaints(text)[0]


def test_replace_with_written_text_is_allowed() -> None:
    assert value("data.t.replace('x', 'yy')") == "yy"
    assert value("'Hi {name}'.replace('{name}', data.t)") == "Hi x"


def test_result_too_large_fails() -> None:
    given: dict[str, JSON] = {"data": {"t": "x" * 600_000}}
    assert "1,000,000 characters" in str(failure("data.t + data.t", given))
    many: dict[str, JSON] = {"data": {"l": [0] * 60_000}}
    assert "100,000 values" in str(failure("[data.l, data.l]", many))


# --- complaints ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dat.x", 'r.yaml:3:11: nothing is called "dat" here (did you mean "data"?)'),
        ("1 + foo(2)", 'r.yaml:3:15: no function is called "foo" here'),
        ("data.list.srt()",
         'r.yaml:3:21: no function is called "srt" here (did you mean "sort"?)'),
        ("data.n = 1",
         "r.yaml:3:18: this is not an expression: '=' cannot stand here (write == to compare)"),
        ("data.n == 1 and data.yes",
         "r.yaml:3:23: this is not an expression: 'and' cannot stand here (write && for and)"),
        ("not data.yes",
         "r.yaml:3:15: this is not an expression: 'data' cannot stand here (write ! for not)"),
        ("data.yes == True", 'r.yaml:3:23: nothing is called "True" here (write true)'),
        ("(data.n == 1", "r.yaml:3:23: the expression ends too early"),
        ("1 == 1.0", "r.yaml:3:13: == does not go with (int, double)"
         " (write 1.0 beside fractions, or double(x))"),
        ("data.?n", "r.yaml:3:11: this gives an optional value (end it with .orValue(…))"),
        ("today == 'x'", 'r.yaml:3:11: "today" is a function (write today(…))'),
        ("today(1) == 'x'",
         "r.yaml:3:11: today(…) is not called like this (docs/expressions.md says what it takes)"),
        ("data.list.sort(1, 2)",
         "r.yaml:3:21: sort(…) is not called like this (docs/expressions.md says what it takes)"),
        ("'é' + dat", 'r.yaml:3:17: nothing is called "dat" here (did you mean "data"?)'),
        ("data.n ==\n  dta.x", 'r.yaml:4:3: nothing is called "dta" here (did you mean "data"?)'),
    ],
)  # fmt: skip
def test_complaint_says_where_what_and_what_would_be_right(text: str, said: str) -> None:
    assert complaints(text)[0] == said


def test_all_unknown_names_are_named_at_once() -> None:
    assert len(complaints("dat.x == foo && bar(1)")) == 3


# --- what an expression reads -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("data.a.b == vars.c", ["data.a.b", "vars.c"]),
        ("has(data.a)", ["data.a"]),
        ("data.l.filter(f, f.s in vars.bad)", ["data.l", "data.l[*]", "data.l[*].s", "vars.bad"]),
        ("data.l.map(x, x.y.map(z, z.w))", ["data.l", "data.l[*].y", "data.l[*].y[*].w"]),
        ("data.l[0].id", ["data.l[*].id"]),
        ('data["x"].y', ["data.x.y"]),
        ("[1, 2].exists(x, x == data.n)", ["data.n"]),
        ("data.?a.?b.orValue(each)", ["data.a.b", "each"]),
    ],
)
def test_paths_are_found_through_loops(text: str, paths: list[str]) -> None:
    found: list[str] = []
    for path in compiled(text).paths:
        if str(path) not in found:
            found.append(str(path))
    assert found == paths


def test_names_are_those_read_and_no_loop_variable() -> None:
    assert compiled("data.l.exists(x, x == steps.a.key)").names == {"data", "steps"}
    assert compiled("1 + 1").names == frozenset()


# --- never anything else ------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        "data", "vars", "now", "each", ".n", ".list", ".t", ".nope", "[0]", "['x']", "(", ")", "+",
        "-", "*", "/", "==", "!=", "<", "&&", "||", "!", "?", ":", ",", "1", "2.5", "'x'", "true",
        "null", "in", "size(", ".map(x,x)", ".filter(x,", ".exists(", ".orValue(", ".?a", "today()",
        "[", "]", "{", "}", ".join(", "é", ".first()", "dyn(", "type(",
    ]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text_compiles_or_is_invalid_and_evaluates_or_fails(text: str) -> None:
    with suppress(Invalid, ExpressionFailed):
        compiled(text).evaluate(activation(VALUES))
    with suppress(Invalid, ExpressionFailed):
        assert compiled(text).holds(activation(VALUES)) in (True, False)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
_ASKED = [
    compiled(text)
    for text in ("data.a", "data.a == 1", "data.a.b > 2", "data.a[0]", "[data.a]", "data.a + 'x'",
                 "data.a.map(x, x)", "data.a.distinct()", "json(data.a)", "data == null")
]  # fmt: skip


@given(_ANY, st.sampled_from(_ASKED))
def test_any_data_gives_json_or_fails(found: JSON, expression: Expression) -> None:
    try:
        result = expression.evaluate(activation({"data": {"a": found}}))
    except ExpressionFailed:
        return
    if isinstance(result, float):
        assert expression.text == "data.a" or math.isfinite(result)
