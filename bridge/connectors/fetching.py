"""Small things from senders' own servers: a certificate, the confirmation of a subscription."""

from __future__ import annotations

from urllib.parse import urlsplit

from bridge.connectors.ask import Ask
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.errors import ConnectorError, SenderUnreachable

TIMEOUT_SECONDS = 5.0
"""The sender waits for its own answer meanwhile; SNS gives up after 15 seconds."""
MOST_BYTES = 65_536
"""A certificate has some two thousand."""
REST_SECONDS = 30
"""After a failure the same address is left alone for so long, or a sender that repeats would have
us call without end."""
MOST_REMEMBERED = 100


class Fetcher:
    """Fetches by GET, following no redirect to another host.

    http: keeps out of the private network, since addresses come from messages.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._failed: dict[str, int] = {}

    async def fetch(self, url: str) -> bytes:
        """What is at the address. Raises SenderUnreachable, without the address's query."""
        now = self._http.now()
        host = urlsplit(url).hostname
        if now < self._failed.get(url, 0):
            raise SenderUnreachable(f"{host} gave nothing a moment ago; send it again later")
        ask = Ask("GET", url, changes=False, timeout_seconds=TIMEOUT_SECONDS)
        try:
            reply = await self._http.send(ask, Redactor([]))
        except ConnectorError as error:
            self._remember(url, now)
            words = f"{host} did not give what this delivery needs"
            raise SenderUnreachable(words) from error
        if len(reply.body) > MOST_BYTES:
            self._remember(url, now)
            raise SenderUnreachable(f"{host} gave more than {MOST_BYTES} bytes")
        self._failed.pop(url, None)
        return reply.body

    def _remember(self, url: str, now: int) -> None:
        if len(self._failed) >= MOST_REMEMBERED:
            self._failed.clear()
        self._failed[url] = now + REST_SECONDS * 1000
