"""What comes in as JSON is made fit for the expression engine, or refused."""

from __future__ import annotations

import json
from contextlib import suppress
from sys import float_info

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Malformed
from bridge.event import JSON
from bridge.match.clean import _parse_odd, clean, parse_body


def test_ordinary_body_is_read_as_it_is() -> None:
    assert parse_body(b'{"b": [1, 2.5, null], "a": "\\u00e9"}') == {"b": [1, 2.5, None], "a": "é"}


def test_keys_keep_their_order() -> None:
    value = parse_body(b'{"b": 1, "a": 2}')
    assert isinstance(value, dict)
    assert list(value) == ["b", "a"]


def test_byte_order_mark_is_stepped_over() -> None:
    assert parse_body(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_number_that_is_not_json_is_refused(word: str) -> None:
    with pytest.raises(Malformed, match=word):
        parse_body(b'{"a": ' + word.encode() + b"}")


@pytest.mark.parametrize("raw", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_empty_body_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed, match="empty"):
        parse_body(raw)


def test_body_in_another_encoding_is_refused() -> None:
    with pytest.raises(Malformed, match="not UTF-8"):
        parse_body(json.dumps({"a": 1}).encode("utf-16"))


def test_truncated_body_is_refused_with_the_place() -> None:
    with pytest.raises(Malformed, match="line 1 column"):
        parse_body(b'{"a": [1, 2')


@pytest.mark.parametrize("depth", [101, 500, 20_000])
def test_body_nested_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(Malformed, match="deeper than 100"):
        parse_body(b"[" * depth + b"]" * depth)


def test_endless_opening_brackets_are_refused() -> None:
    with pytest.raises(Malformed):
        parse_body(b'{"a":' * 100_000)


def test_body_of_a_hundred_levels_is_read() -> None:
    assert parse_body(b"[" * 100 + b"]" * 100) is not None


def test_brackets_inside_text_are_not_depth() -> None:
    assert parse_body(b'["' + b"[" * 500 + b'\\"]"]') == ["[" * 500 + '"]']


def test_many_siblings_are_not_depth() -> None:
    assert parse_body(b"[" + b",".join([b'{"a":[]}'] * 500) + b"]") == [{"a": []}] * 500


@pytest.mark.parametrize("digits", ["9223372036854775808", "-9223372036854775809", "1" + "0" * 70])
def test_integer_beyond_64_bits_keeps_its_digits_as_text(digits: str) -> None:
    assert parse_body(f'{{"id": {digits}}}'.encode()) == {"id": digits}


@pytest.mark.parametrize("digits", ["9223372036854775807", "-9223372036854775808"])
def test_integer_within_64_bits_stays_a_number(digits: str) -> None:
    assert parse_body(digits.encode()) == int(digits)


def test_number_of_a_million_digits_becomes_text() -> None:
    digits = "7" * 1_000_000
    assert parse_body(digits.encode()) == digits


def test_fraction_too_large_for_a_double_becomes_text() -> None:
    assert parse_body(b"[1e999, -1E+999, 1e-999]") == ["1e999", "-1E+999", 0.0]


def test_nul_and_lone_surrogates_are_replaced_in_values_and_keys() -> None:
    raw = b'{"a\\u0000": "x\\u0000y", "\\ud800": ["\\udfff", "\\ud83d\\ude00"]}'
    assert parse_body(raw) == {"a\ufffd": "x\ufffdy", "\ufffd": ["\ufffd", "😀"]}


def test_raw_control_character_in_text_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_body(b'{"a": "x\x00y"}')


def test_cleaning_a_value_treats_numbers_text_and_depth_alike() -> None:
    assert clean({"n": 2**70, "f": float("inf"), "t": "a\0b", "l": [True, None]}) == {
        "n": str(2**70),
        "f": "inf",
        "t": "a\ufffdb",
        "l": [True, None],
    }
    deep: JSON = []
    for _ in range(101):
        deep = [deep]
    with pytest.raises(Malformed, match="deeper than 100"):
        clean(deep)


@given(st.binary() | st.text().map(lambda text: json.dumps(text).encode()))
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    with suppress(Malformed):
        parse_body(raw)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES)
def test_whatever_is_cleaned_can_be_written_and_read_unchanged(value: JSON) -> None:
    cleaned = clean(value)
    assert parse_body(json.dumps(cleaned, allow_nan=False).encode()) == cleaned


EDGES = st.sampled_from(
    [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**18, 10**19, 0.1, 1e308]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | EDGES | st.text(st.characters(codec=None))
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(VALUES, st.booleans())
def test_quick_way_reads_every_value_as_the_exact_one_does(value: object, escaped: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "replace")
    assert repr(parse_body(raw)) == repr(_parse_odd(raw))


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"[9223372036854775808]", [9223372036854775808.0]),
        (b"[-18446744073709551616, 7]", [-18446744073709551616.0, 7]),
        (b"[1" + b"0" * 400 + b", -1e999]", [float_info.max, -float_info.max]),
        (b'["9223372036854775808", true, 0]', ["9223372036854775808", True, 0]),
    ],
)
def test_number_stays_a_number_where_kinds_are_kept(raw: bytes, kept: list[JSON]) -> None:
    found = parse_body(raw, keep_kinds=True)
    assert found == kept
    assert json.dumps(found) == json.dumps(kept)  # true is not 1 here
