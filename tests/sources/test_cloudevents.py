"""CloudEvents: three modes, one reading."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from bridge.errors import Malformed, SignatureMismatch, UnsupportedMediaType
from bridge.event import JSON
from tests.sources.deliveries import NOW, delivery, events, read, source

EVENT: dict[str, JSON] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/line/2",
    "type": "job.progressed",
    "subject": "job_1",
    "time": "2026-11-18T09:00:00Z",
    "data": {"job_id": "job_1", "name": "n", "paths": []},
}
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
BY = source("cloudevents")


def test_structured_binary_and_batch_mode_give_the_same_event() -> None:
    binary = {f"ce-{name}": str(EVENT[name]) for name in EVENT if name != "data"}
    binary["content-type"] = "application/json"
    ways = [
        delivery(json.dumps(EVENT).encode(), STRUCTURED),
        delivery(json.dumps(EVENT["data"]).encode(), binary),
        delivery(json.dumps([EVENT]).encode(), BATCH),
    ]
    found = [events(BY, way)[0] for way in ways]
    assert {(event.type, event.subject, event.time) for event in found} == {
        ("job.progressed", "job_1", NOW)
    }
    assert [event.data for event in found] == [EVENT["data"]] * 3
    assert {read(BY, way)[0].key for way in ways} == {"/line/2 1"}


def test_events_made_by_the_cloudevents_library_are_read() -> None:
    made = CloudEvent(
        {
            "id": "1",
            "type": "scan.finished",
            "source": "lib",
            "subject": "Euro €",
            "time": datetime.fromtimestamp(NOW / 1000, UTC),
            "datacontenttype": "application/json",
        },
        {"scan_id": "s"},
    )
    for message in (to_structured_event(made), to_binary_event(made)):
        (event,) = events(BY, delivery(message.body, message.headers, at=NOW + 9))
        assert (event.type, event.subject) == ("scan.finished", "Euro €")
        assert event.time == NOW
        assert isinstance(event.data, dict)
        assert event.data["counts"] == {
            **dict.fromkeys(("critical", "high", "medium", "low", "info"), 0),
            "total": 0,
        }


def test_batch_gives_each_event_its_own_key_and_data() -> None:
    batch = [EVENT, {**EVENT, "id": "2", "data": {"job_id": "job_1", "name": "later"}}]
    given = delivery(json.dumps(batch).encode(), BATCH)
    assert [event.key for event in read(BY, given)] == ["/line/2 1", "/line/2 2"]
    last = events(BY, given)[1].data
    assert last == {"job_id": "job_1", "name": "later", "paths": []}


def test_binary_mode_keeps_what_is_no_json_as_text_or_base64() -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "note.made"}
    xml = delivery("<é/>".encode(), {**headers, "content-type": "application/xml"})
    assert events(BY, xml)[0].data == "<é/>"
    raw = delivery(b"\xff\x00", {**headers, "content-type": "image/png"})
    assert events(BY, raw)[0].data == base64.b64encode(b"\xff\x00").decode()
    assert events(BY, delivery(b"", headers))[0].data == {}


def test_binary_attributes_are_percent_decoded() -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "s",
        "ce-type": "t",
        "ce-subject": "Euro%20%E2%82%AC",
    }
    assert read(BY, delivery(b"{}", headers))[0].subject == "Euro €"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/cloudevents+avro"},
        {"content-type": "application/cloudevents-batch+protobuf"},
        {"content-type": "text/plain"},
    ],
)
def test_unknown_format_is_an_unsupported_media_type(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMediaType):
        BY.parse(delivery(json.dumps(EVENT).encode(), headers))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (STRUCTURED, []),
        (STRUCTURED, {}),
        (STRUCTURED, {**EVENT, "specversion": "0.3"}),
        (STRUCTURED, {**EVENT, "id": ""}),
        (STRUCTURED, {**EVENT, "source": None}),
        (STRUCTURED, {**EVENT, "type": 7}),
        (BATCH, EVENT),
        (BATCH, [EVENT, 1]),
        ({"ce-id": "1"}, {}),
        ({"content-type": "application/json"}, {"type": "x"}),
    ],
)
def test_what_is_no_cloudevent_is_malformed(headers: dict[str, str], body: JSON) -> None:
    with pytest.raises(Malformed):
        BY.parse(delivery(json.dumps(body).encode(), headers))


def test_token_may_stand_in_the_address() -> None:
    body = json.dumps(EVENT).encode()
    assert BY.verify(delivery(body, query=[("access_token", "demo-cloudevents-token")]), NOW)
    for query in ([("access_token", "x")], [("access_token", "x"), ("access_token", "y")], []):
        with pytest.raises(Exception, match=r"secret|twice|is needed"):
            BY.verify(delivery(body, query=query), NOW)


def test_wrong_bearer_token_is_a_mismatch_not_a_missing_parameter() -> None:
    with pytest.raises(SignatureMismatch):
        BY.verify(delivery(b"{}", {"authorization": "Bearer wrong"}), NOW)


def test_options_handshake_allows_the_origin_that_asks() -> None:
    asked = {"WebHook-Request-Origin": "events.example", "WebHook-Request-Rate": "120"}
    answer = BY.answer_handshake(delivery(b"", asked, method="OPTIONS"), None)
    assert answer is not None
    assert answer.status == 200
    assert dict(answer.headers)["webhook-allowed-origin"] == "events.example"
    assert dict(answer.headers)["webhook-allowed-rate"] == "*"
    plain = BY.answer_handshake(delivery(b"", method="OPTIONS"), None)
    assert plain is not None
    assert dict(plain.headers) == {"allow": "POST"}
