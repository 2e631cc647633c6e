"""What platforms of reports, incidents and cases send: recorded bodies, field by field."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.errors import Invalid, SignatureMismatch, SignatureMissing
from bridge.event import JSON
from bridge.settings import SourceSettings
from bridge.sources.source import Source
from bridge.verify.signature import Algorithm, hmac_digest
from tests.sources.deliveries import (
    NOW,
    PRESETS,
    SECRETS,
    data,
    delivery,
    events,
    follows_vocabulary,
    part_of,
    read,
    recorded,
    signed,
    source,
)

RECORDED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "hackerone/report_triaged": (
        "finding.updated",
        "hackerone/1337",
        {
            "id": "hackerone/1337",
            "title": "XSS in login form",
            "status": "triaged",
            "target": "security",
            "url": "https://hackerone.com/reports/1337",
        },
    ),
    "pagerduty/incident.priority_updated": (
        "incident.priority_updated",
        "pagerduty/PGR0VU2",
        {
            "id": "PGR0VU2",
            "title": "A little bump in the road",
            "severity": "critical",
            "status": "triggered",
            "service": "API Service",
            "number": 2,
            "priority": "P1",
            "assignee": "User 123",
        },
    ),
    "pagerduty/service.updated": (
        "service.updated",
        "pagerduty/PF9KMXH",
        {"summary": "testing service updates"},
    ),
    "nexus-iq/applicationEvaluation": (
        "scan.finished",
        "nexus-iq/6a454175-f55d-4d33-ba44-90ac3af2e8b8",
        {
            "scan_id": "debceb1d-9209-485d-8d07-bd5390de7ef5",
            "band": "fail",
            "stage": "build",
            "counts": {"critical": 2, "high": 5, "medium": 3, "low": 0, "info": 0, "total": 10},
        },
    ),
    "jfrog-xray/violation": (
        "finding.opened",
        "default/test-repository/org/apache/pinot/pinot-distribution/0.10.0"
        "/pinot-distribution-0.10.0.jar/XRAY-173753",
        {
            "title": "[Vulnerability Summary]",
            "severity": "medium",  # the issue's own, not the alert's worst
            "package": "org.apache.pinot:pinot-distribution:0.10.0",
            "rule": "XRAY-173753",
            "watch": "test-watch",
        },
    ),
    "quay/vulnerability_found": (
        "finding.opened",
        "mynamespace/repository/CVE-FAKE-CVE",
        {
            "id": "mynamespace/repository/CVE-FAKE-CVE",
            "severity": "critical",
            "target": "mynamespace/repository",
        },
    ),
    "thehive/case_update.status_audit": (
        "case.updated",
        "thehive/~327925760",
        {
            "id": "~327925760",
            "title": "Suspicious network activity detected",
            "status": "InProgress",
            "severity": "high",
            "tags": ["tagA"],
            "owner": "sami@example.com",
            "changed": {
                "status": {"from": None, "to": "InProgress"},
                "stage": {"from": None, "to": "InProgress"},
            },
        },
    ),
    "thehive/case_update.custom_field_audit": (
        "case.updated",
        "thehive/~327925760",
        {"number": 34, "changed": {}},
    ),
    "kibana/case": (
        "case.updated",
        "kibana/case/31cdada0-02c1-11ed-85f2-4f7c222ca2fa",
        {
            "id": "31cdada0-02c1-11ed-85f2-4f7c222ca2fa",
            "title": "Case title 1",
            "status": "open",
            "severity": "low",
            "tags": ["tag 1"],
            "owner": "cases",
            "version": "WzM2LDFd",
            "comment": {
                "id": "2134c1d0-02c2-11ed-85f2-4f7c222ca2fa",
                "body": "A new comment",
                "author": "elastic",
            },
        },
    ),
    "detectify/finding": (
        "finding.opened",
        "app.example.com/SQL Injection/https://app.example.com/api/users?id=1",
        {
            "title": "SQL Injection",
            "severity": "critical",
            "target": "app.example.com",
            "location": "https://app.example.com/api/users?id=1",
        },
    ),
}
PRESET_OF = {"kibana": "kibana-webhook"}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recorded_body_says_what_its_sender_meant(name: str) -> None:
    type_, subject, fields = RECORDED[name]
    (event,) = recorded(name, PRESET_OF.get(name.partition("/")[0], ""))
    assert (event.type, event.subject) == (type_, subject)
    assert part_of(event.data, fields) == fields
    follows_vocabulary(event)


@pytest.mark.parametrize(
    ("word", "type_"),
    [
        ("activity-bug-filed", "finding.opened"),
        ("activity-bug-reopened", "finding.opened"),
        ("activity-bug-needs-more-info", "finding.updated"),
        ("activity-bug-duplicate", "finding.resolved"),
        ("activity-bounty-awarded", "activity-bounty-awarded"),
    ],
)
def test_hackerones_activity_makes_the_type(word: str, type_: str) -> None:
    body = json.dumps({"data": {"activity": {"type": word}, "report": {"id": "7"}}}).encode()
    (event,) = events(source("hackerone"), delivery(body, {"x-h1-event": "report_x"}))
    assert event.type == type_


def test_hackerones_type_may_stand_in_the_header_alone() -> None:
    headers = {"x-h1-event": "report_triaged", "x-h1-delivery": "d1"}
    (event,) = read(source("hackerone"), delivery(b'{"data": {"report": {"id": "7"}}}', headers))
    assert (event.type, event.key) == ("finding.updated", "d1")


@pytest.mark.parametrize(
    ("word", "type_"),
    [
        ("report_created", "finding.opened"),
        ("report_closed_as_duplicate", "finding.resolved"),
        ("report_bounty_awarded", "report_bounty_awarded"),
    ],
)
def test_hackerones_words_of_the_header_are_those_of_its_page(word: str, type_: str) -> None:
    (event,) = read(source("hackerone"), delivery(b"{}", {"x-h1-event": word}))
    assert event.type == type_


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ({"alert_title": "[ALERT] x", "alert_description": "y"}, "alert.raised"),
        ({"case_name": "c", "case_id": 8}, "case.created"),
        ({"event": "on_postload_case_close", "case_id": 8}, "case.closed"),
        ({"text": "something"}, "iris"),
    ],
)
def test_body_that_iris_was_told_to_send_shows_what_it_is(body: JSON, type_: str) -> None:
    (event,) = events(source("dfir-iris"), delivery(json.dumps(body).encode()))
    assert event.type == type_


def test_pagerdutys_rotation_with_two_signatures_passes_by_either_secret() -> None:
    body = b'{"event": {"id": "e", "event_type": "pagey.ping"}}'
    old, new = (
        hmac_digest(body, secret, Algorithm.SHA256).hex() for secret in (b"old-secret", b"new-one")
    )
    headers = {"x-pagerduty-signature": f"v1={old},v1={new}"}
    for secret in ("old-secret", "new-one"):
        assert source("pagerduty", secret).verify(delivery(body, headers), NOW)
    with pytest.raises(SignatureMismatch):
        source("pagerduty", "another").verify(delivery(body, headers), NOW)
    (event,) = events(source("pagerduty"), delivery(body, headers))
    assert event.type == "ping"


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({"priority": {"summary": "P3"}, "urgency": "high"}, "medium"),
        ({"priority": None, "urgency": "low"}, "low"),
        ({"urgency": "high"}, "high"),
        ({"priority": {"summary": "Sev-1"}, "urgency": "high"}, "high"),
        ({}, "high"),
    ],
)
def test_pagerdutys_priority_goes_before_its_urgency(
    fields: dict[str, JSON], severity: str
) -> None:
    incident = {"event_type": "incident.triggered", "data": {"id": "I", "title": "t", **fields}}
    found = data(source("pagerduty"), delivery(json.dumps({"event": incident}).encode()))
    assert found["severity"] == severity


def test_nexus_signs_with_sha1_and_sha256_is_no_substitute() -> None:
    by = source("nexus-iq", "made-up")
    right = hmac_digest(b"{}", b"made-up", Algorithm.SHA1).hex()
    assert by.verify(delivery(b"{}", {"x-nexus-webhook-signature": right}), NOW)
    assert dict(signed(by, b"{}").headers)["x-nexus-webhook-signature"] == right


def test_nexus_alert_of_two_policies_is_two_alerts_that_last_over_evaluations() -> None:
    def told(evaluation: str) -> list[tuple[str, JSON]]:
        body = {
            "applicationEvaluation": {
                "application": {"publicId": "pay", "name": "Pay"},
                "policyEvaluationId": evaluation,
            },
            "policyAlerts": [
                {"policyName": "A", "threatLevel": 10, "componentFacts": [{"displayName": "c"}]},
                {"policyName": "B", "threatLevel": 3},
            ],
        }
        given = delivery(json.dumps(body).encode(), {"x-nexus-webhook-id": "iq:policyAlert"})
        found = events(source("nexus-iq"), given)
        assert {event.type for event in found} == {"alert.raised"}
        return [
            (event.subject, part_of(event.data, {"severity": 0})["severity"]) for event in found
        ]

    assert (
        told("e1") == told("e2") == [("nexus-iq/pay/A", "critical"), ("nexus-iq/pay/B", "medium")]
    )


def test_jfrogs_header_is_the_secret_unless_the_source_says_that_it_signs() -> None:
    secret, body = "demo:secret", b'{"alert_id": "a"}'
    digest = hmac_digest(body, secret.encode(), Algorithm.SHA256).hex()
    shown = delivery(body, {"x-jfrog-event-auth": secret})
    signature = delivery(body, {"x-jfrog-event-auth": digest})
    either = source("jfrog-xray", secret)
    assert either.verify(shown, NOW)
    with pytest.raises(SignatureMismatch):
        either.verify(signature, NOW)
    signing = source("jfrog-xray", secret, proof="hmac")
    assert signing.verify(signature, NOW)
    with pytest.raises((SignatureMismatch, SignatureMissing)):
        signing.verify(delivery(body, {"authorization": "Basic ZGVtbzpzZWNyZXQ="}), NOW)
    assert source("jfrog-xray", secret, proof="basic").verify(signed(either, body), NOW)
    (event,) = read(signing, signature)
    assert digest not in event.headers


def test_kind_of_proof_that_a_preset_has_not_is_refused_with_those_it_has() -> None:
    settings = SourceSettings(
        name="door", preset="jfrog-xray", proof="query", secrets=(SecretStr("x"),)
    )
    with pytest.raises(Invalid, match="it has basic, header, hmac") as raised:
        Source(PRESETS["jfrog-xray"], settings)
    assert "sources.door.proof" in str(raised.value)


def test_xray_alert_of_several_issues_is_several_findings_of_one_alert() -> None:
    issues: list[JSON] = [{"vulnerability_id": "X-1"}, {"vulnerability_id": "X-2"}]
    by = source("jfrog-xray")
    given = delivery(json.dumps({"alert_id": "a", "issues": issues}).encode())
    assert [event.key for event in read(by, given)] == ["a#0", "a#1"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"updated_tags": ["latest"]}, "repo_push"),
        ({"build_id": "b"}, "build"),
        ({"other": 1}, "notification"),
    ],
)
def test_quays_type_is_told_by_the_shape_of_the_body(body: JSON, word: str) -> None:
    assert isinstance(body, dict)
    given = delivery(json.dumps({"repository": "a/b", **body}).encode())
    (event,) = events(source("quay"), given)
    assert (event.type, event.subject) == (word, "quay/a/b")


def test_quay_proves_itself_by_the_secret_in_its_path_and_by_nothing_else() -> None:
    by = source("quay")
    assert by.verify(delivery(b"{}", path_token=SECRETS["quay"]), NOW)
    with pytest.raises(SignatureMissing):
        by.verify(delivery(b"{}", {"authorization": f"Bearer {SECRETS['quay']}"}), NOW)


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ({"objectType": "Case", "action": "create"}, "case.created"),
        ({"objectType": "Case", "action": "update", "details": {"stage": "Closed"}}, "case.closed"),
        ({"objectType": "case", "operation": "Update"}, "case.updated"),
        ({"objectType": "Comment", "action": "create"}, "case.commented"),
        ({"objectType": "Alert", "action": "create"}, "alert.raised"),
        (
            {"objectType": "Alert", "action": "update", "details": {"stage": "Closed"}},
            "alert.resolved",
        ),
        ({"objectType": "Task", "action": "create"}, "task.create"),
    ],
)
def test_thehives_object_and_action_make_the_type(body: JSON, type_: str) -> None:
    (event,) = events(source("thehive"), delivery(json.dumps(body).encode()))
    assert event.type == type_


def test_thehive_repeats_are_known_by_request_object_and_action() -> None:
    body = b'{"requestId": "r:1", "objectId": "~2", "objectType": "Case", "action": "update"}'
    assert read(source("thehive"), delivery(body))[0].key == "r:1:~2:update"


@pytest.mark.parametrize(
    ("fields", "type_"),
    [
        ({"status": "open", "updated_at": None}, "case.created"),
        ({"status": "open", "updated_at": "2026-11-18T08:00:00Z"}, "case.updated"),
        ({"status": "closed", "updated_at": "2026-11-18T08:00:00Z"}, "case.closed"),
    ],
)
def test_case_as_kibanas_api_gives_it_says_what_happened(
    fields: dict[str, JSON], type_: str
) -> None:
    body = {"id": "c", "version": "v", "title": "t", "totalComment": 0, **fields}
    (event,) = events(source("kibana-webhook"), delivery(json.dumps(body).encode()))
    assert (event.type, event.subject) == (type_, "kibana/case/c")


def test_every_comment_of_a_kibana_case_is_told() -> None:
    """Two may have come since the last event; attached alerts have no words."""
    written = {"type": "user", "created_by": {"username": "ada"}}
    comments = [
        {**written, "id": "1", "comment": "One."},
        {"id": "2", "type": "alert", "alertId": ["a"]},
        {**written, "id": "3", "comment": "Two.", "created_by": None},
    ]
    body = {"id": "c", "title": "t", "status": "open", "totalComment": 2, "comments": comments}
    told = data(source("kibana-webhook"), delivery(json.dumps(body).encode()))
    assert told["comments"] == [
        {"id": "1", "body": "One.", "author": "ada"},
        {"id": "3", "body": "Two.", "author": ""},
    ]
    assert told["comment"] == {"id": "3", "body": "Two."}


def test_kibana_alert_that_recovered_is_resolved_in_the_lane_of_its_rule() -> None:
    body = {"rule": {"id": "r"}, "alert": {"id": "host-1", "actionGroup": "recovered"}}
    (event,) = events(source("kibana-webhook"), delivery(json.dumps(body).encode()))
    assert (event.type, event.subject) == ("alert.resolved", "kibana/alert/r/host-1")


def test_what_is_a_guess_says_so_and_leaves_its_header_open() -> None:
    for name in ("detectify", "tickets"):
        form = PRESETS[name].form
        assert form.level == "X"
        assert any("header" in getattr(proof, "options", ()) for proof in form.proof)


def test_tickets_platform_takes_either_composition_and_any_header_for_the_plain_one() -> None:
    body = b'{"event": "vulnerability.created", "payload": {"id": 7}}'
    secret = SECRETS["tickets"]
    plain = hmac_digest(body, secret.encode(), Algorithm.SHA256).hex()
    by = source("tickets", secret, header="X-Their-Signature", prefix="")
    assert by.verify(delivery(body, {"x-their-signature": plain}), NOW)
    assert source("tickets").verify(signed(source("tickets"), body), NOW)


@pytest.mark.parametrize(
    ("type_", "told", "comment"),
    [
        ("incident.annotated", {"id": "NOTE", "content": "Rolled back."}, "Rolled back."),
        ("incident.status_update_published", {"id": "UPD", "message": "Soon."}, "Soon."),
        (
            "incident.responder.added",
            {"message": "Please help.", "state": "pending"},
            "Please help.",
        ),
    ],
)
def test_pagerdutys_note_is_about_its_incident_and_invents_no_severity(
    type_: str, told: dict[str, JSON], comment: str
) -> None:
    incident = {"id": "PGR0VU2", "summary": "A bump", "html_url": "https://acme.example/PGR0VU2"}
    body = {"event": {"id": "e", "event_type": type_, "data": {"incident": incident, **told}}}
    (event,) = events(source("pagerduty"), delivery(json.dumps(body).encode()))
    assert (event.type, event.subject) == (type_, "pagerduty/PGR0VU2")
    wanted = {"id": "PGR0VU2", "title": "A bump", "url": incident["html_url"], "comment": comment}
    assert part_of(event.data, wanted) == wanted
    assert isinstance(event.data, dict)
    assert "severity" not in event.data


@pytest.mark.parametrize("body", [{}, {"issues": []}, {"issues": None}])
def test_xrays_message_without_issues_is_no_finding(body: JSON) -> None:
    (event,) = events(source("jfrog-xray"), delivery(json.dumps(body).encode()))
    assert event.type in ("xray", "unrecognised")


def ocsf(**told: JSON) -> Any:
    body = {"class_uid": 2004, "type_uid": 200402, "finding_info": {"uid": "f"}, **told}
    (event,) = events(source("ocsf"), delivery(json.dumps(body).encode()))
    return event


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (1, "info"), (2, "low"), (3, "medium"), (4, "high"),
        (5, "critical"), (6, "critical"), (9, "medium"),
    ],
)  # fmt: skip
def test_ocsf_severity_is_read_from_its_number_where_the_word_is_left_out(
    number: int, word: str
) -> None:
    assert ocsf(severity_id=number).data["severity"] == word
    assert ocsf(severity_id=number, severity="Low").data["severity"] == "low"


@pytest.mark.parametrize(
    ("class_uid", "status_id", "type_", "status"),
    [
        (2004, 2, "finding.updated", "In Progress"),
        (2004, 3, "finding.resolved", "Suppressed"),
        (2004, 5, "finding.resolved", "Archived"),
        (2005, 3, "finding.updated", "On Hold"),
        (2005, 5, "finding.resolved", "Closed"),
    ],
)
def test_ocsf_status_is_read_from_its_number_which_means_another_thing_for_an_incident(
    class_uid: int, status_id: int, type_: str, status: str
) -> None:
    number = class_uid * 100 + 2
    event = ocsf(class_uid=class_uid, type_uid=number, status_id=status_id)
    assert (event.type, event.data["status"]) == (type_, status)


def test_ocsf_incident_goes_by_its_first_finding_and_other_classes_keep_their_own_fields() -> None:
    told: JSON = [{"uid": "f1", "title": "Beacon"}, {"uid": "f2"}]
    event = ocsf(class_uid=2005, type_uid=200501, finding_info=None, finding_info_list=told)
    assert (event.type, event.subject, event.data["title"]) == ("finding.opened", "f1", "Beacon")
    assert ocsf(class_uid=3002, type_uid=300201, user="ann").data["user"] == "ann"
    (empty,) = events(source("ocsf"), delivery(b"[]"))
    assert empty.type == "unrecognised"


@pytest.mark.parametrize(
    ("operation", "status", "type_"),
    [("Update", "Resolved", "case.closed"), ("Update", "Open", "case.updated")],
)
def test_case_of_thehive_4_is_closed_when_it_is_resolved(
    operation: str, status: str, type_: str
) -> None:
    body = {
        "operation": operation, "objectType": "case", "objectId": "~1", "rootId": "~1",
        "details": {"status": status}, "object": {"_id": "~1", "title": "t", "status": status},
    }  # fmt: skip
    (event,) = events(source("thehive"), delivery(json.dumps(body).encode()))
    assert (event.type, event.subject) == (type_, "thehive/~1")
    follows_vocabulary(event)


def test_hackerones_comment_is_an_update_of_its_report_and_says_who_sees_it() -> None:
    activity = {"type": "activity-comment", "attributes": {"message": "Seen.", "internal": True}}
    body = {"data": {"activity": activity, "report": {"id": "7", "attributes": {"title": "XSS"}}}}
    headers = {"x-h1-event": "report_comment_created"}
    (event,) = events(source("hackerone"), delivery(json.dumps(body).encode(), headers))
    assert (event.type, event.subject) == ("finding.updated", "hackerone/7")
    wanted = {"title": "XSS", "comment": "Seen.", "internal": True}
    assert part_of(event.data, wanted) == wanted
