"""What the engine does with the references to Python's objects, and that it is put right."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from contextlib import suppress

import pytest

from bridge.errors import ExpressionFailed, Place
from bridge.event import JSON
from bridge.match.expression import Expression, activation, compile_expression

TIMES = 400
SLACK = 80
"""References to None that other parts of the process come and go with meanwhile."""
DATA: dict[str, JSON] = {
    "data": {"nothing": None, "list": [None, ["x", None], {"a": None}], "text": "word " * 2_000}
}


def compiled(text: str) -> Expression:
    return compile_expression(text, Place("r.yaml", 1, 1), frozenset({"data"}))


@pytest.mark.parametrize(
    "text",
    [
        "[data.nothing]",
        "data.list.map(one, one)",
        '{"from": data.nothing, "to": null}',
        "data.text == '' ? data.text : null",
        "data.list.flatten()",
        "data.list.flatten().distinct()",
        "json(data.nothing)",
        "json(data)",
        "parse_json('[null, null]')",
        "parse_json('null')",
    ],
)
def test_nulls_in_results_and_arguments_do_not_wear_none_out(text: str) -> None:
    expression = compiled(text)
    expression.evaluate(activation(DATA))
    gc.collect()
    before = sys.getrefcount(None)
    for _ in range(TIMES):
        expression.evaluate(activation(DATA))
    gc.collect()
    # Python 3.11 ends the process at none; from 3.12 on the count stands still.
    assert sys.getrefcount(None) > before - SLACK


def test_a_condition_that_gives_null_does_not_wear_none_out() -> None:
    condition = compiled("data.text == '' ? true : data.nothing")
    before = sys.getrefcount(None)
    for _ in range(TIMES):
        with pytest.raises(ExpressionFailed, match="must give true or false"):
            condition.holds(activation(DATA))
    assert sys.getrefcount(None) > before - SLACK


@pytest.mark.parametrize(
    "text",
    [
        "truncate(data.text, 5)",
        "truncate(data.text, 20000)",
        "truncate(data.text + data.text, 9000)",
        "json(data)",
        "parse_json(json(data)).text",
        "[data.text + '!'].distinct()",
        "[[data.text + '!']].flatten().distinct().map(one, json(one))",
        "[data.text, 1].sort()",  # which fails
    ],
)
def test_what_functions_are_given_and_give_is_freed(text: str) -> None:
    expression = compiled(text)
    tracemalloc.start()
    try:
        for count in range(220):
            with suppress(ExpressionFailed):
                expression.evaluate(activation(DATA))
            if count == 19:
                gc.collect()
                before = tracemalloc.get_traced_memory()[0]
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 200_000  # of 200 times 10,000 characters and more, all of which were kept
