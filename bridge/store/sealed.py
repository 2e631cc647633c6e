"""What is sealed in the store, whatever its table: read and replaced in small lots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.store.transaction import Transaction


class SealedTable(StrEnum):
    """The tables with a column `sealed`, each row bound to its `id`."""

    INTEGRATIONS = "integrations"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed value and the row it is in."""

    id: str
    value: bytes = field(repr=False)


async def read_sealed(
    tx: Transaction, table: SealedTable, after_id: str, limit: int
) -> Sequence[Sealed]:
    """The next rows by id."""
    rows = await tx.rows(
        f"SELECT id, sealed FROM {table.value} WHERE id > ? ORDER BY id LIMIT ?", after_id, limit
    )
    return [Sealed(id_, bytes(sealed)) for id_, sealed in rows]


async def replace_sealed(tx: Transaction, table: SealedTable, old: Sealed, new: bytes) -> bool:
    """Puts a value in place of the one that was read; false when that is gone or was replaced."""
    changed = await tx.run(
        f"UPDATE {table.value} SET sealed = ? WHERE id = ? AND sealed = ?", new, old.id, old.value
    )
    return changed == 1
