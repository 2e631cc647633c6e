"""The exchanges of a call, noted for the record of the try that it belongs to.

Masked and cut here, so that no more than this is ever stored of a request and its answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bridge.action import Exchange
from bridge.connectors.redact import Redactor

RECORD_LIMIT = 4_000
"""Characters of a body."""
EXCHANGES_LIMIT = 100

_TRAIL: ContextVar[list[Exchange] | None] = ContextVar("trail", default=None)


@contextmanager
def open_trail() -> Iterator[list[Exchange]]:
    """Notes the exchanges of the current task, and of those it starts, until the block ends.

    At most EXCHANGES_LIMIT are kept, the first ones.
    """
    exchanges: list[Exchange] = []
    token = _TRAIL.set(exchanges)
    try:
        yield exchanges
    finally:
        _TRAIL.reset(token)


def note(
    method: str,
    url: str,
    status: int,
    duration_ms: int,
    sent: bytes,
    got: bytes | str,
    redactor: Redactor,
) -> None:
    """Nothing where no trail is open. status: 0 where no answer came; then `got` says why, and is
    kept as it is."""
    trail = _TRAIL.get()
    if trail is None or len(trail) >= EXCHANGES_LIMIT:
        return
    words = got if isinstance(got, str) else _shown(got, redactor)
    url = redactor.cut(url, RECORD_LIMIT)
    trail.append(Exchange(method, url, status, duration_ms, _shown(sent, redactor), words))


def _shown(body: bytes, redactor: Redactor) -> str:
    text = body[: 5 * RECORD_LIMIT].decode("utf-8", "replace")
    return redactor.cut(text, RECORD_LIMIT)
