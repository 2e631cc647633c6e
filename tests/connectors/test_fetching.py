"""Small things fetched from senders' own servers."""

from __future__ import annotations

import httpx
import pytest

from bridge.connectors.fetching import MOST_BYTES, REST_SECONDS, Fetcher
from bridge.connectors.guard import Guard
from bridge.connectors.http import HttpClient
from bridge.errors import SenderUnreachable
from tests.connectors.conftest import Moment, Remote

URL = "https://sns.eu-west-2.amazonaws.com/?Token=not-to-be-told"


def fetcher(remote: Remote, moment: Moment) -> Fetcher:
    return Fetcher(HttpClient(moment, httpx.MockTransport(remote)))


async def test_what_is_there_is_fetched_by_get_without_credentials() -> None:
    remote = Remote(lambda request: httpx.Response(200, content=b"a certificate"))
    assert await fetcher(remote, Moment()).fetch(URL) == b"a certificate"
    (request,) = remote.requests
    assert (request.method, str(request.url)) == ("GET", URL)
    assert "authorization" not in request.headers


@pytest.mark.parametrize("status", [302, 403, 404, 500, 503])
async def test_failure_says_the_host_alone_and_is_remembered_for_a_while(status: int) -> None:
    remote = Remote(
        lambda request: httpx.Response(status, headers={"location": "https://evil.example/"})
    )
    moment = Moment()
    by = fetcher(remote, moment)
    with pytest.raises(SenderUnreachable) as raised:
        await by.fetch(URL)
    assert "sns.eu-west-2.amazonaws.com" in str(raised.value)
    assert "not-to-be-told" not in str(raised.value)
    asked = len(remote.requests)
    with pytest.raises(SenderUnreachable, match="a moment ago"):
        await by.fetch(URL)
    assert len(remote.requests) == asked
    assert all(request.url.host != "evil.example" for request in remote.requests)
    remote.answer = lambda request: httpx.Response(200, content=b"there")
    moment.pass_seconds(REST_SECONDS)
    assert await by.fetch(URL) == b"there"
    assert await by.fetch(URL) == b"there"


async def test_what_is_far_too_long_is_refused() -> None:
    remote = Remote(lambda request: httpx.Response(200, content=b"x" * (MOST_BYTES + 1)))
    with pytest.raises(SenderUnreachable, match="more than"):
        await fetcher(remote, Moment()).fetch(URL)


async def test_private_network_is_not_called() -> None:
    http = HttpClient(Moment(), guard=Guard(()))
    with pytest.raises(SenderUnreachable):
        await Fetcher(http).fetch("https://127.0.0.1/a.pem")
    await http.aclose()
