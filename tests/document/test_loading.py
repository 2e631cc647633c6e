"""One loader reads every YAML file of the project, with the place of each value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.document import load, read
from bridge.errors import Invalid, Place
from bridge.event import JSON


def problems(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        load(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_words_that_yaml_1_1_made_truth_values_stay_words() -> None:
    value = load("on: yes\noff: no\ny: n", "f.yaml").value
    assert value == {"on": "yes", "off": "no", "y": "n"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1), ("-3", -3), ("1.5", 1.5), ("true", True), ("False", False), ("null", None),
        ("~", None), ("", None), ("1.10", "1.10"), ("007", "007"), ("1e3", "1e3"),
        ("0x1F", "0x1F"), ("1_000", "1_000"), (".inf", ".inf"), ("2026-11-21", "2026-11-21"),
        ("12:30:00", "12:30:00"), ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", "9223372036854775808"), ('"1"', "1"), ("'true'", "true"),
        ("!!str 7", "7"), ("+5", "+5"), ("-0", "-0"),
    ],
)  # fmt: skip
def test_number_is_a_number_only_where_it_reads_back_the_same(written: str, value: JSON) -> None:
    assert load(f"a: {written}", "f.yaml").value == {"a": value}
    assert type(load(f"a: {written}", "f.yaml").value["a"]) is type(value)  # type: ignore[index,call-overload]


def test_empty_file_is_a_document_without_a_value() -> None:
    assert load("", "f.yaml").value is None
    assert load("# only a comment\n", "f.yaml").value is None


def test_small_alias_is_followed() -> None:
    assert load("a: &x [1, 2]\nb: *x", "f.yaml").value == {"a": [1, 2], "b": [1, 2]}


def test_tab_is_refused_with_its_place() -> None:
    assert problems("a:\n\tb: 1") == ["f.yaml:2:1: a tab cannot indent a line in YAML; use spaces"]


def test_tab_behind_text_is_no_indentation() -> None:
    assert load("a: |\n  x\ty\n", "f.yaml").value == {"a": "x\ty\n"}


def test_every_duplicate_key_is_named_with_the_first_place() -> None:
    assert problems("a: 1\nb: 2\na: 3\nb: 4") == [
        'f.yaml:3:1: the key "a" stands here twice; first on line 1',
        'f.yaml:4:1: the key "b" stands here twice; first on line 2',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !python/object:os.system x", "the tag !python/object:os.system is not used here"),
        ("a: !!binary aGk=", "binary is not used here"),
        ("a: !!map {b: 1}", "is not used here"),
        ("a: 1\n---\nb: 2", "one file holds one document"),
        ("<<: {a: 1}", "merge keys"),
        ("? [a, b]\n: 1", "a key must be plain text"),
        ("a: &x 1\n*x : 2", "a key must be plain text"),
        ("a: *nothing", "stands for nothing"),
        ("a: &x [*x]", "stands for nothing finished above it"),
        ("[" * 51 + "]" * 51, "nested deeper than 50"),
        ("[" * 20_000, "nested deeper than 50"),
        ("a: [1, 2", "this is not YAML"),
        ("a: b: c", "this is not YAML"),
        ('a: "x', "this is not YAML"),
        ("a: \x01", "this character cannot stand in a YAML file"),
        ("a: \ud800", "half of a character"),
    ],
)
def test_what_json_has_not_is_refused(text: str, words: str) -> None:
    assert any(words in problem for problem in problems(text))


def test_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    found = problems("\n".join(lines))
    assert "the aliases of this file make more than 10,000 values" in found[0]


def test_aliases_cannot_hide_depth() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))]
    assert any("nested deeper than 50" in problem for problem in problems("\n".join(lines)))


def test_places_of_values_and_keys() -> None:
    document = load("a:\n  b: [1, {c: 2}]\n", "f.yaml")
    assert document.place(("a", "b", 1, "c")) == Place("f.yaml", 2, 14)
    assert document.key_place(("a", "b")) == Place("f.yaml", 2, 3)
    assert document.place(("a", "b", 7, "x")) == Place("f.yaml", 2, 6)
    assert document.place(()) == Place("f.yaml", 1, 1)
    assert document.key_place(("a", "nothing")) == Place("f.yaml", 2, 3)


@pytest.mark.parametrize(
    ("text", "needle", "place"),
    [
        ("a: one two", "two", (1, 8)),
        ('a: "one two"', "two", (1, 9)),
        ('a: "\\t\\u0041\\x41 two"', "two", (1, 18)),
        ("a: 'it''s two'", "two", (1, 11)),
        ("a: one\n   two three", "three", (2, 8)),
        ("a: |\n  one\n    two\n  three", "two", (3, 5)),
        ("a: |\n  one\n    two\n  three", "three", (4, 3)),
        ("a: >-\n  one\n  two", "two", (3, 3)),
        ("# é\na: é two", "two", (2, 6)),
        ('a: "one\n\n  two"', "two", (3, 3)),
    ],
)
def test_place_of_a_character_inside_a_text(text: str, needle: str, place: tuple[int, int]) -> None:
    document = load(text, "f.yaml")
    value = document.value_at(("a",))
    assert isinstance(value, str)
    assert document.place_inside(("a",), value.index(needle)) == Place("f.yaml", *place)


def test_file_that_is_not_utf_8_is_refused_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(Invalid, match=r"f\.yaml:2:4: this file is not UTF-8"):
        read(file, "f.yaml")


def test_missing_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read: No such file"):
        read(tmp_path / "absent.yaml")


def test_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1")
    assert load(read(file), "f.yaml").value == {"a": 1}


@given(st.text() | st.text(alphabet="[]{}:,-&*!|>'\"#%@` \n\tab1.~?"))
def test_any_text_is_read_or_invalid_with_a_place(text: str) -> None:
    try:
        document = load(text, "f.yaml")
    except Invalid as error:
        places = [problem.place for problem in error.problems]
    else:
        places = [document.place(()), document.place_inside((), 3)]
    assert places
    assert all(place.line >= 1 and place.column >= 1 for place in places)


_WRITABLE = st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co", "Zl", "Zp"])
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(_WRITABLE, max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(_WRITABLE, max_size=8), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(_PLAIN)
def test_json_is_read_as_the_same_value(value: JSON) -> None:
    assert load(json.dumps(value, ensure_ascii=False), "f.yaml").value == value
