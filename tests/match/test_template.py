"""Templates: what they give, what is escaped, and what is never read as a template."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.document import load
from bridge.errors import ExpressionFailed, Problem
from bridge.event import JSON
from bridge.match.expression import activation
from bridge.match.rule import NAMES
from bridge.match.template import Template, as_text, compile_template, split

VALUES: dict[str, JSON] = {
    "data": {"n": 7, "f": 7.0, "t": "a*b", "l": ["x", "y"], "m": {"k": 1}, "no": None,
             "evil": "${{ vars.secret }}"},
    "vars": {"bold": "**", "secret": "s"},
}  # fmt: skip


def compiled(text: str) -> tuple[Template, list[str]]:
    problems: list[Problem] = []
    document = load(f"a: {text}", "t.yaml")
    template = compile_template(document.value_at(("a",)), document, ("a",), NAMES, problems)
    return template, [str(problem) for problem in problems]


def rendered(text: str) -> JSON:
    template, problems = compiled(text)
    assert problems == []
    return template.render(activation(VALUES))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${{ data.n }}", 7), ("${{data.l}}", ["x", "y"]), ("${{ data.no }}", None),
        ("${{ data.n > 3 }}", True), ('"n = ${{ data.n }}"', "n = 7"), ("x${{ data.f }}", "x7"),
        ("x ${{ data.l }}", "x x, y"), ("x ${{ data.m }}", 'x {"k": 1}'), ("x${{ data.no }}", "x"),
        ("x ${{ data.n > 3 }}", "x true"), ("${{ data.n }}${{ data.t }}", "7a*b"),
        ('[a, {b: "${{ data.n }}"}]', ["a", {"b": 7}]), ("plain", "plain"),
        ("""'${{ "}}" + data.t }}'""", "}}a*b"), ("'${{ {\"a\": {\"b\": 1}} }}'", {"a": {"b": 1}}),
        ("""'${{ "${{" }}'""", "${{"), ("$ {{ n }}", "$ {{ n }}"),
    ],
)  # fmt: skip
def test_template_gives(text: str, expected: JSON) -> None:
    found = rendered(text if text[0] in "'\"[" else f"'{text}'" if "{" in text else text)
    assert found == expected
    assert type(found) is type(expected)


def test_what_an_event_says_is_never_read_as_a_template() -> None:
    assert rendered("'${{ data.evil }}'") == "${{ vars.secret }}"
    assert rendered("'x ${{ data.evil }}'") == "x ${{ vars.secret }}"


def test_only_text_from_the_event_is_escaped() -> None:
    template, _ = compiled("'*a* ${{ vars.bold }}${{ data.t }}${{ \"*\" }} ${{ data.n }}'")
    escaped = template.render(activation(VALUES), lambda text: f"<{text}>")
    assert escaped == "*a* **<a*b>* <7>"


def test_whole_template_is_escaped_where_it_gives_text() -> None:
    template, _ = compiled("'${{ data.t }}'")
    assert template.render(activation(VALUES), str.upper) == "A*B"
    template, _ = compiled("'${{ data.l }}'")
    assert template.render(activation(VALUES), str.upper) == ["x", "y"]


def test_leaves_that_wait_keep_their_text() -> None:
    template, _ = compiled("{a: '${{ steps.t.key }}', 'b/c': ['${{ data.n }}']}")
    assert [leaf.pointer for leaf in template.leaves] == ["/a", "/b~1c/0"]
    assert template.render(activation(VALUES), None, {"/a"}) == {
        "a": "${{ steps.t.key }}",
        "b/c": [7],
    }


def test_every_mistake_is_placed_in_the_file() -> None:
    _, problems = compiled(
        "\n  - 'x ${{ dat.n }} ${{ data.n + }}'\n  - '${{ data.n'\n  - {'${{ x }}': 1}"
    )
    assert problems == [
        't.yaml:2:12: a[0]: nothing is called "dat" here (did you mean "data"?)',
        "t.yaml:2:33: a[0]: the expression ends too early",
        "t.yaml:3:6: a[1]: a template is opened with ${{ and never closed with }}",
        "t.yaml:4:6: a[2].${{ x }}: a key cannot hold a template; only a value can",
    ]


def test_text_that_grows_too_large_fails() -> None:
    template, _ = compiled("'${{ data.big }}${{ data.big }}'")
    with pytest.raises(ExpressionFailed, match="1,000,000 characters"):
        template.render(activation({"data": {"big": "x" * 600_000}}))


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (1.5, "1.5"), (1e300, "1e+300"), ([], ""), ([1, None], "1, "),
     ([[1]], "[[1]]"), ({"é": 1}, '{"é": 1}')],
)  # fmt: skip
def test_values_among_text(value: JSON, text: str) -> None:
    assert as_text(value) == text


@given(st.text(alphabet="${} 'ab\"\\") | st.text())
def test_splitting_loses_no_text(text: str) -> None:
    try:
        pieces = split(text)
    except ValueError:
        assert "${{" in text
        return
    for piece in pieces:
        if isinstance(piece, str):
            assert piece in text
        else:
            assert text[piece[0] :].startswith(piece[1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"{{ data.n }} of"', "{{ data. … stands in the text as it is (a template is ${{ … }})"),
        ('"${{ data.n }} ${ each.id }"', "${ each. … stands in the text as it is"),
    ],
)
def test_template_of_another_program_is_a_warning(text: str, said: str) -> None:
    _, (problem,) = compiled(text)
    assert said in problem


@pytest.mark.parametrize("text", ['"{{data}} in {{event}}"', "\"${{ {'a': {'b': data.n}} }}\""])
def test_wiki_markup_and_maps_are_taken_for_no_other_template(text: str) -> None:
    assert compiled(text)[1] == []
