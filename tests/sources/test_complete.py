"""What the vocabulary promises is completed from what senders give."""

import pytest

from bridge.event import JSON
from bridge.match.functions import severity_rank
from bridge.sources.complete import WORDS, complete, finding_id, severity
from bridge.vocabulary import SEVERITIES


def made(type_: str, given: JSON, subject: str = "subject-1") -> dict[str, JSON]:
    found = complete(type_, subject, given)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("Critical", "critical"),
        (" HIGH ", "high"),
        ("error", "high"),
        ("moderate", "medium"),
        ("warning", "medium"),
        ("minor", "low"),
        ("note", "info"),
        ("None", "info"),
        (None, "info"),
        ("", "info"),
        ("catastrophe", "medium"),
        (["high"], "medium"),
        (True, "medium"),
        (9.8, "critical"),
        (7, "high"),
        ("5.3", "medium"),
        (0.1, "low"),
        (0, "info"),
        ("NaN", "info"),
    ],
)
def test_severity_is_brought_into_our_five_words(said: JSON, ours: str) -> None:
    assert severity(said) == ours


def test_expressions_rank_a_senders_word_as_it_is_completed_here() -> None:
    ranks: dict[str, int] = {word: rank for rank, word in enumerate(reversed(SEVERITIES))}
    for ours, words in WORDS.items():
        for word in words:
            assert severity_rank(word) in (ranks[ours], -1)


def test_counts_are_counted_and_what_a_sender_counted_itself_is_kept() -> None:
    findings: list[JSON] = [{"title": "a", "severity": "high"}, {"title": "b"}, "c"]
    counted = made("scan.finished", {"findings": findings})["counts"]
    assert counted == {"critical": 0, "high": 1, "medium": 0, "low": 0, "info": 2, "total": 3}
    given: JSON = {"high": 40, "total": 90, "low": True, "medium": "x"}
    kept = made("scan.finished", {"findings": findings, "counts": given})["counts"]
    assert kept == {"critical": 0, "high": 40, "medium": 0, "low": 0, "info": 2, "total": 90}


def test_finding_without_id_has_the_same_one_in_the_next_scan_whatever_its_severity() -> None:
    def identity(severity_: str, description: str, target: str = "a.example") -> JSON:
        finding: JSON = {"title": "T", "severity": severity_, "description": description}
        findings = made("scan.finished", {"target": target, "findings": [finding]})["findings"]
        assert isinstance(findings, list)
        assert isinstance(findings[0], dict)
        return findings[0]["id"]

    assert identity("high", "expires in 12 days") == identity("low", "expires in 11 days")
    assert identity("high", "", "b.example") != identity("high", "", "a.example")


def test_parts_of_a_derived_id_cannot_slide_into_each_other() -> None:
    assert finding_id("ab", "c", "") != finding_id("a", "bc", "")


def test_findings_that_nothing_tells_apart_get_ids_of_their_own() -> None:
    findings: JSON = [{"title": "T"}, {"title": "T"}, {"id": 7, "title": "U"}]
    found = made("scan.finished", {"findings": findings})["findings"]
    assert isinstance(found, list)
    ids = [finding["id"] for finding in found if isinstance(finding, dict)]
    assert ids[1] == f"{ids[0]}-2"
    assert ids[2] == "7"


def test_scan_without_anything_is_complete_all_the_same() -> None:
    found = made("scan.finished", {"findings": None, "alerts": [{"message": "m"}, 3]})
    assert found["scan_id"] == "subject-1"
    assert found["findings"] == []
    assert found["alerts"] == [{"message": "m", "severity": "info"}]


def test_what_a_sender_calls_name_and_asset_is_title_and_location() -> None:
    found = made("finding.opened", {"name": "N", "asset": "h:443", "severity": "blocker"})
    assert (found["title"], found["location"], found["severity"]) == ("N", "h:443", "critical")
    assert made("finding.opened", {})["id"] == "subject-1"


def test_field_that_changed_twice_goes_from_the_first_to_the_last() -> None:
    changes: JSON = [
        {"field": "status", "from": "A", "to": "B"},
        {"field": "Status", "from": "B", "to": "C"},
        {"field": "", "to": "x"},
        "odd",
    ]
    assert made("issue.updated", {"changed": changes})["changed"] == {
        "status": {"from": "A", "to": "C"}
    }
    given: JSON = {"Fix Version": {"from": None, "to": "2"}}
    assert made("issue.updated", {"changed": given})["changed"] == {
        "fix_version": {"from": None, "to": "2"}
    }


def test_job_of_the_jobs_api_is_a_job_of_the_vocabulary() -> None:
    given: JSON = {"name": "n", "jiraTicketKey": "SEC-1", "paths": [{"name": "p"}, 3]}
    assert made("job.progressed", given, "job_9") == {
        "name": "n",
        "jiraTicketKey": "SEC-1",
        "job_id": "job_9",
        "ticket": "SEC-1",
        "paths": [{"name": "p", "steps": [], "completed": 0}],
    }


def test_tags_of_a_case_are_a_list_where_anything_is_told_of_them() -> None:
    assert made("case.updated", {"tags": "x"})["tags"] == []
    assert made("case.updated", {"tags": ["x"]})["tags"] == ["x"]
    assert "tags" not in made("case.commented", {"comment": {"id": "1"}})


def test_case_and_alert_without_an_id_are_named_after_their_subject() -> None:
    assert made("case.created", {"title": "t", "severity": "Moderate"}) == {
        "title": "t",
        "severity": "medium",
        "id": "subject-1",
        "changed": {},
    }
    alert = made("alert.raised", {})
    assert (alert["id"], alert["title"], alert["severity"]) == ("subject-1", "subject-1", "info")


@pytest.mark.parametrize("given", [None, 3, "x", [], {"severity": "moderate"}])
def test_data_of_a_senders_own_type_is_left_alone(given: JSON) -> None:
    assert complete("workflow_run.completed", "s", given) == given
    assert complete("ping", "s", given) == given
