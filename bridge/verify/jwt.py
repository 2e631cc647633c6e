"""JSON Web Tokens signed with HS256, as the dynamic webhooks of Jira Cloud carry them.

Source: RFC 7519 and RFC 7515; https://developer.atlassian.com/cloud/jira/platform/webhooks/, which
names the app's client secret as the key, read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence

from bridge.errors import SignatureMalformed, TimestampRefused
from bridge.event import JSON
from bridge.verify.secret import Key
from bridge.verify.signature import Algorithm, check_hmac, hmac_digest

MOST_CHARACTERS = 8_192
"""Of a token. Arbitrary: no server takes a longer header, and a real one has some 300."""
LIFE_SECONDS = 180
"""Of the tokens that we make for samples, as Atlassian's own live."""

_PART = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def check_jwt(token: str, keys: Sequence[Key], now: int, leeway_seconds: int) -> Key:
    """The key that signed a token which holds now.

    Only HS256 is taken, whatever the token names: a token that could choose `none`, or another
    kind of key, would be its own proof. It has to say `exp`; `nbf` and `iat` are looked at where
    they are there. What else it claims is not read: it says nothing about the body.

    now: milliseconds. leeway_seconds: what the two clocks may differ.

    Raises SignatureMalformed, SignatureMismatch, TimestampRefused.
    """
    parts = token.split(".") if len(token) <= MOST_CHARACTERS else []
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise SignatureMalformed("the token is no JWT: three parts in base64 with dots between")
    head = _object(parts[0])
    if head.get("alg") != "HS256":
        raise SignatureMalformed("the token is not signed with HS256")
    signed = f"{parts[0]}.{parts[1]}".encode()
    key = check_hmac(signed, (_decode(parts[2]),), keys, Algorithm.SHA256)
    _check_times(_object(parts[1]), now / 1000, leeway_seconds)
    return key


def make_jwt(key: bytes, now: int) -> str:
    """A token that `check_jwt` takes from now on for a few minutes; only samples are signed so."""
    seconds = now // 1000
    head = {"alg": "HS256", "typ": "JWT"}
    claims = {"iss": "demo", "iat": seconds, "exp": seconds + LIFE_SECONDS}
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_encode(hmac_digest(signed.encode(), key, Algorithm.SHA256))}"


def _check_times(claims: dict[str, JSON], now: float, leeway: int) -> None:
    until = _moment(claims, "exp")
    if until is None:
        raise TimestampRefused("the token does not say until when it holds (exp)")
    if now > until + leeway:
        raise TimestampRefused("the token has expired")
    for name in ("nbf", "iat"):
        since = _moment(claims, name)
        if since is not None and now < since - leeway:
            raise TimestampRefused(f"the token is of a later time than ours ({name})")


def _moment(claims: dict[str, JSON], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TimestampRefused(f"{name} of the token is no number")
    return float(value)


def _object(part: str) -> dict[str, JSON]:
    try:
        value = json.loads(_decode(part), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise SignatureMalformed("a part of the token is no JSON") from error
    if not isinstance(value, dict):
        raise SignatureMalformed("a part of the token is no JSON object")
    return value


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _decode(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise SignatureMalformed("a part of the token is no base64") from error


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
