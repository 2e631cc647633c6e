"""The table of API keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.clock import iso
from bridge.event import JSON
from bridge.store.transaction import Row, Transaction


@dataclass(frozen=True, slots=True)
class Key:
    """See the columns of the table. Times in milliseconds UTC; None where it never happened."""

    id: str
    tenant: str
    name: str
    role: str
    user_id: int
    username: str
    email: str
    hint: str
    per_minute: int
    created_at: int
    created_by: str
    last_used_at: int | None
    revoked_at: int | None

    def as_json(self) -> dict[str, JSON]:
        """As the API and the command line show it: there is no secret in it."""
        return {
            "id": self.id,
            "tenant": self.tenant,
            "name": self.name,
            "role": self.role,
            "user_id": self.user_id,
            "username": self.username,
            "email": self.email,
            "hint": self.hint,
            "per_minute": self.per_minute,
            "created_at": iso(self.created_at),
            "created_by": self.created_by,
            "last_used_at": iso(self.last_used_at) if self.last_used_at else None,
            "revoked_at": iso(self.revoked_at) if self.revoked_at else None,
        }


COLUMNS = (
    "k.id, k.tenant, k.name, k.role, k.user_id, u.username, u.email, k.hint, k.per_minute,"
    " k.created_at, k.created_by, k.last_used_at, k.revoked_at"
)
FROM = "FROM keys k JOIN users u ON u.id = k.user_id"


def stored(row: Row) -> Key:
    return Key(*row)


async def insert_key(tx: Transaction, key: Key, digest: str) -> None:
    await tx.run(
        "INSERT INTO keys (id, tenant, name, role, user_id, hint, digest, per_minute, created_at,"
        " created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.id, key.tenant, key.name, key.role, key.user_id, key.hint, digest, key.per_minute,
        key.created_at, key.created_by,
    )  # fmt: skip


async def find_key(tx: Transaction, digest: str) -> Key | None:
    """The key with this digest, also one that was revoked."""
    row = await tx.row(f"SELECT {COLUMNS} {FROM} WHERE k.digest = ?", digest)
    return stored(row) if row else None


async def get_key(tx: Transaction, key_id: str) -> Key | None:
    row = await tx.row(f"SELECT {COLUMNS} {FROM} WHERE k.id = ?", key_id)
    return stored(row) if row else None


async def list_keys(tx: Transaction, tenant: str | None = None) -> Sequence[Key]:
    """The keys of a tenant, or of all, oldest first; revoked ones too."""
    if tenant is None:
        rows = await tx.rows(f"SELECT {COLUMNS} {FROM} ORDER BY k.id")
    else:
        rows = await tx.rows(f"SELECT {COLUMNS} {FROM} WHERE k.tenant = ? ORDER BY k.id", tenant)
    return [stored(row) for row in rows]


async def any_key(tx: Transaction) -> bool:
    """Whether any key was ever made and still holds."""
    return await tx.row("SELECT 1 FROM keys WHERE revoked_at IS NULL LIMIT 1") is not None


async def revoke_key(tx: Transaction, key_id: str, now: int) -> bool:
    """Ends a key at once; false when it had ended before, or is none."""
    changed = await tx.run(
        "UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", now, key_id
    )
    return changed == 1


async def note_use(tx: Transaction, key_id: str, now: int) -> None:
    await tx.run(
        "UPDATE keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL"
        " OR last_used_at < ?)",
        now,
        key_id,
        now,
    )
