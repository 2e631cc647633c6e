"""Taking signatures out of headers, composing what was signed, comparing."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ProofRefused, SignatureMalformed, SignatureMismatch
from bridge.verify.secret import SecretForm, decode_secret
from bridge.verify.signature import (
    DIGEST_BYTES,
    Algorithm,
    Encoding,
    HeaderForm,
    check_hmac,
    compose,
    hmac_digest,
    holes,
    read_entry,
    read_signatures,
    write_signature,
)

BODY = b'{"scan": 7}'
KEY = decode_secret("made-up-secret", SecretForm.PLAIN)
OTHER = decode_secret("another-made-up-secret", SecretForm.PLAIN)
DIGEST = hmac.new(b"made-up-secret", BODY, hashlib.sha256).digest()
HEX = HeaderForm(Encoding.HEX, 32)
STANDARD = HeaderForm(Encoding.BASE64, 32, prefix="v1,", separator=" ")
PAGERDUTY = HeaderForm(Encoding.HEX, 32, prefix="v1=", separator=",")


@pytest.mark.parametrize("text", [DIGEST.hex(), DIGEST.hex().upper(), f" {DIGEST.hex()} "])
def test_hex_is_compared_without_case(text: str) -> None:
    assert check_hmac(BODY, read_signatures(text, HEX), [KEY], Algorithm.SHA256) is KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256=",
        DIGEST.hex()[:-1],
        DIGEST.hex() + "00",
        "zz" * 32,
        "٠" * 64,
        " ".join(["ab"] * 32),
        "0x" + DIGEST.hex()[2:],
        "\x00\xff",
    ],
)
def test_what_is_no_hex_of_the_right_length_is_malformed(text: str) -> None:
    with pytest.raises(SignatureMalformed):
        read_signatures(text, HEX)


@pytest.mark.parametrize("text", ["sha1=" + "a" * 40, "md5=" + "a" * 32, DIGEST.hex()])
def test_a_method_that_is_not_expected_is_malformed_not_trusted(text: str) -> None:
    with pytest.raises(SignatureMalformed, match="sha256="):
        read_signatures(text, HeaderForm(Encoding.HEX, 32, prefix="sha256="))


def test_any_of_several_signatures_passes_and_unknown_versions_are_skipped() -> None:
    wrong = base64.b64encode(bytes(32)).decode()
    right = base64.b64encode(DIGEST).decode()
    header = f"v0,nonsense v1,{wrong} v9 v1,{right}"
    assert check_hmac(BODY, read_signatures(header, STANDARD), [KEY], Algorithm.SHA256) is KEY


def test_comma_separated_signatures_of_a_rotation_pass() -> None:
    header = f"v1={'0' * 64},v1={DIGEST.hex()}"
    assert check_hmac(BODY, read_signatures(header, PAGERDUTY), [KEY], Algorithm.SHA256) is KEY


def test_absurdly_many_signatures_are_malformed() -> None:
    with pytest.raises(SignatureMalformed, match="more than 32"):
        read_signatures(",".join([f"v1={DIGEST.hex()}"] * 33), PAGERDUTY)


@pytest.mark.parametrize("padding", ["", "="])
def test_base64_signature_may_lack_its_padding(padding: str) -> None:
    text = "v1," + base64.b64encode(DIGEST).decode().rstrip("=") + padding
    assert read_signatures(text, STANDARD) == (DIGEST,)


def test_the_second_secret_of_a_rotation_is_found_and_named() -> None:
    found = check_hmac(BODY, (DIGEST,), [OTHER, KEY], Algorithm.SHA256)
    assert found is KEY
    assert found.fingerprint != OTHER.fingerprint
    with pytest.raises(SignatureMismatch):
        check_hmac(BODY, (DIGEST,), [OTHER], Algorithm.SHA256)


def test_a_key_shows_nothing_of_its_secret() -> None:
    assert "made-up" not in repr(KEY)


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("encoding", list(Encoding))
def test_every_algorithm_and_encoding_reads_what_it_wrote(
    algorithm: Algorithm, encoding: Encoding
) -> None:
    form = HeaderForm(encoding, DIGEST_BYTES[algorithm], prefix="x=")
    expected = hmac.new(KEY.value, BODY, algorithm.value).digest()
    written = write_signature(hmac_digest(BODY, KEY.value, algorithm), form)
    assert read_signatures(written, form) == (expected,)
    assert check_hmac(BODY, (expected,), [KEY], algorithm) is KEY


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{body}", BODY),
        ("{timestamp}.{body}", b"12." + BODY),
        ("v0:{timestamp}:{body}", b"v0:12:" + BODY),
        ("{id}.{timestamp}.{body}", b"a.12." + BODY),
    ],
)
def test_signed_text_is_composed(template: str, expected: bytes) -> None:
    assert compose(template)(BODY, {"timestamp": b"12", "id": b"a"}.__getitem__) == expected


@pytest.mark.parametrize("template", ["", "{timestamp}", "{body", "body}", "{body}.{", "{}{body}"])
def test_template_that_cannot_sign_a_body_is_refused(template: str) -> None:
    with pytest.raises(ValueError):
        compose(template)


def test_holes_are_named_in_order() -> None:
    assert holes("{a}.{entry:t}.{body}") == ("a", "entry:t")


def test_entry_is_read_from_among_signatures() -> None:
    assert read_entry("t=12, v1=ab,v0=cd", "t") == "12"
    for header in ("v1=ab", "t=1,t=2", ""):
        with pytest.raises(SignatureMalformed):
            read_entry(header, "t")


@given(
    header=st.text(max_size=200),
    prefix=st.sampled_from(["", "v1,", "sha256="]),
    separator=st.sampled_from(["", " ", ","]),
    encoding=st.sampled_from(list(Encoding)),
)
def test_no_header_leads_to_anything_but_signatures_or_a_refusal(
    header: str, prefix: str, separator: str, encoding: Encoding
) -> None:
    form = HeaderForm(encoding, 32, prefix, separator)
    try:
        found = read_signatures(header, form)
    except ProofRefused:
        return
    assert found
    assert all(len(signature) == 32 for signature in found)
