"""Quarantine: deliveries whose proof was refused, kept sealed until a person has a look.

A wrong secret on either side must not cost events: once it is mended, what came in between is
verified again, as of the time it came, and goes the ordinary way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from bridge.access.vault import Vault
from bridge.clock import Clock, new_id
from bridge.errors import (
    AddressRefused,
    BridgeError,
    NotFound,
    ProofRefused,
    Refused,
    VaultClosed,
)
from bridge.event import Delivery, NewEvent
from bridge.receive import examine
from bridge.sources.source import Answer, Source
from bridge.store.intake import Accepted, store_deliveries
from bridge.store.quarantine import Kept, get_kept, release
from bridge.store.refusals import Refusal
from bridge.store.transaction import Database, Transaction

MOST_BODY_BYTES = 262_144
"""Longer bodies are not kept: those of the known senders stay below it but for rare ones, and
what is kept here was sent by nobody knows whom."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Where refused deliveries are kept, and how many.

    per_source: deliveries of each source, at least 1. total_bytes: of all sources together.
    """

    vault: Vault
    per_source: int
    total_bytes: int

    def seal(self, refusal: Refusal, delivery: Delivery) -> Kept:
        """A refused delivery as it may be stored, under an id of its own."""
        kept_id = new_id("qua", delivery.received_at)
        sealed = self.vault.seal(record_name(kept_id), pack(delivery))
        return Kept(
            id=kept_id,
            tenant=refusal.tenant,
            source=refusal.source,
            received_at=delivery.received_at,
            reason=refusal.reason,
            message=refusal.message,
            remote=refusal.remote,
            size=len(sealed),
            sealed=sealed,
        )


def is_kept(error: Refused) -> bool:
    """Whether a person may turn this refusal around by mending a secret.

    An address that is not allowed is no such thing, and neither is a bad form of a genuine body.
    """
    return isinstance(error, ProofRefused) and not isinstance(error, AddressRefused)


def record_name(kept_id: str) -> str:
    """What the sealed value is bound to, so that it opens in no other row."""
    return f"quarantine:{kept_id}"


def size_of(delivery: Delivery) -> int:
    """Bytes a delivery takes while it waits to be sealed, roughly."""
    return len(delivery.body) + sum(len(name) + len(value) for name, value in delivery.headers)


def pack(delivery: Delivery) -> bytes:
    """The whole delivery as bytes: one line of JSON, then the body as it came."""
    head = {
        "method": delivery.method,
        "headers": delivery.headers,
        "query": delivery.query,
        "path_token": delivery.path_token,
        "received_at": delivery.received_at,
    }
    return json.dumps(head).encode("ascii") + b"\n" + delivery.body


def unpack(packed: bytes) -> Delivery:
    """The delivery that `pack` was given."""
    line, _, body = packed.partition(b"\n")
    head = json.loads(line)
    return Delivery(
        method=head["method"],
        headers=tuple((name, value) for name, value in head["headers"]),
        body=body,
        query=tuple((name, value) for name, value in head["query"]),
        path_token=head["path_token"],
        received_at=head["received_at"],
    )


class Outcome(StrEnum):
    """What verifying a kept delivery again came to. Whatever passed has left the quarantine."""

    ACCEPTED = "accepted"
    """Its events are stored and wait for the rules."""
    DUPLICATE = "duplicate"
    """Its sender had sent it again meanwhile; the events were there."""
    ANSWERED = "answered"
    """It proved itself, and was only a handshake or a ping."""
    REFUSED = "refused"
    """It still does not prove itself, or its form is wrong; it stays."""
    CLOSED = "closed"
    """No key here opens it; it stays."""
    ABSENT = "absent"
    """There is no such delivery."""


PASSED = frozenset({Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.ANSWERED})


@dataclass(frozen=True, slots=True)
class Verified:
    """How one kept delivery fared.

    reason: why it stays; else empty. events: ids of its events, in their order.
    """

    id: str
    outcome: Outcome
    tenant: str = ""
    source: str = ""
    reason: str = ""
    events: tuple[str, ...] = ()


class Examiner:
    """Verifies kept deliveries again, with the secrets of the present configuration.

    source_of: finds a source by tenant and name; raises NotFound or Invalid.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        source_of: Callable[[str, str], Source],
        clock: Clock,
    ) -> None:
        self._database = database
        self._vault = vault
        self._source_of = source_of
        self._clock = clock

    async def verify(self, kept_id: str, tenant: str = "") -> Verified:
        """Verifies one as of the time it came; what passes is stored and leaves the quarantine
        in one transaction. Raises StoreError; anything else is told in the outcome.

        tenant: another's delivery is not there; empty asks for any.
        """
        try:
            kept = await self._database.read(lambda tx: get_kept(tx, kept_id, tenant))
        except NotFound as error:
            return Verified(kept_id, Outcome.ABSENT, reason=str(error))
        verified = Verified(kept_id, Outcome.REFUSED, kept.tenant, kept.source)
        try:
            delivery = unpack(self._vault.open(record_name(kept.id), kept.sealed))
            source = self._source_of(kept.tenant, kept.source)
            found = examine(delivery, source, delivery.received_at)
        except VaultClosed as error:
            return replace(verified, outcome=Outcome.CLOSED, reason=str(error))
        except BridgeError as error:
            return replace(verified, reason=str(error))
        if isinstance(found, Answer):
            await self._database.write(lambda tx: release(tx, kept_id))
            return replace(verified, outcome=Outcome.ANSWERED)
        accepted = await self._database.write(lambda tx: self._store(tx, kept_id, found))
        all_known = all(one.duplicate for one in accepted)
        outcome = Outcome.DUPLICATE if all_known else Outcome.ACCEPTED
        return replace(verified, outcome=outcome, events=tuple(one.id for one in accepted))

    async def _store(
        self, tx: Transaction, kept_id: str, events: tuple[NewEvent, ...]
    ) -> tuple[Accepted, ...]:
        written = await store_deliveries(tx, [events], self._clock())
        await release(tx, kept_id)
        return written.answers[0]
