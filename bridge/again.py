"""Finds out what became of a call whose answer was lost, while somebody waits for its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bridge.errors import TryAgain

T = TypeVar("T")

TRIES = 4
"""Two answers lost one after the other are no rarity where a proxy restarts. Arbitrary beyond."""

PATIENCE_SECONDS = 8.0
"""How long it waits in all for a search that lags: a person or a script waits too."""


async def until_sure(
    work: Callable[[bool], Awaitable[T]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """What the work gives; repeated where an answer was lost, to find what was done or to do it.

    work: told whether an earlier try may have done it; it looks then before it does it again.
    What failed without doubt is not repeated. Raises what the last try raised, which stays in doubt
    where an earlier one was.
    """
    began, doubt, tries = time.monotonic(), False, 1
    while True:
        try:
            return await work(doubt)
        except TryAgain as error:
            error.may_have_happened = doubt = doubt or error.may_have_happened
            wait = error.after_seconds or 0.0
            late = time.monotonic() + wait > began + PATIENCE_SECONDS
            if not doubt or late or tries == TRIES:
                raise
        tries += 1
        if wait:
            await sleep(wait)
