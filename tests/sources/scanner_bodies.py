"""What the recorded bodies of scanners and registries have to become.

By folder and file: our type, the subject, and those fields of `data` that a test looks at.
"""

from typing import Any

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
        "harbor/quota/harbor",
        {"id": "harbor/quota/harbor", "severity": "high", "service": "harbor/alpine"},
    ),
    "harbor/QUOTA_WARNING": ("alert.raised", "harbor/quota/harbor", {"severity": "medium"}),
    "harbor/cloudevents.harbor.quota.exceeded": (
        "alert.raised",
        "harbor/quota/harbor",
        {"id": "harbor/quota/harbor", "severity": "high"},
    ),
    "harbor/cloudevents.harbor.quota.warned": (
        "alert.raised",
        "harbor/quota/harbor",
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
        f"{AXIS}/CVE-2012-5784",
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
        f"{AXIS}/CVE-2012-5784",
        {"id": f"{AXIS}/CVE-2012-5784", "severity": "medium", "target": "Acme Example 1.0.0"},
    ),
    "dependency-track/v5.GROUP_NEW_VULNERABILITY": (
        "finding.opened",
        "c9c9539a-e381-4b36-ac52-6a7ab83b2c95/94f87321-a5d1-4c2f-b2fe-95165debebc6/INT-001",
        {"title": "vulnerabilityTitle", "severity": "medium", "rule": "INT-001"},
    ),
    "dependency-track/v5.GROUP_NEW_VULNERABLE_DEPENDENCY": (
        "finding.opened",
        "c9c9539a-e381-4b36-ac52-6a7ab83b2c95/94f87321-a5d1-4c2f-b2fe-95165debebc6/INT-001",
        {"title": "vulnerabilityTitle", "target": "projectName projectVersion"},
    ),
    "dependency-track/v4.POLICY_VIOLATION": (
        "finding.opened",
        "c82fcb50-029a-4636-a657-96242b20680e",
        {"title": "Banned Components: axis", "severity": "high", "location": "axis@1.4"},
    ),
    "dependency-track/v4.PROJECT_AUDIT_CHANGE": (
        "finding.updated",
        "6fb1820f-5280-4577-ac51-40124aabe307/4d0da61c-b462-4895-b296-da0b4bb34744/CVE-2012-5784",
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
    "aqua/incident": ("alert.raised", "aqua/test/test", {"title": "Malware on ubuntu"}),
    "aqua/insight": (
        "finding.opened",
        "aqua/aqua-3006/3614f379-0ac0-4074-8bb7-8bc7b1fd5b26",
        {"title": "Workloads or images containing login data", "rule": "aqua-3006"},
    ),
}
