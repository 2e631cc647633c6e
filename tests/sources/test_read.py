"""Key, type, subject, time and parts of a delivery, and what odd content leads to."""

import json

import pytest

from bridge.errors import Malformed, UnsupportedMediaType
from bridge.event import JSON
from bridge.sources.source import MOST_CHARACTERS, MOST_EVENTS, UNRECOGNISED
from tests.sources.deliveries import NOW, delivery, events, preset, read, source

FANNED_TEXT = """
name: fanned
sentence: Several findings in one body.
page: https://scanner.example/webhooks
read: 2026-11
level: X
proof: [{kind: header, header: x-secret}]
events: body.findings
key: [item.uid, 'headers["x-delivery"]']
type: {of: item.state, map: {new: finding.opened, "go*": finding.resolved}}
subject: item.uid
time: item.at
data: {id: item.uid, title: item.title, severity: item.level, target: body.target}
"""
FANNED = preset(FANNED_TEXT)


def one(name: str, body: JSON, **headers: str) -> tuple[str, str, str, int]:
    given = delivery(
        json.dumps(body).encode(), {k.replace("_", "-"): v for k, v in headers.items()}
    )
    (event,) = read(source(name), given)
    return event.key, event.type, event.subject, event.time


def test_qtangl_key_is_the_delivery_id_else_event_and_scan() -> None:
    body: JSON = {"event": "scan.complete", "scanId": "s7", "targetDomain": "a.example"}
    with_id = one("qtangl", body, x_qtangl_delivery_id="d1", x_qtangl_timestamp="1794992000")
    assert with_id == ("d1", "scan.finished", "s7", 1_794_992_000_000)
    assert one("qtangl", body)[0] == "scan.complete:s7"


def test_jira_key_is_the_webhook_identifier_else_what_identifies_the_change() -> None:
    body: JSON = {
        "timestamp": NOW - 5,
        "webhookEvent": "jira:issue_updated",
        "issue": {"id": "1", "key": "A-1"},
        "changelog": {"id": "9", "items": []},
    }
    assert one("jira-cloud", body, x_atlassian_webhook_identifier="w1")[0] == "w1"
    key, _, subject, moment = one("jira-cloud", body)
    assert (key, subject) == (f"jira:{NOW - 5}:jira:issue_updated:1:9", "A-1")
    assert moment == NOW - 5


@pytest.mark.parametrize(
    ("event", "action", "type_"),
    [
        ("issues", "opened", "issue.created"),
        ("issues", "closed", "issue.updated"),
        ("issues", "deleted", "issue.deleted"),
        ("issue_comment", "created", "issue.commented"),
        ("code_scanning_alert", "appeared_in_branch", "alert.raised"),
        ("dependabot_alert", "auto_dismissed", "alert.resolved"),
        ("workflow_run", "completed", "workflow_run.completed"),
        ("push", None, "push"),
    ],
)
def test_github_type_is_event_and_action_and_unknown_ones_are_kept(
    event: str, action: str | None, type_: str
) -> None:
    body: JSON = {"action": action} if action else {}
    assert one("github", body, x_github_event=event)[1] == type_


def test_github_issue_closed_is_a_change_of_status() -> None:
    body = {
        "action": "closed",
        "issue": {
            "id": 5,
            "number": 12,
            "title": "t",
            "state": "closed",
            "labels": [{"name": "x"}],
        },
        "repository": {"full_name": "a/b"},
    }
    given = delivery(json.dumps(body).encode(), {"x-github-event": "issues"})
    (event,) = events(source("github"), given)
    assert event.subject == "a/b#12"
    assert isinstance(event.data, dict)
    assert event.data["changed"] == {"status": {"from": "open", "to": "closed"}}
    assert (event.data["labels"], event.data["status_category"]) == (["x"], "done")


def test_body_of_several_findings_gives_an_event_for_each_with_a_key_of_its_own() -> None:
    body = {
        "target": "t",
        "findings": [
            {
                "uid": "f1",
                "state": "new",
                "title": "A",
                "level": "error",
                "at": "2026-11-18T08:00Z",
            },
            {"state": "gone", "title": "B"},
            {"state": "gone", "title": "C"},
        ],
    }
    given = delivery(json.dumps(body).encode(), {"x-delivery": "d9"})
    found = read(source(FANNED, "s"), given)
    assert [event.key for event in found] == ["f1", "d9#1", "d9#2"]
    assert [event.part for event in found] == [0, 1, 2]
    assert [event.type for event in found] == ["finding.opened"] + ["finding.resolved"] * 2
    assert [event.subject for event in found] == ["f1", "d9#1", "d9#2"]
    assert found[0].time == NOW - 3_600_000
    assert all(event.body is given.body for event in found)
    first, second, _ = events(source(FANNED, "s"), given)
    assert isinstance(first.data, dict)
    assert isinstance(second.data, dict)
    assert (first.data["severity"], first.data["target"]) == ("high", "t")
    assert second.data["title"] == "B"


@pytest.mark.parametrize("findings", [[], None, "x", {}])
def test_body_whose_list_is_empty_or_no_list_is_one_event(findings: JSON) -> None:
    given = delivery(json.dumps({"findings": findings}).encode())
    (event,) = read(source(FANNED, "s"), given)
    assert (event.type, event.part) == (UNRECOGNISED, 0)
    assert event.subject == event.key


def test_absurdly_many_events_in_one_body_are_malformed() -> None:
    body = json.dumps({"findings": [0] * (MOST_EVENTS + 1)}).encode()
    with pytest.raises(Malformed, match="more than"):
        read(source(FANNED, "s"), delivery(body))


@pytest.mark.parametrize(
    "body",
    [
        None,
        True,
        1,
        "text",
        [],
        [1],
        {},
        {"type": None},
        {"type": {}},
        {"type": ["x"]},
        {"type": ""},
    ],
)
def test_odd_body_is_unrecognised_and_has_a_key_and_a_subject(body: JSON) -> None:
    key, type_, subject, moment = one("generic-hmac", body)
    assert type_ == UNRECOGNISED
    assert key.startswith("hash:")
    assert subject == key
    assert moment == NOW


def test_key_is_never_longer_than_its_bound_and_long_ones_stay_apart() -> None:
    keys = [one("generic-hmac", {}, idempotency_key="k" * 5000 + end)[0] for end in "ab"]
    assert len(set(keys)) == 2
    assert all(len(key) == MOST_CHARACTERS for key in keys)


def test_nul_in_a_header_does_not_reach_the_store() -> None:
    given = delivery(b"{}", {"idempotency-key": "a\0b", "x-other": "c\0d"})
    (event,) = read(source("generic-hmac"), given)
    assert "\0" not in event.key
    assert "\0" not in json.loads(event.headers)["x-other"]


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-11-18T09:00:00Z", NOW),
        ("2026-11-18T10:00:00.000+0100", NOW),
        ("2026-11-18T09:00:00", NOW),
        (1_794_992_400, NOW),
        (1_794_992_400_123, NOW + 123),
        (1_794_992_400.5, NOW + 500),
        ("1794992400", NOW),
        ("yesterday", NOW + 7),
        ("0001-01-01T00:00:00Z", NOW + 7),
        (10**18, NOW + 7),
        (-5, NOW + 7),
        (True, NOW + 7),
        ({}, NOW + 7),
    ],
)
def test_time_is_the_senders_where_it_can_be_read_else_ours(said: JSON, moment: int) -> None:
    given = delivery(json.dumps({"time": said}).encode(), at=NOW + 7)
    assert read(source("generic-hmac"), given)[0].time == moment


@pytest.mark.parametrize(
    "kind", ["application/xml", "text/plain", "multipart/form-data; boundary=x"]
)
def test_body_that_says_it_is_no_json_is_an_unsupported_media_type(kind: str) -> None:
    by = source("github")
    with pytest.raises(UnsupportedMediaType, match="application/json"):
        by.parse(delivery(b"{}", {"content-type": kind}))


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json", None]
)
def test_body_that_says_it_is_json_or_nothing_is_read(kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    assert source("github").parse(delivery(b'{"a": 1}', headers)) == {"a": 1}


def test_preset_may_take_another_media_type_for_json() -> None:
    text = FANNED_TEXT.replace("events:", "media_types: [text/plain]\nevents:")
    given = delivery(b'{"a": 1}', {"content-type": "text/plain; charset=UTF-8"})
    assert source(preset(text), "s").parse(given) == {"a": 1}
    with pytest.raises(UnsupportedMediaType):
        source(FANNED, "s").parse(given)


def test_list_of_events_that_goes_wrong_gives_one_event() -> None:
    text = FANNED_TEXT.replace("events: body.findings", "events: body.findings.sort()")
    given = delivery(b'{"findings": [{"uid": "a"}, 3]}')
    assert len(read(source(preset(text), "s"), given)) == 1
