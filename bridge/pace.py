"""Pace: only what another system limits waits, and nothing is asked faster than it takes.

Two kinds of limits. What a system says (429 with a scope) pauses that issue, that kind of call,
or the whole site. What it is known to allow (so many writes to one issue in a time) is kept by
counting our own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

Key = tuple[str, str, str]
"""(tenant, integration, what): what is `site`, `endpoint:comment` or `object:SEC-12`."""

Window = tuple[int, int]
"""(how many, in how many milliseconds)"""

FORGET_ABOVE = 10_000
"""Objects counted at most; beyond it those whose windows are over are forgotten."""


@dataclass(slots=True)
class Pace:
    """The limits of one process. Times are milliseconds UTC, handed in."""

    pauses: dict[Key, int] = field(default_factory=dict)
    _writes: dict[Key, deque[int]] = field(default_factory=dict)

    def pause(self, key: Key, until: int) -> None:
        """The other system asked for this much rest."""
        self.pauses[key] = max(until, self.pauses.get(key, 0))

    def paused_until(self, keys: Sequence[Key], now: int) -> int:
        """When the last of these pauses is over; 0 when none is in force."""
        for key in keys:
            if 0 < self.pauses.get(key, 0) <= now:
                del self.pauses[key]
        return max((self.pauses.get(key, 0) for key in keys), default=0)

    def take(self, key: Key, windows: Sequence[Window], now: int) -> int:
        """Counts a write now and gives 0, or gives when there will be room for it."""
        if not windows:
            return 0
        writes = self._writes.setdefault(key, deque())
        longest = max(span for _, span in windows)
        while writes and writes[0] <= now - longest:
            writes.popleft()
        room_at = now
        for most, span in windows:
            recent = [at for at in writes if at > now - span]
            if len(recent) >= most:
                room_at = max(room_at, recent[-most] + span)
        if room_at > now:
            return room_at
        writes.append(now)
        if len(self._writes) > FORGET_ABOVE:
            self._forget(now - longest)
        return 0

    def _forget(self, before: int) -> None:
        self._writes = {key: one for key, one in self._writes.items() if one and one[-1] > before}


def keys_of(tenant: str, integration: str, action: str, written: str | None) -> dict[str, Key]:
    """What can be limited about one call, by the scope that TryAgain names."""
    keys = {
        "site": (tenant, integration, "site"),
        "endpoint": (tenant, integration, f"endpoint:{action}"),
    }
    if written:
        keys["object"] = (tenant, integration, f"object:{written}")
    return keys
