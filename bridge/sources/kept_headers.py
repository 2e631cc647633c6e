"""Which headers of a delivery are kept with its events, and which hold a proof or a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from pydantic_core import to_json

_SECRET = re.compile(
    r"signature|token|secret|passw|api-?key|cookie|credential|session|hmac|jwt"
    r"|(^|-)auth(-|$|orization|enticat)"
)


def read_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name; one that came several times is joined with commas, as RFC 9110 5.2 says."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def keep_headers(headers: Mapping[str, str], proofs: frozenset[str]) -> str:
    """The headers as a JSON object, without those in which a secret or a signature stands.

    proofs: names that the source's proof uses, whatever they sound like.
    """
    kept = {
        name: value
        for name, value in headers.items()
        if name not in proofs and not sounds_secret(name)
    }
    text = to_json(kept).decode()
    return text.replace("\\u0000", "\\ufffd") if "\\u0000" in text else text


@lru_cache(maxsize=1024)
def sounds_secret(name: str) -> bool:
    """Whether a header of this name is likely to hold a secret or a signature."""
    return _SECRET.search(name) is not None
