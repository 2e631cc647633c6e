"""Keeps what is no longer this process's to send from being sent.

A process that stands still for longer than its leases (stopped, a suspended machine, a blocked
loop) goes on as if nothing had been, in the middle of an action that another node has taken over
meanwhile. The lease in the store keeps it from recording anything; this keeps it from asking
another system to change anything.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextvars import ContextVar

SAFE_PART = 0.8
"""Of a lease; the rest is left for a request under way to arrive before anybody else acts."""

_BEGAN: ContextVar[int | None] = ContextVar("began", default=None)


class Fence:
    """Open until leases are renewed for the first time, so for ever where there are none.

    monotonic: seconds; a clock that nobody puts back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self._holds_until = math.inf
        self._lapses = 0

    def renewed(self, asked_at: float, lease_seconds: float) -> None:
        """The leases are renewed; asked_at: by `monotonic`, before the store was asked."""
        if self.monotonic() > self._holds_until:
            self._lapses += 1
        self._holds_until = asked_at + lease_seconds * SAFE_PART

    def begin(self) -> None:
        """The present task begins something, before it looks whether the lane is its own."""
        _BEGAN.set(self._lapses)

    def holds(self) -> bool:
        """Whether leases have held without a gap since the present task began."""
        began = _BEGAN.get()
        return self.monotonic() <= self._holds_until and began in (None, self._lapses)
