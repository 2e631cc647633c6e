"""Waiting, with an end: ask again until the answer is good or the time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_EVERY_SECONDS = 0.05


async def ask_until(
    ask: Callable[[], Awaitable[T]], good: Callable[[T], bool], seconds: float
) -> T:
    """The first good answer; the last one when none was good in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        answer = await ask()
        if good(answer) or asyncio.get_running_loop().time() > deadline:
            return answer
        await asyncio.sleep(LOOK_EVERY_SECONDS)
