"""What all stand-ins of one sandbox share: time, the faults switched on, the seeded numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from bridge.clock import Clock
from bridge.sandbox.faults import NONE, Faults


class Conditions:
    """faults: replaced as a whole while the sandbox runs.

    sleep: handed in, so that tests need not wait.
    answer_seconds: how long every answer takes, without any fault.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int,
        faults: Faults = NONE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        answer_seconds: float = 0.0,
    ) -> None:
        self.clock = clock
        self.seed = seed
        self.faults = faults
        self.sleep = sleep
        self.answer_seconds = answer_seconds
        # Not for secrets: the same seed has to give the same run.
        self.random = Random(seed)  # noqa: S311
        self.identifiers = Random(seed + 1)  # noqa: S311

    def reseed(self) -> None:
        """Start the numbers again, as after a restart."""
        self.random.seed(self.seed)
        self.identifiers.seed(self.seed + 1)
