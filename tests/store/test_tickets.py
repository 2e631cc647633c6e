"""Tickets of API callers and who wrote on them, on both engines."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bridge.store import tickets
from bridge.store.tickets import Part, PartKind, Ticket, TicketState, Wanted
from bridge.store.transaction import Database, Transaction
from bridge.store.users import keep_user
from tests.store.conftest import START

HOSTILE = "\u202eRTL \U0001f600 'quote\" \\ %_ -- ; DROP TABLE tickets"


@pytest.fixture
async def alice(database: Database) -> int:
    return await user(database, "alice")


async def user(database: Database, name: str, tenant: str = "default") -> int:
    kept = await database.write(
        lambda tx: keep_user(tx, tenant, name, f"{name}@example.com", START)
    )
    return kept.id


def wanted(user_id: int, summary: str = "s", once: str | None = None) -> Wanted:
    return Wanted(
        "default", user_id, "jira", f"mark-{summary[:9]}", once, "digest", summary, None, "Bug",
        "Medium",
    )  # fmt: skip


async def insert(database: Database, new: Wanted, now: int = START) -> int | None:
    return await database.write(lambda tx: tickets.insert_ticket(tx, new, now))


async def get(database: Database, number: int, tenant: str = "default") -> Ticket | None:
    return await database.read(lambda tx: tickets.get_ticket(tx, tenant, number))


async def opened(database: Database, new: Wanted) -> int:
    number = await insert(database, new)
    assert number is not None
    await database.write(lambda tx: tickets.set_issue(tx, number, f"SEC-{number}", "1", START + 1))
    return number


async def test_ticket_is_kept_as_it_was_wanted_and_opens_with_its_issue(
    database: Database, alice: int
) -> None:
    number = await insert(database, replace(wanted(alice, HOSTILE), description=HOSTILE * 400))
    assert number is not None
    found = await get(database, number)
    assert found is not None
    assert (found.summary, found.description) == (HOSTILE, HOSTILE * 400)
    assert (found.state, found.status, found.assigned_to) == (TicketState.INTENT, "", None)
    assert (found.username, found.email) == ("alice", "alice@example.com")
    assert await get(database, number, "acme") is None
    await database.write(lambda tx: tickets.set_issue(tx, number, "SEC-7", "10007", START + 5))
    found = await get(database, number)
    assert found is not None
    assert (found.state, found.jira_key, found.jira_id) == (TicketState.OPEN, "SEC-7", "10007")
    assert (found.created_at, found.updated_at) == (START, START + 5)


async def test_one_key_of_a_user_is_one_ticket_though_many_insert_at_once(
    database: Database, alice: int
) -> None:
    numbers = await asyncio.gather(
        *(insert(database, wanted(alice, f"s{n}", "k")) for n in range(8))
    )
    (number,) = (one for one in numbers if one is not None)
    found = await database.read(lambda tx: tickets.find_ticket_once(tx, "default", alice, "k"))
    assert found is not None
    assert found.id == number
    bob = await user(database, "bob")
    assert await insert(database, wanted(bob, "s", "k")) is not None
    assert await insert(database, wanted(alice, "s")) != await insert(database, wanted(alice, "s"))


async def test_open_tickets_are_paged_newest_first_for_a_user_or_for_all(
    database: Database, alice: int
) -> None:
    bob = await user(database, "bob")
    numbers = [await opened(database, wanted(one)) for one in (alice, bob, alice, alice)]
    await insert(database, wanted(alice))  # its issue is not there yet
    gone = await opened(database, wanted(alice))
    await database.write(lambda tx: tickets.set_state(tx, gone, TicketState.DELETED, START))

    async def page(user_id: int | None, limit: int, offset: int) -> tuple[list[int], int]:
        found, total = await database.read(
            lambda tx: tickets.page_of_tickets(tx, "default", user_id, limit, offset)
        )
        return [one.id for one in found], total

    assert await page(None, 3, 0) == (numbers[:0:-1], 4)
    assert await page(None, 3, 3) == (numbers[:1], 4)
    assert await page(alice, 2, 0) == ([numbers[3], numbers[2]], 3)
    assert await page(bob, 2, 2) == ([], 1)
    empty = await database.read(lambda tx: tickets.page_of_tickets(tx, "acme", None, 2, 0))
    assert empty == ([], 0)


async def test_sync_moves_the_time_only_where_jira_says_something_new(
    database: Database, alice: int
) -> None:
    number = await opened(database, wanted(alice))
    moved = []
    steps = [("SEC-1", "To Do", None), ("SEC-1", "To Do", None), ("SEC-1", "To Do", "Dana"),
             ("SEC-1", "Done", "Dana"), ("SEC-1", "Done", None), ("OPS-1", "Done", None),
             ("OPS-1", "Done", None)]  # fmt: skip
    for later, (key, status, person) in enumerate(steps, START + 10):

        async def work(
            tx: Transaction, key: str = key, status: str = status, person: str | None = person,
            later: int = later,
        ) -> None:  # fmt: skip
            await tickets.set_synced(tx, number, key, status, person, later)

        await database.write(work)
        found = await get(database, number)
        assert found is not None
        assert (found.jira_key, found.status, found.assigned_to) == (key, status, person)
        moved.append(found.updated_at == later)
    assert moved == [True, False, True, True, True, True, False]


async def test_broken_off_creates_are_found_by_their_age(database: Database, alice: int) -> None:
    numbers = [await insert(database, wanted(alice), START + 10 * n) for n in range(3)]
    await opened(database, wanted(alice))

    async def before(time: int) -> list[int]:
        return [one.id for one in await database.read(lambda tx: tickets.intended_before(tx, time))]

    assert await before(START) == []
    assert await before(START + 11) == numbers[:2]
    assert numbers[0] is not None
    failed = numbers[0]
    await database.write(
        lambda tx: tickets.set_state(tx, failed, TicketState.FAILED, START + 99, "why")
    )
    assert await before(START + 100) == numbers[1:]
    found = await get(database, failed)
    assert found is not None
    assert (found.state, found.reason) == (TicketState.FAILED, "why")


async def test_who_wrote_is_known_by_mark_before_and_by_id_after(
    database: Database, alice: int
) -> None:
    number = await opened(database, wanted(alice))
    ticket = await get(database, number)
    assert ticket is not None

    async def work(tx: Transaction) -> None:
        kinds, who = PartKind, (alice, "admin", START)
        await tickets.insert_part(tx, ticket, kinds.COMMENT, *who, mark="m1")
        await tickets.insert_part(tx, ticket, kinds.COMMENT, *who, mark="m2")
        await tickets.insert_part(tx, ticket, kinds.FILE, *who, outside_id="10")
        await tickets.set_outside_id(tx, ticket, "m2", "20")

    await database.write(work)

    async def parts(of: Ticket, kind: PartKind) -> list[Part]:
        return list(await database.read(lambda tx: tickets.parts_of_ticket(tx, of, kind)))

    assert await parts(ticket, PartKind.COMMENT) == [
        Part("", "m1", alice, "admin", "alice"),
        Part("20", "m2", alice, "admin", "alice"),
    ]
    assert await parts(ticket, PartKind.FILE) == [Part("10", "", alice, "admin", "alice")]
    assert await parts(replace(ticket, tenant="acme"), PartKind.FILE) == []
