"""Every example that GitHub's own package of webhook examples holds passes through the preset."""

import json
from typing import Any

import pytest

from bridge.event import JSON
from tests.sources.deliveries import ROOT, data, delivery, events, follows_vocabulary, source

FILE = ROOT / ".." / "shared" / "specs" / "github-webhook-examples.json"
GROUPS: list[dict[str, Any]] = json.loads(FILE.read_bytes()) if FILE.exists() else []
EXAMPLES = [(group["name"], example) for group in GROUPS for example in group["examples"]]
TYPES = {
    "code_scanning_alert.created": "alert.raised",
    "code_scanning_alert.reopened": "alert.raised",
    "code_scanning_alert.closed_by_user": "alert.resolved",
    "code_scanning_alert.fixed": "alert.resolved",
    "dependabot_alert.created": "alert.raised",
    "dependabot_alert.fixed": "alert.resolved",
    "repository_vulnerability_alert.create": "alert.raised",
    "repository_vulnerability_alert.dismiss": "alert.resolved",
    "issues.edited": "issue.updated",
    "issues.assigned": "issue.updated",
    "issues.demilestoned": "issue.updated",
    "issues.deleted": "issue.deleted",
    "issue_comment.created": "issue.commented",
    "issue_comment.deleted": "issue_comment.deleted",
    "ping": "ping",
    "security_advisory.published": "security_advisory.published",
    "security_advisory.updated": "security_advisory.updated",
    "security_advisory.withdrawn": "security_advisory.withdrawn",
}


@pytest.mark.skipif(not EXAMPLES, reason="the shared examples are not beside this checkout")
def test_every_example_has_the_type_subject_and_data_that_its_event_promises() -> None:
    for name, example in EXAMPLES:
        word = f"{name}.{example['action']}" if example.get("action") else name
        given = delivery(json.dumps(example).encode(), {"x-github-event": name})
        (event,) = events(source("github"), given)
        assert event.type == TYPES[word], word
        follows_vocabulary(event)
        assert isinstance(event.data, dict)
        assert event.subject == subject_of(name, example), word
        if name.startswith("issue"):
            assert event.data["summary"] == example["issue"]["title"]
            assert event.data["status"] == example["issue"]["state"]
        if "alert" in name:
            assert event.data["service"] == example["repository"]["full_name"]
            assert event.data["title"] != event.data["id"]


def subject_of(name: str, example: dict[str, Any]) -> str:
    """The lane: an alert, an issue, an advisory, else the repository or the organisation."""
    repository = example.get("repository", {}).get("full_name", "")
    if name.startswith("issue"):
        return f"{repository}#{example['issue']['number']}"
    if name == "security_advisory":
        return f"advisory/{example['security_advisory']['ghsa_id']}"
    if name == "code_scanning_alert":
        return f"{repository}/code-scanning/{example['alert']['number']}"
    if name in ("dependabot_alert", "repository_vulnerability_alert"):
        number = example["alert"].get("number")
        return f"{repository}/dependabot/{number or 'id-' + str(example['alert']['id'])}"
    return repository or str(example["organization"]["login"])


@pytest.mark.parametrize(
    ("issue", "status"), [({}, "open"), ({"closed_at": "2019-05-15T15:20:18Z"}, "closed")]
)
def test_issue_without_its_state_is_open_unless_it_was_closed(
    issue: dict[str, JSON], status: str
) -> None:
    """So GitHub's package has `issues.pinned`."""
    body: JSON = {
        "action": "pinned", "repository": {"full_name": "a/b"},
        "issue": {"number": 1, "id": 5, "title": "t", **issue},
    }  # fmt: skip
    given = delivery(json.dumps(body).encode(), {"x-github-event": "issues"})
    (event,) = events(source("github"), given)
    follows_vocabulary(event)
    assert isinstance(event.data, dict)
    assert event.data["status"] == status


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (
            {"action": "closed", "issue": {"state": "closed"}},
            {"status": {"from": "open", "to": "closed"}},
        ),
        (
            {"action": "reopened", "issue": {"state": "open"}},
            {"status": {"from": "closed", "to": "open"}},
        ),
        (
            {"action": "assigned", "issue": {}, "assignee": {"login": "mara"}},
            {"assignee": {"from": None, "to": "mara"}},
        ),
        (
            {"action": "unassigned", "issue": {}, "assignee": {"login": "mara"}},
            {"assignee": {"from": "mara", "to": None}},
        ),
        (
            {
                "action": "edited",
                "issue": {"title": "new", "body": None},
                "changes": {"title": {"from": "old"}, "body": {"from": "text"}},
            },
            {
                "summary": {"from": "old", "to": "new"},
                "description": {"from": "text", "to": ""},
            },
        ),
        ({"action": "labeled", "issue": {}}, {}),
        (
            {
                "action": "labeled",
                "issue": {"labels": [{"name": "bug"}, {"name": "help wanted"}]},
                "label": {"name": "help wanted"},
            },
            {"labels": {"from": "bug", "to": "bug, help wanted"}},
        ),
        (
            {
                "action": "unlabeled",
                "issue": {"labels": [{"name": "bug"}]},
                "label": {"name": "help wanted"},
            },
            {"labels": {"from": "bug, help wanted", "to": "bug"}},
        ),
        (
            {"action": "milestoned", "issue": {}, "milestone": {"title": "v1"}},
            {"milestone": {"from": None, "to": "v1"}},
        ),
        (
            {"action": "demilestoned", "issue": {}, "milestone": {"title": "v1"}},
            {"milestone": {"from": "v1", "to": None}},
        ),
    ],
)
def test_change_of_an_issue_is_told_by_field(body: JSON, changed: JSON) -> None:
    given = delivery(json.dumps(body).encode(), {"x-github-event": "issues"})
    assert data(source("github"), given)["changed"] == changed
