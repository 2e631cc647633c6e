"""Every sample is genuine, and becomes the events its name promises."""

from pathlib import Path

import pytest

from bridge.errors import Invalid, SignatureMismatch
from bridge.event import Delivery
from bridge.sources.moment import read_moment
from bridge.sources.sample import Sample, load_sample, load_samples
from bridge.vocabulary import VOCABULARY
from tests.sources.deliveries import (
    NOW,
    PRESETS,
    SAMPLES,
    SECRETS,
    data,
    delivery,
    events,
    follows_vocabulary,
    read,
    source,
)

ALL = load_samples(SAMPLES)
EXPECTED = {
    "aqua/image-scan": [("scan.finished", "aqua/harbor/core/payments:2.4.0")],
    "aws-sns/cloudwatch-alarm": [
        ("alert.raised", "arn:aws:cloudwatch:eu-west-2:000000000001:alarm:payments-5xx")
    ],
    "aws-sns/inspector-finding": [
        ("finding.opened", "arn:aws:inspector2:eu-west-2:000000000001:finding/demo1")
    ],
    "cloudevents/batch": [("finding.opened", "fnd-301"), ("finding.resolved", "fnd-288")],
    "cloudevents/job-progressed": [("job.progressed", "job_abc123")],
    "confluence/page-updated": [("page_updated", "page/98311")],
    "defectdojo/ping": [("ping", "defectdojo")],
    "defectdojo/scan-added": [("scan.finished", "defectdojo/product/12")],
    "dependency-track/v4-new-vulnerability": [
        (
            "finding.opened",
            "d3f7f9a0-3333-4a58-9a3d-0a1b2c3d0001/b1f7f9a0-1111-4a58-9a3d-0a1b2c3d0001/CVE-2026-0001",
        ),
        (
            "finding.opened",
            "d3f7f9a0-3333-4a58-9a3d-0a1b2c3d0002/b1f7f9a0-1111-4a58-9a3d-0a1b2c3d0001/CVE-2026-0001",
        ),
    ],
    "dependency-track/v5-audit-change": [
        (
            "finding.resolved",
            "d3f7f9a0-3333-4a58-9a3d-0a1b2c3d0001/b1f7f9a0-1111-4a58-9a3d-0a1b2c3d0001/CVE-2026-0001",
        )
    ],
    "detectify/finding": [
        (
            "finding.opened",
            "pay.acme-bank.example/Open redirect/https://pay.acme-bank.example/out?to=x",
        )
    ],
    "dfir-iris/case-created": [("case.created", "iris/case/88")],
    "generic-hmac/finding-opened": [("finding.opened", "fnd-9001")],
    "generic-token/scan-finished": [("scan.finished", "nightly-2026-11-18")],
    "github/code-scanning-alert-created": [("alert.raised", "acme/payments/code-scanning/12")],
    "github/code-scanning-alert-fixed": [("alert.resolved", "acme/payments/code-scanning/12")],
    "github/ping": [("ping", "acme")],
    "gitlab/incident-opened": [("issue.created", "core/payments#15")],
    "gitlab/issue-closed": [("issue.updated", "core/payments#14")],
    "gitlab/vulnerability-detected": [
        (
            "finding.opened",
            "https://gitlab.acme-bank.example/core/payments/-/security/vulnerabilities/77",
        )
    ],
    "hackerone/report-resolved": [("finding.resolved", "hackerone/410022")],
    "harbor/cloudevents-quota-exceeded": [("alert.raised", "harbor/quota/core")],
    "harbor/scanning-completed": [("scan.finished", "harbor/core/payments")],
    "jfrog-xray/violation": [
        ("finding.opened", "default/libs-release/org/demo/demo-parser-1.0.0.jar/XRAY-900001"),
        ("finding.opened", "default/libs-release/org/demo/demo-zip-2.0.0.jar/XRAY-900002"),
    ],
    "jira-cloud/comment-created": [("issue.commented", "SEC-12")],
    "jira-cloud/issue-created": [("issue.created", "SEC-12")],
    "jira-cloud/issue-done": [("issue.updated", "SEC-12")],
    "jira-data-center/issue-closed": [("issue.updated", "SEC-31")],
    "kibana-cases/case-closed": [
        ("case.closed", "kibana/case/cas_019a9f0000007000a000000000000001")
    ],
    "kibana-cases/case-commented": [
        ("case.commented", "kibana/case/cas_019a9f0000007000a000000000000001")
    ],
    "kibana-cases/case-created": [
        ("case.created", "kibana/case/cas_019a9f0000007000a000000000000001")
    ],
    "kibana-webhook/alert-active": [("alert.raised", "kibana/alert/r-5501/gateway")],
    "kibana-webhook/case-updated": [
        ("case.updated", "kibana/case/5c31aada-0000-11ed-85f2-4f7c222c0001")
    ],
    "linear/comment-created": [("issue.commented", "SEC-88")],
    "linear/issue-done": [("issue.updated", "SEC-88")],
    "nexus-iq/application-evaluation": [("scan.finished", "nexus-iq/payments")],
    "nexus-iq/policy-alert": [("alert.raised", "nexus-iq/payments/Security-Critical")],
    "ocsf/two-findings": [("finding.opened", "ocsf-demo-1"), ("finding.resolved", "ocsf-demo-2")],
    "pagerduty/incident-annotated": [("incident.annotated", "pagerduty/Q0DEMO1")],
    "pagerduty/incident-resolved": [("alert.resolved", "pagerduty/Q0DEMO1")],
    "pagerduty/incident-triggered": [("alert.raised", "pagerduty/Q0DEMO1")],
    "qtangl/scan-clean": [("scan.finished", "scan_80c4d2")],
    "qtangl/scan-complete": [("scan.finished", "scan_7f3a91")],
    "quay/vulnerability-found": [("finding.opened", "acme/payments/CVE-2026-0001")],
    "sarif/two-runs": [
        ("scan.finished", "sarif/DemoLint/https://git.acme-bank.example/gateway"),
        ("scan.finished", "sarif/DemoDeps"),
    ],
    "semgrep/findings": [
        ("finding.opened", "semgrep/d0c1a2b3c4d5e6f708192a3b4c5d6e7f"),
        ("finding.opened", "semgrep/e1c1a2b3c4d5e6f708192a3b4c5d6e80"),
    ],
    "semgrep/supply-chain-incident": [("alert.raised", "semgrep/incident/12")],
    "semgrep/scan": [("scan.finished", "semgrep/acme-bank/gateway")],
    "sentry/comment-created": [("sentry.comment.created", "sentry/7710012")],
    "sentry/issue-created": [("alert.raised", "sentry/7710012")],
    "sentry/issue-resolved": [("alert.resolved", "sentry/7710012")],
    "sentry/metric-alert-critical": [("alert.raised", "sentry/metric/42")],
    "slack/app-mention": [("app_mention", "C0SEC:1794990000.000100")],
    "snyk/project-snapshot": [("scan.finished", "snyk/0f2b3d8a-51f8-4e5b-9d6a-77a1d0c4a001")],
    "sonarqube/quality-gate-failed": [("scan.finished", "sonarqube/payments/main")],
    "stackhawk/scan-completed": [("scan.finished", "stackhawk/Payments/Staging")],
    "standard-webhooks/alert-raised": [("alert.raised", "alert_2041")],
    "standard-webhooks/case-created": [("case.created", "case_77")],
    "stripe-like/finding-opened": [("finding.opened", "fnd-7711")],
    "thehive/case-closed": [("case.closed", "thehive/~410001")],
    "thehive/comment-created": [("case.commented", "thehive/~410001")],
    "tickets/vulnerability-resolved": [("finding.resolved", "vulnerability/1207")],
    "trivy-operator/config-audit-report": [
        ("scan.finished", "trivy/core/replicaset-payments-7d9f")
    ],
    "trivy-operator/vulnerability-report": [
        ("scan.finished", "trivy/core/replicaset-payments-7d9f-app")
    ],
}


CERTIFICATE = (SAMPLES / "aws-sns" / "certificate.pem").read_text("ascii")


def recorded_at(sample: Sample) -> int:
    stamp = sample.header("x-qtangl-timestamp") or sample.header("webhook-timestamp")
    return read_moment(stamp) or NOW


def recorded(sample: Sample) -> Delivery:
    """The request as it was made; a secret in its path stands there too."""
    token = sample.target.removeprefix(f"/hooks/{sample.preset}").removeprefix("/")
    return delivery(sample.body, sample.headers, path_token=token or None)


def test_every_preset_has_a_sample_and_every_sample_is_expected_here() -> None:
    assert {sample.preset for sample in ALL.values()} == set(PRESETS)
    assert set(ALL) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(ALL))
def test_sample_is_genuine_when_it_was_recorded_and_forged_with_one_byte_more(name: str) -> None:
    sample = ALL[name]
    pinned = {"certificates": (CERTIFICATE,)} if sample.preset == "aws-sns" else {}
    by = source(sample.preset, **pinned)
    now = recorded_at(sample)
    assert by.verify(recorded(sample), now) in by.fingerprints
    other = "arn:aws:sns:eu-west-2:000000000001:other" if pinned else "whsec_b3RoZXI="
    with pytest.raises(SignatureMismatch):
        source(sample.preset, other, **pinned).verify(recorded(sample), now)


@pytest.mark.parametrize("name", sorted(ALL))
def test_sample_becomes_events_whose_data_follows_the_vocabulary(name: str) -> None:
    sample = ALL[name]
    given = delivery(sample.body, sample.headers)
    found = events(source(sample.preset), given)
    assert [(event.type, event.subject) for event in found] == EXPECTED[name]
    for event in found:
        follows_vocabulary(event)
        if sample.preset != "aws-sns":  # whose "secret" is the topic, which is none
            assert SECRETS[sample.preset] not in str(event)


def test_what_has_an_id_of_its_own_has_a_subject_of_its_own() -> None:
    """`link` goes by the subject: two findings with one subject would share their ticket."""
    ids: dict[tuple[str, str], set[str]] = {}
    for sample in ALL.values():
        for event in events(source(sample.preset), delivery(sample.body, sample.headers)):
            kind = event.type.partition(".")[0]
            if kind in ("finding", "alert", "case") and isinstance(event.data, dict):
                ids.setdefault((sample.preset, event.subject), set()).add(str(event.data["id"]))
    assert {where: found for where, found in ids.items() if len(found) > 1} == {}
    told = [(preset, one) for (preset, _), found in ids.items() for one in found]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("name", sorted(ALL))
def test_sample_has_the_length_it_announces_and_its_own_address(name: str) -> None:
    sample = ALL[name]
    assert int(sample.header("content-length")) == len(sample.body)
    token = recorded(sample).path_token
    address = f"/hooks/{sample.preset}" + (f"/{token}" if token else "")
    assert (sample.method, sample.target) == ("POST", address)


def test_qtangl_scan_has_counts_severities_in_our_words_and_an_id_for_each_finding() -> None:
    sample = ALL["qtangl/scan-complete"]
    found = data(source("qtangl"), delivery(sample.body, sample.headers))
    scan = VOCABULARY["scan.finished"].model_validate(found)
    dumped = scan.model_dump()
    assert dumped["counts"] == {
        "critical": 1,
        "high": 1,
        "medium": 1,
        "low": 1,
        "info": 1,
        "total": 5,
    }
    assert (found["scan_id"], found["target"], found["score"]) == (
        "scan_7f3a91",
        "acme-bank.example",
        41,
    )
    ids = [finding["id"] for finding in dumped["findings"]]
    assert len(set(ids)) == 5
    assert dumped["findings"][0]["title"] == "RSA-1024 certificate"
    assert "{code}" in dumped["findings"][1]["description"]


def test_alert_and_its_fix_share_a_lane() -> None:
    by = source("github")
    raised, fixed = (
        read(by, delivery(ALL[f"github/code-scanning-alert-{word}"].body, headers))[0]
        for word, headers in (
            ("created", ALL["github/code-scanning-alert-created"].headers),
            ("fixed", ALL["github/code-scanning-alert-fixed"].headers),
        )
    )
    assert raised.subject == fixed.subject
    assert raised.time < fixed.time


@pytest.mark.parametrize(
    ("headers", "bodies", "message"),
    [
        (None, 1, "cannot be read"),
        ("", 1, "request line"),
        ("POST hooks", 1, "request line"),
        ("POST /hooks/x\nno colon", 1, "Name: value"),
        ("POST /hooks/x", 0, "here are 0"),
        ("POST /hooks/x", 2, "here are 2"),
    ],
)
def test_folder_that_is_no_sample_says_why(
    tmp_path: Path, headers: str | None, bodies: int, message: str
) -> None:
    if headers is not None:
        (tmp_path / "headers.txt").write_text(headers)
    for number in range(bodies):
        (tmp_path / f"body{number}.json").write_bytes(b"{}")
    with pytest.raises(Invalid, match=message):
        load_sample(tmp_path)
