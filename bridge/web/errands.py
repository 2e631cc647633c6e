"""What a delivery needs from its sender's own server before it can be judged or answered.

Amazon SNS is the one that needs it: the certificate of a signature, and the call that confirms a
subscription. The addresses are checked where they are read; nothing here decides where to call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeAlias

from bridge.errors import Refused, SenderUnreachable

Then: TypeAlias = Callable[[bytes], None]
Refusing: TypeAlias = Callable[[Refused], None]
Waiter: TypeAlias = tuple[Then, Refusing]

MOST_AT_ONCE = 16
"""Addresses. Arbitrary: a stranger who knows a topic can make us ask AWS, so there is an end."""
MOST_WAITING = 256
"""Deliveries that wait for one address. Arbitrary as well."""


class Remote(Protocol):
    """Fetches from outside."""

    async def fetch(self, url: str) -> bytes:
        """What is at the address. Raises SenderUnreachable."""


class Errands:
    """Runs errands beside the requests that wait for them; each address is asked once at a time.

    remote: None where nothing is to be called; an errand is then refused.
    """

    def __init__(self, remote: Remote | None) -> None:
        self._remote = remote
        self._waiting: dict[str, list[Waiter]] = {}
        self._running: set[asyncio.Task[None]] = set()

    @property
    def possible(self) -> bool:
        return self._remote is not None

    def run(self, url: str, then: Then, refused: Refusing) -> None:
        """Fetches, and goes on with what was fetched, or with why there is nothing."""
        remote = self._remote
        waiting = self._waiting.get(url)
        room = len(self._waiting) < MOST_AT_ONCE if waiting is None else len(waiting) < MOST_WAITING
        if remote is None or not room:
            words = "the sender's server cannot be asked now; send it again later"
            refused(SenderUnreachable(words))
        elif waiting is not None:
            waiting.append((then, refused))
        else:
            self._waiting[url] = [(then, refused)]
            task = asyncio.get_running_loop().create_task(self._fetch(remote, url))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _fetch(self, remote: Remote, url: str) -> None:
        try:
            content = await remote.fetch(url)
        except SenderUnreachable as error:
            for _, refused in self._waiting.pop(url):
                refused(error)
        else:
            for then, _ in self._waiting.pop(url):
                then(content)
