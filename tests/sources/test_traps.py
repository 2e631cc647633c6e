"""What goes wrong in naive receivers, one test or more for each of the eleven known traps."""

import json
from collections.abc import Mapping

import pytest

from bridge.errors import (
    Invalid,
    Malformed,
    NoSecret,
    Refused,
    SignatureMalformed,
    SignatureMismatch,
    SignatureMissing,
    TimestampRefused,
)
from bridge.event import JSON
from bridge.sources.source import Source
from tests.sources.deliveries import (
    NOW,
    PRESETS,
    SECRETS,
    data,
    delivery,
    events,
    preset,
    read,
    signed,
    smallest,
    source,
)

OWN = """
name: own
sentence: A sender for one of the tests.
page: https://sender.example/webhooks
read: 2026-11
level: X
proof:
  - kind: hmac
    header: x-signature
    prefix: "v1="
    separator: ","
{more}
key: body.id
type: {{of: body.type}}
"""


# 1. The same header, different rules.
def test_jiras_header_is_sha256_and_githubs_header_of_that_name_is_not_read() -> None:
    jira, github = source("jira-cloud", "one-secret"), source("github", "one-secret")
    given = signed(jira, b"{}")
    assert jira.verify(given, NOW)
    with pytest.raises(SignatureMissing, match="x-hub-signature-256"):
        github.verify(given, NOW)
    sha1 = "sha1=" + "a" * 40
    with pytest.raises(SignatureMalformed):
        jira.verify(delivery(b"{}", {"x-hub-signature": sha1}), NOW)


@pytest.mark.parametrize("name", ["jira-cloud", "jira-data-center", "confluence", "snyk"])
def test_header_of_that_name_is_sha256_for_every_sender_but_github(name: str) -> None:
    by = source(name)
    header = dict(signed(by, b"{}").headers)["x-hub-signature"]
    assert len(header) == len("sha256=") + 64
    with pytest.raises(SignatureMalformed):
        by.verify(delivery(b"{}", {"x-hub-signature": "sha1=" + "a" * 40}), NOW)


# 2. whsec_ is base64 for Standard Webhooks and the whole key elsewhere; padding may be missing.
def test_whsec_secret_without_padding_is_the_same_key_and_another_key_for_a_plain_preset() -> None:
    written = SECRETS["standard-webhooks"]
    given = signed(source("standard-webhooks"), b"{}")
    assert source("standard-webhooks", written.rstrip("=")).verify(given, NOW)
    plain = source("generic-hmac", written)
    assert plain.verify(signed(plain, b"{}"), NOW)
    assert plain.fingerprints != source("standard-webhooks").fingerprints


# 3. Several signatures in one header; two headers of one name.
def test_any_signature_of_a_header_passes_and_the_header_twice_is_refused() -> None:
    by = source(preset(OWN.format(more="")), "one-secret")
    right = dict(signed(by, b"{}").headers)["x-signature"]
    both = f"v0=zz,v1={'0' * 64}, {right},v2=?"
    assert by.verify(delivery(b"{}", {"x-signature": both}), NOW)
    twice = [("x-signature", right), ("X-Signature", right)]
    with pytest.raises(SignatureMalformed, match="twice"):
        by.verify(delivery(b"{}", twice), NOW)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_proof_header_given_twice_is_refused_by_every_preset(name: str) -> None:
    by = source(name)
    given = signed(by, b"{}")
    proof = next((header for header in given.headers if header[0] == _proof_header(by)), None)
    if proof is None:
        pytest.skip("the proof stands in the path, which is there once")
    with pytest.raises(SignatureMalformed):
        by.verify(delivery(b"{}", [*given.headers, proof]), NOW)


# 4. Hex without case; malformed headers and bodies that are not UTF-8 are refused, never crash.
def test_upper_case_hex_is_accepted() -> None:
    by = source("github")
    prefix, _, value = dict(signed(by, b"{}").headers)["x-hub-signature-256"].partition("=")
    headers = {"x-hub-signature-256": f"{prefix}={value.upper()}"}
    assert by.verify(delivery(b"{}", headers), NOW)


@pytest.mark.parametrize("name", sorted(PRESETS))
@pytest.mark.parametrize(
    "value", ["", "=", "sha256=", "v1,", "v1", "v1,\xe9", "sha256=" + "\xff" * 64, ",", "Bearer"]
)
def test_malformed_proof_is_refused_by_every_preset(name: str, value: str) -> None:
    by = source(name)
    header = _proof_header(by)
    headers = dict(signed(by, b"{}").headers) | ({header: value} if header else {})
    whole = by.proofs[0].kind in ("header", "path")  # any text is in the form of such a secret
    with pytest.raises((SignatureMalformed, SignatureMissing, *(SignatureMismatch,) * whole)):
        by.verify(delivery(b"{}", headers, path_token=None if header else value), NOW)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"", b"{", b"NaN", b"[" * 20_000, b"\x00"])
def test_genuine_body_that_is_no_json_is_malformed_and_a_forged_one_is_a_mismatch(
    body: bytes,
) -> None:
    by = source("github")
    given = signed(by, body)
    assert by.verify(given, NOW)
    with pytest.raises(Malformed):
        by.parse(given)
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(body + b"x", given.headers), NOW)


@pytest.mark.parametrize("name", sorted(PRESETS))
@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"", b"{", b"[" * 20_000, b"\x00", b"7", b'"x"', b"[]"]
)
def test_any_body_is_refused_or_becomes_events_at_every_preset(name: str, body: bytes) -> None:
    by = source(name, proof="none")
    given = delivery(body, {"content-type": "application/json"})
    try:
        parsed = by.parse(given)
    except Malformed:
        assert body not in (b"7", b'"x"', b"[]") or name == "cloudevents"
        return
    assert by.read(given, parsed)


# 5. Unsigned timestamps prove nothing; the future is refused; seconds and milliseconds.
def test_preset_that_trusts_an_unsigned_time_is_refused_at_load() -> None:
    with pytest.raises(Invalid, match="the time proves nothing"):
        preset(OWN.format(more="    freshness: {header: x-time}"))


TIMED = sorted(
    name
    for name, preset in PRESETS.items()
    if getattr(preset.form.proof[0], "freshness", None)
    or preset.form.proof[0].kind in ("jwt", "sns")
)


def test_presets_with_a_signed_time_are_these() -> None:
    assert TIMED == [
        "aws-sns",
        "linear",
        "qtangl",
        "slack",
        "standard-webhooks",
        "stripe-like",
        "tickets",
    ]


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("hours", [-2, 2])
def test_clock_two_hours_off_is_refused_although_the_signature_is_right(
    name: str, hours: int
) -> None:
    by = source(name)
    given = signed(by, smallest(name))
    assert by.verify(given, NOW)
    with pytest.raises(TimestampRefused):
        by.verify(given, NOW + hours * 3_600_000)


def test_signed_time_cannot_be_replaced() -> None:
    by = source("qtangl")
    headers = dict(signed(by, b"{}").headers) | {"x-qtangl-timestamp": str(NOW // 1000 + 7200)}
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(b"{}", headers), NOW + 7_200_000)


def test_time_inside_the_body_is_read_in_milliseconds() -> None:
    more = "    freshness: {body: body.webhookTimestamp, unit: ms, within_seconds: 60}"
    by = source(preset(OWN.format(more=more)), "one-secret")
    assert by.verify(signed(by, json.dumps({"webhookTimestamp": NOW}).encode()), NOW + 60_000)
    wrong: list[JSON] = [
        {"webhookTimestamp": NOW // 1000},
        {"webhookTimestamp": NOW - 61_000},
        {},
        [],
    ]
    for body in wrong:
        with pytest.raises(TimestampRefused):
            by.verify(signed(by, json.dumps(body).encode()), NOW)


def test_window_of_a_source_goes_before_the_presets() -> None:
    wide, narrow = (source("qtangl", freshness_seconds=seconds) for seconds in (7200, 10))
    given = signed(wide, b"{}")
    assert wide.verify(given, NOW + 7_000_000)
    with pytest.raises(TimestampRefused, match="10 s"):
        narrow.verify(given, NOW + 11_000)


# 6. GitHub keeps the delivery id on redelivery: the store must recognise it to take it up anew.
def test_redelivery_has_the_key_of_the_first_delivery_but_is_an_event_of_its_own() -> None:
    by = source("github")
    headers = {"x-github-delivery": "72d3", "x-github-event": "ping"}
    first, again = (read(by, signed(by, b"{}", headers))[0] for _ in range(2))
    assert first.key == again.key == "72d3"
    assert first.id != again.id


@pytest.mark.parametrize(
    ("name", "headers", "body", "key"),
    [
        ("github", {"x-github-delivery": "d"}, {}, "d"),
        ("gitlab", {"idempotency-key": "d", "x-gitlab-event-uuid": "shared"}, {}, "d"),
        ("linear", {"linear-delivery": "d"}, {}, "d"),
        ("snyk", {"x-snyk-transport-id": "d"}, {}, "d"),
        ("hackerone", {"x-h1-delivery": "d"}, {}, "d"),
        ("nexus-iq", {"x-nexus-webhook-delivery": "d"}, {}, "d"),
        ("jira-cloud", {"x-atlassian-webhook-identifier": "d"}, {}, "d"),
        ("slack", {"x-slack-retry-num": "1"}, {"event_id": "d"}, "d"),
        ("pagerduty", {}, {"event": {"id": "d"}}, "d"),
        ("stripe-like", {}, {"id": "d"}, "d"),
        ("sonarqube", {}, {"taskId": "d"}, "d"),
        ("dependency-track", {}, {"notification": {"id": "d"}}, "d"),
        ("harbor", {}, {"source": "/p", "id": "d", "data": {}}, "/p d#0"),
        ("semgrep", {}, [{"semgrep_finding": {"id": "d"}}], "d"),
        ("jfrog-xray", {}, {"alert_id": "d"}, "d"),
        ("sentry", {"request-id": "1"}, {"data": {"event": {"event_id": "d"}}}, ""),
        (
            "jira-data-center",
            {},
            {"timestamp": 5, "webhookEvent": "e", "issue": {"id": "7"}, "changelog": {"id": "9"}},
            "jira:5:e:7:9",
        ),
    ],
)
def test_redelivery_is_known_by_what_its_sender_keeps_over_retries(
    name: str, headers: dict[str, str], body: JSON, key: str
) -> None:
    by = source(name, proof="none")
    raw = json.dumps(body).encode()
    first = read(by, delivery(raw, {**headers, "x-request-id": "1"}))[0]
    again = read(by, delivery(raw, {**headers, "x-request-id": "2"}))[0]
    assert first.key == again.key
    assert first.key == key or (not key and first.key.startswith("hash:"))


# 7. Senders without an id: the hash of the body, within a window.
def test_without_an_id_the_same_body_has_one_key_for_a_window_and_another_after_it() -> None:
    by = source("generic-hmac")
    window = by.preset.form.hash_within_seconds * 1000
    start = NOW // window * window

    def key(body: bytes, at: int, headers: Mapping[str, str] | None = None) -> str:
        return read(by, delivery(body, headers or {}, at=at))[0].key

    first = key(b'{"a": 1}', start)
    assert key(b'{"a": 1}', start + window - 1) == first
    assert key(b'{"a": 1}', start + window) != first
    assert key(b'{"a": 2}', start) != first
    assert key(b'{"a": 1}', start, {"x-event-type": "other"}) != first


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"cloudevents"}))
def test_every_preset_falls_back_to_the_body_within_its_own_window(name: str) -> None:
    by = source(name, proof="none")
    window = by.preset.form.hash_within_seconds * 1000
    start = NOW // window * window

    def key(body: bytes, at: int) -> str:
        return read(by, delivery(body, {}, at=at))[0].key

    first = key(b'{"nothing": "known"}', start)
    assert first.startswith("hash:")
    assert key(b'{"nothing": "known"}', start + window - 1) == first
    assert key(b'{"nothing": "known"}', start + window) != first
    assert key(b'{"nothing": "else"}', start) != first


# 8. The type may stand only in a header: headers are kept, secrets are not.
def test_type_from_a_header_survives_storage_and_the_signature_does_not() -> None:
    by = source("github")
    given = signed(
        by,
        b'{"action": "opened"}',
        {
            "X-GitHub-Event": "issues",
            "Authorization": "Basic x",
            "Cookie": "a=b",
            "X-Api-Key": "k",
            "X-Gitlab-Token": "t",
            "X-Author": "mara",
        },
    )
    (event,) = events(by, given)
    assert event.type == "issue.created"
    assert dict(event.headers) == {"x-github-event": "issues", "x-author": "mara"}


@pytest.mark.parametrize(
    ("name", "header", "word", "type_"),
    [
        ("github", "x-github-event", "ping", "ping"),
        ("defectdojo", "x-defectdojo-event", "scan_added", "scan.finished"),
        ("hackerone", "x-h1-event", "report_created", "finding.opened"),
        ("nexus-iq", "x-nexus-webhook-id", "iq:policyAlert", "alert.raised"),
        ("snyk", "x-snyk-event", "ping/v0", "ping"),
        ("kibana-cases", "x-case-call", "create", "case.created"),
    ],
)
def test_type_that_stands_only_in_a_header_is_read_again_from_what_is_stored(
    name: str, header: str, word: str, type_: str
) -> None:
    (event,) = events(source(name, proof="none"), delivery(b"{}", {header: word}))
    assert event.type == type_
    assert event.headers[header] == word


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_nothing_of_the_proof_is_kept_by_any_preset(name: str) -> None:
    by = source(name)
    given = signed(by, smallest(name))
    proof = dict(given.headers).get(_proof_header(by))
    if name == "cloudevents":
        given = delivery(b'{"specversion":"1.0","id":"i","source":"s","type":"t"}', given.headers)
    for event in read(by, given):
        assert proof is None or proof not in event.headers
        assert SECRETS[name] not in event.headers


def test_header_that_an_operator_names_as_proof_is_not_kept() -> None:
    by = source("generic-token", "made-up-token", header="X-Door")
    given = delivery(b"{}", {"x-door": "made-up-token", "x-event-type": "ping"})
    assert by.verify(given, NOW)
    (event,) = read(by, given)
    assert "made-up-token" not in event.headers
    assert event.type == "ping"


# 9. Answers have consequences: pings are accepted, and a source may answer 503 to a wrong proof.
def test_ping_is_accepted_and_a_wrong_proof_can_be_answered_with_503() -> None:
    by = source("github")
    (event,) = events(by, signed(by, b'{"zen": "z"}', {"x-github-event": "ping"}))
    assert event.type == "ping"
    assert by.refuse_status == 401
    assert source("jira-cloud", on_bad_signature="retry").refuse_status == 503


@pytest.mark.parametrize(
    ("name", "headers", "body"),
    [
        ("github", {"x-github-event": "ping"}, {}),
        ("snyk", {"x-snyk-event": "ping/v0"}, {"webhookId": "w"}),
        ("defectdojo", {"x-defectdojo-event": "ping"}, {}),
        ("pagerduty", {}, {"event": {"event_type": "pagey.ping"}}),
        ("confluence", {"x-event-key": "diagnostics:ping"}, {"test": True}),
        ("qtangl", {}, {"event": "webhook.test"}),
        ("tickets", {}, {"event": "ping"}),
    ],
)
def test_ping_of_every_sender_that_has_one_is_a_ping(
    name: str, headers: dict[str, str], body: JSON
) -> None:
    given = delivery(json.dumps(body).encode(), headers)
    (event,) = events(source(name, proof="none"), given)
    assert event.type == "ping"


# 10. No secret configured means closed, not open.
@pytest.mark.parametrize("name", sorted(PRESETS))
def test_source_without_a_secret_refuses_everything_unless_no_proof_is_written_out(
    name: str,
) -> None:
    given = signed(source(name), b"{}")
    with pytest.raises(NoSecret):
        source(name, secrets=()).verify(given, NOW)
    with pytest.raises(NoSecret):
        source(name, secrets=()).verify(delivery(b"{}"), NOW)
    assert source(name, secrets=(), proof="none").verify(delivery(b"{}"), NOW) == ""


# 11. Jira's changelog: toString and fromString, a capital S, missing parts, a deleted issue.
def test_jiras_changelog_becomes_changes_by_field_in_small_letters() -> None:
    body = {
        "webhookEvent": "jira:issue_created",
        "timestamp": NOW,
        "issue": {"key": "SEC-1", "id": "1"},
        "changelog": {
            "id": "9",
            "items": [
                {"field": "Status", "fromString": None, "toString": "To Do"},
                {"field": "Story Points", "fromString": "1", "toString": "3"},
                {"field": "resolution", "toString": "Done"},
            ],
        },
    }
    found = data(source("jira-cloud"), delivery(json.dumps(body).encode()))
    assert found["changed"] == {
        "status": {"from": None, "to": "To Do"},
        "story_points": {"from": "1", "to": "3"},
        "resolution": {"from": None, "to": "Done"},
    }


def test_jira_event_without_changelog_and_event_type_name_is_an_issue_update() -> None:
    body = b'{"webhookEvent": "jira:issue_updated", "issue": {"key": "SEC-1", "fields": {}}}'
    (event,) = events(source("jira-cloud"), delivery(body))
    assert (event.type, event.subject) == ("issue.updated", "SEC-1")
    assert event.data == {"key": "SEC-1", "project": "SEC", "changed": {}, "labels": []}


def test_comment_deleted_with_its_issue_is_no_comment_made() -> None:
    body = b'{"webhookEvent": "comment_deleted", "issue": {"key": "SEC-1"}, "comment": {"id": "3"}}'
    (event,) = events(source("jira-cloud"), delivery(body))
    assert event.type == "comment_deleted"


def test_every_refusal_has_words_and_no_secret() -> None:
    by = source("github")
    given = signed(by, b"{}", secret="wrong-secret")
    with pytest.raises(Refused) as raised:
        by.verify(given, NOW)
    assert raised.value.reason == "signature_mismatch"
    assert SECRETS["github"] not in str(raised.value)


def _proof_header(by: Source) -> str:
    return str(getattr(by.proofs[0], "header", ""))


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("github", "the header x-hub-signature-256 is missing"),
        ("jira-cloud", "the header x-hub-signature or the header authorization is needed"),
        ("ocsf", "the header authorization or the header x-api-key is needed"),
        ("cloudevents", "the header authorization or the parameter access_token is needed"),
        ("quay", "the secret behind the source's name in the address is missing"),
    ],
)
def test_refusal_for_want_of_any_proof_names_every_way_there_is(preset: str, words: str) -> None:
    with pytest.raises(SignatureMissing, match=words):
        source(preset).verify(delivery(smallest(preset)), NOW)


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_refusal_of_a_signature_without_its_time_names_the_header_of_the_time(prefix: str) -> None:
    """Also where another proof of the preset, of which nothing is there, comes before it."""
    headers = {f"{prefix}-signature": "v1," + "A" * 43 + "=", f"{prefix}-id": "msg"}
    with pytest.raises(SignatureMissing, match=f"header {prefix}-timestamp is missing"):
        source("standard-webhooks").verify(delivery(b"{}", headers), NOW)
