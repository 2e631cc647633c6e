"""The functions of ours in expressions."""

from __future__ import annotations

import pytest

from bridge.errors import ExpressionFailed, Place
from bridge.event import JSON
from bridge.match.expression import activation, compile_expression
from bridge.match.rule import NAMES
from tests.match.catalogue import FINDINGS, NOW

VALUES: dict[str, JSON] = {"data": {"findings": FINDINGS, "n": [3, 1, 2]}, "now": NOW}


def value(text: str) -> JSON:
    return compile_expression(text, Place("r.yaml", 1, 1), NAMES).evaluate(activation(VALUES))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("day('2026-11-21T23:30:00-05:00')", "2026-11-22"), ("day(0)", "1970-01-01"),
        ("day(now)", "2026-11-21"), ("day('2026-11-21')", "2026-11-21"),
        ("truncate('abcdef', 4)", "abc…"), ("truncate('abc', 3)", "abc"),
        ("truncate('ab cd', 4)", "ab…"), ("truncate('abc', 0)", ""), ("truncate('abc', -1)", ""),
        ("slug('  TLS 1.0: weak! ')", "tls-1-0-weak"), ("host('HTTPS://A.example:8443/x?y')",
         "a.example"), ("host('a.example/x')", "a.example"), ("host('')", ""),
        ("severity_rank('Critical')", 4), ("severity_rank('moderate')", 2),
        ("severity_rank('odd')", -1), ("json({'b': 1, 'a': [null]})", '{"a":[null],"b":1}'),
        ("json('x')", '"x"'), ("[1, 1, 2, 1].distinct()", [1, 2]),
        ("[dyn(1), dyn(true), dyn('1'), dyn(1)].distinct()", [1, True, "1"]),
        ("data.n.sort()", [1, 2, 3]), ("['b', 'a'].sort()", ["a", "b"]), ("[].sort()", []),
        ("data.findings.sort('title').map(f, f.id)", ["f3", "f2", "f1"]),
        ("data.findings.worst_first().map(f, f.id)", ["f3", "f1", "f2"]),
        ("['low', 'high', 'low'].worst_first()", ["high", "low", "low"]),
        ("[[1], [2, [3]]].flatten()", [1, 2, [3]]), ("[dyn(1), dyn([2])].flatten()", [1, 2]),
        ("[1, 2, 3].sum()", 6), ("[1.5, 2.0].sum()", 3.5), ("[].sum()", 0),
        ("data.n.take(2)", [3, 1]), ("data.n.take(9)", [3, 1, 2]), ("data.n.take(-1)", []),
    ],
)  # fmt: skip
def test_function_gives(text: str, expected: JSON) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)
    if isinstance(found, list) and isinstance(expected, list):
        assert [type(one) for one in found] == [type(one) for one in expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data.findings.sort()", "name the field"), ("[dyn(1), dyn('a')].sort()", "name the field"),
        ("[true, false].sort()", "name the field"),
        ("data.findings.sort('absent')", "without the field absent"),
        ("['a'].sum()", "takes a list of numbers"), ("[true].sum()", "takes a list of numbers"),
        ("[9223372036854775807, 1].sum()", "beyond 64 bits"), ("day('soon')", "isoformat"),
    ],
)  # fmt: skip
def test_function_fails_in_words(text: str, words: str) -> None:
    with pytest.raises(ExpressionFailed, match=words):
        value(text)
