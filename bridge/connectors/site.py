"""One system we call: its address, its credentials, and what must not be shown of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO
from urllib.parse import quote, urlencode

from bridge.connectors.answers import Judge, usual
from bridge.connectors.ask import READ_ONLY, Ask, Incoming, Reply, parse_json
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.errors import GiveUp
from bridge.event import JSON

Query = Mapping[str, str | int]

SLOWEST_BYTES = 100_000
"""Of an upload, in a second. Arbitrary: slower than any line a server has."""


@dataclass(frozen=True, slots=True)
class Site:
    """base_url: without a slash at the end. headers: sent with every request, credentials too.

    judge: how this system says that there were too many requests.
    locate: gives the base URL where that has to be asked for first; `base_url` counts without it.
    """

    http: HttpClient = field(repr=False)
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    redactor: Redactor
    timeout_seconds: float = 30.0
    judge: Judge = usual
    locate: Callable[[], Awaitable[str]] | None = field(default=None, repr=False)

    async def fetch(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: JSON = None,
        changes: bool | None = None,
        allow: frozenset[int] = frozenset(),
    ) -> tuple[int, JSON]:
        """Status and JSON of the answer; raises TryAgain or GiveUp.

        path: begins with a slash, its parts quoted by `part`.
        changes: unless said, whatever is no GET may change something.
        """
        reply, parsed = await self.exchange(
            method, path, query=query, body=body, changes=changes, allow=allow
        )
        return reply.status, parsed

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: JSON = None,
        changes: bool | None = None,
        allow: frozenset[int] = frozenset(),
    ) -> tuple[Reply, JSON]:
        """As `fetch`, with the whole reply, for those who read its headers."""
        ask = replace(
            await self.ask(method, path, query),
            content=None if body is None else write_json(body),
            changes=method not in READ_ONLY if changes is None else changes,
            allow=allow,
        )
        if body is not None:
            ask = replace(ask, headers={**ask.headers, "content-type": "application/json"})
        reply = await self.http.send(ask, self.redactor)
        return reply, parse_json(ask, reply, self.redactor)

    async def upload(
        self,
        path: str,
        name: str,
        content: bytes | BinaryIO,
        headers: Mapping[str, str],
        content_type: str = "application/octet-stream",
        part_name: str = "file",
        form: Mapping[str, str] | None = None,
    ) -> JSON:
        """JSON of the answer to one file sent as the multipart part `part_name`. form: other parts.

        content: an open file is read while it is sent, in a thread, and never held whole. Its time
            is not bounded by `timeout_seconds` alone: a slow line gets what a file of its size
            needs at SLOWEST_BYTES a second.
        """
        size = len(content) if isinstance(content, bytes) else size_of(content)
        ask = await self.ask("POST", path, None)
        ask = replace(
            ask,
            headers={**ask.headers, **headers},
            files={part_name: (name, content, content_type)},
            form=form,
            timeout_seconds=self.timeout_seconds + size / SLOWEST_BYTES,
        )
        reply = await self.http.send(ask, self.redactor)
        return parse_json(ask, reply, self.redactor)

    async def download(self, path: str, query: Query | None = None) -> bytes:
        """The bytes of an answer, whatever they are; of the error page where there are none."""
        ask = await self.ask("GET", path, query)
        ask = replace(ask, changes=False, allow=frozenset({404}))
        ask = replace(ask, headers={**ask.headers, "accept": "*/*"})
        return (await self.http.send(ask, self.redactor)).body

    @asynccontextmanager
    async def stream(self, path: str, query: Query | None = None) -> AsyncGenerator[Incoming, None]:
        """The bytes of an answer while they come in; TryAgain or GiveUp where there are none."""
        ask = await self.ask("GET", path, query)
        ask = replace(ask, changes=False)
        ask = replace(ask, headers={**ask.headers, "accept": "*/*", "accept-encoding": "identity"})
        async with self.http.stream(ask, self.redactor) as incoming:
            yield incoming

    async def ask(self, method: str, path: str, query: Query | None) -> Ask:
        """A request as every one to this system begins."""
        base_url = self.base_url if self.locate is None else await self.locate()
        url = base_url + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        headers = {"accept": "application/json", **self.headers}
        return Ask(method, url, headers, timeout_seconds=self.timeout_seconds, judge=self.judge)


def write_json(body: JSON) -> bytes:
    """JSON in ASCII. Raises GiveUp for NaN and Infinity, which JSON does not have."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError:
        raise GiveUp("the parameters hold a number that JSON cannot carry") from None


def size_of(file: BinaryIO) -> int:
    """How many bytes an open file has; it stands at its start afterwards."""
    size = file.seek(0, 2)
    file.seek(0)
    return size


def part(text: str) -> str:
    """A part of a path; a slash or a question mark in it stays in it."""
    return quote(text, safe="")


def address(text: str) -> str:
    """A base URL as an operator writes it, for models of settings. Raises ValueError."""
    if not text.startswith(("http://", "https://")) or "@" in text:
        raise ValueError("must start with http:// or https:// and hold no credentials")
    return text.rstrip("/")
