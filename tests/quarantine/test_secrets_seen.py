"""Which secret of a rotation is still used, told without helping anybody to guess it."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.access.vault import Vault
from bridge.secrets_seen import SecretsSeen, last_use
from bridge.store.secrets_seen import Named, Seen, list_seen
from bridge.store.transaction import Database
from tests.quarantine.conftest import (
    KEY,
    MENDED,
    SCAN,
    SECRET,
    Door,
    make_sources,
    without_table,
)
from tests.store.conftest import MovableClock

VAULT = Vault([KEY])
SOURCE = make_sources(MENDED)["default", "generic"]
OLD, NEW = SOURCE.fingerprints


async def stored(database: Database) -> Mapping[Named, Seen]:
    return await database.read(list_seen)


async def use(database: Database, fingerprint: str, vault: Vault = VAULT) -> Seen | None:
    return last_use(vault, await stored(database), SOURCE, fingerprint)


async def test_secret_that_proves_a_delivery_is_counted_with_the_time(door: Door) -> None:
    await door.send("qtangl", SCAN, SECRET)
    door.clock.advance(60_000)
    await door.send("qtangl", SCAN, SECRET)
    await door.send("qtangl", SCAN, "made-up-wrong")
    await door.secrets.close()  # with what is being written beside it

    source = door.sources["default", "qtangl"]
    (fingerprint,) = source.fingerprints
    seen = await stored(door.database)
    assert last_use(VAULT, seen, source, fingerprint) == Seen(2, door.clock())
    assert len(seen) == 1


async def test_each_secret_of_a_rotation_has_its_own_count(
    database: Database, clock: MovableClock
) -> None:
    counting = SecretsSeen(database, VAULT)
    counting.note(SOURCE, OLD, clock())
    counting.note(SOURCE, NEW, clock() + 5)
    counting.note(SOURCE, NEW, clock() + 9)
    await counting.close()
    assert await use(database, OLD) == Seen(1, clock())
    assert await use(database, NEW) == Seen(2, clock() + 9)


async def test_uses_at_several_nodes_add_up_and_the_last_counts(
    database: Database, clock: MovableClock
) -> None:
    for at in (clock() + 7, clock()):
        node = SecretsSeen(database, VAULT)
        node.note(SOURCE, OLD, at)
        await node.close()
    assert await use(database, OLD) == Seen(2, clock() + 7)
    assert await use(database, NEW) is None


async def test_uses_counted_under_an_older_key_still_count(
    database: Database, clock: MovableClock
) -> None:
    ring = Vault([b"n" * 32, KEY])
    for vault in (VAULT, ring):
        counting = SecretsSeen(database, vault)
        counting.note(SOURCE, OLD, clock())
        await counting.close()
    assert len(await stored(database)) == 2
    assert await use(database, OLD, ring) == Seen(2, clock())


async def test_uses_are_kept_in_memory_while_the_store_says_no(
    database: Database, clock: MovableClock
) -> None:
    counting = SecretsSeen(database, VAULT)
    async with without_table(database, "secrets_seen"):
        counting.note(SOURCE, OLD, clock())
        await counting.write()
        counting.note(SOURCE, OLD, clock() + 1)
    await counting.close()
    assert await use(database, OLD) == Seen(2, clock() + 1)


async def test_name_of_a_secret_is_no_plain_hash_and_differs_between_sources(
    database: Database, clock: MovableClock
) -> None:
    counting = SecretsSeen(database, VAULT)
    other = make_sources()["default", "jira"]
    assert other.fingerprints == (OLD,)  # the same secret
    counting.note(SOURCE, OLD, clock())
    counting.note(other, OLD, clock())
    await counting.close()
    names = {name for _, _, name in await stored(database)}
    assert len(names) == 2
    assert OLD not in names
