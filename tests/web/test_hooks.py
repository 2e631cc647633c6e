"""What each request to a hook is answered, in the order of the checks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.types import Message

from bridge.store.transaction import Database
from bridge.web.body import BodyReader
from bridge.web.hooks import Hooks
from bridge.web.site import make_site
from tests.store.conftest import MovableClock
from tests.web.conftest import LIMIT, SECRET, Door, make_hooks

ALERT = b'{"action": "created", "alert": {"number": 7}}'
DELIVERY = ("x-github-delivery", "0f6a1c2e-0000-4000-8000-000000000001")
KIND = ("x-github-event", "code_scanning_alert")


def cloud_event(identity: str) -> dict[str, object]:
    return {"specversion": "1.0", "id": identity, "source": "/tests", "type": "scan.finished"}


async def test_genuine_delivery_is_stored_and_answered_202_with_its_id(door: Door) -> None:
    answer = await door.send("github", ALERT, [KIND, DELIVERY])

    assert answer.status_code == 202
    (event,) = await door.events()
    assert answer.json() == {"id": event.id, "status": "accepted"}
    assert event.body == ALERT
    assert event.key == DELIVERY[1]


async def test_second_delivery_with_same_id_is_answered_200_and_not_stored(door: Door) -> None:
    first = await door.send("github", ALERT, [KIND, DELIVERY])
    second = await door.send("github", ALERT, [KIND, DELIVERY])

    assert second.status_code == 200
    assert second.json() == {"id": first.json()["id"], "status": "duplicate"}
    assert len(await door.events()) == 1


async def test_body_of_several_events_is_answered_with_ids(door: Door) -> None:
    batch = json.dumps([cloud_event("a"), cloud_event("b")]).encode()
    kind = ("content-type", "application/cloudevents-batch+json")
    answer = await door.post("/hooks/open", batch, [kind])

    assert answer.status_code == 202
    assert answer.json() == {"ids": [e.id for e in await door.events()], "status": "accepted"}
    again = await door.post("/hooks/open", batch, [kind])
    assert again.status_code == 200
    assert again.json() == {"ids": answer.json()["ids"], "status": "duplicate"}


async def test_forged_body_is_401_even_when_it_is_no_json(door: Door) -> None:
    forged = [*door.signed("github", ALERT, [KIND])]
    answer = await door.post("/hooks/github", b"{ no json", forged)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "signature_mismatch"
    assert await door.events() == []


async def test_genuine_body_that_is_no_json_is_400(door: Door) -> None:
    answer = await door.send("github", b"{ no json")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "malformed"
    assert await door.events() == []


async def test_missing_signature_is_401(door: Door) -> None:
    answer = await door.post("/hooks/github", ALERT, [("content-type", "application/json")])

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "signature_missing"


async def test_two_headers_of_the_same_signature_are_401(door: Door) -> None:
    headers = door.signed("github", ALERT)
    signature = next(pair for pair in headers if pair[0] == "x-hub-signature-256")
    answer = await door.post("/hooks/github", ALERT, [*headers, signature])

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "signature_malformed"


async def test_source_without_a_secret_refuses_everything(door: Door) -> None:
    headers = door.signed("github", ALERT)
    answer = await door.post("/hooks/closed", ALERT, headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "no_secret"


@pytest.mark.parametrize("hours", [-2, 2])
async def test_clock_two_hours_off_is_401_and_says_so(door: Door, hours: int) -> None:
    body = b'{"event": "scan.complete", "scanId": "s1"}'
    headers = door.signed("qtangl", body)
    door.clock.advance(hours * 3_600_000)
    answer = await door.post("/hooks/qtangl", body, headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "timestamp_refused"
    assert ("old" if hours > 0 else "ahead") in answer.json()["error"]["message"]


async def test_bad_proof_of_a_source_set_to_retry_is_503_with_retry_after(door: Door) -> None:
    answer = await door.post("/hooks/jira", ALERT, [("content-type", "application/json")])

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["code"] == "signature_missing"


async def test_unknown_source_is_404_before_its_body_is_looked_at(door: Door) -> None:
    answer = await door.post("/hooks/nobody", b"x" * (LIMIT + 1))

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "no_such_source"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("path", ["/hooks/github", "/hooks/nobody"])
async def test_other_methods_are_405_and_say_which_is_allowed(
    door: Door, method: str, path: str
) -> None:
    answer = await door.client.request(method, path)

    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


async def test_announced_length_over_the_limit_is_413_without_reading_a_byte(door: Door) -> None:
    async def nothing_is_read() -> Message:
        raise AssertionError("the body was read")

    status = await call(
        door.hooks, "/hooks/github", nothing_is_read, [(b"content-length", b"99999999")]
    )
    assert status["status"] == 413


@pytest.mark.parametrize("announced", [None, b"10"])
async def test_length_that_is_not_announced_or_lies_is_413_while_streaming(
    door: Door, announced: bytes | None
) -> None:
    sent = 0

    async def endless() -> Message:
        nonlocal sent
        sent += 1000
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    headers = [(b"content-length", announced)] if announced else []
    status = await call(door.hooks, "/hooks/github", endless, headers)

    assert status["status"] == 413
    assert sent <= LIMIT + 1000


async def test_body_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not(door: Door) -> None:
    def padded(length: int) -> bytes:
        return b'{"pad": "' + b"x" * (length - 11) + b'"}'

    assert (await door.send("github", padded(LIMIT))).status_code == 202
    assert (await door.send("github", padded(LIMIT + 1))).status_code == 413


async def test_full_line_is_503_with_retry_after_before_the_body_is_read(
    database: Database, clock: MovableClock
) -> None:
    hooks, *_ = make_hooks(database, clock, queue_limit=0)

    async def nothing_is_read() -> Message:
        raise AssertionError("the body was read")

    start = await call(hooks, "/hooks/github", nothing_is_read)
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"1"


async def test_sender_that_goes_away_leaves_nothing(door: Door) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"half": ', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def truncated() -> Message:
        return messages.pop(0)

    assert await call(door.hooks, "/hooks/open", truncated) == {}
    assert await door.events() == []
    assert door.metrics.received["open", "gone"] == 1


async def test_stalled_body_is_408_and_closes_the_connection(
    database: Database, clock: MovableClock
) -> None:
    hooks, *_ = make_hooks(database, clock, body_timeout_seconds=0.05)
    transport = httpx.ASGITransport(hooks)

    async def stalls() -> Any:
        yield b'{"half": '
        await asyncio.Event().wait()

    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        answer = await client.post("/hooks/open", content=stalls())
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"
    assert answer.json()["error"]["code"] == "too_slow"


async def test_tenants_sources_are_reached_under_their_own_paths_only(door: Door) -> None:
    body = json.dumps(cloud_event("a")).encode()
    kind = ("content-type", "application/cloudevents+json")

    assert (await door.post("/t/acme/hooks/theirs", body, [kind])).status_code == 202
    assert (await door.post("/hooks/theirs", body, [kind])).status_code == 404
    assert (await door.post("/t/acme/hooks/open", body, [kind])).status_code == 404
    assert (await door.post("/t/default/hooks/open", body, [kind])).status_code == 202
    (theirs, ours) = await door.events()
    assert (theirs.tenant, ours.tenant) == ("acme", "default")


async def test_source_takes_deliveries_from_its_networks_only(door: Door) -> None:
    body = json.dumps(cloud_event("a")).encode()
    answer = await door.post("/hooks/inner", body)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "address_refused"

    for client, forwarded, status in (
        (("10.1.2.3", 1), "", 202),
        (("::ffff:10.1.2.3", 1), "", 200),
        (("127.0.0.1", 1), "203.0.113.5, 10.1.2.3", 200),
        (("127.0.0.1", 1), "10.1.2.3, 203.0.113.5", 401),
        (("203.0.113.5", 1), "10.1.2.3", 401),
    ):
        transport = httpx.ASGITransport(door.hooks, client=client)
        headers = {"x-forwarded-for": forwarded} if forwarded else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://b") as sender:
            answer = await sender.post("/hooks/inner", content=body, headers=headers)
        assert answer.status_code == status, (client, forwarded)


async def test_cloudevents_handshake_is_answered_and_nothing_stored(door: Door) -> None:
    answer = await door.client.request(
        "OPTIONS", "/hooks/open", headers={"webhook-request-origin": "events.example"}
    )
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "events.example"
    assert answer.headers["webhook-allowed-rate"] == "*"
    assert (await door.client.request("OPTIONS", "/hooks/nobody")).status_code == 404
    assert await door.events() == []


async def test_every_error_has_one_shape_and_its_request_id_in_the_header(door: Door) -> None:
    answers = [
        await door.client.get("/hooks/github"),
        await door.post("/hooks/nobody", b"{}"),
        await door.post("/hooks/github", ALERT),
        await door.send("github", b"{ no json"),
        await door.client.get("/nothing/here"),
    ]
    for answer in answers:
        body = answer.json()
        assert set(body) == {"error", "requestId"}
        assert set(body["error"]) == {"code", "message"}
        assert body["requestId"] == answer.headers["x-request-id"]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


async def test_no_answer_holds_a_secret(door: Door) -> None:
    body = b"{ no json"
    for path, headers in (
        (f"/hooks/token/{SECRET}", []),
        ("/hooks/token", [("authorization", f"Bearer {SECRET}")]),
        (f"/hooks/token?access_token={SECRET}", []),
        (f"/hooks/{SECRET}", []),
        ("/hooks/github", door.signed("github", ALERT)),
    ):
        answer = await door.post(path, body, headers)
        assert answer.status_code >= 400
        assert SECRET not in answer.text
    assert all(SECRET not in repr(refusal) for refusal in await door.refused())


async def test_path_token_proves_the_sender_and_a_slash_alone_is_none(door: Door) -> None:
    body = b'{"type": "anything", "id": "a"}'
    kind = [("content-type", "application/json")]

    assert (await door.post(f"/hooks/token/{SECRET}", body, kind)).status_code == 202
    assert (await door.post("/hooks/token/wrong", body, kind)).status_code == 401
    assert (await door.post("/hooks/token/", body, kind)).status_code == 401
    assert (await door.post(f"/hooks/token/{SECRET}/more", body, kind)).status_code == 404
    assert SECRET not in repr(await door.events())


async def test_mistake_of_ours_is_500_with_a_request_id_and_no_detail(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken_clock() -> int:
        raise ZeroDivisionError("the words of a mistake")

    hooks = Hooks(
        make_site([]), door.sources, door.intake, broken_clock, BodyReader(LIMIT, 10.0),
        door.refusals, door.metrics,
    )  # fmt: skip
    transport = httpx.ASGITransport(hooks)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        answer = await client.post("/hooks/open", content=b"{}")

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "mistake" not in answer.text
    logged = capsys.readouterr()
    assert "the words of a mistake" in logged.out + logged.err
    assert answer.json()["requestId"] in logged.out + logged.err


async def call(
    hooks: Any, path: str, receive: Any, headers: list[tuple[bytes, bytes]] | None = None
) -> dict[str, Any]:
    """One request by hand, for what no HTTP client would do; gives the start of the answer."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": path, "query_string": b"",
        "headers": headers or [], "client": ("192.0.2.7", 40000),
    }  # fmt: skip
    await hooks(scope, receive, send)
    return dict(sent[0]) if sent else {}
