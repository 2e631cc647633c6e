"""A request before it is sent, and its answer, as values."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from bridge.connectors.answers import WORDS_LIMIT, Judge, looks_like_html, own_words, usual
from bridge.connectors.redact import Redactor
from bridge.connectors.troubles import bare
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

BODY_LIMIT_BYTES = 10 * 1024 * 1024
"""Arbitrary: a thousand times an ordinary answer, and harmless for memory."""
READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. headers: names in lower case. body: decompressed, at most BODY_LIMIT_BYTES."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer while it comes in. pieces: its body, decompressed; TryAgain where it breaks off."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request before it is sent.

    files: name, content and type by the multipart part's name. An open file is read from its start
        while it is sent, never whole. form: the other parts beside files.
    changes: it may change something at the other side, so that a lost answer leaves doubt.
    allow: statuses beside 2xx that the caller wants back as a reply.
    judge: how the other system says that there were too many requests.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    files: Mapping[str, tuple[str, bytes | BinaryIO, str]] | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = None
    changes: bool = True
    allow: frozenset[int] = frozenset()
    timeout_seconds: float = 30.0
    judge: Judge = usual


def named(ask: Ask, redactor: Redactor) -> str:
    """`POST https://…`, for the texts of failures."""
    return f"{ask.method} {redactor(bare(ask.url))}"


def parse_json(ask: Ask, reply: Reply, redactor: Redactor) -> JSON:
    """The body as JSON; None when it is empty.

    A web page is for a person to look into: a login page, a proxy, a wrong base_url. JSON that is
    broken off is a lost answer.
    """
    if not reply.body.strip():
        return None
    try:
        parsed: JSON = json.loads(reply.body)
    except (ValueError, RecursionError):
        pass
    else:
        return parsed
    if looks_like_html(reply.headers, reply.body):
        page = redactor.cut(own_words(reply.headers, reply.body), WORDS_LIMIT)
        raise GiveUp(
            f"{named(ask, redactor)} answered {reply.status} with {page} where JSON was expected; "
            "is the address right, and does a login page or proxy stand before it?",
            status=reply.status,
        )
    raise TryAgain(
        f"{named(ask, redactor)} answered {reply.status} with what is no JSON",
        status=reply.status,
        may_have_happened=ask.changes,
    )
