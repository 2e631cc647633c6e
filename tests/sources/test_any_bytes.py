"""No bytes in any header or body lead to anything but acceptance or a refusal."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import ExpressionFailed, Refused
from bridge.event import JSON, Delivery
from tests.sources.deliveries import NOW, PRESETS, SECRETS, signed, source, stored

SOURCES = {name: source(name) for name in PRESETS}
OPEN = {name: source(name, proof="none") for name in PRESETS}
NAMES = st.sampled_from(
    [
        "x-hub-signature",
        "x-hub-signature-256",
        "x-qtangl-signature",
        "x-qtangl-timestamp",
        "x-qtangl-delivery-id",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "svix-signature",
        "authorization",
        "content-type",
        "ce-id",
        "ce-specversion",
        "x-github-event",
        "x-api-key",
        "idempotency-key",
    ]
)
VALUES = st.one_of(
    st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")),
    st.sampled_from(
        f"1.0|v1,|v1a,|sha256=|sha256={'0' * 64}|v1,{'A' * 43}=|v1a,{'A' * 86}|{NOW // 1000}"
        "|application/json|application/cloudevents-batch+json|Basic YTpi".split("|")
    ),
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=8)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "event",
                    "issue",
                    "changelog",
                    "items",
                    "key",
                    "id",
                    "type",
                    "data",
                    "findings",
                    "topFindings",
                    "alerts",
                    "comment",
                    "self",
                    "webhookEvent",
                    "fields",
                    "action",
                    "alert",
                    "rule",
                    "severity",
                    "labels",
                    "specversion",
                    "source",
                    "counts",
                    "paths",
                ]
            ),
            below,
            max_size=5,
        )
    ),
    max_leaves=20,
)
BODIES = st.one_of(st.binary(max_size=60), TREES.map(lambda tree: json.dumps(tree).encode()))
TYPES = st.sampled_from(
    [
        "scan.finished",
        "issue.updated",
        "job.progressed",
        "case.created",
        "alert.raised",
        "scan.complete",
        "jira:issue_updated",
        "comment_created",
        "finding.opened",
        "ping",
        "x",
    ]
)


@given(name=st.sampled_from(sorted(PRESETS)), headers=HEADERS, body=BODIES, token=VALUES)
def test_no_headers_and_body_get_past_the_proof_or_crash_it(
    name: str, headers: list[tuple[str, str]], body: bytes, token: str
) -> None:
    made = Delivery("POST", tuple(headers), body, (("access_token", token),), token, NOW)
    with pytest.raises(Refused):
        SOURCES[name].verify(made, NOW)


@given(body=st.binary(max_size=200))
def test_any_body_that_is_signed_is_accepted_as_genuine(body: bytes) -> None:
    for name in ("github", "qtangl", "standard-webhooks", "jira-cloud", "generic-hmac"):
        assert SOURCES[name].verify(signed(SOURCES[name], body), NOW)
        assert SECRETS[name] not in repr(SOURCES[name])


@settings(max_examples=200)
@given(
    name=st.sampled_from(sorted(PRESETS)),
    headers=HEADERS,
    tree=TREES,
    type_=TYPES,
    raw=st.none() | st.binary(max_size=40),
)
def test_any_genuine_body_is_refused_by_its_form_or_becomes_events(
    name: str, headers: list[tuple[str, str]], tree: JSON, type_: str, raw: bytes | None
) -> None:
    if isinstance(tree, dict):
        tree = {**tree, "type": type_, "event": type_, "webhookEvent": type_}
    body = raw if raw is not None else json.dumps(tree).encode()
    made = Delivery("POST", tuple(headers), body, (), None, NOW)
    by = OPEN[name]
    by.verify(made, NOW)
    try:
        parsed = by.parse(made)
    except Refused:
        return
    by.answer_handshake(made, parsed)
    found = by.read(made, parsed)
    assert found
    assert [event.part for event in found] == list(range(len(found)))
    for event in found:
        assert event.key
        assert event.type
        assert event.subject
        assert max(len(event.key), len(event.type), len(event.subject)) <= 200
        assert isinstance(json.loads(event.headers), dict)
        with contextlib.suppress(ExpressionFailed):
            assert by.normalise(stored(event)).subject == event.subject
