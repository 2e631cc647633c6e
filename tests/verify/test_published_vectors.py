"""The vectors that vendors publish for their signatures, recomputed 2026-11."""

import pytest

from bridge.errors import SignatureMismatch
from bridge.verify.ed25519 import check_ed25519, decode_public_key
from bridge.verify.secret import Key, SecretForm, decode_secret
from bridge.verify.signature import (
    Algorithm,
    Encoding,
    HeaderForm,
    check_hmac,
    compose,
    read_signatures,
)

PREFIXED_HEX = HeaderForm(Encoding.HEX, 32, prefix="sha256=")
STANDARD = HeaderForm(Encoding.BASE64, 32, prefix="v1,", separator=" ")
STANDARD_ED25519 = HeaderForm(Encoding.BASE64, 64, prefix="v1a,", separator=" ")
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_PARTS = {"id": b"msg_p5jXN8AQM9LWM0D4loKWxJek", "timestamp": b"1614265330"}
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
V1A = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="


def plain(secret: str) -> Key:
    return decode_secret(secret, SecretForm.PLAIN)


@pytest.mark.parametrize(
    ("body", "header"),
    [
        pytest.param(
            b"Hello, World!",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            id="github",
        ),
        pytest.param(
            b"Hello World!",
            "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
            id="jira-cloud",
        ),
    ],
)
def test_published_hex_signature_is_accepted_and_of_another_body_refused(
    body: bytes, header: str
) -> None:
    key = plain("It's a Secret to Everybody")
    signatures = read_signatures(header, PREFIXED_HEX)
    assert check_hmac(body, signatures, [key], Algorithm.SHA256) is key
    with pytest.raises(SignatureMismatch):
        check_hmac(body + b" ", signatures, [key], Algorithm.SHA256)


def test_published_standard_webhooks_v1_signature_is_accepted() -> None:
    key = decode_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SecretForm.WHSEC)
    signed = compose("{id}.{timestamp}.{body}")(STANDARD_BODY, STANDARD_PARTS.__getitem__)
    signatures = read_signatures(V1, STANDARD)
    assert check_hmac(signed, signatures, [key], Algorithm.SHA256) is key


def test_published_standard_webhooks_v1a_signature_is_accepted() -> None:
    key = decode_public_key("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")
    signed = compose("{id}.{timestamp}.{body}")(STANDARD_BODY, STANDARD_PARTS.__getitem__)
    signatures = read_signatures(f"{V1} {V1A}", STANDARD_ED25519)
    assert check_ed25519(signed, signatures, [key]) is key
    with pytest.raises(SignatureMismatch):
        check_ed25519(signed + b"\n", signatures, [key])
