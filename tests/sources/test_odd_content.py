"""A genuine body in which any one field is null or absent still becomes events."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.sources.sample import load_samples
from tests.sources.deliveries import SAMPLES, delivery, events, source

ALL = load_samples(SAMPLES)
NEEDED = {"cloudevents": {"specversion", "id", "source", "type"}}
"""Without these a body is refused, as its specification wants it."""


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a body."""
    if isinstance(value, dict):
        yield value
    for below in value.values() if isinstance(value, dict) else value:
        if isinstance(below, dict | list):
            yield from objects(below)


@pytest.mark.parametrize("name", sorted(ALL))
def test_null_or_nothing_in_any_field_of_a_sample_fails_no_event(name: str) -> None:
    sample = ALL[name]
    by = source(sample.preset, proof="none")
    body = json.loads(sample.body)

    def check(key: str) -> None:
        found = events(by, delivery(json.dumps(body).encode(), sample.headers))
        assert found
        assert all(event.type and event.subject for event in found), key

    for holder in list(objects(body)):
        for key in [key for key in holder if key not in NEEDED.get(sample.preset, ())]:
            before = dict(holder)
            holder[key] = None
            check(key)
            del holder[key]
            check(key)
            holder.clear()
            holder.update(before)
    assert body == json.loads(sample.body)


@pytest.mark.parametrize(
    ("preset", "headers", "body", "subject"),
    [
        (
            "sentry",
            {"sentry-hook-resource": "issue"},
            {"action": "created", "data": {"issue": {"id": 7}}},
            "sentry/7",
        ),
        (
            "sentry",
            {"sentry-hook-resource": "event_alert"},
            {"action": "triggered", "data": {"event": {"issue_id": 7, "event_id": "e"}}},
            "sentry/7",
        ),
        ("hackerone", {}, {"data": {"report": {"id": 7}}}, "hackerone/7"),
        ("semgrep", {}, [{"semgrep_finding": {"id": 7}}], "semgrep/7"),
        (
            "github",
            {"x-github-event": "secret_scanning_alert_location"},
            {"action": "created", "repository": {"full_name": "a/b"}, "alert": {"number": 7}},
            "a/b/secret-scanning/7",
        ),
    ],
)
def test_id_that_is_a_number_names_the_same_lane_as_its_text(
    preset: str, headers: dict[str, str], body: Any, subject: str
) -> None:
    for told in (body, json.loads(json.dumps(body).replace(": 7", ': "7"'))):
        (event,) = events(source(preset), delivery(json.dumps(told).encode(), headers))
        assert event.subject == subject
