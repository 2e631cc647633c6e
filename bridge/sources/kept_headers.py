"""Which headers of a delivery are kept with its events, and which hold a proof or a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import orjson

_SECRET = re.compile(
    r"signature|token|secret|passw|api-?key|cookie|credential|session|hmac|jwt"
    r"|(^|-)auth(-|$|orization|enticat)"
)


def read_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name; one that came several times is joined with commas, as RFC 9110 5.2 says."""
    pairs = tuple(pairs)
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    headers.clear()
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def keep_headers(headers: Mapping[str, str], proofs: frozenset[str]) -> str:
    """The headers as a JSON object, without those in which a secret or a signature stands.

    proofs: names that the source's proof uses, whatever they sound like.
    """
    kept = {name: headers[name] for name in _kept(tuple(headers), proofs)}
    text = orjson.dumps(kept).decode()
    return text.replace("\\u0000", "\\ufffd") if "\\u0000" in text else text


@lru_cache(maxsize=256)
def _kept(names: tuple[str, ...], proofs: frozenset[str]) -> tuple[str, ...]:
    """Which of the names are kept; remembered, because a sender sends the same ones each time."""
    return tuple(name for name in names if name not in proofs and not sounds_secret(name))


@lru_cache(maxsize=1024)
def sounds_secret(name: str) -> bool:
    """Whether a header of this name is likely to hold a secret or a signature."""
    return _SECRET.search(name) is not None
