"""An HTTP client that shows what would be sent, and sends nothing that may change something."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.clock import Clock
from bridge.connectors.ask import Ask, Reply
from bridge.connectors.guard import Guard
from bridge.connectors.http import OWN_HEADERS, HttpClient
from bridge.connectors.redact import MASK, Redactor
from bridge.errors import GiveUp
from bridge.event import JSON

SECRET_HEADER = re.compile(r"authorization|cookie|token|secret|signature|api-?key")
BODY_CHARACTERS = 100_000
"""Of a body that is shown. Jira's largest description has a third of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it would go out, without secrets.

    body: as JSON where it is JSON, else as text; a file as what it is.
    changes: it may change something; only the others may have been sent.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: JSON
    changes: bool

    def as_json(self) -> JSON:
        """The same for other programs."""
        return {
            "method": self.method,
            "url": self.url,
            "headers": dict(self.headers),
            "body": self.body,
            "changes": self.changes,
        }


class NotSent(GiveUp):
    """A request was only shown."""


class PreviewClient(HttpClient):
    """Notes every request. ask: those that change nothing are sent, so that what depends on their
    answers can be shown too; else none is."""

    def __init__(self, clock: Clock, *, ask: bool, guard: Guard | None = None) -> None:
        super().__init__(clock, may_change=lambda: False, guard=guard)
        self._ask = ask
        self.requests: list[Request] = []

    async def send(self, ask: Ask, redactor: Redactor) -> Reply:
        self.requests.append(shown(ask, redactor))
        if ask.changes or not self._ask:
            raise NotSent("this is only a preview")
        return await super().send(ask, redactor)


def shown(ask: Ask, redactor: Redactor) -> Request:
    """A request as people may see it."""
    headers = {
        name: MASK if SECRET_HEADER.search(name.lower()) else redactor(value)
        for name, value in {**OWN_HEADERS, **ask.headers}.items()
    }
    return Request(ask.method, redactor(ask.url), headers, _body(ask, redactor), ask.changes)


def _body(ask: Ask, redactor: Redactor) -> JSON:
    if ask.files:
        return {
            part: f"{redactor(name)} ({_size(content)}, {kind})"
            for part, (name, content, kind) in ask.files.items()
        }
    if ask.content is None:
        return None
    text = redactor.cut(ask.content.decode("utf-8", "replace"), BODY_CHARACTERS)
    try:
        parsed: JSON = json.loads(text)
    except ValueError:
        return text
    return parsed


def _size(content: object) -> str:
    return f"{len(content):,} bytes" if isinstance(content, bytes) else "a file"
