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

NOTHING = {"critical": 0, "high": 0, "medium": 0, "low": 0, "info": 0, "total": 0}
AXIS = "6fb1820f-5280-4577-ac51-40124aabe307/4d5cd8df-cff7-4212-a038-91ae4ab79396"
RECORDED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "snyk/ping": ("ping", "d3cf26b3-2d77-497b-bce2-23b33cc15362", {}),
    "snyk/project_snapshot": (
        "scan.finished",
        "snyk/af137b96-6966-46c1-826b-2e79ac49bbd9",
        {
            "scanner": "Snyk",
            "target": "snyk/goof",
            "counts": {"critical": 5, "high": 4, "medium": 8, "low": 13, "info": 0, "total": 30},
            "diff": {"added": ["npm:ms:20170412"], "removed": []},
        },
    ),
    "snyk/project_snapshot.no_new_issues": (
        "scan.finished",
        "snyk/af137b96-6966-46c1-826b-2e79ac49bbd9",
        {"findings": [], "diff": {"added": [], "removed": []}},
    ),
    "sonarqube/quality_gate.error": (
        "scan.finished",
        "sonarqube/test-sonar/master",
        {
            "scan_id": "AXgTFfXRZCzhMRNj54bo",
            "target": "test-sonar",
            "band": "ERROR",
            "status": "SUCCESS",
            "counts": {**NOTHING, "high": 2, "total": 2},
        },
    ),
    "semgrep/semgrep_finding": (
        "finding.opened",
        "semgrep/c409ef941eec3008da6e1fd347e793aa",
        {
            "title": "express-sequelize-injection",
            "severity": "high",
            "location": "data/static/codefixes/unionSqlInjectionChallenge_3.ts:10",
            "target": "owasp/juice-shop",
            "scan_id": "j4an6ro33aJM",
        },
    ),
    "semgrep/semgrep_scan": (
        "scan.finished",
        "semgrep/owasp/juice-shop",
        {"scan_id": "Y4QdEwR2qPgK", "target": "owasp/juice-shop", "counts": NOTHING},
    ),
    "harbor/SCANNING_COMPLETED": (
        "scan.finished",
        "harbor/harbor/alpine",
        {"scan_id": "af0546c1-67dc-4e9d-927e-372900ead0df", "scanner": "Trivy", "counts": NOTHING},
    ),
    "harbor/SCANNING_COMPLETED.with_vulnerabilities": (
        "scan.finished",
        "harbor/test/alpine/helm",
        {"band": "High", "counts": {**NOTHING, "high": 4, "info": 1, "total": 5}},
    ),
    "harbor/cloudevents.harbor.scan.completed": (
        "scan.finished",
        "harbor/harbor/alpine",
        {"scan_id": "af0546c1-67dc-4e9d-927e-372900ead0df", "band": "None"},
    ),
    "harbor/SCANNING_FAILED": ("SCANNING_FAILED", "harbor/harbor/alpine", {}),
    "harbor/SCANNING_STOPPED": ("SCANNING_STOPPED", "harbor/harbor/alpine", {}),
    "harbor/cloudevents.harbor.scan.failed": ("harbor.scan.failed", "harbor/harbor/alpine", {}),
    "harbor/cloudevents.harbor.scan.stopped": ("harbor.scan.stopped", "harbor/harbor/alpine", {}),
    "harbor/PUSH_ARTIFACT": ("PUSH_ARTIFACT", "harbor/harbor/alpine", {}),
    "harbor/PULL_ARTIFACT": ("PULL_ARTIFACT", "harbor/harbor/alpine", {}),
    "harbor/DELETE_ARTIFACT": ("DELETE_ARTIFACT", "harbor/harbor/alpine", {}),
    "harbor/REPLICATION": ("REPLICATION", "harbor/localhost", {}),
    "harbor/TAG_RETENTION": ("TAG_RETENTION", "harbor/harbor", {}),
    "harbor/cloudevents.harbor.artifact.pushed": (
        "harbor.artifact.pushed",
        "harbor/harbor/alpine",
        {},
    ),
    "harbor/cloudevents.harbor.artifact.deleted": (
        "harbor.artifact.deleted",
        "harbor/harbor/alpine",
        {},
    ),
    "harbor/cloudevents.harbor.replication.status.changed": (
        "harbor.replication.status.changed",
        "harbor/localhost",
        {},
    ),
    "harbor/cloudevents.harbor.tag_retention.finished": (
        "harbor.tag_retention.finished",
        "harbor/harbor",
        {},
    ),
    "harbor/QUOTA_EXCEED": (
        "alert.raised",
        "harbor/harbor/alpine",
        {"id": "harbor/quota/harbor", "severity": "high", "service": "harbor/alpine"},
    ),
    "harbor/QUOTA_WARNING": ("alert.raised", "harbor/harbor/alpine", {"severity": "medium"}),
    "harbor/cloudevents.harbor.quota.exceeded": (
        "alert.raised",
        "harbor/harbor/alpine",
        {"id": "harbor/quota/harbor", "severity": "high"},
    ),
    "harbor/cloudevents.harbor.quota.warned": (
        "alert.raised",
        "harbor/harbor/alpine",
        {"severity": "medium"},
    ),
    "defectdojo/ping": ("ping", "defectdojo", {"message": "Test webhook notification"}),
    "defectdojo/engagement_added": ("engagement_added", "defectdojo/product/4", {}),
    "defectdojo/product_added": ("product_added", "defectdojo/product/4", {}),
    "defectdojo/product_type_added": ("product_type_added", "defectdojo/product_type/4", {}),
    "defectdojo/test_added": ("test_added", "defectdojo/product/4", {}),
    "defectdojo/scan_added": (
        "scan.finished",
        "defectdojo/product/4",
        {
            "scan_id": "defectdojo/test/90",
            "target": "notif prod",
            "url": "http://localhost:8080/test/90",
            "counts": {"critical": 1, "high": 0, "medium": 0, "low": 1, "info": 1, "total": 3},
            "diff": {
                "added": ["defectdojo/232"],
                "back": ["defectdojo/234"],
                "removed": ["defectdojo/233"],
            },
        },
    ),
    "dependency-track/v4.NEW_VULNERABILITY": (
        "finding.opened",
        "dependency-track/6fb1820f-5280-4577-ac51-40124aabe307",
        {
            "id": f"{AXIS}/CVE-2012-5784",
            "title": "CVE-2012-5784 in axis",
            "severity": "medium",
            "location": "pkg:maven/apache/axis@1.4",
            "target": "Acme Example 1.0.0",
        },
    ),
    "dependency-track/v4.NEW_VULNERABLE_DEPENDENCY": (
        "finding.opened",
        "dependency-track/6fb1820f-5280-4577-ac51-40124aabe307",
        {"id": f"{AXIS}/CVE-2012-5784", "severity": "medium", "target": "Acme Example 1.0.0"},
    ),
    "dependency-track/v5.GROUP_NEW_VULNERABILITY": (
        "finding.opened",
        "dependency-track/c9c9539a-e381-4b36-ac52-6a7ab83b2c95",
        {"title": "vulnerabilityTitle", "severity": "medium", "rule": "INT-001"},
    ),
    "dependency-track/v5.GROUP_NEW_VULNERABLE_DEPENDENCY": (
        "finding.opened",
        "dependency-track/c9c9539a-e381-4b36-ac52-6a7ab83b2c95",
        {"title": "vulnerabilityTitle", "target": "projectName projectVersion"},
    ),
    "dependency-track/v4.POLICY_VIOLATION": (
        "finding.opened",
        "dependency-track/7a36e5c0-9f09-42dd-b401-360da56c2abe",
        {"title": "Banned Components: axis", "severity": "high", "location": "axis@1.4"},
    ),
    "dependency-track/v4.PROJECT_AUDIT_CHANGE": (
        "finding.updated",
        "dependency-track/6fb1820f-5280-4577-ac51-40124aabe307",
        {"status": "EXPLOITABLE", "suppressed": False, "severity": "medium"},
    ),
    "dependency-track/v4.BOM_CONSUMED": (
        "BOM_CONSUMED",
        "dependency-track/6fb1820f-5280-4577-ac51-40124aabe307",
        {},
    ),
    "dependency-track/v4.BOM_PROCESSED": (
        "BOM_PROCESSED",
        "dependency-track/6fb1820f-5280-4577-ac51-40124aabe307",
        {},
    ),
    "dependency-track/v4.NEW_VULNERABILITIES_SUMMARY": (
        "NEW_VULNERABILITIES_SUMMARY",
        "dependency-track/PORTFOLIO",
        {"since": "1970-01-01T00:01:06Z"},
    ),
    "dependency-track/v4.NEW_POLICY_VIOLATIONS_SUMMARY": (
        "NEW_POLICY_VIOLATIONS_SUMMARY",
        "dependency-track/PORTFOLIO",
        {"since": "1970-01-01T00:01:06Z"},
    ),
    "dependency-track/v5.GROUP_BOM_CONSUMED": (
        "BOM_CONSUMED",
        "dependency-track/c9c9539a-e381-4b36-ac52-6a7ab83b2c95",
        {},
    ),
    "dependency-track/v5.GROUP_BOM_PROCESSING_FAILED": (
        "BOM_PROCESSING_FAILED",
        "dependency-track/c9c9539a-e381-4b36-ac52-6a7ab83b2c95",
        {"cause": "cause"},
    ),
    "trivy-operator/vulnerabilityreport": (
        "scan.finished",
        "trivy/default/replicaset-nginx-6d4cf56db6-nginx",
        {
            "scan_id": "8aa1a7cb-a319-4b93-850d-5a67827dfbbf",
            "scanner": "Trivy",
            "target": "library/nginx:1.16",
            "workload": "ReplicaSet/nginx-6d4cf56db6",
            "counts": {**NOTHING, "critical": 2, "total": 2},  # as the report itself says
        },
    ),
    "trivy-operator/vulnerabilityreport.with_verb": (
        "scan.finished",
        "trivy/default/replicaset-nginx-6d4cf56db6-nginx",
        {"scan_id": "8aa1a7cb-a319-4b93-850d-5a67827dfbbf", "container": "nginx"},
    ),
    "sarif/sarif-2.1.0.appendix_k4": (
        "scan.finished",
        "sarif/CodeScanner/https://github.com/example-corp/browser",
        {
            "scan_id": "BC650830-A9FE-44CB-8818-AD6C387279A0",
            "target": "https://github.com/example-corp/browser",
            "commit": "5da53fbb2a0aaa12d648b73984acc9aac2e11c2a",
            "counts": {**NOTHING, "high": 1, "total": 1},
        },
    ),
    "sarif/sarif-2.1.0.dockle": (
        "scan.finished",
        "sarif/Dockle",
        {"scanner": "Dockle", "counts": {**NOTHING, "high": 1, "info": 3, "total": 4}},
    ),
    "sarif/sarif-2.1.0.njsscan": (
        "scan.finished",
        "sarif/nodejsscan",
        {"scanner": "nodejsscan", "counts": {**NOTHING, "medium": 1, "high": 1, "total": 2}},
    ),
    "ocsf/compliance_finding": (
        "finding.updated",
        "arn:aws:securityhub:us-east-2:111111111111:subscription/pci-dss/v/3.2.1/PCI.Config.1"
        "/finding/7d619054-6f0d-456b-aa75-23b20f74fae6",
        {"severity": "medium", "status": "New", "rule": "Config.1", "tool": "Security Hub"},
    ),
    "ocsf/detection_finding": (
        "finding.opened",
        "arn:aws:guardduty:us-east-2:111111111111:detector/1ac1bfceda6679698215d5d0EXAMPLE"
        "/finding/a6c556fcbc9bea427a19f8b787099a0b",
        {"severity": "low", "tool": "GuardDuty", "account": "111111111111"},
    ),
    "ocsf/vulnerability_finding": (
        "finding.updated",
        "arn:aws:inspector2:us-east-2:111111111111:finding/faa0d54609b94871badcc83ac7c2add5",
        {"title": "CVE-2023-1255 - openssl", "package": "openssl", "rule": "CVE-2023-1255"},
    ),
    "aqua/image_scan": (
        "scan.finished",
        "aqua/Aqua/all-in-one:3.5.19223",
        {
            "scan_id": "386815",
            "target": "images.example.com/all-in-one:3.5.19223",
            "counts": {"critical": 1, "high": 1, "medium": 1, "low": 1, "info": 1, "total": 5},
        },
    ),
    "aqua/incident": ("alert.raised", "aqua/ubuntu", {"title": "Malware on ubuntu"}),
    "aqua/insight": (
        "finding.opened",
        "aqua/shayyo/sensitive_data:latest",
        {"title": "Workloads or images containing login data", "rule": "aqua-3006"},
    ),
}


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
    assert [event.subject for event in found] == ["dependency-track/p1", "dependency-track/p2"]
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
    assert found.subject == brought.subject == judged.subject


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
