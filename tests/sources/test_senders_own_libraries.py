"""What senders' own libraries sign is accepted, and what we sign they accept."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime

import gidgethub
import pytest
import standardwebhooks
import stripe
import svix
from gidgethub import sansio
from slack_sdk.signature import SignatureVerifier

from bridge.errors import SignatureMismatch, TimestampRefused
from bridge.sources.sign import sign
from tests.sources.deliveries import NOW, SECRETS, delivery, read, signed, source

BODY = b'{"type": "scan.finished", "data": {"scan_id": "7", "title": "\xc3\xa9 | {code}"}}'
WHSEC = SECRETS["standard-webhooks"]


def test_request_signed_by_standardwebhooks_is_accepted() -> None:
    moment = datetime.fromtimestamp(NOW / 1000, UTC)
    signature = standardwebhooks.Webhook(WHSEC).sign("msg_1", moment, BODY.decode())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW // 1000),
        "webhook-signature": signature,
    }
    by = source("standard-webhooks")
    given = delivery(BODY, headers)
    assert by.verify(given, NOW) in by.fingerprints
    assert [(event.key, event.type) for event in read(by, given)] == [("msg_1", "scan.finished")]
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(BODY + b" ", headers), NOW)


def test_standardwebhooks_accepts_what_we_sign() -> None:
    now = time.time_ns() // 1_000_000
    made = sign(source("standard-webhooks").proofs, BODY, WHSEC, now)
    verified = standardwebhooks.Webhook(WHSEC).verify(BODY, dict(made.headers))
    assert verified == json.loads(BODY)


def test_request_signed_by_svix_is_accepted_under_its_own_header_names() -> None:
    moment = datetime.fromtimestamp(NOW / 1000, UTC)
    signature = svix.Webhook(WHSEC).sign("msg_2", moment, BODY.decode())
    headers = {
        "Svix-Id": "msg_2",
        "Svix-Timestamp": str(NOW // 1000),
        "Svix-Signature": signature,
    }
    by = source("standard-webhooks")
    given = delivery(BODY, headers)
    assert by.verify(given, NOW)
    assert read(by, given)[0].key == "msg_2"
    with pytest.raises(TimestampRefused):
        by.verify(given, NOW + 301_000)


def test_gidgethub_accepts_what_we_sign_and_reads_the_same_event() -> None:
    body = json.dumps({"action": "created", "alert": {"number": 3}}).encode()
    by = source("github")
    given = signed(
        by,
        body,
        {
            "content-type": "application/json",
            "x-github-event": "code_scanning_alert",
            "x-github-delivery": "d-1",
        },
    )
    theirs = sansio.Event.from_http(dict(given.headers), body, secret=SECRETS["github"])
    (ours,) = read(by, given)
    assert by.verify(given, NOW)
    assert ours.key == theirs.delivery_id
    assert by.preset.our_type(f"{theirs.event}.{theirs.data['action']}") == ours.type


def test_gidgethub_and_we_refuse_the_same_forgery() -> None:
    by = source("github")
    given = signed(by, BODY, secret="some-other-secret")
    with pytest.raises(gidgethub.ValidationFailure):
        sansio.validate_event(
            BODY,
            signature=given.header("x-hub-signature-256") or "",
            secret=SECRETS["github"],
        )
    with pytest.raises(SignatureMismatch):
        by.verify(given, NOW)


def test_request_signed_by_slacks_verifier_is_accepted_and_it_accepts_what_we_sign() -> None:
    secret = "made-up-slack-secret"
    now = time.time_ns() // 1_000_000
    stamp = str(now // 1000)
    verifier = SignatureVerifier(secret)
    theirs = verifier.generate_signature(timestamp=stamp, body=BODY)
    by = source("slack", secret)
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": theirs or ""}
    assert by.verify(delivery(BODY, headers), now)
    ours = dict(sign(by.proofs, BODY, secret, now).headers)
    assert verifier.is_valid(BODY, ours["x-slack-request-timestamp"], ours["x-slack-signature"])


def test_slacks_url_verification_is_answered_with_its_challenge_and_nothing_is_read() -> None:
    by = source("slack", "made-up-slack-secret")
    given = signed(by, b'{"type": "url_verification", "challenge": "3eZb"}')
    by.verify(given, NOW)
    answer = by.answer_handshake(given, by.parse(given))
    assert answer is not None
    assert (answer.status, json.loads(answer.body)) == (200, {"challenge": "3eZb"})
    other = signed(by, b'{"type": "event_callback", "event_id": "Ev1"}')
    assert by.answer_handshake(other, by.parse(other)) is None


def test_stripe_accepts_what_we_sign_and_its_whole_secret_is_the_key() -> None:
    secret = "whsec_made_up_for_stripe"
    now = time.time_ns() // 1_000_000
    by = source("stripe-like", secret)
    header = dict(sign(by.proofs, BODY, secret, now).headers)["stripe-signature"]
    assert stripe.WebhookSignature.verify_header(BODY.decode(), header, secret, tolerance=300)
    assert by.verify(delivery(BODY, {"stripe-signature": header}), now)


def test_stripes_rotation_with_two_signatures_passes_and_an_old_time_is_refused() -> None:
    secret = "whsec_made_up_for_stripe"
    stamp = str(NOW // 1000)
    right = hmac.new(secret.encode(), f"{stamp}.".encode() + BODY, hashlib.sha256).hexdigest()
    header = f"t={stamp},v1={'0' * 64},v1={right},v0=abc"
    by = source("stripe-like", secret)
    assert by.verify(delivery(BODY, {"stripe-signature": header}), NOW)
    with pytest.raises(TimestampRefused):
        by.verify(delivery(BODY, {"stripe-signature": header}), NOW + 301_000)


def test_ed25519_signature_by_another_library_is_accepted() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    signature = private.sign(f"msg_3.{NOW // 1000}.".encode() + BODY)
    headers = {
        "webhook-id": "msg_3",
        "webhook-timestamp": str(NOW // 1000),
        "webhook-signature": "v1a," + base64.b64encode(signature).decode(),
    }
    assert source("standard-webhooks", f"whpk_{public}").verify(delivery(BODY, headers), NOW)
    with pytest.raises(SignatureMismatch):
        source("standard-webhooks", f"whpk_{public}").verify(delivery(b"{}", headers), NOW)


def test_request_signed_by_standardwebhooks_is_accepted_from_gitlab_beside_its_token() -> None:
    moment = datetime.fromtimestamp(NOW / 1000, UTC)
    headers = {
        "webhook-id": "msg_4",
        "webhook-timestamp": str(NOW // 1000),
        "webhook-signature": standardwebhooks.Webhook(WHSEC).sign("msg_4", moment, BODY.decode()),
    }
    by = source("gitlab", "a plain token: any text", WHSEC)
    assert by.verify(delivery(BODY, headers), NOW) in by.fingerprints
    assert by.verify(delivery(BODY, {"X-Gitlab-Token": "a plain token: any text"}), NOW)
    assert read(by, delivery(BODY, headers))[0].key == "msg_4"
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(BODY + b" ", headers), NOW)
