"""Every recorded body of the shared collection passes through its preset."""

import json
from pathlib import Path

import pytest

from bridge.event import Event
from bridge.vocabulary import VOCABULARY, Alert, Issue
from tests.sources import scanner_bodies as scanners
from tests.sources import test_platforms as platforms
from tests.sources import test_trackers as trackers
from tests.sources.deliveries import SHARED, delivery, events, source

PRESET_OF = {
    "qtangl": "qtangl",
    "jira-cloud": "jira-cloud",
    "jira-data-center": "jira-data-center",
    "github": "github",
    "cloudevents": "cloudevents",
}
BODIES = sorted(path for name in PRESET_OF for path in (SHARED / name).glob("*.json"))
ANSWERED = {"slack/url_verification"}
"""What is answered and not stored."""
CALLS = {"kibana/cases_webhook.create_case", "kibana/cases_webhook.create_comment"}
"""What comes to /case-webhook; tests/case_webhook has them."""
pytestmark = pytest.mark.skipif(
    not BODIES, reason="the shared collection of bodies is not beside this checkout"
)

JIRA_TYPES = {
    "comment_created": "issue.commented",
    "comment_updated": "issue.updated",
    "comment_deleted": "comment_deleted",
    "issue_created": "issue.created",
    "issue_updated": "issue.updated",
    "issue_deleted": "issue.deleted",
}


def passed(path: Path) -> list[Event]:
    raw = path.read_bytes()
    headers = {"content-type": "application/json"}
    if path.parent.name == "github":
        headers["x-github-event"] = path.name.partition(".")[0]
    return events(source(PRESET_OF[path.parent.name]), delivery(raw, headers))


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_recorded_body_gives_events_with_type_subject_and_data(path: Path) -> None:
    found = passed(path)
    assert found
    for event in found:
        assert event.type != "unrecognised"
        assert event.subject
        assert event.data not in (None, {})
        assert event.time <= event.received_at


@pytest.mark.parametrize(
    "path",
    [path for path in BODIES if path.parent.name.startswith("jira-")],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_recorded_jira_body_is_an_issue(path: Path) -> None:
    (event,) = passed(path)
    body = json.loads(path.read_bytes())
    assert event.type == JIRA_TYPES[path.name.partition(".")[0]]
    assert isinstance(event.data, dict)
    if "issue" not in body:  # Data Center sends a comment without its issue
        assert event.subject == body["comment"]["self"].split("/")[-3]
        return
    issue = Issue.model_validate({"labels": [], "changed": {}, **event.data})
    fields = body["issue"]["fields"]
    assert event.subject == issue.key == body["issue"]["key"]
    assert (issue.summary, issue.project) == (fields["summary"], fields["project"]["key"])
    assert issue.status == fields["status"]["name"]
    assert issue.url is not None
    assert issue.url.endswith(f"/browse/{issue.key}")
    for item in body.get("changelog", {}).get("items", []):
        if item["field"].lower() == "status":
            assert issue.changed["status"].to == item["toString"]
            assert issue.changed["status"].from_ == item["fromString"]


@pytest.mark.parametrize(
    "path",
    [path for path in BODIES if "_alert." in path.name],
    ids=lambda path: path.name,
)
def test_recorded_github_alert_is_raised_or_resolved(path: Path) -> None:
    (event,) = passed(path)
    body = json.loads(path.read_bytes())
    resolved = body["action"] in ("fixed", "closed_by_user", "dismissed", "resolved")
    assert event.type == ("alert.resolved" if resolved else "alert.raised")
    alert = Alert.model_validate(event.data)
    kind = path.name.partition("_alert")[0].replace("_", "-")
    repository = body["repository"]["full_name"]
    assert event.subject == alert.id == f"{repository}/{kind}/{body['alert']['number']}"
    assert alert.service == repository
    assert alert.title != alert.id


def test_recorded_types_of_ours_follow_the_vocabulary() -> None:
    for path in BODIES:
        for event in passed(path):
            model = VOCABULARY.get(event.type)
            if model is not None and "comment_created" not in path.name:
                model.model_validate(event.data)


def test_every_body_of_the_collection_is_looked_at_by_some_test() -> None:
    told = {*trackers.RECORDED, *scanners.RECORDED, *platforms.RECORDED}
    told |= ANSWERED | CALLS
    told |= {f"{path.parent.name}/{path.stem}" for path in BODIES}
    found = {f"{path.parent.name}/{path.stem}" for path in SHARED.glob("*/*.json")}
    assert found - told == set()


def test_recorded_handshake_of_slack_is_answered_with_its_challenge() -> None:
    by = source("slack")
    given = delivery((SHARED / "slack" / "url_verification.json").read_bytes())
    answer = by.answer_handshake(given, by.parse(given))
    assert answer is not None
    assert json.loads(answer.body) == {
        "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    }
