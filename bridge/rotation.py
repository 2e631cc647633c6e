"""Seals anew what is sealed with an older key, while the bridge runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.access.vault import Vault
from bridge.errors import VaultClosed
from bridge.made import record_name as integration_name
from bridge.quarantine import record_name as quarantine_name
from bridge.store.sealed import Sealed, SealedTable, read_sealed, replace_sealed
from bridge.store.transaction import Database, Transaction

LOT = 50
"""Rows in one transaction: short, because senders wait for their own."""

NAMES: Mapping[SealedTable, Callable[[str], str]] = {
    SealedTable.INTEGRATIONS: integration_name,
    SealedTable.QUARANTINE: quarantine_name,
}
"""What a row's value is bound to."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation came to.

    resealed, untouched: rows. closed: why each row that no key opens was left as it is.
    """

    resealed: int
    untouched: int
    closed: tuple[str, ...]


async def rotate(
    database: Database, vault: Vault, done: Callable[[int], None] = lambda _: None
) -> Rotated:
    """Seals every value with the newest key. What no key opens stays, and stops nothing else.

    done: told how many rows were looked at, for a progress display.
    Repeating it is harmless, and finds what was sealed meanwhile.
    """
    resealed, untouched, closed, seen = 0, 0, list[str](), 0
    for table, name_of in NAMES.items():
        after = ""
        while rows := await _read(database, table, after):
            after = rows[-1].id
            old = [row for row in rows if vault.is_old(row.value)]
            untouched += len(rows) - len(old)
            opened = _opened(vault, old, name_of, closed)
            resealed += await _replace(database, table, opened)
            seen += len(rows)
            done(seen)
    return Rotated(resealed, untouched, tuple(closed))


def _opened(
    vault: Vault, rows: list[Sealed], name_of: Callable[[str], str], closed: list[str]
) -> list[tuple[Sealed, bytes]]:
    """Each row that opens, with its value sealed anew."""
    anew = []
    for row in rows:
        name = name_of(row.id)
        try:
            anew.append((row, vault.seal(name, vault.open(name, row.value))))
        except VaultClosed as error:
            closed.append(str(error))
    return anew


async def _read(database: Database, table: SealedTable, after: str) -> list[Sealed]:
    return list(await database.read(lambda tx: read_sealed(tx, table, after, LOT)))


async def _replace(database: Database, table: SealedTable, rows: list[tuple[Sealed, bytes]]) -> int:
    async def work(tx: Transaction) -> int:
        replaced = [await replace_sealed(tx, table, old, new) for old, new in rows]
        return sum(replaced)

    return await database.write(work) if rows else 0
