"""Messages of Amazon SNS: what is signed, by whom, and where a certificate may come from."""

import json
from typing import Any

import pytest

from bridge.errors import ProofRefused, SignatureMalformed, SignatureMismatch, SignatureMissing
from bridge.verify.sns import (
    check_aws_url,
    check_certificate_url,
    check_sns,
    read_certificate,
    signing_text,
)
from tests.sources import topics

NOW = 1_794_992_400_000
CERTIFICATE = read_certificate(topics.certificate().encode())


def told(**fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(topics.message(**fields))
    return found


@pytest.mark.parametrize("version", ["1", "2"])
def test_message_signed_by_the_certificates_key_is_accepted(version: str) -> None:
    check_sns(told(version=version), CERTIFICATE, NOW)


def test_text_that_is_signed_is_the_one_of_awss_page() -> None:
    message = {
        "Message": "My Test Message",
        "MessageId": "4d4dc071-ddbf-465d-bba8-08f81c89da64",
        "Subject": "My subject",
        "Timestamp": "2019-01-31T04:37:04.321Z",
        "TopicArn": "arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P",
        "Type": "Notification",
        "UnsubscribeURL": "https://sns.example/",
    }
    assert signing_text(message) == (
        b"Message\nMy Test Message\nMessageId\n4d4dc071-ddbf-465d-bba8-08f81c89da64\n"
        b"Subject\nMy subject\nTimestamp\n2019-01-31T04:37:04.321Z\n"
        b"TopicArn\narn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P\n"
        b"Type\nNotification\n"
    )
    del message["Subject"]
    assert b"Subject" not in signing_text(message)


def test_confirmation_signs_its_token_and_its_address() -> None:
    fields = {
        "Type": "SubscriptionConfirmation",
        "Token": "t",
        "SubscribeURL": "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription",
        "Subject": None,
    }
    message = told(**fields)
    check_sns(message, CERTIFICATE, NOW)
    with pytest.raises(SignatureMismatch):
        check_sns({**message, "Token": "another"}, CERTIFICATE, NOW)
    with pytest.raises(SignatureMismatch):
        check_sns({**message, "SubscribeURL": "https://evil.example/"}, CERTIFICATE, NOW)


@pytest.mark.parametrize("field", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn"])
def test_no_signed_field_can_be_changed_or_dropped(field: str) -> None:
    message = told()
    with pytest.raises(SignatureMismatch):
        check_sns({**message, field: "changed"}, CERTIFICATE, NOW)
    with pytest.raises(SignatureMismatch):
        check_sns({name: one for name, one in message.items() if name != field}, CERTIFICATE, NOW)


def test_key_of_somebody_else_and_the_other_hash_do_not_fit() -> None:
    with pytest.raises(SignatureMismatch):
        check_sns(told(name="stranger"), CERTIFICATE, NOW)
    with pytest.raises(SignatureMismatch):
        check_sns({**told(version="1"), "SignatureVersion": "2"}, CERTIFICATE, NOW)


def test_certificate_that_does_not_hold_now_proves_nothing() -> None:
    day = 86_400_000
    for moment in (NOW - 11 * day, NOW + 356 * day):
        with pytest.raises(SignatureMismatch, match="does not hold"):
            check_sns(told(), CERTIFICATE, moment)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"Signature": None}, SignatureMissing),
        ({"Signature": ""}, SignatureMissing),
        ({"Signature": "!!"}, SignatureMalformed),
        ({"Signature": "AAAA"}, SignatureMismatch),
        ({"SignatureVersion": "3"}, SignatureMalformed),
        ({"SignatureVersion": 1}, SignatureMalformed),
        ({"Type": "Other"}, SignatureMalformed),
        ({"Type": None}, SignatureMalformed),
        ({"Message": ["not", "a", "text"]}, SignatureMalformed),
    ],
)
def test_message_in_another_form_is_refused(
    fields: dict[str, Any], error: type[ProofRefused]
) -> None:
    message = {name: one for name, one in {**told(), **fields}.items() if one is not None}
    with pytest.raises(error):
        check_sns(message, CERTIFICATE, NOW)


@pytest.mark.parametrize(
    "host",
    [
        "sns.eu-west-2.amazonaws.com",
        "sns.us-gov-west-1.amazonaws.com",
        "sns.cn-north-1.amazonaws.com.cn",
    ],
)
def test_addresses_of_sns_are_allowed(host: str) -> None:
    url = f"https://{host}/SimpleNotificationService-ab.pem"
    assert check_certificate_url(url) == url
    assert check_aws_url(f"https://{host}/?Action=ConfirmSubscription&Token=t")


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-2.amazonaws.com/a.pem",
        "https://sns.eu-west-2.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-2.amazonaws.com/a.pem",
        "https://sns.mine.s3.amazonaws.com/a.pem",
        "https://mysns.eu-west-2.amazonaws.com/a.pem",
        "https://sns.eu-west-2.amazonaws.com@evil.example/a.pem",
        "https://evil.example#@sns.eu-west-2.amazonaws.com/a.pem",
        "https://user:pass@sns.eu-west-2.amazonaws.com/a.pem",
        "https://sns.eu-west-2.amazonaws.com:8443/a.pem",
        "https://sns.eu-west-2.amazonaws.com:x/a.pem",
        "https://sns.eu-west-2.amazonaws.com\n.evil.example/a.pem",
        "https://sns..amazonaws.com/a.pem",
        "https://[::1/a.pem",
        "file:///etc/passwd",
        "",
    ],
)
def test_addresses_of_anybody_else_are_refused(url: str) -> None:
    with pytest.raises(SignatureMalformed):
        check_certificate_url(url)


@pytest.mark.parametrize("path", ["/", "/a.txt", "/a/b.pem", "/?x=/a.pem", "/..%2fa.pem"])
def test_certificate_is_only_fetched_where_certificates_lie(path: str) -> None:
    with pytest.raises(SignatureMalformed):
        check_certificate_url(f"https://sns.eu-west-2.amazonaws.com{path}")


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"\xff"])
def test_what_is_no_certificate_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_certificate(pem)
