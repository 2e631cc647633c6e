"""`/api/v1/quarantine`: refused deliveries that are kept sealed, verified again or let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import ConfigDict, Field

from bridge.access.role import Role
from bridge.access.vault import Vault
from bridge.clock import Clock, iso
from bridge.errors import FieldProblem, FieldsRefused, VaultClosed
from bridge.quarantine import PASSED, Examiner, Outcome, Verified
from bridge.sources.source import Source
from bridge.store.audit import add_change
from bridge.store.quarantine import Kept, Why, list_kept, list_lost, release
from bridge.store.transaction import Database, Transaction
from bridge.web.api.operation import ApiModel, Asked, Nothing, Operation

TAG = "Quarantine"
MOST_SHOWN = 200
MOST_VERIFIED = 200
"""Deliveries one request verifies; more take several."""

Id = Annotated[str, Field(max_length=100)]


class QuarantineQuery(ApiModel):
    """Which deliveries; an empty field does not narrow."""

    source: Annotated[str, Field(max_length=300)] = ""


class KeptDelivery(ApiModel):
    """A delivery whose proof was refused."""

    id: str
    source: str
    received_at: str
    reason: str
    """Why it was refused, in one word."""
    message: str
    remote: str
    """The address it came from."""
    size: int
    """Bytes of what is sealed."""


class LostDeliveries(ApiModel):
    """How many deliveries of a source were not kept, for one reason."""

    source: str
    why: Why
    times: int
    last_at: str


class QuarantineList(ApiModel):
    """What is in quarantine, oldest first, and what could not be kept."""

    deliveries: tuple[KeptDelivery, ...]
    more: bool
    """true: there are more; they show when these are dealt with."""
    lost: tuple[LostDeliveries, ...]


class VerifyAgain(ApiModel):
    """Which deliveries: named ones, or the oldest of a source."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    ids: Annotated[tuple[Id, ...], Field(max_length=MOST_VERIFIED)] = ()
    source: Annotated[str, Field(max_length=300)] = ""


class VerifiedAgain(ApiModel):
    """How one delivery fared. What was accepted or known has left the quarantine."""

    id: str
    outcome: Outcome
    reason: str
    events: tuple[str, ...]


class VerifiedList(ApiModel):
    """How each delivery fared, and how many passed."""

    verified: tuple[VerifiedAgain, ...]
    passed: int


class LetGo(ApiModel):
    """Which deliveries are deleted for good, and why."""

    ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=1000)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class LetGoCount(ApiModel):
    """How many were deleted; those that were gone already do not count."""

    discarded: int


class QuarantineApi:
    """source_of: a source of the running configuration, by tenant and name; raises NotFound."""

    def __init__(
        self,
        database: Database,
        vault: Vault | None,
        source_of: Callable[[str, str], Source],
        clock: Clock,
    ) -> None:
        self._database = database
        self._vault = vault
        self._source_of = source_of
        self._clock = clock

    def operations(self) -> tuple[Operation, ...]:
        base = "/api/v1/quarantine"
        return (
            Operation(
                "GET", base, "list_quarantine", "List refused deliveries that are kept.", TAG,
                Role.VIEWER, self.list_, QuarantineList, query=QuarantineQuery,
            ),
            Operation(
                "POST", f"{base}/verify", "verify_quarantine",
                "Verify deliveries again, each as of the time it came.", TAG, Role.OPERATOR,
                self.verify, VerifiedList, body=VerifyAgain,
                examples={"after a secret was mended": {"source": "jira"}},
            ),
            Operation(
                "POST", f"{base}/discard", "discard_quarantine", "Delete deliveries for good.",
                TAG, Role.OPERATOR, self.discard, LetGoCount, body=LetGo,
                examples={"noise": {"ids": ["qua_0"], "reason": "a scanner of ports"}},
            ),
        )  # fmt: skip

    async def list_(self, asked: Asked[None, QuarantineQuery]) -> QuarantineList:
        tenant, source = asked.who.tenant, asked.query.source
        kept = await self._database.read(lambda tx: list_kept(tx, tenant, source, MOST_SHOWN + 1))
        lost = await self._database.read(lambda tx: list_lost(tx, tenant, source))
        return QuarantineList(
            deliveries=tuple(shown(one) for one in kept[:MOST_SHOWN]),
            more=len(kept) > MOST_SHOWN,
            lost=tuple(
                LostDeliveries(
                    source=one.source, why=one.why, times=one.times, last_at=iso(one.last_at)
                )
                for one in lost
            ),
        )

    async def verify(self, asked: Asked[VerifyAgain, Nothing]) -> VerifiedList:
        body, tenant = asked.body, asked.who.tenant
        if bool(body.ids) == bool(body.source):
            words = "name deliveries by `ids`, or give a `source`; one of the two"
            raise FieldsRefused([FieldProblem(("body",), words, "missing")])
        if self._vault is None:
            raise VaultClosed("nothing can be opened without encryption.keys")
        examiner = Examiner(self._database, self._vault, self._source_of, self._clock)
        ids: Sequence[str] = body.ids or [
            one.id
            for one in await self._database.read(
                lambda tx: list_kept(tx, tenant, body.source, MOST_VERIFIED)
            )
        ]
        done = [await examiner.verify(one, tenant) for one in dict.fromkeys(ids)]
        passed = sum(one.outcome in PASSED for one in done)
        if passed:
            change = asked.who.change(
                self._clock(), "quarantine.verify", body.source or "chosen", asked.request_id,
                passed=passed,
            )  # fmt: skip
            await self._database.write(lambda tx: add_change(tx, change))
        return VerifiedList(verified=tuple(told(one) for one in done), passed=passed)

    async def discard(self, asked: Asked[LetGo, Nothing]) -> LetGoCount:
        body, tenant, now = asked.body, asked.who.tenant, self._clock()

        async def work(tx: Transaction) -> int:
            count = sum([await release(tx, one, tenant) for one in dict.fromkeys(body.ids)])
            change = asked.who.change(
                now, "quarantine.discard", f"{count} deliveries", asked.request_id,
                reason=body.reason, count=count,
            )  # fmt: skip
            await add_change(tx, change)
            return count

        return LetGoCount(discarded=await self._database.write(work))


def shown(kept: Kept) -> KeptDelivery:
    return KeptDelivery(
        id=kept.id, source=kept.source, received_at=iso(kept.received_at), reason=kept.reason,
        message=kept.message, remote=kept.remote, size=kept.size,
    )  # fmt: skip


def told(one: Verified) -> VerifiedAgain:
    return VerifiedAgain(id=one.id, outcome=one.outcome, reason=one.reason, events=one.events)
