"""The table of users: who stands behind a key."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class User:
    """id: a small number, as documents that name a `user_id` have it."""

    id: int
    tenant: str
    username: str
    email: str


async def keep_user(tx: Transaction, tenant: str, username: str, email: str, now: int) -> User:
    """The user of this name, made where there is none; an e-mail that is given replaces the old."""
    row = await tx.row(
        "INSERT INTO users (tenant, username, email, created_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (tenant, username) DO UPDATE SET email ="
        " CASE WHEN excluded.email <> '' THEN excluded.email ELSE users.email END"
        " RETURNING id, tenant, username, email",
        tenant,
        username,
        email,
        now,
    )
    assert row is not None
    return User(*row)


async def get_user(tx: Transaction, tenant: str, user_id: int) -> User | None:
    row = await tx.row(
        "SELECT id, tenant, username, email FROM users WHERE tenant = ? AND id = ?",
        tenant,
        user_id,
    )
    return User(*row) if row else None
