"""Secrets as written, and tokens that are shown as they are."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import SignatureMalformed, SignatureMismatch
from bridge.verify.ed25519 import check_ed25519, decode_public_key, sign_ed25519
from bridge.verify.secret import SecretForm, UnusableSecret, decode_secret
from bridge.verify.shared_secret import basic_credentials, bearer_token, check_shared_secret

KEY = decode_secret("demo-made-up", SecretForm.PLAIN)


def test_whsec_is_decoded_for_standard_webhooks_and_is_the_whole_key_elsewhere() -> None:
    written = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()
    assert decode_secret(written, SecretForm.WHSEC).value == b"0123456789abcdef"
    assert decode_secret(written, SecretForm.PLAIN).value == written.encode()


@pytest.mark.parametrize("size", [15, 16, 17, 18])
def test_whsec_may_lack_its_padding_and_its_prefix(size: int) -> None:
    value = bytes(range(250 - size, 250))
    padded = base64.b64encode(value).decode()
    for written in (f"whsec_{padded}", f"whsec_{padded.rstrip('=')}", padded.rstrip("=")):
        assert decode_secret(written, SecretForm.WHSEC).value == value


@pytest.mark.parametrize("written", ["", "whsec_", "whsec_***", "whsec_a"])
def test_secret_that_cannot_be_a_key_is_unusable_and_not_quoted(written: str) -> None:
    with pytest.raises(UnusableSecret) as raised:
        decode_secret(written, SecretForm.WHSEC)
    assert "***" not in str(raised.value)


def test_public_key_of_the_wrong_length_is_unusable() -> None:
    with pytest.raises(UnusableSecret, match="32 bytes"):
        decode_public_key("whpk_" + base64.b64encode(bytes(31)).decode())


def test_ed25519_signature_passes_with_the_public_key_that_belongs_to_it() -> None:
    seed = bytes(range(32))
    public = base64.b64decode("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
    right = decode_public_key("whpk_" + base64.b64encode(public).decode())
    wrong = decode_public_key("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")
    for written in (seed, seed + public):
        signature = sign_ed25519(b"text", "whsk_" + base64.b64encode(written).decode())
        assert check_ed25519(b"text", [bytes(64), signature], [wrong, right]) is right
    with pytest.raises(SignatureMismatch):
        check_ed25519(b"other", [signature], [wrong, right])
    with pytest.raises(UnusableSecret):
        sign_ed25519(b"text", "whsk_AAAA")


@pytest.mark.parametrize("given_text", [b"", b"demo-made-u", b"demo-made-up ", b"DEMO-MADE-UP"])
def test_token_that_is_not_exactly_a_secret_is_refused(given_text: bytes) -> None:
    assert check_shared_secret(b"demo-made-up", [KEY]) is KEY
    with pytest.raises(SignatureMismatch):
        check_shared_secret(given_text, [KEY])


def test_bearer_scheme_is_read_without_case() -> None:
    assert bearer_token("bEARER  abc ") == b"abc"
    for header in ("", "Bearer", "Bearer ", "Basic abc", "abc"):
        with pytest.raises(SignatureMalformed):
            bearer_token(header)


def test_basic_credentials_are_decoded() -> None:
    assert basic_credentials("Basic " + base64.b64encode(b"user:pass:word").decode()) == (
        b"user:pass:word"
    )
    for header in ("Basic", "Basic !!!", "Basic dXNlcg==", "Bearer dXNlcjp4", "Basic é"):
        with pytest.raises(SignatureMalformed):
            basic_credentials(header)


@given(header=st.text(max_size=100))
def test_no_authorization_header_leads_to_anything_but_a_value_or_a_refusal(header: str) -> None:
    for read in (bearer_token, basic_credentials):
        try:
            value = read(header)
        except SignatureMalformed:
            continue
        assert value
