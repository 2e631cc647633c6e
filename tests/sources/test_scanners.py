"""What scanners and registries send: recorded bodies, field by field."""

import json
from typing import Any

import pytest

from bridge.errors import SignatureMismatch
from bridge.event import JSON
from bridge.verify.signature import Algorithm, hmac_digest
from tests.sources.deliveries import (
    SHARED,
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
from tests.sources.scanner_bodies import AXIS, NOTHING, RECORDED


def headers_for(name: str) -> dict[str, str]:
    folder, _, file = name.partition("/")
    return {"x_defectdojo_event": file} if folder == "defectdojo" else {}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recorded_body_says_what_its_sender_meant(name: str) -> None:
    type_, subject, fields = RECORDED[name]
    event, *others = recorded(name, **headers_for(name))
    assert (event.type, event.subject) == (type_, subject)
    assert part_of(event.data, fields) == fields
    for one in (event, *others):
        follows_vocabulary(one)


def findings(name: str) -> list[dict[str, Any]]:
    (event,) = recorded(name)
    assert isinstance(event.data, dict)
    found = event.data["findings"]
    assert isinstance(found, list)
    return found  # type: ignore[return-value]


def test_finding_of_snyk_names_package_and_project_so_that_two_projects_have_two() -> None:
    (found,) = findings("snyk/project_snapshot")
    assert found["id"] == "af137b96-6966-46c1-826b-2e79ac49bbd9/npm:ms:20170412"
    assert (found["severity"], found["location"], found["cvss"]) == ("low", "ms@1.0.0", 3.7)


def test_failed_condition_of_a_quality_gate_is_a_finding_in_words() -> None:
    assert [
        (one["title"], one["severity"]) for one in findings("sonarqube/quality_gate.error")
    ] == [
        ("coverage is 0.0, allowed is at least 80", "high"),
        ("duplicated lines density is 89.39828080229226, allowed is at most 3", "high"),
    ]


def test_sonarqube_analysis_that_failed_is_no_finished_scan() -> None:
    body = b'{"status": "FAILED", "taskId": "t", "project": {"key": "p"}}'
    (event,) = events(source("sonarqube"), delivery(body))
    assert (event.type, event.subject) == ("analysis.FAILED", "sonarqube/p")


def test_sonarqube_gate_that_changes_after_the_analysis_is_an_event_of_its_own() -> None:
    by = source("sonarqube")
    keys = [
        read(by, delivery(b'{"taskId": "t", "changedAt": "%s"}' % moment))[0].key
        for moment in (b"2026-11-18T08:00:00+0000", b"2026-11-18T09:00:00+0000")
    ]
    assert len(set(keys)) == 2
    assert read(by, delivery(b'{"taskId": "t"}'))[0].key == "t"


def test_trivy_finding_without_a_title_gets_one_and_says_whether_there_is_a_fix() -> None:
    first, second, *_ = findings("trivy-operator/vulnerabilityreport")
    assert first["title"] == "CVE-2019-20367 in libbsd0"
    assert first["description"] == "Installed is 0.9.1-2, fixed in 0.9.1-2+deb10u1"
    assert second["description"] == "Installed is 0.6.1-2, no fix yet"
    assert first["severity"] == "critical"


def test_trivy_report_that_was_deleted_is_no_scan() -> None:
    body = {"verb": "delete", "operatorObject": {"kind": "VulnerabilityReport", "metadata": {}}}
    (event,) = events(source("trivy-operator"), delivery(json.dumps(body).encode()))
    assert event.type == "VulnerabilityReport.deleted"


def test_trivy_audit_keeps_only_the_checks_that_failed() -> None:
    report = {
        "kind": "ClusterConfigAuditReport",
        "metadata": {"name": "c", "uid": "u"},
        "report": {
            "checks": [
                {"checkID": "A", "title": "a", "severity": "HIGH", "success": False},
                {"checkID": "B", "title": "b", "severity": "LOW", "success": True},
            ]
        },
    }
    found = data(source("trivy-operator"), delivery(json.dumps(report).encode()))["findings"]
    assert isinstance(found, list)
    assert [one["id"] for one in found if isinstance(one, dict)] == ["/c/A"]


def test_semgrep_array_is_one_event_for_each_finding_and_each_has_its_own_key() -> None:
    file = SHARED / "semgrep" / "semgrep_finding.json"
    if not file.exists():
        pytest.skip("the shared collection of bodies is not beside this checkout")
    one = json.loads(file.read_bytes())[0]
    two = {"semgrep_finding": {**one["semgrep_finding"], "id": "another", "severity": 0}}
    by = source("semgrep")
    given = delivery(json.dumps([one, two]).encode())
    first, second = read(by, given)
    assert first.key != second.key
    assert [event.type for event in (first, second)] == ["finding.opened"] * 2
    alone = read(by, delivery(json.dumps([one]).encode()))[0]
    assert alone.key == first.key


def test_semgrep_signature_over_the_body_without_spaces_is_accepted_too() -> None:
    by = source("semgrep", "a-secret-of-15-characters")
    body = b'[{"semgrep_finding": {"id": "f",  "path": "\xc3\xa9"}}]'
    compact = rb'[{"semgrep_finding":{"id":"f","path":"\u00e9"}}]'
    for over in (body, compact):
        digest = hmac_digest(over, b"a-secret-of-15-characters", Algorithm.SHA256).hex()
        assert by.verify(delivery(body, {"x-semgrep-signature-256": digest}), 0)
    wrong = hmac_digest(compact + b" ", b"a-secret-of-15-characters", Algorithm.SHA256).hex()
    for forged in (body, b"no json", b"[" * 100_000):
        with pytest.raises(SignatureMismatch):
            by.verify(delivery(forged, {"x-semgrep-signature-256": wrong}), 0)


def test_only_semgrep_may_sign_anything_but_the_bytes() -> None:
    by = source("github", "one-secret")
    digest = hmac_digest(b"{}", b"one-secret", Algorithm.SHA256).hex()
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(b"{ }", {"x-hub-signature-256": f"sha256={digest}"}), 0)


def test_both_forms_of_harbor_are_the_same_event_but_for_the_key() -> None:
    (own,) = recorded("harbor/SCANNING_COMPLETED")
    (cloud,) = recorded("harbor/cloudevents.harbor.scan.completed")
    assert own.data == cloud.data
    assert own.subject == cloud.subject


def test_vulnerability_in_two_projects_is_two_findings_in_two_lanes() -> None:
    body: JSON = {
        "notification": {
            "group": "NEW_VULNERABILITY",
            "subject": {
                "component": {"uuid": "c", "name": "axis"},
                "vulnerability": {"vulnId": "CVE-1", "severity": "LOW"},
                "affectedProjects": [{"uuid": "p1", "name": "A"}, {"uuid": "p2", "name": "B"}],
            },
        }
    }
    found = events(source("dependency-track"), delivery(json.dumps(body).encode()))
    assert [event.subject for event in found] == ["p1/c/CVE-1", "p2/c/CVE-1"]
    assert [part_of(event.data, {"id": 0, "target": 0}) for event in found] == [
        {"id": "p1/c/CVE-1", "target": "A"},
        {"id": "p2/c/CVE-1", "target": "B"},
    ]


def test_finding_has_one_id_when_it_is_found_brought_in_and_judged() -> None:
    found, brought, second, judged = (
        *recorded("dependency-track/v4.NEW_VULNERABILITY"),
        *recorded("dependency-track/v4.NEW_VULNERABLE_DEPENDENCY"),
        *recorded("dependency-track/v4.PROJECT_AUDIT_CHANGE"),
    )
    ids = [part_of(event.data, {"id": 0})["id"] for event in (found, brought, second)]
    assert ids == [f"{AXIS}/CVE-2012-5784", f"{AXIS}/CVE-2012-5784", f"{AXIS}/CVE-2014-3596"]
    assert found.subject == brought.subject
    assert judged.subject == part_of(judged.data, {"id": 0})["id"]


@pytest.mark.parametrize(
    ("state", "type_"),
    [
        ("NOT_AFFECTED", "finding.resolved"),
        ("FALSE_POSITIVE", "finding.resolved"),
        ("RESOLVED", "finding.resolved"),
        ("IN_TRIAGE", "finding.updated"),
    ],
)
def test_audit_decision_that_ends_a_finding_resolves_it(state: str, type_: str) -> None:
    for prefix in ("", "GROUP_"):
        body = {
            "notification": {
                "group": f"{prefix}PROJECT_AUDIT_CHANGE",
                "subject": {"analysis": {"state": state}},
            }
        }
        (event,) = events(source("dependency-track"), delivery(json.dumps(body).encode()))
        assert event.type == type_


def test_sarif_severity_comes_from_the_rule_where_it_has_a_score_then_from_the_levels() -> None:
    results: list[JSON] = [
        {"ruleId": "scored", "ruleIndex": 0, "message": {"text": "a"}, "level": "note"},
        {"ruleId": "levelled", "ruleIndex": 1, "message": {"text": "b"}},
        {"ruleId": "bare", "message": {"text": "c"}},
        {"ruleId": "said", "level": "error", "message": {"text": "d"}},
        {"ruleId": "passed", "kind": "pass", "message": {"text": "e"}},
        {"message": {"text": "f"}, "baselineState": "absent", "level": "none"},
    ]
    run: JSON = {
        "tool": {
            "driver": {
                "name": "T",
                "rules": [
                    {"id": "scored", "properties": {"security-severity": "9.8"}},
                    {"id": "levelled", "defaultConfiguration": {"level": "error"}},
                ],
            }
        },
        "results": results,
    }
    found = data(source("sarif"), delivery(json.dumps({"runs": [run]}).encode()))["findings"]
    assert isinstance(found, list)
    told = [(one["title"], one["severity"], one["status"]) for one in found if type(one) is dict]
    assert told == [
        ("scored: a", "critical", "open"),
        ("levelled: b", "high", "open"),
        ("bare: c", "medium", "open"),
        ("said: d", "high", "open"),
        ("finding: f", "info", "resolved"),
    ]


def test_sarif_finding_keeps_its_id_over_scans_when_the_tool_gives_a_stable_one() -> None:
    def id_of(result: dict[str, JSON]) -> JSON:
        run: JSON = {"tool": {"driver": {"name": "T"}}, "results": [{"ruleId": "R", **result}]}
        body = json.dumps({"runs": [run]}).encode()
        found = data(source("sarif"), delivery(body))["findings"]
        assert isinstance(found, list)
        assert isinstance(found[0], dict)
        return found[0]["id"]

    assert id_of({"correlationGuid": "g"}) == "g"
    assert id_of({"fingerprints": {"v1": "abc"}}) == "R/abc"
    assert id_of({"partialFingerprints": {"primaryLocationLineHash": "h:1"}}) == "R/h:1"
    assert id_of({"guid": "new each time"}) == id_of({"guid": "another"})


def test_sarif_report_of_several_hundred_results_is_read_within_the_bounds() -> None:
    results: list[JSON] = [
        {"ruleId": f"R{number}", "ruleIndex": 0, "message": {"text": "x"}} for number in range(3000)
    ]
    run: JSON = {"tool": {"driver": {"name": "T", "rules": [{"id": "R"}]}}, "results": results}
    found = data(source("sarif"), delivery(json.dumps({"runs": [run]}).encode()))
    assert found["counts"] == {**NOTHING, "medium": 3000, "total": 3000}


@pytest.mark.parametrize(
    ("fields", "type_"),
    [
        ({"type_uid": 200201}, "finding.opened"),
        ({"type_uid": 200402, "class_uid": 2004, "status_id": 1}, "finding.updated"),
        ({"type_uid": 200402, "class_uid": 2004, "status_id": 4}, "finding.resolved"),
        ({"type_uid": 200303}, "finding.resolved"),
        ({"type_uid": 300201, "class_uid": 3002}, "300201"),
    ],
)
def test_ocsf_class_and_activity_make_the_type(fields: dict[str, JSON], type_: str) -> None:
    body = json.dumps([{**fields, "finding_info": {"uid": "u", "title": "t"}}]).encode()
    (event,) = events(source("ocsf"), delivery(body))
    assert event.type == type_


def test_defectdojo_is_asked_to_come_again_because_a_4xx_would_end_it_for_good() -> None:
    assert source("defectdojo").refuse_status == 503
    assert source("defectdojo", on_bad_signature="refuse").refuse_status == 401
    assert source("harbor").refuse_status == 401


def test_defectdojo_shows_its_secret_in_a_header_of_ones_choice() -> None:
    by = source("defectdojo", "made-up", header="X-Door")
    assert by.verify(delivery(b"{}", {"x-door": "made-up"}), 0)
    assert dict(signed(by, b"{}").headers)["x-door"] == "made-up"


@pytest.mark.parametrize(
    ("state", "type_"), [("APPROVED", "finding.resolved"), ("REJECTED", "finding.updated")]
)
def test_dependency_tracks_decision_on_a_violation_is_in_its_lane(state: str, type_: str) -> None:
    violation: dict[str, Any] = {
        "uuid": "v-1",
        "policyCondition": {"policy": {"name": "Licences", "violationState": "FAIL"}},
    }
    told: dict[str, JSON] = {"component": {"name": "axis"}, "policyViolation": violation}
    found = []
    for group, more in (
        ("POLICY_VIOLATION", {}),
        ("PROJECT_AUDIT_CHANGE", {"violationAnalysis": {"state": state, "suppressed": False}}),
    ):
        body = {"notification": {"group": group, "subject": {**told, **more}}}
        found += events(source("dependency-track"), delivery(json.dumps(body).encode()))
    assert [event.type for event in found] == ["finding.opened", type_]
    assert {event.subject for event in found} == {"v-1"}
    wanted = {"id": "v-1", "title": "Licences: axis", "severity": "high", "status": state}
    assert part_of(found[1].data, wanted) == wanted


def test_dependency_tracks_decision_for_all_projects_is_in_the_lane_of_the_finding() -> None:
    subject = {
        "component": {"uuid": "c", "name": "axis"},
        "vulnerability": {"vulnId": "CVE-1", "severity": "HIGH"},
        "analysis": {"state": "NOT_AFFECTED"},
        "affectedProjects": [{"uuid": "p", "name": "Acme"}],
    }
    body = {"notification": {"group": "PROJECT_AUDIT_CHANGE", "subject": subject}}
    (event,) = events(source("dependency-track"), delivery(json.dumps(body).encode()))
    assert (event.type, event.subject) == ("finding.resolved", "p/c/CVE-1")


@pytest.mark.parametrize(
    "body", [b"{}", b'{"runs": []}', b'{"runs": [{}]}', b'{"runs": null}', b'{"error": "x"}', b"[]"]
)
def test_sarif_body_without_runs_is_no_scan_that_found_nothing(body: bytes) -> None:
    (event,) = events(source("sarif"), delivery(body))
    assert event.type in ("no run", "unrecognised")


@pytest.mark.parametrize(
    ("affected", "severity", "status"),
    [(True, "critical", "affected"), (False, "info", "not affected")],
)
def test_semgreps_incident_weighs_what_it_means_for_oneself(
    affected: bool, severity: str, status: str
) -> None:
    incident: dict[str, JSON] = {
        "incident_id": 12, "title": "Malicious code", "is_affected": affected, "description": None,
        "advisories_url": "https://semgrep.example/a", "blog_url": None,
        "incident_packages": {"items": [{"name": "demo", "version": "==1.0"}, {"name": "other"}]},
        "matching_projects": {
            "items": [{"repository_name": "acme/a"}, {"repository_name": "acme/b"}],
        },
    }  # fmt: skip
    body = [{"semgrep_supply_chain_incident": incident}]
    (event,) = events(source("semgrep"), delivery(json.dumps(body).encode()))
    follows_vocabulary(event)
    assert (event.type, event.subject) == ("alert.raised", "semgrep/incident/12")
    wanted = {
        "severity": severity, "status": status, "url": "https://semgrep.example/a",
        "service": "acme/a, acme/b", "packages": ["demo==1.0", "other"],
    }  # fmt: skip
    assert part_of(event.data, wanted) == wanted
