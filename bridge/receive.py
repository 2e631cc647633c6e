"""The first half of the route, inside the sender's request: verify, parse, store.

Knows no HTTP. What stops a delivery here is a `Refused`, whose words its sender may read, or a
`StoreError`, which is our own trouble and never the sender's fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bridge.event import Delivery, NewEvent
from bridge.sources.source import Answer, Source
from bridge.store.intake import Intake, Outcome


class Noting(Protocol):
    """Counts which secret of a source proved a delivery."""

    def note(self, source: Source, fingerprint: str, now: int) -> None: ...


def receive(
    delivery: Delivery,
    source: Source,
    intake: Intake,
    now: int,
    settled: Callable[[Outcome], None],
    secrets: Noting | None = None,
) -> Answer | None:
    """Checks a delivery and puts its events in line for the store.

    settled: told after the commit, when the events are durable, or that they could not be stored.
    Gives the answer to a delivery that only asks: nothing is stored then, and nobody told.

    No coroutine: a task for each delivery, to wait in, would cost as much as checking it does.

    Raises ProofRefused, UnsupportedMediaType, Malformed, StoreFull; then nobody is told either.
    """
    found = examine(delivery, source, now, secrets)
    if isinstance(found, Answer):
        return found
    intake.put(found, settled)
    return None


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
