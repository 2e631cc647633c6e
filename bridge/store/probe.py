"""Whether the store takes writes: tried, not guessed."""

from __future__ import annotations

from bridge.store.transaction import Transaction


async def probe(tx: Transaction) -> None:
    """Writes a row and takes it away again, so that a full or read-only disk shows itself.

    The row is a refusal of no source; nobody else ever sees it.
    """
    await tx.run(
        "INSERT INTO refusals (tenant, source, at, reason, message, status, body_bytes, remote)"
        " VALUES ('', '', 0, 'probe', '', 0, 0, '')"
    )
    await tx.run("DELETE FROM refusals WHERE tenant = '' AND source = '' AND reason = 'probe'")
