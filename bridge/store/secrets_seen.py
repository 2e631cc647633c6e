"""The table that tells which secrets of a source still prove deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from bridge.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Seen:
    """How often a secret proved a delivery, and when it last did (milliseconds UTC)."""

    times: int
    last_at: int

    def __add__(self, other: Seen) -> Seen:
        return Seen(self.times + other.times, max(self.last_at, other.last_at))


Named = tuple[str, str, str]
"""A tenant, a source in it, and the name of one of its secrets."""


async def add_seen(tx: Transaction, seen: Mapping[Named, Seen]) -> None:
    """Adds to the counts; several nodes may do so, in one order, so that none waits in a circle."""
    for (tenant, source, name), more in sorted(seen.items(), key=itemgetter(0)):
        await tx.run(
            "INSERT INTO secrets_seen (tenant, source, name, times, last_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, source, name) DO UPDATE SET"
            " times = secrets_seen.times + excluded.times, last_at = CASE"
            " WHEN excluded.last_at > secrets_seen.last_at THEN excluded.last_at"
            " ELSE secrets_seen.last_at END",
            tenant,
            source,
            name,
            more.times,
            more.last_at,
        )


async def list_seen(tx: Transaction) -> Mapping[Named, Seen]:
    """Every secret that ever proved a delivery here."""
    rows: Sequence[tuple[str, str, str, int, int]] = await tx.rows(
        "SELECT tenant, source, name, times, last_at FROM secrets_seen"
    )
    return {(tenant, source, name): Seen(times, at) for tenant, source, name, times, at in rows}
