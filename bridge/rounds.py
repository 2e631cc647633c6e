"""Work that is asked for often and done now and then: what piles up meanwhile is done together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable


class Rounds:
    """Runs `work` soon after it is asked for, with a rest between two rounds.

    work: does all that waits, and lets no failure out that it can tell itself.
    """

    def __init__(self, work: Callable[[], Awaitable[None]], pause_seconds: float) -> None:
        self._work = work
        self._pause_seconds = pause_seconds
        self._asked = False
        self._closing = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Returns at once; needs a running loop."""
        self._asked = True
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Waits for the round under way, and does what was asked for since, once."""
        self._closing.set()
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)
        if self._asked:
            self._asked = False
            await self._work()

    async def _run(self) -> None:
        try:
            while self._asked and not self._closing.is_set():
                self._asked = False
                await self._work()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), self._pause_seconds)
        finally:
            self._running = None
