"""Reading a request's body: no longer than the limit, no slower than the time allowed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import Receive

from bridge.errors import TooLarge, TooSlow

Headers = list[tuple[bytes, bytes]]

LOOK_SECONDS = 1.0
"""How often bodies under way are looked at; a shorter timeout is looked at more often."""


class BodyReader:
    """Reads bodies for many requests at once.

    One look a second over all that are being read finds those that stall. A timer for each
    request would be simpler, and cost 5 µs where the whole request costs a hundred.
    """

    def __init__(self, limit_bytes: int, timeout_seconds: float) -> None:
        self.limit_bytes = limit_bytes
        self.timeout_seconds = timeout_seconds
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._overdue: set[asyncio.Task[Any]] = set()
        self._look_later: asyncio.TimerHandle | None = None

    def check_announced(self, headers: Headers) -> None:
        """Raises TooLarge when the length that was announced is beyond the limit."""
        for name, value in headers:
            if name == b"content-length" and (
                len(value) > 18 or (value.isdigit() and int(value) > self.limit_bytes)
            ):
                raise self._too_large()

    def check_length(self, body: bytes) -> None:
        """Raises TooLarge for a body beyond the limit, however it was announced."""
        if len(body) > self.limit_bytes:
            raise self._too_large()

    async def read(self, receive: Receive) -> bytes | None:
        """The whole body; None when the sender went away before its end.

        Raises TooLarge as soon as more came than is allowed, TooSlow when the time is over.
        """
        task = asyncio.current_task()
        assert task is not None  # every request runs in a task
        self._reading[task] = time.monotonic()
        if self._look_later is None:
            self._plan_look()
        try:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body: bytes = message.get("body", b"")
            if message.get("more_body", False):
                return await self._rest(body, receive)
            self.check_length(body)
        except asyncio.CancelledError:
            if task not in self._overdue:
                raise
            task.uncancel()
            words = f"the body did not arrive within {self.timeout_seconds:g} s"
            raise TooSlow(words) from None
        else:
            return body
        finally:
            del self._reading[task]
            self._overdue.discard(task)

    async def _rest(self, body: bytes, receive: Receive) -> bytes | None:
        parts, length, more = [body], len(body), True
        while more:
            if length > self.limit_bytes:
                raise self._too_large()
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            more = message.get("more_body", False)
        if length > self.limit_bytes:
            raise self._too_large()
        return b"".join(parts)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body is over the limit of {self.limit_bytes} bytes")

    def _plan_look(self) -> None:
        wait = min(LOOK_SECONDS, self.timeout_seconds / 4)
        self._look_later = asyncio.get_running_loop().call_later(wait, self._look)

    def _look(self) -> None:
        self._look_later = None
        before = time.monotonic() - self.timeout_seconds
        for task, started in self._reading.items():
            if started < before and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        if self._reading:
            self._plan_look()
