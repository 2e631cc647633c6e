"""JSON as the expression engine can bear it, made once at the door.

The engine turns every evaluation into an error when one integer is wider than 64 bits, cuts a
string at a NUL, raises on half a surrogate pair and overflows the stack on deep data (seen with
cel-expr-python 0.1.3). What is read here has none of these.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from sys import float_info
from typing import NoReturn

import orjson

from bridge.errors import Malformed
from bridge.event import JSON

MOST_DEPTH = 100
"""The engine crashed at 20,000 and was well at 500; the deepest recorded body has 14."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_A_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_SHAPES = bytes.maketrans(b"123456789{", b"000000000[")
_WIDE_DIGITS = b"0" * 19
"""What an integer beyond 64 bits holds once every digit is 0. Looking for it is thirty times
faster than a regular expression, which tries each byte of every text."""
_NUL_ESCAPE = re.compile(rb"\\u0000")
_UNFIT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNFIT = re.compile("[\0\ud800-\udfff]")


def parse_body(raw: bytes, *, keep_kinds: bool = False) -> JSON:
    """Read a body that is strict JSON in UTF-8, cleaned.

    A number that 64 bits cannot hold becomes the text that was sent, so that a long id keeps
    every digit. keep_kinds: it becomes the nearest double, where a model says which kind each
    field is of and a number must not be taken for a text. NUL and lone surrogates become U+FFFD.
    Of a key given twice the last one counts.

    Raises Malformed: empty, not UTF-8, not JSON (NaN and Infinity are not), deeper than 100.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    shapes = raw.translate(_SHAPES)
    if shapes.count(b"[") > MOST_DEPTH and _too_deep(raw):
        raise Malformed(f"the body is nested deeper than {MOST_DEPTH} levels")
    if _WIDE_DIGITS not in shapes and not (b"\\" in raw and _NUL_ESCAPE.search(raw)):
        try:
            return orjson.loads(raw)  # type: ignore[no-any-return]
        except ValueError:
            pass  # for the way below it may be fit; if not, it says more exactly what is wrong
    return _parse_odd(raw, keep_kinds)


def _parse_odd(raw: bytes, keep_kinds: bool = False) -> JSON:
    """A body with something in it that has to be cleaned, or that is no JSON."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8: byte {error.start} cannot stand there") from error
    if not text.strip():
        raise Malformed("the body is empty")
    value = _loads(text, _OF_KINDS if keep_kinds else _DECODER)
    return _without_unfit(value) if _UNFIT_ESCAPE.search(raw) else value


def clean(value: JSON) -> JSON:
    """The same cleaning for JSON that came another way, such as the outputs of an action.

    Raises Malformed when it is deeper than 100 levels.
    """
    return _cleaned(value, MOST_DEPTH)


def _loads(text: str, decoder: json.JSONDecoder) -> JSON:
    try:
        return decoder.decode(text)  # type: ignore[no-any-return]
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise Malformed(f"the body is not JSON: {error.msg} at {where}") from error
    except RecursionError as error:
        raise Malformed(f"the body is nested deeper than {MOST_DEPTH} levels") from error


def _refuse(word: str) -> NoReturn:
    raise Malformed(f"the body is not JSON: {word} is no number there")


def _whole(digits: str) -> int | str:
    if len(digits) > 20:
        return digits
    number = int(digits)
    return number if -(2**63) <= number < 2**63 else digits


def _fraction(digits: str) -> float | str:
    number = float(digits)
    return number if isfinite(number) else digits


def _nearest(digits: str) -> float:
    return min(max(float(digits), -float_info.max), float_info.max)


def _whole_or_nearest(digits: str) -> int | float:
    number = _whole(digits)
    return number if isinstance(number, int) else _nearest(digits)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_whole, parse_float=_fraction)
"""Made once: `json.loads` with these arguments makes one for each text."""

_OF_KINDS = json.JSONDecoder(
    parse_constant=_refuse, parse_int=_whole_or_nearest, parse_float=_nearest
)


def _too_deep(raw: bytes) -> bool:
    """Takes innermost pairs of brackets away, level by level; each round is one pass in C."""
    brackets = _STRING.sub(b"", raw).translate(None, _NOT_A_BRACKET)
    for _ in range(MOST_DEPTH):
        inner = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(inner) == len(brackets):
            return False  # balanced to the end, or no JSON at all, which the parser will say
        brackets = inner
    return bool(brackets)


def _without_unfit(value: JSON) -> JSON:
    if isinstance(value, str):
        return _UNFIT.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_unfit(item) for item in value]
    if isinstance(value, dict):
        return {_UNFIT.sub("\ufffd", key): _without_unfit(item) for key, item in value.items()}
    return value


def _cleaned(value: JSON, levels: int) -> JSON:
    if isinstance(value, str):
        return _UNFIT.sub("\ufffd", value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else _digits(value)
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if levels == 0:
        raise Malformed(f"a value is nested deeper than {MOST_DEPTH} levels")
    if isinstance(value, list):
        return [_cleaned(item, levels - 1) for item in value]
    return {_UNFIT.sub("\ufffd", key): _cleaned(item, levels - 1) for key, item in value.items()}


def _digits(number: int) -> str:
    """The decimal digits; Python refuses to write more than 4,300 of them, so hex beyond that."""
    return str(number) if number.bit_length() < 14_000 else hex(number)
