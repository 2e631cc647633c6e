"""The mark that a made thing carries, so that it can be found again."""

from __future__ import annotations

import hashlib


def mark(tenant: str, rule: str, once: str | None, event_id: str, element: int, step: int) -> str:
    """What the thing that an action makes carries, so that it can be found again.

    With `once_per` it follows from the value alone, not from the event: a run that takes over
    from a dead one must find what that one made. Without, it follows from the event and the
    element: a second event is meant to make a second thing. 24 hex digits: 96 bits of SHA-256.
    """
    what = ["once", tenant, rule, once] if once is not None else ["run", event_id, rule, element]
    text = "\x1f".join(str(part) for part in [*what, step])
    return hashlib.sha256(text.encode()).hexdigest()[:24]
