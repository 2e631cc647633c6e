"""The table of sessions: who is signed in at the dashboard."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Session:
    """csrf: what a request that changes something has to bring along. Times in milliseconds."""

    digest: str
    key_id: str
    csrf: str
    created_at: int
    expires_at: int


async def insert_session(tx: Transaction, session: Session) -> None:
    """Keeps a session, and forgets those that are over."""
    await tx.run("DELETE FROM sessions WHERE expires_at <= ?", session.created_at)
    await tx.run(
        "INSERT INTO sessions (digest, key_id, csrf, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?)",
        session.digest,
        session.key_id,
        session.csrf,
        session.created_at,
        session.expires_at,
    )


async def find_session(tx: Transaction, digest: str, now: int) -> Session | None:
    """The session with this digest, unless it is over."""
    row = await tx.row(
        "SELECT digest, key_id, csrf, created_at, expires_at FROM sessions"
        " WHERE digest = ? AND expires_at > ?",
        digest,
        now,
    )
    return Session(*row) if row else None


async def delete_session(tx: Transaction, digest: str) -> None:
    await tx.run("DELETE FROM sessions WHERE digest = ?", digest)
