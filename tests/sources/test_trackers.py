"""GitLab, Sentry, Linear, Slack, Jira Data Center and Confluence, field by field."""

import base64
import json
from typing import Any

import pytest

from bridge.errors import SignatureMismatch, TimestampRefused
from bridge.event import JSON
from bridge.verify.jwt import make_jwt
from tests.sources.deliveries import (
    NOW,
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
    "gitlab/issue": (
        "issue.updated",  # a test sent from GitLab's own page: it names no action
        "hookdeckwrite/hookdeck-write#1",
        {
            "key": "hookdeckwrite/hookdeck-write#1",
            "id": "124017598",
            "summary": "test tissue",
            "status": "opened",
            "status_category": "new",
            "actor": "Hookdeck Write",
            "changed": {},
        },
    ),
    "gitlab/note": ("note.Commit", "hookdeckwrite/hookdeck-write", {"object_kind": "note"}),
    "gitlab/vulnerability": (
        "finding.updated",
        "https://example.com/flightjs/Flight/-/security/vulnerabilities/1",
        {
            "title": "REXML DoS vulnerability",
            "severity": "high",
            "status": "confirmed",
            "location": "Gemfile.lock",
            "package": "rexml",
            "tool": "dependency_scanning",
            "target": "https://example.com/flightjs/Flight",
        },
    ),
    "sentry/issue.created": (
        "alert.raised",
        "sentry/1170820242",
        {
            "id": "1170820242",
            "title": "ReferenceError: blooopy is not defined",
            "severity": "high",
            "status": "unresolved",
            "service": "front-end",
            "key": "FRONT-END-9",
            "location": "?(runner)",
        },
    ),
    "sentry/issue.resolved": (
        "alert.resolved",
        "sentry/1638821441",
        {"severity": "high", "status": "resolved", "reason": "now", "actor": "Example User"},
    ),
    "sentry/event_alert.triggered": (
        "alert.raised",
        "sentry/1117540176",
        {
            "id": "1117540176",
            "title": "ReferenceError: heck is not defined",
            "severity": "high",
            "rule": "Very Important Alert Rule!",
            "service": "test-org/front-end",
        },
    ),
    "sentry/metric_alert.resolved": (
        "alert.resolved",
        "sentry/metric/4",
        {"id": "metric/4", "title": "Too many errors", "severity": "info", "status": "resolved"},
    ),
    "linear/issue_update": (
        "issue.updated",
        "WEB-44",
        {
            "key": "WEB-44",
            "project": "WEB",
            "status": "In Progress",
            "status_category": "indeterminate",
            "priority": "Urgent",
            "assignee": "Example User",
        },
    ),
    "slack/event_callback.message": (
        "message",
        "C111:1610241741.000200",
        {"channel": "C111", "user": "U222", "text": "<@U111> Hi here!"},
    ),
    "slack/event_callback.app_mention": (
        "app_mention",
        "C111:1610241741.000200",
        {"channel": "C111", "text": "<@U111>", "thread": "1610241741.000200"},
    ),
    "jira-data-center/issue_updated.commented": (
        "issue.updated",
        "PRJA-42",
        {"project": "PRJA", "actor_id": "TestUser"},
    ),
}


def headers_for(name: str) -> dict[str, str]:
    folder, _, file = name.partition("/")
    return {"sentry_hook_resource": file.partition(".")[0]} if folder == "sentry" else {}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recorded_body_says_what_its_sender_meant(name: str) -> None:
    type_, subject, fields = RECORDED[name]
    (event,) = recorded(name, **headers_for(name))
    assert (event.type, event.subject) == (type_, subject)
    assert part_of(event.data, fields) == fields
    follows_vocabulary(event)


def test_sentry_says_its_resource_in_a_header_and_the_body_stands_in_for_it() -> None:
    for name in ("issue.created", "event_alert.triggered", "metric_alert.resolved"):
        (with_header,) = recorded(f"sentry/{name}", **headers_for(f"sentry/{name}"))
        (without,) = recorded(f"sentry/{name}")
        assert without.type == with_header.type


def test_sentrys_other_events_keep_their_own_names_and_are_no_tickets() -> None:
    body = b'{"action": "assigned", "data": {"issue": {"id": "7"}}, "installation": {"uuid": "i"}}'
    (event,) = events(source("sentry"), delivery(body, {"sentry-hook-resource": "issue"}))
    assert event.type == "sentry.issue.assigned"


def test_sentry_repeats_without_an_id_are_known_by_their_body_for_an_hour() -> None:
    by = source("sentry")
    start = NOW // 3_600_000 * 3_600_000
    body = b'{"action": "resolved", "data": {"issue": {"id": "7"}}}'

    def key(at: int, request: str) -> str:
        headers = {"sentry-hook-resource": "issue", "request-id": request}
        return read(by, delivery(body, headers, at=at))[0].key

    assert key(start, "first") == key(start + 3_599_999, "retry")
    assert key(start, "first") != key(start + 3_600_000, "later")


def test_gitlab_status_summary_and_labels_are_changes_in_words() -> None:
    body: JSON = {
        "object_kind": "issue",
        "project": {"path_with_namespace": "g/p"},
        "object_attributes": {"iid": 3, "action": "reopen", "state": "opened"},
        "changes": {
            "title": {"previous": "a", "current": "b"},
            "description": {"previous": None, "current": "c"},
            "labels": {"previous": [{"title": "x"}], "current": [{"title": "x"}, {"title": "y z"}]},
            "assignees": {"previous": [], "current": [{"name": "Mara"}, {"name": "Ivo"}]},
            "weight": {"previous": None, "current": 3},
            "updated_at": {"previous": "1", "current": "2"},
        },
    }
    changed = data(source("gitlab"), delivery(json.dumps(body).encode()))["changed"]
    assert changed == {
        "status": {"from": "closed", "to": "opened"},
        "summary": {"from": "a", "to": "b"},
        "description": {"from": None, "to": "c"},
        "labels": {"from": "x", "to": "x, y z"},
        "assignee": {"from": None, "to": "Mara, Ivo"},
        "weight": {"from": None, "to": "3"},
    }


def test_gitlab_comment_on_an_issue_is_a_comment_in_the_lane_of_the_issue() -> None:
    body: JSON = {
        "object_kind": "note",
        "user": {"id": 4, "name": "Mara"},
        "project": {"path_with_namespace": "g/p"},
        "object_attributes": {
            "id": 9,
            "note": "done",
            "noteable_type": "Issue",
            "action": "create",
        },
        "issue": {"id": 77, "iid": 3, "title": "t", "state": "opened", "labels": []},
    }
    (event,) = events(source("gitlab"), delivery(json.dumps(body).encode()))
    assert (event.type, event.subject) == ("issue.commented", "g/p#3")
    assert isinstance(event.data, dict)
    assert event.data["comment"] == {"id": "9", "body": "done", "author": "Mara"}


def test_gitlab_comment_that_is_edited_is_no_second_comment() -> None:
    body: dict[str, Any] = {
        "object_kind": "note",
        "project": {"path_with_namespace": "core/payments"},
        "object_attributes": {
            "id": 1241, "note": "Hello", "noteable_type": "Issue", "action": "create",
            "url": "https://gitlab.example.com/core/payments/-/issues/17#note_1241",
        },
        "issue": {"id": 92, "iid": 17, "title": "test", "state": "closed"},
    }  # fmt: skip
    by, told = source("gitlab"), []
    for action in ("create", "update"):
        body["object_attributes"]["action"] = action
        told += events(by, delivery(json.dumps(body).encode()))
    assert [event.type for event in told] == ["issue.commented", "issue.updated"]
    changes = [{}, {"comment": {"from": None, "to": "Hello"}}]
    assert [part_of(event.data, {"changed": {}})["changed"] for event in told] == changes
    assert {event.subject for event in told} == {"core/payments#17"}
    address = "https://gitlab.example.com/core/payments/-/issues/17"
    assert part_of(told[0].data, {"url": ""}) == {"url": address}


@pytest.mark.parametrize(
    ("where", "key"),
    [
        ({"project": {"path_with_namespace": "core/payments"}}, "core/payments#7"),
        ({"group": {"full_path": "core"}}, "core&7"),
    ],
)
def test_gitlab_incident_task_or_epic_is_an_issue(where: dict[str, JSON], key: str) -> None:
    told = {"id": 9, "iid": 7, "title": "Down", "state": "opened", "type": "Incident"}
    for action, type_ in (("open", "issue.created"), ("close", "issue.updated")):
        body = {
            "object_kind": "work_item",
            **where,
            "object_attributes": {**told, "action": action},
        }
        (event,) = events(source("gitlab"), delivery(json.dumps(body).encode()))
        assert (event.type, event.subject) == (type_, key)
        wanted = {"key": key, "issue_type": "Incident", "status_category": "new"}
        assert part_of(event.data, wanted) == wanted


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ("comment", {"comment": "seen", "comment_id": 12, "issue_id": 7, "project_slug": "web"}),
        ("error", {"error": {"issue_id": "7", "event_id": "e", "title": "t"}}),
        ("issue", {"issue": {"id": "7"}}),
    ],
)
def test_sentrys_comment_and_error_are_in_the_lane_of_their_issue(
    resource: str, told: dict[str, JSON]
) -> None:
    body = json.dumps({"action": "created", "data": told, "installation": {"uuid": "i"}}).encode()
    (event,) = events(source("sentry"), delivery(body, {"sentry-hook-resource": resource}))
    assert event.subject == "sentry/7"
    if resource == "comment":
        wanted = {"id": "12", "body": "seen"}
        assert part_of(event.data, {"comment": wanted})["comment"] == wanted


def test_linears_labels_are_told_by_name_where_it_still_gives_one() -> None:
    body: JSON = {
        "type": "Issue", "action": "update", "updatedFrom": {"labelIds": ["1", "gone"]},
        "data": {"labels": [{"id": "1", "name": "bug"}, {"id": "2", "name": "ui"}]},
    }  # fmt: skip
    changed = data(source("linear"), delivery(json.dumps(body).encode()))["changed"]
    assert changed == {"labels": {"from": "bug, gone", "to": "bug, ui"}}


@pytest.mark.parametrize("kind", ["completed", "canceled", "duplicate"])
def test_linear_issue_that_ends_in_any_way_is_done(kind: str) -> None:
    body = {"type": "Issue", "action": "update", "data": {"state": {"name": "x", "type": kind}}}
    given = delivery(json.dumps(body).encode())
    assert data(source("linear"), given)["status_category"] == "done"


def test_gitlab_time_with_a_zone_in_words_is_read() -> None:
    (event,) = recorded("gitlab/note")
    assert event.time == 1_678_077_496_000


def test_linear_change_of_state_names_the_new_one_and_what_was_not_sent_is_null() -> None:
    body: JSON = {
        "type": "Issue",
        "action": "update",
        "webhookTimestamp": NOW,
        "data": {"identifier": "A-1", "state": {"name": "Done", "type": "completed"}},
        "updatedFrom": {"stateId": "old", "assigneeId": None, "priority": 2, "sortOrder": 3.5},
    }
    changed = data(source("linear"), delivery(json.dumps(body).encode()))["changed"]
    assert changed == {
        "status": {"from": None, "to": "Done"},
        "assignee": {"from": None, "to": None},
        "priority": {"from": "High", "to": None},
    }


def test_linears_time_is_signed_in_milliseconds_within_a_minute_to_either_side() -> None:
    by = source("linear")
    given = signed(by, b'{"webhookTimestamp": %d}' % NOW)
    assert by.verify(given, NOW + 60_000)
    for off in (-60_001, 60_001):
        with pytest.raises(TimestampRefused):
            by.verify(given, NOW + off)
    with pytest.raises(TimestampRefused):
        by.verify(signed(by, b'{"webhookTimestamp": %d}' % (NOW // 1000)), NOW)


def test_comment_of_jira_data_center_without_its_issue_goes_by_the_issues_id() -> None:
    (event,) = recorded("jira-data-center/comment_created")
    assert (event.type, event.subject) == ("issue.commented", "10013")
    follows_vocabulary(event)


def test_jira_data_center_without_a_signature_proves_itself_in_the_path_or_by_basic() -> None:
    by = source("jira-data-center")
    secret = SECRETS["jira-data-center"]
    assert by.verify(delivery(b"{}", path_token=secret), NOW)
    assert by.verify(delivery(b"{}", {"authorization": f"Basic {_basic(secret)}"}), NOW)
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(b"{}", path_token="guessed"), NOW)


def test_jira_clouds_dynamic_webhook_proves_itself_by_a_token_of_the_client_secret() -> None:
    by = source("jira-cloud", "admin-secret", "client-secret")
    made = {"authorization": f"Bearer {make_jwt(b'client-secret', NOW)}"}
    assert by.verify(delivery(b"{}", made), NOW) == by.fingerprints[1]
    with pytest.raises(TimestampRefused):
        by.verify(delivery(b"{}", made), NOW + 600_000)
    forged = {"authorization": f"Bearer {make_jwt(b'guessed', NOW)}"}
    with pytest.raises(SignatureMismatch):
        by.verify(delivery(b"{}", forged), NOW)
    (event,) = read(by, delivery(b'{"webhookEvent": "jira:issue_updated"}', made))
    assert "authorization" not in event.headers


def test_confluence_test_of_the_connection_is_a_ping() -> None:
    headers = {"x-event-key": "diagnostics:ping", "x-request-id": "r1"}
    (event,) = events(source("confluence"), delivery(b'{"test": true}', headers))
    assert event.type == "ping"


def _basic(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


@pytest.mark.parametrize(
    ("told", "lane", "text"),
    [
        ({"ts": "1.1", "text": "a"}, "C:1.1", "a"),
        ({"ts": "2.2", "text": "a", "thread_ts": "1.1"}, "C:1.1", "a"),
        (
            {"subtype": "message_changed", "ts": "9.9", "message": {"ts": "1.1", "text": "b"}},
            "C:1.1",
            "b",
        ),
        (
            {
                "subtype": "message_changed",
                "ts": "9.9",
                "message": {"ts": "2.2", "thread_ts": "1.1", "text": "b"},
            },
            "C:1.1",
            "b",
        ),
        ({"subtype": "message_deleted", "ts": "9.9", "deleted_ts": "1.1"}, "C:1.1", None),
    ],
)
def test_slack_message_is_edited_and_deleted_in_its_own_lane(
    told: dict[str, JSON], lane: str, text: str | None
) -> None:
    body = {"type": "event_callback", "event": {"type": "message", "channel": "C", **told}}
    (event,) = events(source("slack"), delivery(json.dumps(body).encode()))
    assert (event.type, event.subject) == ("message", lane)
    assert part_of(event.data, {"text": "", "thread": ""}) == {"text": text, "thread": "1.1"}


@pytest.mark.parametrize(
    ("preset", "headers", "body", "comment", "subject"),
    [
        (
            "github",
            ("pull_request", "issue_comment"),
            {"action": "opened", "repository": {"full_name": "a/b"}, "pull_request": {"number": 7}},
            {"action": "created", "repository": {"full_name": "a/b"}, "issue": {"number": 7}},
            "a/b#7",
        ),
        (
            "gitlab",
            ("", ""),
            {
                "object_kind": "merge_request",
                "project": {"path_with_namespace": "a/b"},
                "object_attributes": {"iid": 7, "action": "open"},
            },
            {
                "object_kind": "note",
                "project": {"path_with_namespace": "a/b"},
                "object_attributes": {"noteable_type": "MergeRequest"},
                "merge_request": {"iid": 7},
            },
            "a/b!7",
        ),
    ],
)
def test_request_to_merge_is_in_one_lane_with_the_comments_on_it(
    preset: str, headers: tuple[str, str], body: JSON, comment: JSON, subject: str
) -> None:
    for word, told in zip(headers, (body, comment), strict=True):
        given = delivery(json.dumps(told).encode(), {"x-github-event": word})
        (event,) = events(source(preset), given)
        assert event.subject == subject
