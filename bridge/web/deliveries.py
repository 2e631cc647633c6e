"""A request to a hook as the value that sources read."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.types import Scope

from bridge.errors import Malformed
from bridge.event import Delivery

MOST_QUERY_FIELDS = 50
"""Arbitrary; senders put one or two there."""

MOST_HEADER_NAMES = 1_000
"""Remembered; a stranger may send any, so there is an end to it."""


class HeaderNames(dict[bytes, str]):
    """Names of headers as text, each decoded once: senders use the same few again and again."""

    def __missing__(self, name: bytes) -> str:
        if len(self) > MOST_HEADER_NAMES:
            self.clear()
        text = self[name] = name.decode("latin-1")
        return text


HEADER_NAMES = HeaderNames()


def make_delivery(scope: Scope, body: bytes, token: str | None, now: int) -> Delivery:
    """The request as a value. Raises Malformed for a query of absurdly many fields."""
    query: tuple[tuple[str, str], ...] = ()
    if scope["query_string"]:
        text = scope["query_string"].decode("latin-1")
        try:
            fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_QUERY_FIELDS)
        except ValueError as error:
            raise Malformed("the address has too many parameters") from error
        query = tuple(fields)
    headers = tuple(
        [(HEADER_NAMES[name], value.decode("latin-1")) for name, value in scope["headers"]]
    )
    return Delivery(scope["method"], headers, body, query, token, now)
