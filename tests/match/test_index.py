"""The index leaves out rules that cannot match, and no others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ExpressionFailed
from bridge.match import index
from bridge.match.names import EventNames
from bridge.match.plan import plan
from bridge.match.rules import RuleSet
from tests.match.catalogue import ESCAPES, NOW, rules_of, scan


def rule(name: str, when: str | None, on: str = "scan.finished", source: str = "'*'") -> str:
    condition = f"\nwhen: {when}" if when else ""
    return f"name: {name}\non: {on}\nsource: {source}{condition}\nthen: [{{say: {{message: x}}}}]"


def candidates(rules: RuleSet, **data: object) -> list[str]:
    event = scan(data)
    names = EventNames(event, NOW, {})
    bucket = rules.index.bucket(event.source, event.type)
    return [one.name for one in bucket.candidates(names.values)]


def test_rules_of_other_types_and_sources_are_left_out() -> None:
    rules = rules_of(
        rule("a", None), rule("b", None, on="case.created"), rule("c", None, source="tracker"),
        rule("d", None, on="scan.*"), rule("e", None, on="[ping, scan.finished]"),
        rule("f", None, source="sca*"),
        rule("g", None).replace("name: g", "name: g\nenabled: false"),
    )  # fmt: skip
    assert candidates(rules) == ["a", "d", "e", "f"]


@pytest.mark.parametrize(
    "when",
    [
        "data.target == 'www.example.com'",
        "'www.example.com' == data.target",
        "data.target in ['x', 'www.example.com'] && data.score < 70",
        "data.score < 70 && (data.scanner == 'q' && data.target == 'www.example.com')",
        "data.target == 'x' || data.target == 'www.example.com'",
        "event.data.target == 'www.example.com'",
        'data["target"] == "www.example.com"',
    ],
)
def test_equality_test_is_seen(when: str) -> None:
    rules = rules_of(rule("a", f'"{when.replace(chr(34), chr(39))}"'))
    assert candidates(rules, scanner="q") == ["a"]
    assert candidates(rules, target="other", scanner="q") == []


@pytest.mark.parametrize(
    "when",
    [
        "data.target == 'x' || data.score < 70", "!(data.target == 'x')", "data.target != 'x'",
        "data.target == vars.t", "data.target.startsWith('x')", "data.target in vars.list",
        "[data.target] == ['x']", "data.findings[0].id == 'x'",
        "data.target == 'x' ? true : data.score < 70", "data.target == 'x' || data.scanner == 'y'",
    ],
)  # fmt: skip
def test_what_is_no_constant_test_leaves_nothing_out(when: str) -> None:
    rules = rules_of(rule("a", f'"{when}"'), head="vars: {t: x, list: [x]}")
    assert candidates(rules) == ["a"]


def test_truth_values_and_numbers_are_kept_apart_and_whole_numbers_are_not() -> None:
    rules = rules_of(
        rule("one", "data.score == 1"), rule("yes", "data.score == true"),
        rule("text", "data.score == '1'")
    )  # fmt: skip
    assert candidates(rules, score=1) == ["one"]
    assert candidates(rules, score=1.0) == ["one"]
    assert candidates(rules, score=True) == ["yes"]
    assert candidates(rules, score="1") == ["text"]
    assert candidates(rules, score=None) == []
    assert candidates(rules, score=[1]) == []


def test_wide_whole_number_is_found_by_what_the_engine_takes_for_equal() -> None:
    rules = rules_of(rule("a", "data.score == 9007199254740993"))
    assert candidates(rules, score=9007199254740993) == ["a"]
    assert candidates(rules, score=9007199254740992.0) == ["a"]
    assert candidates(rules, score=1) == []


def test_candidates_keep_the_order_of_the_file() -> None:
    rules = rules_of(
        rule("a", None), rule("b", "data.target == 'www.example.com'"), rule("c", None),
        rule("d", "data.scanner == 'qtangl'"),
    )  # fmt: skip
    assert candidates(rules) == ["a", "b", "c", "d"]


def test_senders_that_make_types_up_do_not_fill_the_memory() -> None:
    rules = rules_of(rule("a", None, on="'*'"))
    for number in range(index.MOST_BUCKETS + 10):
        assert len(rules.index.bucket("scanner", f"made.up{number}").always) == 1
    assert len(rules.index._buckets) <= index.MOST_BUCKETS


_VALUES = st.sampled_from(["'a'", "'b'", "1", "1.0", "2", "true", "null", "''"])
_TEST = st.one_of(
    st.tuples(st.sampled_from(["scanner", "target", "band"]), _VALUES).map(
        lambda pair: f"data.{pair[0]} == {pair[1]}"
    ),
    st.tuples(st.sampled_from(["scanner", "band"]), _VALUES, _VALUES).map(
        lambda three: f"data.{three[0]} in [dyn({three[1]}), {three[2]}]"
    ),
    st.just("data.absent == 'a'"),
    st.just("!(data.band == 'a')"),
)  # fmt: skip
_CONDITION = st.recursive(
    _TEST,
    lambda inner: st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(
        lambda three: f"({three[0]} {three[1]} {three[2]})"
    ),
    max_leaves=4,
)
_DATA = st.fixed_dictionaries(
    {
        key: st.sampled_from(["a", "b", 1, 1.0, 2, True, False, None, ""])
        for key in ("scanner", "target", "band")
    }
)


@given(st.lists(_CONDITION, min_size=1, max_size=4), _DATA)
def test_index_never_leaves_out_a_rule_that_matches(
    conditions: list[str], data: dict[str, object]
) -> None:
    listed = [rule(f"r{n}", f'"{one}"', on="custom.kind") for n, one in enumerate(conditions)]
    rules = rules_of(*listed)
    event = scan(data, type="custom.kind")
    found = {
        verdict.rule for verdict in plan(event, rules, NOW, {}, ESCAPES).verdicts if verdict.matched
    }
    for one in rules.rules:
        assert one.when is not None
        names = EventNames(event, NOW, {})
        try:
            matches = one.when.holds(names.for_guard(one, one.when))
        except ExpressionFailed:
            matches = False
        assert (one.name in found) == matches
