"""One request to a stand-in and its answer, read from ASGI and written to it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from bridge.event import JSON

# ASGI's own types: its messages are open mappings by definition.
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON_TYPE = b"application/json;charset=UTF-8"

ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
# Made once: json.dumps makes a new one for each call with these settings, a fifth of a create.


class Declined(Exception):
    """The stand-in says no, in Jira's shape. Not an error of the bridge: it plays the other side.

    messages: about the request as a whole. errors: by field id.
    """

    def __init__(
        self, status: int, *messages: str, errors: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.messages = messages
        self.errors = dict(errors or {})
        super().__init__(*messages, *self.errors.values())


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    filename: str
    content_type: str
    content: bytes


@dataclass(eq=False)
class Request:
    """What came in, with the parts a handler asks for worked out when it asks.

    path: decoded, behind the place where the stand-in is mounted.
    base: scheme, host and mount, as the caller addressed it; `self` links start with it.
    headers: as ASGI gives them, names in lower case.
    files, form: of a multipart body, where the handler takes files.
    """

    method: str
    path: str
    query_string: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    base: str
    files: tuple[Upload, ...] = field(default=())
    form: dict[str, str] = field(default_factory=dict)

    def header(self, name: bytes) -> str | None:
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None

    @cached_property
    def query(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        pairs = parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True)
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        return found

    def option(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, [default])[0] if self.query_string else default

    def words(self, name: str) -> list[str]:
        """A query parameter that may be repeated or separated by commas."""
        if not self.query_string:
            return []
        joined = ",".join(self.query.get(name, []))
        return [word.strip() for word in joined.split(",") if word.strip()]

    def number(self, name: str, default: int) -> int:
        text = self.option(name)
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            raise Declined(400, f"The value of {name} is no number: {text[:40]}") from None

    def json(self) -> JSON:
        """The body. Raises Declined (400) when it is no JSON."""
        try:
            return json.loads(self.body)  # type: ignore[no-any-return]
        except (ValueError, RecursionError):
            raise Declined(
                400, "There was an error parsing JSON. Check that your request body is valid."
            ) from None

    def object(self) -> dict[str, JSON]:
        """The body as a JSON object."""
        value = self.json()
        if not isinstance(value, dict):
            raise Declined(400, "Invalid request payload. Refer to the REST API documentation.")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int = 200
    body: bytes = b""
    content_type: bytes = JSON_TYPE
    headers: tuple[tuple[bytes, bytes], ...] = ()


def answer(value: JSON, status: int = 200) -> Answer:
    """JSON without needless spaces; text stays as it is, not escaped to ASCII."""
    text = ENCODER.encode(value)
    # A lone surrogate is possible in JSON and impossible in UTF-8; Jira answers a question mark.
    return Answer(status, text.encode("utf-8", "replace"))


NO_CONTENT = Answer(204)


def decline(refusal: Declined) -> Answer:
    errors: dict[str, JSON] = dict(refusal.errors)
    return answer({"errorMessages": list(refusal.messages), "errors": errors}, refusal.status)


def as_object(value: JSON) -> dict[str, JSON]:
    """The object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: JSON) -> list[JSON]:
    """The list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


async def read_body(receive: Receive) -> bytes:
    """The whole body; stops quietly when the caller hangs up."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return b""
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    parts = [body]
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def write(send: Send, reply: Answer, extra: tuple[tuple[bytes, bytes], ...]) -> None:
    headers = [*extra, *reply.headers]
    if reply.status != 204:
        headers.append((b"content-type", reply.content_type))
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
