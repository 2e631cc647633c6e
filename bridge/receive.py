"""The first half of the route, inside the sender's request: verify, parse, store.

Knows no HTTP. What stops a delivery here is a `Refused`, whose words its sender may read, or a
`StoreError`, which is our own trouble and never the sender's fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bridge.clock import Clock
from bridge.event import Delivery, NewEvent
from bridge.sources.source import Answer, Source
from bridge.store.intake import Intake


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a delivery that proved itself.

    ids: of its events, in their order; empty when it was only answered.
    duplicate: every event of it was in the store before.
    answer: what a handshake or a ping is answered with; nothing was stored then.
    """

    ids: tuple[str, ...]
    duplicate: bool = False
    answer: Answer | None = None


class Noting(Protocol):
    """Counts which secret of a source proved a delivery."""

    def note(self, source: Source, fingerprint: str, now: int) -> None: ...


async def receive(
    delivery: Delivery,
    source: Source,
    intake: Intake,
    clock: Clock,
    secrets: Noting | None = None,
) -> Received:
    """Checks a delivery and stores its events; they are durable when this returns.

    Raises ProofRefused, UnsupportedMediaType, Malformed, StoreFull, StoreUnavailable; then
    nothing of it is stored.
    """
    found = examine(delivery, source, clock(), secrets)
    if isinstance(found, Answer):
        return Received((), answer=found)
    accepted = await intake.accept(found)
    if len(accepted) == 1:
        return Received((accepted[0].id,), accepted[0].duplicate)
    return Received(tuple(one.id for one in accepted), all(one.duplicate for one in accepted))


def examine(
    delivery: Delivery, source: Source, now: int, secrets: Noting | None = None
) -> tuple[NewEvent, ...] | Answer:
    """The events in a genuine delivery, or what it is answered with when it only asks.

    Apart from `receive` so that the parsed body is gone before the wait for the commit: with a
    few dozen of them waiting, taking them down afterwards cost a fifth of the rate.

    Raises ProofRefused, UnsupportedMediaType, Malformed.
    """
    fingerprint = source.verify(delivery, now)
    if secrets is not None and fingerprint:
        secrets.note(source, fingerprint, now)
    body = source.parse(delivery)
    return source.answer_handshake(delivery, body) or source.read(delivery, body)
