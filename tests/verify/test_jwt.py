"""JSON Web Tokens: what is taken, and everything else is refused."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ProofRefused, SignatureMalformed, SignatureMismatch, TimestampRefused
from bridge.verify.jwt import check_jwt, make_jwt
from bridge.verify.secret import SecretForm, decode_secret

NOW = 1_794_992_400_000
SECONDS = NOW // 1000
KEY = decode_secret("made-up-client-secret", SecretForm.PLAIN)


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(claims: object, head: object = None, key: bytes = KEY.value) -> str:
    """As any library would sign it: written here from the RFC, not with the code under test."""
    signed = f"{part(head if head is not None else {'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    return f"{signed}.{part(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def check(written: str, now: int = NOW) -> str:
    return check_jwt(written, [KEY], now, 60).fingerprint


def test_example_of_the_rfc_is_right_and_long_expired() -> None:
    written = (  # RFC 7515, appendix A.1
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )
    octets = base64.urlsafe_b64decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
    )
    key = decode_secret("x", SecretForm.PLAIN)
    theirs = type(key)("rfc", octets, hashlib.sha256(octets).digest())
    assert check_jwt(written, [theirs], 1_300_819_380_000, 0) is theirs
    with pytest.raises(TimestampRefused, match="expired"):
        check_jwt(written, [theirs], NOW, 60)


def test_token_holds_until_exp_and_the_leeway_behind_it() -> None:
    written = token({"iss": "app", "iat": SECONDS, "exp": SECONDS + 180})
    assert check(written) == KEY.fingerprint
    assert check(written, NOW + 240_000)
    with pytest.raises(TimestampRefused, match="expired"):
        check(written, NOW + 240_001)


def test_what_is_made_for_samples_is_taken_and_names_no_secret() -> None:
    made = make_jwt(KEY.value, NOW)
    assert check(made)
    assert b"made-up" not in base64.urlsafe_b64decode(made.split(".")[1] + "==")


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": SECONDS + 60, "nbf": SECONDS + 3600},
        {"exp": SECONDS + 7200, "iat": SECONDS + 3600},
    ],
)
def test_token_without_a_time_that_holds_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(TimestampRefused):
        check(token(claims))


@pytest.mark.parametrize(
    "head",
    [
        {"alg": "none"},
        {"alg": "hs256"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": ["HS256"]},
        {},
        [],
        "HS256",
        b"{",
        b'{"alg": NaN}',
        b"\xff",
    ],
)
def test_no_other_algorithm_is_taken_whatever_the_token_says(head: object) -> None:
    with pytest.raises(SignatureMalformed):
        check(token({"exp": SECONDS + 60}, head))


def test_signature_of_another_key_or_over_other_claims_is_a_mismatch() -> None:
    good = token({"exp": SECONDS + 60})
    head, _, signature = good.split(".")
    with pytest.raises(SignatureMismatch):
        check(token({"exp": SECONDS + 60}, key=b"another"))
    with pytest.raises(SignatureMismatch):
        check(f"{head}.{part({'exp': SECONDS + 6000})}.{signature}")
    with pytest.raises(SignatureMismatch):
        check(f"{head}.{part({'exp': SECONDS + 60})}.{part(b'short')}")


@pytest.mark.parametrize(
    "written", ["", ".", "..", "a.b", "a.b.c.d", "a.b.", "a.é.c", "a b.c.d", "x" * 9000, "a.a.a"]
)
def test_text_that_is_no_token_is_malformed(written: str) -> None:
    with pytest.raises(SignatureMalformed):
        check(written)


@given(st.text(alphabet=".abcdefgABCXYZ019-_=+/ é", max_size=60))
def test_no_text_gets_past_the_check_or_crashes_it(written: str) -> None:
    with pytest.raises(ProofRefused):
        check(written)
