"""The senders: they sign, send the events of a lane one after the other, and do not give up.

A delivery that got no good answer is sent again under the same key, as Jira and GitHub do; some
are sent again although they were answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from tests.chaos.story import Deed
from tests.chaos.world import SECRET

ANSWER_SECONDS = 3.0
AGAIN_SECONDS = 0.1
BUSY = 503
"""What alone may be answered when something is wrong with us, so that senders come again."""
MOST_WRONG = 20
REPEATED = 0.05
"""Deliveries that are sent once more although they were accepted."""


@dataclass(slots=True)
class Sent:
    """What the senders were answered. accepted: the event's id by the delivery's key."""

    accepted: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Sender:
    """targets: the addresses of all nodes; any may be down."""

    def __init__(self, client: httpx.AsyncClient, targets: Sequence[str], seed: int) -> None:
        self._client = client
        self._targets = targets
        self._random = Random(seed)
        self.sent = Sent()

    async def send_lane(
        self, deeds: Sequence[tuple[int, Deed]], may_send: Callable[[int], Awaitable[None]]
    ) -> None:
        """The events of one lane in order; each is accepted before the next is sent."""
        for number, deed in deeds:
            await may_send(number)
            await self.deliver(deed)
            if self._random.random() < REPEATED:
                await self.deliver(deed)

    async def deliver(self, deed: Deed) -> None:
        """Until it is accepted."""
        while not await self._try(deed):  # noqa: ASYNC110 - it asks another process
            await asyncio.sleep(AGAIN_SECONDS)

    async def _try(self, deed: Deed) -> bool:
        body = json.dumps(deed.body()).encode()
        proof = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "idempotency-key": deed.key,
            "x-hub-signature-256": f"sha256={proof}",
        }
        url = f"{self._random.choice(self._targets)}/hooks/chaos"
        answer = None
        with contextlib.suppress(httpx.TransportError):
            answer = await self._client.post(
                url, content=body, headers=headers, timeout=ANSWER_SECONDS
            )
        if answer is None:
            self.sent.answers["none"] += 1
            return False
        if answer.status_code not in (200, 202):
            self.sent.answers[str(answer.status_code)] += 1
            if answer.status_code != BUSY:
                self.sent.wrong.append(f"{deed.key}: {answer.status_code} {answer.text[:200]}")
            if len(self.sent.wrong) > MOST_WRONG:
                raise RuntimeError("\n".join(self.sent.wrong))
            return False
        told = answer.json()
        self.sent.answers[told["status"]] += 1
        known = self.sent.accepted.setdefault(deed.key, told["id"])
        if known != told["id"]:
            self.sent.wrong.append(f"{deed.key}: answered {known}, then {told['id']}")
        return True
