"""send_webhook: signed after Standard Webhooks, and careful with where and what it sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest
import structlog
from pydantic import ValidationError
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from bridge.connectors.webhook import WebhookSettings, sign, signing_key
from bridge.errors import GiveUp
from bridge.event import JSON
from tests.connectors.conftest import Moment, Opened, Remote, open_connector
from tests.connectors.given.webhook import SECRET

URL = "https://hooks.example.com/scans"


def opened(remote: Remote, clock: Moment, options: dict[str, JSON] | None = None) -> Opened:
    return open_connector("webhook", httpx.MockTransport(remote), clock, options)


def test_published_vector_is_reproduced() -> None:
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_reference_library_accepts_the_signature(remote: Remote, clock: Moment) -> None:
    outcome = await opened(remote, clock).run("send_webhook")
    (request,) = remote.requests
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}"
    expected = Webhook(SECRET).sign(
        request.headers["webhook-id"],
        datetime.fromtimestamp(clock.now / 1000, UTC),
        request.content.decode(),
    )
    assert signed == f"mark-0000000001.{clock.now // 1000}"
    assert request.headers["webhook-signature"] == expected
    assert json.loads(request.content) == {"target": "a.example"}
    assert request.headers["x-api-key"] == "made-up-header-key"
    assert outcome.outputs == {"status": 200}


async def test_every_try_carries_the_same_id(remote: Remote, clock: Moment) -> None:
    sender = opened(remote, clock)
    await sender.run("send_webhook")
    clock.pass_seconds(60)
    await sender.run("send_webhook", may_exist=True, attempt=2)
    first, second = remote.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_secret_is_chosen_by_name(remote: Remote, clock: Moment) -> None:
    other = "whsec_b3RoZXItbWFkZS11cC1zZWNyZXQtMTIzNDU2"
    sender = opened(remote, clock, {"secrets": {"team": other}})
    await sender.run("send_webhook", {"url": URL, "body": 1, "secret": "team"})
    (request,) = remote.requests
    key, at = signing_key(other), clock.now // 1000
    assert request.headers["webhook-signature"] == sign(key, "mark-0000000001", at, b"1")


async def test_unknown_secret_name_gives_up_without_repeating_it(
    remote: Remote, clock: Moment
) -> None:
    with pytest.raises(GiveUp) as caught:
        await opened(remote, clock).run("send_webhook", {"url": URL, "body": 1, "secret": "teem"})
    assert "teem" not in str(caught.value)
    assert remote.requests == []


async def test_without_a_secret_it_is_sent_unsigned_with_its_id(
    remote: Remote, clock: Moment
) -> None:
    await opened(remote, clock, {"secret": None}).run("send_webhook")
    (request,) = remote.requests
    assert "webhook-signature" not in request.headers
    assert request.headers["webhook-id"] == "mark-0000000001"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://bob:hunter2@hooks.example.com/",
        "https://",
        "//hooks.example.com",
        "http://[::1",
        "http://host:port/",
    ],
)
async def test_odd_addresses_give_up(url: str, remote: Remote, clock: Moment) -> None:
    with pytest.raises(GiveUp) as caught:
        await opened(remote, clock).run("send_webhook", {"url": url, "body": 1})
    assert "hunter2" not in str(caught.value)
    assert remote.requests == []


async def test_host_outside_the_allowed_ones_gives_up(remote: Remote, clock: Moment) -> None:
    sender = opened(remote, clock, {"allowed_hosts": ["*.example.com"]})
    await sender.run("send_webhook")
    for host in ("example.org", "example.com.evil.test", "127.0.0.1"):
        with pytest.raises(GiveUp, match="allowed_hosts"):
            await sender.run("send_webhook", {"url": f"https://{host}/", "body": 1})
    assert len(remote.requests) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": "v1,x"},
        {"Content-Length": "3"},
        {"Host": "other"},
        {"X-A": "b\r\nX-C: d"},
        {"X A": "b"},
        {"": "b"},
        {"X-Ü": "b"},
    ],
)
async def test_odd_headers_give_up(headers: dict[str, JSON], remote: Remote, clock: Moment) -> None:
    with pytest.raises(GiveUp):
        await opened(remote, clock).run("send_webhook", {"url": URL, "body": 1, "headers": headers})
    assert remote.requests == []


@pytest.mark.parametrize("secret", ["whsec_!!!", "whsec_c2hvcnQ=", ""])
def test_secret_that_is_none_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookSettings.model_validate({"secret": secret})
    assert not secret or secret not in str(caught.value)


async def test_log_writes_one_line_at_the_level(remote: Remote, clock: Moment) -> None:
    log = open_connector("log", httpx.MockTransport(remote), clock)
    structlog.reset_defaults()
    with capture_logs() as lines:
        await log.run("log", {"message": "a\nforged line\x1b[2J", "level": "warning"})
    assert lines == [
        {
            "event": "a forged line�[2J",
            "log_level": "warning",
            "event_id": "evt_1",
            "rule": "a-rule",
        }
    ]
    assert remote.requests == []
