"""Locks on names, for what several nodes read and then write: windows of throttles, values of
`once_per`."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.store.transaction import Transaction

LOCK = 1_953_002_345
"""Tells these locks from other advisory locks in the database; arbitrary."""

SLOTS = 1_024
"""Names share so many locks, because the server has room for some thousands in all."""


async def lock_names(tx: Transaction, names: Iterable[tuple[str, ...]]) -> None:
    """Keeps other nodes from the same names until the transaction ends.

    All at once and in one order, so that no two transactions wait for each other.
    On SQLite there is one writer, who needs no lock.
    """
    texts = sorted({"\x1f".join(name) for name in names})
    if texts and tx.engine == "postgres":
        await tx.rows(
            "SELECT pg_advisory_xact_lock(?, slot) FROM (SELECT DISTINCT"
            f" hashtext(name) & {SLOTS - 1} AS slot FROM unnest(?::text[]) AS names (name)"
            " ORDER BY slot) AS slots",
            LOCK,
            texts,
        )
