"""The one HTTP client: what a failure means, what is recorded, and what never leaves."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from bridge.connectors.ask import BODY_LIMIT_BYTES, Ask
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.connectors.site import Site, part
from bridge.connectors.trail import EXCHANGES_LIMIT
from bridge.errors import ConnectorError, GiveUp, TryAgain
from tests.connectors.conftest import NOON, Moment, Remote

URL = "https://api.example.com/x"


@pytest.fixture
def http(remote: Remote, clock: Moment) -> HttpClient:
    return HttpClient(clock, httpx.MockTransport(remote))


async def error_of(http: HttpClient, ask: Ask) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await http.send(ask, Redactor())
    return caught.value


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"x-ratelimit-reset": "2026-11-21T12:00:45Z"}, 45.0),
        ({"x-ratelimit-reset": "2026-11-21T12:01Z"}, 60.0),
        ({"x-ratelimit-reset": str(NOON // 1000 + 5)}, 5.0),
        ({"x-ratelimit-reset": str(NOON + 5_000)}, 5.0),
        ({"retry-after": "3", "x-ratelimit-reset": "2026-11-21T13:00:00Z"}, 3.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-4"}, None),
        ({"retry-after": "nan"}, None),
        ({"x-ratelimit-reset": "9" * 400}, None),
        ({}, None),
    ],
)
async def test_wait_is_read_in_every_form(
    headers: dict[str, str], seconds: float | None, http: HttpClient, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(429, headers=headers)
    error = await error_of(http, Ask("GET", URL))
    assert isinstance(error, TryAgain)
    assert error.after_seconds == seconds


@pytest.mark.parametrize(
    ("reason", "scope"),
    [
        ("jira-per-issue-on-write", "object"),
        ("jira-burst-based", "endpoint"),
        ("jira-quota-global-based", "site"),
        ("jira-quota-tenant-based", "site"),
        ("something-new", "call"),
        (None, "call"),
    ],
)
async def test_429_says_what_has_to_wait(
    reason: str | None, scope: str, http: HttpClient, remote: Remote
) -> None:
    headers = {"ratelimit-reason": reason} if reason else {}
    remote.answer = lambda _: httpx.Response(429, headers=headers)
    error = await error_of(http, Ask("PUT", URL))
    assert isinstance(error, TryAgain)
    assert error.scope == scope


@pytest.mark.parametrize("status", [408, 409, 423, 425, 429, 500, 502, 503, 504])
async def test_passing_trouble_is_tried_again(
    status: int, http: HttpClient, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(status)
    read = await error_of(http, Ask("GET", URL, changes=False))
    write = await error_of(http, Ask("POST", URL))
    assert isinstance(read, TryAgain)
    assert isinstance(write, TryAgain)
    assert not read.may_have_happened
    assert write.may_have_happened == (status not in (409, 423, 425, 429))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422, 501])
async def test_lasting_trouble_gives_up_in_the_other_systems_words(
    status: int, http: HttpClient, remote: Remote
) -> None:
    body = {"errorMessages": ["No."], "errors": {"summary": "You must specify a summary."}}
    remote.answer = lambda _: httpx.Response(status, json=body)
    error = await error_of(http, Ask("POST", URL))
    assert isinstance(error, GiveUp)
    assert error.status == status
    assert (
        error.reason == f"POST {URL} answered {status}: No.; summary: You must specify a summary."
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message": "no"}', "no"),
        (b'{"error": {"message": "deep"}}', "deep"),
        (b'{"detail": [{"title": "a"}, "b"]}', "a; b"),
        (b'{"errors": ["x", "y"]}', "x; y"),
        (b"plain\n text", "plain text"),
        (b'{"odd": 1}', '{"odd": 1}'),
        (b"\xff\xfe", "��"),
        (b"[" * 100_000, "[["),
    ],
)
async def test_words_are_found_in_any_form_of_error(
    body: bytes, words: str, http: HttpClient, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(400, content=body)
    assert words in (await error_of(http, Ask("GET", URL))).reason


async def test_sentence_that_is_labelled_as_html_is_shown(http: HttpClient, remote: Remote) -> None:
    remote.answer = lambda _: httpx.Response(401, html="Client must be authenticated.")
    error = await error_of(http, Ask("GET", URL))
    assert error.reason.endswith(" answered 401: Client must be authenticated.")


async def test_long_words_are_cut(http: HttpClient, remote: Remote) -> None:
    remote.answer = lambda _: httpx.Response(400, json={"message": "x" * 50_000})
    error = await error_of(http, Ask("GET", URL))
    assert len(error.reason) < 700
    assert "(50000 characters)" in error.reason


@pytest.mark.parametrize(
    ("before", "location", "after"),
    [
        ("https://api.example.com/x", "/y", "https://api.example.com/y"),
        ("https://api.example.com/x", "https://api.example.com/y", "https://api.example.com/y"),
        ("http://api.example.com/x", "https://api.example.com/x", "https://api.example.com/x"),
    ],
)
async def test_get_follows_a_redirect_within_the_host(
    before: str, location: str, after: str, http: HttpClient, remote: Remote
) -> None:
    remote.answer = lambda request: (
        httpx.Response(302, headers={"location": location})
        if str(request.url) == before
        else httpx.Response(200, text=str(request.url))
    )
    reply = await http.send(Ask("GET", before, {"authorization": "x"}), Redactor())
    assert reply.body.decode() == after
    assert remote.requests[1].headers["authorization"] == "x"


@pytest.mark.parametrize(
    ("method", "location"),
    [
        ("GET", "https://evil.example/"),
        ("GET", "https://api.example.com:8443/x"),
        ("GET", "http://api.example.com/x"),
        ("GET", "//evil.example/"),
        ("GET", "http://[::1/"),
        ("GET", "https://api.example.com:99999/"),
        ("POST", "/elsewhere"),
    ],
)
async def test_other_redirects_are_not_followed(
    method: str, location: str, http: HttpClient, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(307, headers={"location": location})
    assert isinstance(await error_of(http, Ask(method, URL)), GiveUp)
    assert len(remote.requests) == 1


async def test_endless_redirect_gives_up(http: HttpClient, remote: Remote) -> None:
    remote.answer = lambda request: httpx.Response(302, headers={"location": "/again"})
    error = await error_of(http, Ask("GET", URL))
    assert isinstance(error, GiveUp)
    assert len(remote.requests) == 4


async def test_answer_beyond_the_limit_is_not_read_to_its_end(
    http: HttpClient, remote: Remote
) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b"x" * 1_000_000

    remote.answer = lambda _: httpx.Response(200, content=endless())
    error = await error_of(http, Ask("GET", URL))
    assert isinstance(error, GiveUp)
    assert given <= BODY_LIMIT_BYTES // 1_000_000 + 2


async def test_compressed_answer_is_measured_after_unpacking(
    http: HttpClient, remote: Remote
) -> None:
    bomb = gzip.compress(b"\0" * (BODY_LIMIT_BYTES + 1))
    remote.answer = lambda _: httpx.Response(
        200, content=bomb, headers={"content-encoding": "gzip"}
    )
    assert isinstance(await error_of(http, Ask("GET", URL)), GiveUp)


async def test_stalled_answer_ends_within_the_timeout(http: HttpClient, remote: Remote) -> None:
    async def stall() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    remote.answer = lambda _: httpx.Response(200, content=stall())
    error = await error_of(http, Ask("POST", URL, timeout_seconds=0.05))
    assert isinstance(error, TryAgain)
    assert error.may_have_happened
    assert "none within 0.05 seconds" in error.reason


@pytest.mark.parametrize("url", ["ftp://x.example/", "https://", "https://[::1/", "no address"])
async def test_address_that_cannot_be_called_gives_up(url: str, clock: Moment) -> None:
    http = HttpClient(clock)
    try:
        assert isinstance(await error_of(http, Ask("GET", url)), GiveUp)
    finally:
        await http.aclose()


async def test_broken_json_after_a_write_may_have_happened(
    http: HttpClient, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(201, content=b'{"key": "SEC')
    site = Site(http, "https://api.example.com", {}, Redactor())
    with pytest.raises(TryAgain) as caught:
        await site.fetch("POST", "/x", body={})
    assert caught.value.may_have_happened


async def test_number_that_json_lacks_gives_up_before_sending(
    http: HttpClient, remote: Remote
) -> None:
    site = Site(http, "https://api.example.com", {}, Redactor())
    with pytest.raises(GiveUp, match="JSON cannot carry"):
        await site.fetch("POST", "/x", body={"x": float("nan")})
    assert remote.requests == []


def test_part_of_a_path_cannot_leave_it() -> None:
    assert part("../a?b#c") == "..%2Fa%3Fb%23c"


async def test_trail_notes_each_exchange_cut_and_without_secrets(
    http: HttpClient, remote: Remote, clock: Moment
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        clock.pass_seconds(0.25)
        return httpx.Response(200, json={"token": "abcdef", "text": "y" * 9_000})

    remote.answer = answer
    ask = Ask("POST", f"{URL}?api_key=hunter22&x=1", {}, b'{"password": "p4ssw0rd", "a": 1}')
    with http.trail() as exchanges:
        await http.send(ask, Redactor(["s3cret-value"]))
    (one,) = exchanges
    assert (one.method, one.status, one.duration_ms) == ("POST", 200, 250)
    assert one.url == f"{URL}?api_key=[redacted]&x=1"
    assert one.request == '{"password": "[redacted]", "a": 1}'
    assert one.response.startswith('{"token":"[redacted]","text":"yyy')
    assert len(one.response) < 4_100


async def test_trails_of_concurrent_tasks_stay_apart(http: HttpClient) -> None:
    async def call(name: str) -> list[str]:
        with http.trail() as exchanges:
            await http.send(Ask("GET", f"{URL}/{name}"), Redactor())
            await asyncio.sleep(0)
            await http.send(Ask("GET", f"{URL}/{name}"), Redactor())
        return [one.url for one in exchanges]

    first, second = await asyncio.gather(call("a"), call("b"))
    assert (first, second) == ([f"{URL}/a"] * 2, [f"{URL}/b"] * 2)


async def test_trail_is_bounded(http: HttpClient) -> None:
    with http.trail() as exchanges:
        for _ in range(EXCHANGES_LIMIT + 5):
            await http.send(Ask("GET", URL), Redactor())
    assert len(exchanges) == EXCHANGES_LIMIT


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


async def real_error(clock: Moment, serve: Serve, ask: Callable[[int], Ask]) -> ConnectorError:
    """What comes of a call to a server of this kind, through the real transport."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    http = HttpClient(clock)
    try:
        return await error_of(http, ask(server.sockets[0].getsockname()[1]))
    finally:
        await http.aclose()
        server.close()
        await server.wait_closed()


async def test_connection_dropped_after_sending_may_have_happened(clock: Moment) -> None:
    error = await real_error(
        clock,
        lambda reader, writer: writer.transport.abort(),
        lambda port: Ask("POST", f"http://127.0.0.1:{port}/", content=b"{}"),
    )
    assert isinstance(error, TryAgain)
    assert error.may_have_happened
    assert "got no answer: the connection was closed" in error.reason


async def test_answer_broken_off_may_have_happened(clock: Moment) -> None:
    error = await real_error(
        clock,
        lambda reader, writer: writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nx"),
        lambda port: Ask("POST", f"http://127.0.0.1:{port}/", content=b"{}"),
    )
    assert isinstance(error, TryAgain)
    assert error.may_have_happened


async def test_answer_that_is_no_http_may_have_happened(clock: Moment) -> None:
    error = await real_error(
        clock,
        lambda reader, writer: writer.write(b"SSH-2.0-OpenSSH\r\n\r\n"),
        lambda port: Ask("POST", f"http://127.0.0.1:{port}/", content=b"{}"),
    )
    assert isinstance(error, TryAgain)
    assert error.may_have_happened


async def test_refused_port_has_not_happened(clock: Moment) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    http = HttpClient(clock)
    error = await error_of(http, Ask("POST", f"http://127.0.0.1:{port}/", content=b"{}"))
    await http.aclose()
    assert isinstance(error, TryAgain)
    assert not error.may_have_happened
    assert "could not connect" in error.reason


async def test_cookies_of_one_answer_are_not_sent_again(clock: Moment) -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "localhost", 0)
    http = HttpClient(clock)
    url = f"http://localhost:{server.sockets[0].getsockname()[1]}/"
    for _ in range(2):
        await http.send(Ask("GET", url), Redactor())
    await http.aclose()
    server.close()
    await server.wait_closed()
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


def test_known_secret_is_masked_in_every_form() -> None:
    secret = 'pa"ss/wörd=1'
    redactor = Redactor([secret])
    forms = [
        secret,
        "pa%22ss%2Fw%C3%B6rd%3D1",
        json.dumps(secret),
        "cGEic3Mvd8O2cmQ9MQ",
    ]
    for form in forms:
        assert redactor(f"before {form} after").startswith("before ")
        assert form.strip('"') not in redactor(f"before {form} after")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Basic abc123==", "Authorization: [redacted]"),
        ('{"Authorization": "Bearer abc"}', '{"Authorization": "[redacted]"}'),
        ("use Bearer eyJ0eXAi.x1", "use Bearer [redacted]"),
        ("Basic authentication is off", "Basic authentication is off"),
        ("https://bob:hunter2@host/x", "https://[redacted]@host/x"),
        ("?access_token=abc&x=1", "?access_token=[redacted]&x=1"),
        ("'client_secret': 'abc def', 'x': 1", "'client_secret': '[redacted]', 'x': 1"),
        ("a secret between us", "a secret between us"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    assert Redactor()(text) == masked


def test_secret_at_the_cut_leaves_no_half() -> None:
    secret = "0123456789abcdefghij"
    for shift in range(40):
        text = "x" * (380 - shift) + secret + "y" * 500
        cut = Redactor([secret]).cut(text, 100)
        assert "0123" not in cut
    assert "0123" not in Redactor([secret]).cut((secret * 30)[:405], 100)


def test_redactor_shows_nothing_of_what_it_knows() -> None:
    assert "hunter22" not in repr(Redactor(["hunter22"]))


def test_redaction_of_a_long_word_is_quick() -> None:
    started = time.monotonic()
    Redactor()("x" * 100_000 + " token=abc")
    assert time.monotonic() - started < 2  # quadratic takes minutes
