"""Acts at an API caller's word, once for each value, with the guarantees that rules have.

The intent is a link, written before anything is sent; a second call for the same value gets what
the first one made. Where a first call's answer was lost, the connector looks for its mark.

Question: does an API call go through events and lanes, as rules do? Options: store an event, let
the worker act and wait for it; call the connector in the request. Choice: the request, because
its caller waits for the answer and is told what went wrong; link, mark, locks, pace and breaker
are the same. Consequence: what fails is not tried again by itself; the caller repeats the call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from bridge.action import Call, Outcome
from bridge.calling import Caller, Integration
from bridge.clock import Clock
from bridge.connectors.contract import Client
from bridge.errors import ConnectorError, GiveUp, Hold, TryAgain
from bridge.marks import mark
from bridge.object_locks import Key, ObjectLocks
from bridge.store import links, object_leases
from bridge.store.findings import NOTHING, RUN_OF_PUSH, Earlier
from bridge.store.links import Link, LinkState
from bridge.store.transaction import Database, Transaction

T = TypeVar("T")

PATIENCE_SECONDS = 5.0
"""How long a caller waits for its turn; it has a person or a script behind it that waits too."""

OTHER_NODE_SECONDS = 0.2
"""How soon it is looked again whether another node has ended."""

OTHER_RUN_SECONDS = 2.0
"""When it is worth asking again what a rule has made."""

LEASE_MS = 60_000
"""How much longer than the longest call a key is kept from other nodes: several calls may follow
each other under it."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a value is made once for.

    rule: stands in the link where a rule's name would, such as `api:push`.
    once: the value. subject, kind, record_id: what the link ties to the ticket, see the table.
    """

    tenant: str
    rule: str
    once: str
    subject: str
    kind: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Made:
    """The ticket of a purpose. new: this call made it; else it was there before."""

    ticket: str
    ticket_id: str
    url: str
    integration: str
    new: bool


Look = Callable[[Transaction], Awaitable[Earlier]]
"""Asks what others did for the same value: before the intent is written, and after it."""


async def nobody_else(tx: Transaction) -> Earlier:
    """Where a value is of this caller alone."""
    del tx
    return NOTHING


@dataclass(slots=True)
class Direct:
    """Carries out connectors' actions for the APIs."""

    database: Database
    clock: Clock
    caller: Caller
    _locks: ObjectLocks = field(default_factory=ObjectLocks)

    async def call(
        self,
        integration: Integration,
        name: str,
        parameters: BaseModel,
        call_mark: str,
        *,
        may_exist: bool = False,
    ) -> Outcome:
        """One action, at its integration's pace and alone on its object.

        call_mark: 12 to 40 characters of [a-z0-9-], the same whenever this is repeated.
        Raises TryAgain, GiveUp; TryAgain also where the system is left alone for a while.
        """
        marked = [(parameters, call_mark)]
        (outcome,) = await self.call_all(integration, name, marked, may_exist=may_exist)
        return outcome

    async def call_all(
        self,
        integration: Integration,
        name: str,
        marked: Sequence[tuple[BaseModel, str]],
        *,
        may_exist: bool = False,
    ) -> list[Outcome]:
        """Several of one action on one object, each with its mark: with one write where that can
        be. Otherwise as `call`."""
        offered = integration.connector.action(name)
        if offered is None:
            raise GiveUp(f"{integration.name} ({integration.connector.name}) has no {name}")
        if not integration.enabled:
            raise GiveUp(f"{integration.name} is switched off")
        now = self.clock()
        calls = [
            Call(name, parameters, call_mark, may_exist, 1, now, now, "", "api")
            for parameters, call_mark in marked
        ]
        return await patiently(lambda: self.caller.carry_out_all(integration, offered, calls))

    async def ask(
        self,
        integration: Integration,
        name: str,
        function: Callable[[Client], Awaitable[T]],
        written: str | None = None,
    ) -> T:
        """What no action of rules does, such as reading a ticket; otherwise as `call`.

        written: the object that is written to; None for what only reads.
        """
        if not integration.enabled:
            raise GiveUp(f"{integration.name} is switched off")
        return await patiently(lambda: self.caller.ask(integration, name, function, written))

    async def create_once(
        self,
        purpose: Purpose,
        integration: Integration,
        parameters: BaseModel,
        look: Look = nobody_else,
    ) -> Made:
        """The one ticket of a purpose: made now, or the one that was made before.

        look: what others who make tickets for the same value have done. They look in turn, after
            they wrote down what they are about to do, at what is written here: of two at once at
            least one sees the other, and waits.
        Raises TryAgain, GiveUp; a later call with the same purpose then finds what was made.
        """
        async with self.alone((purpose.tenant, purpose.rule, purpose.once)):
            held, may_exist = await self._intend(purpose, integration, look)
            if held.ticket:
                return Made(held.ticket, held.ticket_id, held.url, held.integration, new=False)
            call_mark = held.run_id.removeprefix(RUN_OF_PUSH)
            try:
                check_free(await self.database.read(look))
                outcome = await self.call(
                    integration, "create_ticket", parameters, call_mark, may_exist=may_exist
                )
            except ConnectorError:
                now = self.clock()
                await self.database.write(
                    lambda tx: links.set_state(tx, held.run_id, LinkState.FREE, now)
                )
                raise
            key, id_, url = (str(outcome.outputs.get(name, "")) for name in ("key", "id", "url"))
            await self._tie(held.run_id, integration.name, key, id_, url)
        return Made(key, id_, url, integration.name, new=not outcome.found)

    async def _intend(
        self, purpose: Purpose, integration: Integration, look: Look
    ) -> tuple[Link, bool]:
        """The link of a purpose, or another's that has its ticket already; and whether an earlier
        try may have made it. Raises TryAgain while somebody else is making it."""
        now = self.clock()
        own_mark = mark(purpose.tenant, purpose.rule, purpose.once, "", 0, 0)

        async def work(tx: Transaction) -> tuple[Link | None, Earlier]:
            before = await links.find_once(tx, purpose.tenant, purpose.rule, purpose.once)
            if before and before.ticket:
                return before, NOTHING
            earlier = await look(tx)
            if earlier.link or earlier.busy:
                return earlier.link, earlier
            if before:
                await links.set_state(tx, before.run_id, LinkState.INTENT, now)
                return before, Earlier(mark=own_mark)
            wanted = Link(
                purpose.tenant, purpose.rule, purpose.once, purpose.subject, purpose.kind,
                purpose.record_id, RUN_OF_PUSH + (earlier.mark or own_mark), "",
                LinkState.INTENT, integration.name, "", "", "",
            )  # fmt: skip
            return await links.intend(tx, wanted, now), earlier

        held, earlier = await self.database.write(work)
        if held is None or not held.ticket:
            check_free(earlier)
        assert held is not None
        return held, bool(earlier.mark)

    async def _tie(self, run_id: str, integration: str, key: str, id_: str, url: str) -> None:
        now = self.clock()

        async def work(tx: Transaction) -> None:
            await links.set_ticket(tx, run_id, integration, key, id_, url, now)
            await links.set_state(tx, run_id, LinkState.DONE, now)

        await self.database.write(work)

    @asynccontextmanager
    async def alone(self, key: Key) -> AsyncIterator[None]:
        """One at a time for a key, on all nodes; whoever comes later waits. Raises TryAgain when
        that takes too long."""
        async with self._locks.hold(key):
            if self.database.single_process:
                yield
                return
            await self._lease(key)
            try:
                yield
            finally:
                node = self.caller.node
                await self.database.write(lambda tx: object_leases.let_go(tx, key, node))

    async def _lease(self, key: Key) -> None:
        for_ms, node = LEASE_MS + int(self.caller.timeout_seconds * 1000), self.caller.node
        until = time.monotonic() + PATIENCE_SECONDS
        while not await self.database.write(
            lambda tx: object_leases.try_hold(tx, key, node, for_ms)
        ):
            if time.monotonic() > until:
                words = "another node is at the same; ask again"
                raise TryAgain(words, after_seconds=OTHER_NODE_SECONDS)
            await asyncio.sleep(OTHER_NODE_SECONDS)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Waits a while for its turn. Raises TryAgain when that takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await work()
        except Hold as hold:
            if time.monotonic() + hold.seconds > until:
                raise TryAgain(str(hold), after_seconds=hold.seconds) from hold
            await asyncio.sleep(hold.seconds)


def check_free(earlier: Earlier) -> None:
    """Raises TryAgain while somebody else is making the ticket."""
    if earlier.busy:
        words = f"{earlier.busy} is making this ticket; ask again"
        raise TryAgain(words, after_seconds=OTHER_RUN_SECONDS)
