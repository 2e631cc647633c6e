"""Deliveries and sources for the tests, as the web and the store would hand them over."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bridge.document import load
from bridge.event import JSON, Delivery, Event, EventState, NewEvent, StoredEvent
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.compiled import Preset, compile_preset
from bridge.sources.sign import SignedRequest, sign
from bridge.sources.source import Source
from bridge.vocabulary import VOCABULARY
from tests.sources import topics

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
SHARED = ROOT / ".." / "shared" / "payloads"
NOW = 1_794_992_400_000
"""2026-11-18T09:00:00Z, when the samples were signed."""
SECRETS = {
    "aws-sns": topics.TOPIC,
    "aqua": "demo-aqua-token",
    "cloudevents": "demo-cloudevents-token",
    "confluence": "demo-confluence-secret",
    "defectdojo": "demo-defectdojo-token",
    "dependency-track": "demo-dependency-track-token",
    "detectify": "demo-detectify-secret",
    "dfir-iris": "demo-dfir-iris-token",
    "generic-hmac": "demo-hmac-secret",
    "generic-token": "demo-token-secret",
    "github": "demo-github-secret",
    "gitlab": "demo-gitlab-token",
    "hackerone": "demo-hackerone-secret",
    "harbor": "demo-harbor-auth-header",
    "jfrog-xray": "demo:jfrog-xray-password",
    "jira-cloud": "demo-jira-secret",
    "jira-data-center": "demo:jira-data-center-secret",
    "kibana-cases": "demo:kibana-cases-password",
    "kibana-webhook": "demo:kibana-webhook-password",
    "linear": "demo-linear-secret",
    "nexus-iq": "demo-nexus-iq-secret",
    "ocsf": "demo-ocsf-secret",
    "pagerduty": "demo-pagerduty-secret",
    "qtangl": "demo-qtangl-secret",
    "quay": "demo-quay-path-secret",
    "sarif": "demo-sarif-secret",
    "semgrep": "demo-semgrep-secret",
    "sentry": "demo-sentry-client-secret",
    "slack": "demo-slack-signing-secret",
    "snyk": "demo-snyk-secret",
    "sonarqube": "demo-sonarqube-secret",
    "stackhawk": "demo-stackhawk-token",
    "standard-webhooks": "whsec_ZGVtby1zdGFuZGFyZC13ZWJob29rcy1zZWNyZXQ=",
    "stripe-like": "whsec_demo_stripe_like_secret",
    "thehive": "demo-thehive-token",
    "tickets": "demo-tickets-secret-of-16",
    "trivy-operator": "demo-trivy-operator-token",
}
PRESETS = load_presets()
SMALLEST = {"linear": b'{"webhookTimestamp": %d}' % NOW}
"""The least that a genuine body has to hold, where that is more than `{}`."""


def smallest(name: str) -> bytes:
    return SMALLEST.get(name, b"{}")


def source(preset: str | Preset, *secrets: str, **settings: Any) -> Source:
    """A source of this preset, with the demo's secret unless others are given."""
    compiled = PRESETS[preset] if isinstance(preset, str) else preset
    if compiled.name == "aws-sns":
        settings.setdefault("certificates", (topics.certificate(),))
    given = secrets or ((SECRETS[compiled.name],) if compiled.name in SECRETS else ())
    settings.setdefault("secrets", tuple(SecretStr(secret) for secret in given))
    return Source(compiled, SourceSettings(name="door", preset=compiled.name, **settings))


def preset(text: str) -> Preset:
    """A preset as an operator would write it."""
    return compile_preset(load(text, "own.yaml"))


def delivery(
    body: bytes,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    *,
    query: Sequence[tuple[str, str]] = (),
    path_token: str | None = None,
    at: int = NOW,
    method: str = "POST",
) -> Delivery:
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    lowered = tuple((name.lower(), value) for name, value in pairs)
    return Delivery(method, lowered, body, tuple(query), path_token, at)


def signed(
    to: Source, body: bytes, headers: Mapping[str, str] | None = None, *, secret: str | None = None
) -> Delivery:
    """A delivery that this source accepts at NOW; of SNS, a message with the body's fields."""
    if to.preset.name == "aws-sns":
        return delivery(topics.message(**json.loads(body)), headers or {})
    given = secret or to.settings.secrets[0].get_secret_value()
    made: SignedRequest = sign(to.proofs, body, given, NOW, tuple((headers or {}).items()))
    return delivery(body, made.headers, query=made.query, path_token=made.path_token or None)


def stored(event: NewEvent) -> StoredEvent:
    """The event as the store would give it back."""
    return StoredEvent(
        seq=1,
        id=event.id,
        tenant=event.tenant,
        source=event.source,
        key=event.key,
        part=event.part,
        type=event.type,
        subject=event.subject,
        time=event.time,
        received_at=event.received_at,
        state=EventState.RECEIVED,
        reason="",
        rules_version="",
        headers=event.headers,
        body=event.body,
    )


def follows_vocabulary(event: Event) -> None:
    """What `data` holds is as the vocabulary says; a comment may come with little of its
    issue or case."""
    model = VOCABULARY.get(event.type)
    if model is None:
        return
    wrong: list[str] = []
    may_lack = event.type.endswith(".commented")
    try:
        model.model_validate(event.data)
    except ValidationError as error:
        found = [one for one in error.errors() if not (may_lack and one["type"] == "missing")]
        wrong = [f"{one['loc']}: {one['msg']}" for one in found]
    assert wrong == []


def read(by: Source, given: Delivery) -> tuple[NewEvent, ...]:
    return by.read(given, by.parse(given))


def events(by: Source, given: Delivery) -> list[Event]:
    """What rules would see of a delivery."""
    return [by.normalise(stored(event)) for event in read(by, given)]


def recorded(path: str, preset: str = "", **headers: str) -> list[Event]:
    """What rules would see of a body in the shared collection, `folder/file` without `.json`.

    preset: when it is not named as the folder. headers: `_` stands for `-`.
    """
    file = SHARED / f"{path}.json"
    if not file.exists():
        pytest.skip("the shared collection of bodies is not beside this checkout")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = delivery(file.read_bytes(), {"content-type": "application/json", **named})
    return events(source(preset or path.partition("/")[0]), given)


def part_of(found: JSON, wanted: dict[str, Any]) -> dict[str, JSON]:
    """Those fields of `data` that a test looks at."""
    assert isinstance(found, dict)
    return {name: found.get(name) for name in wanted}


def data(by: Source, given: Delivery) -> dict[str, JSON]:
    """`data` of a delivery's first event, which is an object."""
    found = events(by, given)[0].data
    assert isinstance(found, dict)
    return found
