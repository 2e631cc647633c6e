"""Calls a connector's action: at its pace, alone on what it writes to, and within the time allowed.

Calls that wait for the same object and can be carried out together are: the first of them takes
along all that have queued up behind it when its turn comes, and makes one write of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias, TypeVar

import structlog
from pydantic import BaseModel

from bridge.action import Call, Outcome
from bridge.clock import Clock, new_id
from bridge.connectors.contract import Action, Client, Connector
from bridge.connectors.http import NOT_OURS
from bridge.errors import GiveUp, Hold, TryAgain
from bridge.object_locks import Key, ObjectLocks
from bridge.pacing import Asked, Pacing
from bridge.store import object_leases
from bridge.store.outbound import Written
from bridge.store.transaction import Database

OTHER_NODE_SECONDS = 0.2
"""How soon an action looks again whether another node has left its object."""

OBJECT_MARGIN_MS = 5_000
"""How much longer than the longest try a node keeps an object that it has not given back."""

T = TypeVar("T")
AnyCall: TypeAlias = Call[BaseModel]

log = structlog.get_logger("bridge.act")


@dataclass(frozen=True, slots=True)
class Integration:
    """A system, opened: its connector and the client its actions use.

    id: what APIs call it; its name where the configuration has it.
    valid_until: when its access token ends, milliseconds; 0 where that is not known.
    version: counts the changes of one that an API caller made.
    """

    name: str
    tenant: str
    connector: Connector
    client: Client
    enabled: bool = True
    id: str = ""
    title: str = ""
    valid_until: int = 0
    version: int = 0

    @property
    def public_id(self) -> str:
        return self.id or self.name


@dataclass(slots=True)
class Queued:
    """Calls that wait to be carried out with others, and who waits for them."""

    calls: Sequence[AnyCall]
    future: asyncio.Future[list[Outcome]]


Renew = Callable[[Integration], Awaitable[Integration]]
"""Gives the integration with an access token that holds. Raises TryAgain, GiveUp."""


async def as_it_is(integration: Integration) -> Integration:
    """For processes in which no token ends."""
    return integration


Refused = Callable[[Integration], Awaitable[Integration | None]]
"""Gives the integration with another token after its system said no to the one it has; None where
there is no other."""


async def no_other(integration: Integration) -> None:
    """For processes in which no token ends."""
    del integration


UNAUTHORIZED = 401


class Watch(Protocol):
    """Told of every call of an action, before it is sent and after it."""

    async def before(
        self, integration: Integration, calls: Sequence[AnyCall], /
    ) -> Sequence[Written]: ...

    async def failed(self, remembered: Sequence[Written], error: BaseException, /) -> None: ...

    async def done(
        self,
        integration: Integration,
        calls: Sequence[AnyCall],
        remembered: Sequence[Written],
        outcomes: Sequence[Outcome],
        /,
    ) -> None: ...


@dataclass(slots=True)
class Caller:
    """Carries out calls of all integrations.

    timeout_seconds: how long one write, or several in one, may take.
    may_change: whether the leases have held; asked of each call before it joins others, since the
        one that writes for all can answer only for itself.
    renew: asked before each call, so that none goes out with a token that is over.
    refused: asked after a call that went out with one all the same.
    watch: remembers what is written, so that it is recognised when it comes back as an event.
    """

    database: Database
    clock: Clock
    timeout_seconds: float = 60.0
    may_change: Callable[[], bool] = lambda: True
    renew: Renew = as_it_is
    refused: Refused = no_other
    watch: Watch | None = None
    pacing: Pacing = field(init=False)
    locks: ObjectLocks = field(default_factory=ObjectLocks)
    node: str = field(init=False)
    _queues: dict[tuple[Key, str], list[Queued]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pacing = Pacing(self.database, self.clock)
        self.node = new_id("nod", self.clock())

    async def carry_out(self, integration: Integration, offered: Action, call: AnyCall) -> Outcome:
        """The outcome, or TryAgain, GiveUp, or Hold when it could not even be tried."""
        (outcome,) = await self.carry_out_all(integration, offered, [call])
        return outcome

    async def carry_out_all(
        self, integration: Integration, offered: Action, calls: Sequence[AnyCall]
    ) -> list[Outcome]:
        """Calls of one action on one object, in their order: with one write where that can be.

        All of them fail together, or those before the one that failed are done and are found when
        they are repeated.
        """
        if not self.may_change():
            raise TryAgain(NOT_OURS)
        integration = await self.renew(integration)
        if self.watch is None:
            return await self._send(integration, offered, calls)
        remembered = await self.watch.before(integration, calls)
        try:
            outcomes = await self._send(integration, offered, calls)
        except BaseException as error:
            await self.watch.failed(remembered, error)
            raise
        await self.watch.done(integration, calls, remembered, outcomes)
        return outcomes

    async def _send(
        self, integration: Integration, offered: Action, calls: Sequence[AnyCall]
    ) -> list[Outcome]:
        written = offered.object_of(calls[0].parameters)
        asked = Asked(integration.tenant, integration.name, calls[0].name, written)
        if written is None or offered.run_many is None:
            return [(await self._write(integration, offered, asked, [call]))[0] for call in calls]
        return await self._join(integration, offered, asked, calls)

    async def ask(
        self,
        integration: Integration,
        name: str,
        function: Callable[[Client], Awaitable[T]],
        written: str | None = None,
    ) -> T:
        """What no action of rules does, with the same pace, locks and errors.

        name: what it is, for pauses that a system asks for. written: the object that is written
        to; None for what only reads.
        """
        if written is not None and not self.may_change():
            raise TryAgain(NOT_OURS)
        integration = await self.renew(integration)
        asked = Asked(integration.tenant, integration.name, name, written)
        async with self._alone(asked):
            await self.pacing.check(asked, integration.connector.object_windows)
            async with self.pacing.learning(asked):
                return await self._signed_in(integration, name, lambda one, _: function(one.client))

    async def _join(
        self, integration: Integration, offered: Action, asked: Asked, calls: Sequence[AnyCall]
    ) -> list[Outcome]:
        """Queues up; whoever is first writes for all that are there when its turn comes."""
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        queue = self._queues.setdefault((key_of(asked), asked.action), [])
        queue.append(Queued(calls, future))
        if len(queue) == 1:
            await self._lead(integration, offered, asked)
        return await future

    async def _lead(self, integration: Integration, offered: Action, asked: Asked) -> None:
        """Writes for all that queued up, and tells each how it went."""
        batch: list[Queued] = []
        try:
            async with self._alone(asked):
                batch = self._queues.pop((key_of(asked), asked.action))
                calls = [call for one in batch for call in one.calls]
                outcomes = await self._paced(integration, offered, asked, calls)
            for one in batch:
                own, outcomes = outcomes[: len(one.calls)], outcomes[len(one.calls) :]
                if not one.future.done():
                    one.future.set_result(own)
        except BaseException as error:
            batch = batch or self._queues.pop((key_of(asked), asked.action), [])
            told = error
            if not isinstance(error, Exception):  # cancelled: the others did not ask for that
                told = TryAgain("the write was broken off", may_have_happened=True)
            for one in batch:
                if not one.future.done():
                    one.future.set_exception(told)
                    one.future.exception()  # whoever was cancelled too will not look at it
            if not isinstance(error, Exception):
                raise

    async def _write(
        self,
        integration: Integration,
        offered: Action,
        asked: Asked,
        calls: Sequence[AnyCall],
    ) -> list[Outcome]:
        async with self._alone(asked):
            return await self._paced(integration, offered, asked, calls)

    async def _paced(
        self,
        integration: Integration,
        offered: Action,
        asked: Asked,
        calls: Sequence[AnyCall],
    ) -> list[Outcome]:
        await self.pacing.check(asked, integration.connector.object_windows)
        async with self.pacing.learning(asked):
            return await self._signed_in(
                integration,
                calls[0].name,
                lambda one, again: run_all(one.client, offered, doubted(calls) if again else calls),
            )

    async def _signed_in(
        self,
        integration: Integration,
        name: str,
        work: Callable[[Integration, bool], Awaitable[T]],
    ) -> T:
        """The work in time; once more where its token was refused and there is another.

        work: told whether it is the second time.
        """
        try:
            return await self._in_time(name, lambda: work(integration, False))
        except GiveUp as error:
            if error.status != UNAUTHORIZED:
                raise
            other = await self.refused(integration)
            if other is None:
                raise
        return await self._in_time(name, lambda: work(other, True))

    @asynccontextmanager
    async def alone(self, tenant: str, what: str) -> AsyncIterator[None]:
        """Keeps everybody else, on all nodes, from something that takes several calls together.

        Raises Hold while another node is at it.
        """
        async with self._alone(Asked(tenant, "", "", what)):
            yield

    @asynccontextmanager
    async def _alone(self, asked: Asked) -> AsyncIterator[None]:
        """Keeps other writes from an object; those of other nodes too where there are several."""
        key = key_of(asked) if asked.written else None
        async with self.locks.hold(key):
            if key is None or self.database.single_process:
                yield
                return
            for_ms = int(self.timeout_seconds * 1000) + OBJECT_MARGIN_MS
            held = await self.database.write(
                lambda tx: object_leases.try_hold(tx, key, self.node, for_ms)
            )
            if not held:
                raise Hold(f"another node writes to {key[2]}", OTHER_NODE_SECONDS)
            try:
                yield
            finally:
                await self.database.write(lambda tx: object_leases.let_go(tx, key, self.node))

    async def _in_time(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await work()
        except TimeoutError as error:
            words = f"no end after {self.timeout_seconds:g} s"
            raise TryAgain(words, may_have_happened=True) from error
        except (TryAgain, GiveUp):
            raise
        except Exception as error:  # a mistake of ours: kept, shown, and tried again by policy
            log.exception("action failed unexpectedly", action=name)
            words = f"unexpected {type(error).__name__}, see the log"
            raise TryAgain(words, may_have_happened=True) from error


def doubted(calls: Sequence[AnyCall]) -> list[AnyCall]:
    """The same, for a try after one that may have done some of it."""
    return [replace(call, may_exist=True) for call in calls]


async def run_all(client: Client, offered: Action, calls: Sequence[AnyCall]) -> list[Outcome]:
    """Several calls in one write, or one by itself."""
    if len(calls) > 1 and offered.run_many is not None:
        return await offered.run_many(client, calls)
    return [await offered.run(client, calls[0])]


def key_of(asked: Asked) -> Key:
    """What a call writes to, as a lock's key."""
    return (asked.tenant, asked.integration, asked.written or "")
