"""The preset of Amazon SNS: topics are pinned, certificates pinned or fetched, and types read."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.errors import (
    CertificateNeeded,
    Invalid,
    NoSecret,
    SignatureMalformed,
    SignatureMismatch,
    TimestampRefused,
)
from bridge.settings import SourceSettings
from bridge.sources.certificates import MOST_KEPT
from bridge.sources.source import Source
from tests.sources import topics
from tests.sources.deliveries import NOW, PRESETS, SAMPLES, delivery, events, read, source

GOOD = topics.message()
TYPE = {"content-type": "text/plain; charset=UTF-8"}


def sns(**settings: Any) -> Source:
    """A source that pins nothing, unless it is told to."""
    return source("aws-sns", certificates=settings.pop("certificates", ()), **settings)


def test_certificate_is_asked_for_once_and_then_known() -> None:
    by = sns()
    with pytest.raises(CertificateNeeded) as raised:
        by.verify(delivery(GOOD, TYPE), NOW)
    assert raised.value.url == topics.URL
    by.certificates.keep(raised.value.url, topics.certificate().encode())
    assert by.verify(delivery(GOOD, TYPE), NOW) == by.fingerprints[0]
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(GOOD.replace(b"Hello", b"Bye"), TYPE), NOW)


def test_what_was_fetched_and_is_no_certificate_is_not_asked_for_again() -> None:
    by = sns()
    by.certificates.keep(topics.URL, b"<html>no such page</html>")
    with pytest.raises(SignatureMismatch, match="no certificate"):
        by.verify(delivery(GOOD), NOW)


def test_only_so_many_fetched_certificates_are_kept() -> None:
    by = sns()
    by.certificates.keep(topics.URL, topics.certificate().encode())
    for number in range(MOST_KEPT):
        by.certificates.keep(topics.URL.replace("0123", f"{number:04}x"), b"")
    with pytest.raises(CertificateNeeded):
        by.verify(delivery(GOOD), NOW)


def test_topic_that_is_not_pinned_is_refused_before_anything_is_fetched() -> None:
    other = topics.message(TopicArn=topics.TOPIC + "-of-a-stranger")
    with pytest.raises(SignatureMismatch, match="topic"):
        sns().verify(delivery(other), NOW)


def test_address_of_a_stranger_is_refused_and_not_asked_for() -> None:
    forged = topics.message("stranger", SigningCertURL="https://evil.example/a.pem")
    for by in (sns(), source("aws-sns")):
        with pytest.raises(SignatureMalformed, match="not one of SNS"):
            by.verify(delivery(forged), NOW)


def test_pinned_certificates_are_the_only_ones_and_any_of_them_suffices() -> None:
    old, new = topics.certificate("old"), topics.certificate("new")
    by = sns(certificates=(old, new))
    for name in ("old", "new"):
        assert by.verify(delivery(topics.message(name)), NOW)
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(GOOD), NOW)


def test_several_topics_are_taken_and_told_apart() -> None:
    second = topics.TOPIC.replace("alarms", "findings")
    by = source("aws-sns", topics.TOPIC, second)
    first_seen = by.verify(delivery(GOOD), NOW)
    second_seen = by.verify(delivery(topics.message(TopicArn=second)), NOW)
    assert (first_seen, second_seen) == by.fingerprints
    with pytest.raises(NoSecret):
        sns(secrets=()).verify(delivery(GOOD), NOW)


def test_message_of_yesterday_is_refused_unless_the_source_allows_it() -> None:
    by = source("aws-sns")
    late = NOW + 3_600_000
    with pytest.raises(TimestampRefused):
        by.verify(delivery(GOOD), late)
    assert source("aws-sns", freshness_seconds=86_400).verify(delivery(GOOD), late)
    with pytest.raises(TimestampRefused, match="no time"):
        by.verify(delivery(topics.message(Timestamp="yesterday")), NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"no json", b"\xff", b'{"TopicArn": 7}'])
def test_body_that_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureMalformed):
        source("aws-sns").verify(delivery(body), NOW)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("aws-sns", {"secrets": (SecretStr("a-secret"),)}, "ARN of its topic"),
        ("aws-sns", {"certificates": ("no pem",)}, "not PEM"),
        ("github", {"certificates": (topics.certificate(),)}, "signed by no certificate"),
    ],
)
def test_source_that_is_set_otherwise_says_what_would_be_right(
    name: str, options: dict[str, Any], words: str
) -> None:
    settings = SourceSettings.model_validate({"name": "door", "preset": name, **options})
    with pytest.raises(Invalid, match=words):
        Source(PRESETS[name], settings)


def test_confirmation_is_answered_after_a_call_to_the_address_in_it() -> None:
    url = "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    body = topics.message(
        Type="SubscriptionConfirmation", Token="t", SubscribeURL=url, Subject=None
    )
    by = source("aws-sns")
    given = delivery(body, TYPE)
    assert by.verify(given, NOW)
    answer = by.answer_handshake(given, by.parse(given))
    assert answer is not None
    assert (answer.status, answer.visit) == (200, url)


def test_confirmation_that_leads_elsewhere_is_refused_even_without_a_proof() -> None:
    body = json.dumps(
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://evil.example/?t"}
    ).encode()
    by = source("aws-sns", proof="none")
    given = delivery(body)
    with pytest.raises(SignatureMalformed):
        by.answer_handshake(given, by.parse(given))


@pytest.mark.parametrize(
    ("inside", "type_", "subject"),
    [
        ({"AlarmArn": "arn:a", "NewStateValue": "ALARM"}, "alert.raised", "arn:a"),
        ({"AlarmArn": "arn:a", "NewStateValue": "OK"}, "alert.resolved", "arn:a"),
        (
            {"AlarmArn": "arn:a", "NewStateValue": "INSUFFICIENT_DATA"},
            "alarm.INSUFFICIENT_DATA",
            "arn:a",
        ),
        (
            {"detail-type": "GuardDuty Finding", "detail": {"id": "g1", "severity": 8}},
            "finding.opened",
            "g1",
        ),
        (
            {
                "detail-type": "Inspector2 Finding",
                "detail": {"findingArn": "i", "status": "CLOSED"},
            },
            "finding.resolved",
            "i",
        ),
        ({"detail-type": "EC2 Spot Instance"}, "EC2 Spot Instance", topics.TOPIC),
    ],
)
def test_what_a_message_holds_as_json_makes_the_type(
    inside: dict[str, Any], type_: str, subject: str
) -> None:
    (event,) = events(source("aws-sns"), delivery(topics.message(Message=json.dumps(inside)), TYPE))
    assert (event.type, event.subject) == (type_, subject)


def test_message_that_is_no_json_is_a_notification_with_its_text() -> None:
    given = delivery(GOOD, TYPE)
    (stored,) = read(source("aws-sns"), given)
    assert stored.key == "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324#0"
    (event,) = events(source("aws-sns"), given)
    assert (event.type, event.subject) == ("Notification", topics.TOPIC)
    assert isinstance(event.data, dict)
    assert event.data["Message"] == "Hello world!"


def test_guarddutys_number_is_a_severity_of_its_own_scale() -> None:
    for number, word in ((9.5, "critical"), (8, "high"), (5.5, "medium"), (2, "low")):
        inside = {"detail-type": "GuardDuty Finding", "detail": {"id": "g", "severity": number}}
        (event,) = events(source("aws-sns"), delivery(topics.message(Message=json.dumps(inside))))
        assert isinstance(event.data, dict)
        assert event.data["severity"] == word


def test_samples_are_signed_by_the_certificate_beside_them() -> None:
    pem = Path(SAMPLES / "aws-sns" / "certificate.pem").read_text("ascii")
    by = source("aws-sns", certificates=(pem,))
    for file in sorted((SAMPLES / "aws-sns").glob("*/body.json")):
        assert by.verify(delivery(file.read_bytes()), NOW)
