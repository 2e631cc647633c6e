"""What we sign as a sender would is accepted by the source it is meant for."""

import base64

import pytest

from bridge.errors import SignatureMismatch
from bridge.sources.sign import renew_time, sign
from bridge.verify.secret import UnusableSecret
from tests.sources.deliveries import (
    NOW,
    PRESETS,
    SECRETS,
    delivery,
    preset,
    signed,
    smallest,
    source,
)

FORM = """
name: own
sentence: A sender for one of the tests.
page: https://sender.example/webhooks
read: 2026-11
level: X
proof: [{proof}]
key: body.id
type: {{of: body.type}}
"""
PROOFS = [
    "{kind: header, header: x-secret}",
    "{kind: bearer, header: x-token}",
    "{kind: basic}",
    "{kind: query, parameter: key}",
    "{kind: path}",
    "{kind: jwt}",
    "{kind: hmac, header: x-s, also_compact: true}",
    "{kind: hmac, header: x-s, encoding: base64, algorithm: sha1}",
    "{kind: hmac, header: x-s, signed: '{x-id}/{body}', prefix: 'a=', separator: ' '}",
    "{kind: hmac, header: x-s, signed: '{x-t}.{body}', freshness: {header: x-t, unit: ms}}",
    "{kind: hmac, header: x-s, separator: ',', signed: '{entry:t}{entry:n}{body}',"
    " prefix: 'v1=', freshness: {entry: t, unit: ms}}",
]


@pytest.mark.parametrize("proof", PROOFS)
def test_every_kind_of_proof_is_accepted_as_signed_and_refused_with_another_secret(
    proof: str,
) -> None:
    compiled = preset(FORM.format(proof=proof))
    by = source(compiled, "made:up")
    given = signed(by, b'{"id": 1}')
    assert by.verify(given, NOW) == by.fingerprints[0]
    with pytest.raises(SignatureMismatch):
        source(compiled, "an:other").verify(given, NOW)


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"aws-sns"}))
def test_signing_again_replaces_the_old_proof_and_keeps_the_other_headers(name: str) -> None:
    by = source(name)
    body = smallest(name)
    old = signed(by, body, {"X-Kept": "yes", "webhook-id": "msg_kept"}, secret="whsec_b2xk")
    made = sign(by.proofs, body, SECRETS[name], NOW, old.headers)
    again = delivery(body, made.headers, query=made.query, path_token=made.path_token or None)
    assert by.verify(again, NOW)
    assert dict(made.headers)["x-kept"] == "yes"
    assert dict(made.headers)["webhook-id"] == "msg_kept"
    assert len({header for header, _ in made.headers}) == len(made.headers)


def test_recorded_body_gets_the_present_time_where_the_proof_reads_it_from_inside() -> None:
    linear = source("linear")
    later = NOW + 86_400_000
    body = renew_time(linear.proofs, '{"webhookTimestamp": 1, "é": [1]}'.encode(), later)
    assert body == f'{{"webhookTimestamp":{later},"é":[1]}}'.encode()
    made = sign(linear.proofs, body, SECRETS["linear"], later)
    assert linear.verify(delivery(body, made.headers), later)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"no json", b'{"other": 1}'])
def test_body_without_such_a_time_stays_as_it_is(body: bytes) -> None:
    assert renew_time(source("linear").proofs, body, NOW) == body
    assert renew_time(source("github").proofs, b'{"webhookTimestamp": 1}', NOW) == (
        b'{"webhookTimestamp": 1}'
    )


def test_time_deep_in_a_body_is_renewed_in_its_own_unit() -> None:
    proof = "{kind: hmac, header: x-s, freshness: {body: body.meta.sent, unit: s}}"
    own = preset(FORM.format(proof=proof)).form.proof
    assert renew_time(own, b'{"meta": {"sent": 1}}', NOW) == (
        b'{"meta":{"sent":%d}}' % (NOW // 1000)
    )
    assert renew_time(own, b'{"meta": 7}', NOW) == b'{"meta": 7}'


def test_private_key_signs_for_its_public_key() -> None:
    seed = base64.b64encode(bytes(range(32))).decode()
    public = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
    by = source("standard-webhooks", public)
    assert by.verify(signed(by, b"{}", secret=f"whsk_{seed}"), NOW)
    both = source("standard-webhooks", public, SECRETS["standard-webhooks"])
    assert both.verify(signed(both, b"{}", secret=f"whsk_{seed}"), NOW) == by.fingerprints[0]
    assert both.verify(signed(both, b"{}", secret=SECRETS["standard-webhooks"]), NOW)


def test_message_of_aws_cannot_be_signed_anew() -> None:
    with pytest.raises(UnusableSecret, match="only AWS"):
        sign(source("aws-sns").proofs, b"{}", SECRETS["aws-sns"], NOW)


def test_key_that_cannot_sign_is_refused_with_what_would_be_right() -> None:
    proofs = source("standard-webhooks").proofs
    with pytest.raises(UnusableSecret, match="whsk_"):
        sign(proofs, b"{}", "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", NOW)
    with pytest.raises(UnusableSecret, match="no proof"):
        sign(source("github").proofs, b"{}", "whsk_AAAA", NOW)
