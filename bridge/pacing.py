"""Keeps an action from a system that is down, rests, or had enough of one object."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bridge.action import Throttle
from bridge.breaker import Breaker, BreakerState
from bridge.clock import Clock
from bridge.errors import ConnectorError, GiveUp, Hold, TryAgain
from bridge.pace import Key, Pace, Window, keys_of
from bridge.store.shared_locks import lock_names
from bridge.store.throttles import take_slot, window_name
from bridge.store.transaction import Database, Transaction

log = structlog.get_logger("bridge.pacing")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an action is about to ask of a system. written: the object it writes to, if any."""

    tenant: str
    integration: str
    action: str
    written: str | None

    @property
    def keys(self) -> dict[str, Key]:
        return keys_of(self.tenant, self.integration, self.action, self.written)


class Pacing:
    """Pauses, write counts and circuit breakers of all integrations.

    Counts of writes are shared between nodes; pauses and breakers each node learns by itself,
    which costs each at most one refused request.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._pace = Pace()
        self._breakers: dict[tuple[str, str], Breaker] = {}

    def states(self) -> dict[tuple[str, str], BreakerState]:
        """The breakers that are not closed, by tenant and integration."""
        now = self._clock()
        found = {key: breaker.state(now) for key, breaker in self._breakers.items()}
        return {key: state for key, state in found.items() if state is not BreakerState.CLOSED}

    async def check(self, asked: Asked, windows: Sequence[Window]) -> None:
        """Counts the write that is about to be made. Raises Hold when it has to wait."""
        now = self._clock()
        if until := self._pace.paused_until(list(asked.keys.values()), now):
            raise Hold(f"{asked.integration} asked for a pause", (until - now) / 1000)
        if asked.written and (until := await self._room(asked, windows, now)):
            raise Hold(f"{asked.written} had its writes for now", (until - now) / 1000)
        if wait_ms := self._breaker(asked).wait_ms(now):
            raise Hold(f"the circuit breaker of {asked.integration} is open", wait_ms / 1000)

    @asynccontextmanager
    async def learning(self, asked: Asked) -> AsyncIterator[None]:
        """Learns from how the call inside it ends."""
        try:
            yield
        except TryAgain as error:
            self._learn(asked, error)
            raise
        except GiveUp as error:
            if error.status:
                self._answered(asked)
            raise
        self._answered(asked)

    def _learn(self, asked: Asked, error: TryAgain) -> None:
        now = self._clock()
        key = asked.keys.get(error.scope)
        if error.after_seconds and key:
            self._pace.pause(key, now + int(error.after_seconds * 1000))
        if is_alive(error):
            self._answered(asked)
        elif self._breaker(asked).failed(now):
            seconds = self._breaker(asked).open_ms / 1000
            log.warning(
                "breaker opened",
                integration=asked.integration,
                seconds=seconds,
                reason=error.reason,
            )

    def _answered(self, asked: Asked) -> None:
        if self._breaker(asked).succeeded():
            log.info("breaker closed", integration=asked.integration)

    def _breaker(self, asked: Asked) -> Breaker:
        return self._breakers.setdefault((asked.tenant, asked.integration), Breaker())

    async def _room(self, asked: Asked, windows: Sequence[Window], now: int) -> int:
        """Counts a write to an object; gives when there is room for it, or 0 for at once."""
        key = asked.keys["object"]
        if self._database.single_process:
            return self._pace.take(key, windows, now)
        limits = [Throttle(most, span, f"{key[2]}:{span}", "drop") for most, span in windows]

        async def work(tx: Transaction) -> int:
            rule = f"pace:{asked.integration}"
            await lock_names(tx, [window_name(asked.tenant, rule, limit.by) for limit in limits])
            slots = [await take_slot(tx, asked.tenant, rule, limit, "", now) for limit in limits]
            return max((slot.starts_at for slot in slots), default=now)

        at = await self._database.write(work) if limits else now
        return at if at > now else 0


def is_alive(error: ConnectorError) -> bool:
    """Whether the system answered as one that is up, though it said no."""
    return 400 <= error.status < 500
