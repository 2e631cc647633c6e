"""What was asked of the stand-ins lately, for tests and for people looking for doubles."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from bridge.clock import iso
from bridge.event import JSON

KEPT = 1000
"""Requests remembered; arbitrary, enough for a test and small enough to forget about."""
BODY_LIMIT = 65_536
"""Bytes of a body remembered, so that attachments do not fill the memory."""
SECRET = (b"authorization", b"cookie", b"proxy-authorization")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. fault: the one that met it, empty without; status 0: no answer was given."""

    number: int
    at: int
    site: str
    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    status: int
    fault: str


class Journal:
    """Counts all requests and remembers the last of them."""

    def __init__(self) -> None:
        self.count = 0
        self.by_method: Counter[str] = Counter()
        self.entries: deque[Entry] = deque(maxlen=KEPT)

    def clear(self) -> None:
        self.count = 0
        self.by_method.clear()
        self.entries.clear()

    def show(self, last: int) -> JSON:
        entries = list(self.entries)[-last:] if last > 0 else []
        counts: dict[str, JSON] = dict(self.by_method)
        return {
            "count": self.count,
            "by_method": counts,
            "requests": [_show(entry) for entry in entries],
        }


def _show(entry: Entry) -> JSON:
    headers: dict[str, JSON] = {
        name.decode("latin-1"): "(kept back)" if name in SECRET else value.decode("latin-1")
        for name, value in entry.headers
    }
    return {
        "number": entry.number,
        "at": iso(entry.at),
        "site": entry.site,
        "method": entry.method,
        "path": entry.path,
        "query": entry.query.decode("latin-1"),
        "headers": headers,
        "body": entry.body.decode("utf-8", "replace"),
        "status": entry.status,
        "fault": entry.fault,
    }
