"""A circuit breaker for each integration: a system that is down is left alone for a while.

Without it every waiting action would try the dead system in turn and use up its own tries.
While it is open, actions wait without trying; then one goes first, and what it meets decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    """What the breaker lets through."""

    CLOSED = "closed"
    """Everything."""
    OPEN = "open"
    """Nothing, until its time is over."""
    HALF_OPEN = "half-open"
    """One action, the probe."""


FAILURES = 5
"""Failures in a row that open it. Fewer would open it for a single lost connection with several
actions in flight; more would only use up tries."""

FIRST_OPEN_MS = 5_000
LONGEST_OPEN_MS = 300_000
"""The first and the longest time it stays open; doubled each time a probe fails."""

PROBE_MS = 120_000
"""A probe that has not ended by then counts as lost, and another may go."""


@dataclass(slots=True)
class Breaker:
    """Times are milliseconds UTC, handed in."""

    failures: int = 0
    open_until: int = 0
    open_ms: int = 0
    probe_since: int = 0

    def state(self, now: int) -> BreakerState:
        if not self.open_ms:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.open_until else BreakerState.HALF_OPEN

    def wait_ms(self, now: int) -> int:
        """How long an action has to wait before it may try; 0 makes it the probe, or is free."""
        state = self.state(now)
        if state is BreakerState.CLOSED:
            return 0
        if state is BreakerState.OPEN:
            return self.open_until - now
        if self.probe_since and now - self.probe_since < PROBE_MS:
            return min(FIRST_OPEN_MS, self.open_ms)
        self.probe_since = now
        return 0

    def succeeded(self) -> bool:
        """The system answered; true when that closed the breaker."""
        was_open = bool(self.open_ms)
        self.failures = self.open_until = self.open_ms = self.probe_since = 0
        return was_open

    def failed(self, now: int) -> bool:
        """The system did not answer as a living one; true when that opened the breaker."""
        self.failures += 1
        probing = self.state(now) is BreakerState.HALF_OPEN
        if not probing and (self.open_ms or self.failures < FAILURES):
            return False
        self.open_ms = min(LONGEST_OPEN_MS, self.open_ms * 2) if self.open_ms else FIRST_OPEN_MS
        self.open_until = now + self.open_ms
        self.probe_since = 0
        return True
