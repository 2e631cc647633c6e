"""What goes wrong on the way, as TryAgain or GiveUp: no error of a third party travels further."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import aiohttp
import httpx

from bridge.connectors.answers import WORDS_LIMIT
from bridge.connectors.guard import PrivateAddress
from bridge.connectors.redact import Redactor
from bridge.errors import ConnectorError, GiveUp, TryAgain

FAILED = (httpx.HTTPError, httpx.StreamError, aiohttp.ClientError, OSError)
"""On the way. Some of aiohttp's are ValueErrors too, so these are looked at first."""

TROUBLES = (ConnectorError, *FAILED, httpx.InvalidURL, ValueError, TypeError)
"""What a request may end with; the last three are of one that cannot be sent."""


def trouble(
    error: Exception, request: str, redactor: Redactor, *, changes: bool, timeout_seconds: float
) -> ConnectorError:
    """What one of TROUBLES means; to be raised outside the `except`.

    request: `POST https://…`, for the reason's text.
    """
    if isinstance(error, ConnectorError):
        return error
    if isinstance(error, FAILED):
        return _translated(error, request, redactor, changes, timeout_seconds)
    return GiveUp(f"{request} cannot be sent: {redactor(str(error))}")


def _translated(
    error: Exception, request: str, redactor: Redactor, changes: bool, timeout_seconds: float
) -> ConnectorError:
    words = redactor.cut(str(error) or type(error).__name__, WORDS_LIMIT)
    if (refused := _refused_by_guard(error)) is not None:
        return GiveUp(f"{request} is not sent: {refused}")
    if isinstance(error, httpx.UnsupportedProtocol):
        return GiveUp(f"{request} cannot be sent: {words}")
    sent = not _was_before_sending(error)
    what = "got no answer" if sent else "could not connect"
    if isinstance(error.__cause__, aiohttp.ServerDisconnectedError):
        words = "the connection was closed"
    elif isinstance(error, TimeoutError | httpx.TimeoutException) and sent:
        words = f"none within {timeout_seconds:g} seconds"
    return TryAgain(f"{request} {what}: {words}", may_have_happened=sent and changes)


def _refused_by_guard(error: BaseException | None) -> PrivateAddress | None:
    """The guard's refusal, which aiohttp and httpx have wrapped in errors of their own."""
    while error is not None:
        if isinstance(error, PrivateAddress):
            return error
        inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else None
        error = inner if isinstance(inner, PrivateAddress) else error.__cause__
    return None


def _was_before_sending(error: Exception) -> bool:
    """Whether the connection failed before a byte of the request was sent.

    httpx-aiohttp 0.2 calls a connection that the server dropped a ConnectTimeout, so where
    aiohttp's own error is known, that one decides. All that is uncertain counts as sent.
    """
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientError):
        error = cause
    return isinstance(
        error,
        aiohttp.ClientConnectorError
        | aiohttp.ConnectionTimeoutError
        | httpx.ConnectError
        | httpx.ConnectTimeout
        | httpx.PoolTimeout
        | httpx.ProxyError,
    )


def redirected(request: str, method: str, url: str, location: str, redactor: Redactor) -> str:
    """Where a redirect leads: only a GET follows one, and only within its host. Raises GiveUp."""
    try:
        target = urljoin(url, location)
        before, after = urlsplit(url), urlsplit(target)
        upgraded = (before.scheme, after.scheme) == ("http", "https")
        same_port = before.port == after.port or upgraded
    except ValueError:
        raise GiveUp(f"{request} was redirected to what is no address") from None
    if before.hostname != after.hostname or not same_port:
        raise GiveUp(
            f"{request} was redirected to another host, "
            f"{redactor(after.netloc)[:200]}; nothing was sent there"
        )
    if method != "GET" or (before.scheme != after.scheme and not upgraded):
        raise GiveUp(
            f"{request} was redirected to {redactor(bare(target))}; "
            "set the address to where it leads"
        )
    return target


def bare(url: str) -> str:
    """The address without its query."""
    return url.partition("?")[0].partition("#")[0]
