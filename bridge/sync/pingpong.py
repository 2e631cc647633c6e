"""A breaker for each field of each object: what is written back and forth is left alone.

Sync alone cannot run in a circle. Another bridge, or a rule of Jira Automation, that answers each
of its writes by taking it back makes one together with it. What tells that from people at work is
that the same value is written again and again within a short while.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from bridge.changes import digest
from bridge.clock import Clock, iso
from bridge.store.sync_breakers import FieldKey, PingPong, get_breaker, put_breaker
from bridge.store.transaction import Database, Transaction

MOST_KEPT = 100

log = structlog.get_logger("bridge.sync")


@dataclass(frozen=True, slots=True)
class Limits:
    """most: how often within `window_ms` sync may write a value that it had written before; one
    more opens the breaker, for `quiet_ms` after the last time it was tried."""

    most: int = 5
    window_ms: int = 600_000
    quiet_ms: int = 900_000


def repeats(writes: tuple[tuple[int, str], ...]) -> int:
    """How many of the writes gave a value that an earlier one had given."""
    return len(writes) - len({value for _, value in writes})


def after_write(one: PingPong, value: str, limits: Limits, now: int) -> PingPong:
    """The breaker when a value is about to be written: open means that it must not be."""
    if one.opened_at and now < one.open_until:
        return replace(one, open_until=now + limits.quiet_ms)
    kept = one.writes if not one.opened_at else ()  # it was quiet long enough: a new start
    recent = tuple(entry for entry in kept if entry[0] > now - limits.window_ms)
    writes = (*recent, (now, digest(value.casefold())[:8]))[-MOST_KEPT:]
    if repeats(writes) <= limits.most:
        return PingPong(one.key, writes)
    return PingPong(one.key, writes, now, now + limits.quiet_ms)


@dataclass(slots=True)
class Breakers:
    """Asked before each write of sync."""

    database: Database
    clock: Clock
    limits: Limits

    async def trouble(self, key: FieldKey, value: str) -> str:
        """Why the field must not be written now; empty when it may, and then it is counted."""
        now = self.clock()

        async def work(tx: Transaction) -> tuple[PingPong, PingPong]:
            before = await get_breaker(tx, key)
            after = after_write(before, value, self.limits, now)
            await put_breaker(tx, after, now)
            return before, after

        before, after = await self.database.write(work, short=True)
        if not after.opened_at:
            return ""
        if not before.opened_at:
            log.warning(
                "ping-pong", integration=key.integration, object=key.object, field=key.field,
                writes=len(after.writes), until=iso(after.open_until),
            )  # fmt: skip
        return words_of(after)


def words_of(one: PingPong) -> str:
    key = one.key
    return (
        f"ping-pong: {key.field} of {key.object} in {key.integration} was written back and forth"
        f" {repeats(one.writes)} times; it is left alone until it was quiet, at the earliest"
        f" {iso(one.open_until)}"
    )
