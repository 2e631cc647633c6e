"""Deliveries whose proof is refused are kept whole, sealed, in bounds, and at nobody's cost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.access.vault import Vault
from bridge.errors import VaultClosed
from bridge.event import Delivery
from bridge.quarantine import MOST_BODY_BYTES, pack, record_name, unpack
from bridge.retention import DAY_MS, Keep, Retention
from bridge.store.database import connect, open_database
from bridge.store.events import INSERT_BODIES, INSERT_EVENTS, get_event
from bridge.store.intake import Intake
from bridge.store.migrate import known_migrations, migrate
from bridge.store.quarantine import count_kept, list_kept
from bridge.store.refusals import Refusal
from bridge.store.transaction import Database, insert_rows
from bridge.web.metrics import Gauges, exposition
from bridge.web.refusals import WAITING, WAITING_BYTES
from tests.quarantine.conftest import (
    MENDED,
    QUARANTINE,
    SCAN,
    SECRET,
    Door,
    bounded,
    opened,
    without_table,
)
from tests.store.conftest import MovableClock, new_event

TEXT = st.text(st.characters(codec="latin-1"), max_size=20)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=5).map(tuple)


@given(
    st.builds(
        Delivery,
        method=st.sampled_from(("POST", "PUT")),
        headers=PAIRS,
        body=st.binary(max_size=200),
        query=st.lists(st.tuples(st.text(), st.text()), max_size=3).map(tuple),
        path_token=st.none() | st.text(),
        received_at=st.integers(0, 2**48),
    )
)
def test_delivery_comes_out_as_it_went_in(delivery: Delivery) -> None:
    assert unpack(pack(delivery)) == delivery


async def test_refused_delivery_is_kept_whole_under_seal(door: Door) -> None:
    answer = await door.client.post(
        "/hooks/token/made-up-token?access_token=made-up-query",
        content=SCAN,
        headers={"content-type": "application/json", "x-custom": "as it came"},
    )
    assert answer.status_code == 401

    (kept,) = await door.kept()
    assert (kept.source, kept.reason, kept.remote) == ("token", "signature_mismatch", "192.0.2.7")
    assert kept.id.startswith("qua_")
    assert kept.received_at == door.clock()
    for secret in (b"scanId", b"made-up-token", b"made-up-query", b"as it came"):
        assert secret not in kept.sealed

    delivery = unpack(QUARANTINE.vault.open(record_name(kept.id), kept.sealed))
    assert delivery.body == SCAN
    assert delivery.path_token == "made-up-token"
    assert delivery.query == (("access_token", "made-up-query"),)
    assert delivery.header("x-custom") == "as it came"
    assert delivery.received_at == door.clock()


async def test_sealed_delivery_moved_to_another_row_does_not_open(door: Door) -> None:
    await door.send("generic", b'{"n": 1}', "made-up-wrong")
    await door.send("generic", b'{"n": 2}', "made-up-wrong")
    first, second = await door.kept()
    with pytest.raises(VaultClosed, match=first.id):
        QUARANTINE.vault.open(record_name(first.id), second.sealed)


async def test_every_refusal_that_a_mended_secret_may_turn_around_is_kept(door: Door) -> None:
    json = {"content-type": "application/json"}
    await door.client.post("/hooks/generic", content=SCAN, headers=json)
    malformed = {**json, "x-hub-signature-256": "sha256=xyz"}
    await door.client.post("/hooks/generic", content=SCAN, headers=malformed)
    await door.send("generic", SCAN, "made-up-wrong")
    await door.send("closed", SCAN, "made-up-wrong")
    signed = door.signed("qtangl", SCAN, SECRET)
    door.clock.advance(3_600_000)
    await door.client.post("/hooks/qtangl", content=SCAN, headers=list(signed.headers))

    assert {kept.reason for kept in await door.kept()} == {
        "signature_missing",
        "signature_malformed",
        "signature_mismatch",
        "no_secret",
        "timestamp_refused",
    }


async def test_other_refusals_are_noted_and_not_kept(door: Door) -> None:
    assert (await door.send("inner", SCAN, SECRET)).status_code == 401  # from a wrong address
    assert (await door.send("generic", b"{ no json", SECRET)).status_code == 400
    assert (await door.client.post("/hooks/unheard-of", content=SCAN)).status_code == 404

    assert await door.kept() == []
    assert await door.lost() == {}


async def test_source_set_to_retry_answers_503_and_keeps_the_delivery_all_the_same(
    door: Door,
) -> None:
    answer = await door.send("jira", b'{"webhookEvent": "jira:issue_updated"}', "made-up-wrong")

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    (kept,) = await door.kept()
    assert (kept.source, kept.reason) == ("jira", "signature_mismatch")


async def test_body_over_the_bound_is_not_kept_and_counted(door: Door) -> None:
    await door.send("generic", b"x" * MOST_BODY_BYTES, "made-up-wrong")
    await door.send("generic", b"x" * (MOST_BODY_BYTES + 1), "made-up-wrong")

    assert len(await door.kept()) == 1
    assert await door.lost() == {("generic", "too_large"): 1}


async def test_source_keeps_its_newest_and_what_they_push_out_is_counted(
    database: Database, clock: MovableClock
) -> None:
    async with opened(database, clock, bounded(per_source=3)) as door:
        for number in range(5):
            clock.advance(1_000)
            await door.send("generic", b"%d" % number, "made-up-wrong")
            await door.kept()
        await door.send("qtangl", SCAN, "made-up-wrong")

        assert [
            unpack(QUARANTINE.vault.open(record_name(one.id), one.sealed)).body
            for one in await door.kept("generic")
        ] == [b"2", b"3", b"4"]
        assert len(await door.kept("qtangl")) == 1
        assert await door.lost() == {("generic", "pushed_out"): 2}
        told = exposition(door.metrics, Gauges()).decode()
        assert 'bridge_quarantine_lost_total{why="pushed_out"} 2.0' in told


async def test_flood_pushes_out_a_tenth_at_once_and_the_rest_of_it_is_counted(
    database: Database, clock: MovableClock
) -> None:
    async with opened(database, clock, bounded(per_source=20)) as door:
        for number in range(20):
            await door.send("generic", b"%d" % number, "made-up-wrong")
        genuine = {kept.id for kept in await door.kept()}
        clock.advance(1_000)
        await asyncio.gather(
            *(door.send("generic", b"flood %d" % n, "made-up-forged") for n in range(50))
        )

        left = {kept.id for kept in await door.kept()}
        assert len(left) == 20
        assert len(left & genuine) == 18
        assert await door.lost() == {("generic", "pushed_out"): 2, ("generic", "too_fast"): 48}


async def test_bytes_of_all_sources_are_bounded_and_the_largest_gives_first(
    database: Database, clock: MovableClock
) -> None:
    async with opened(database, clock, bounded(total_bytes=50_000)) as door:
        await door.send("qtangl", SCAN, "made-up-wrong")
        for _ in range(4):
            clock.advance(1_000)
            await door.send("generic", b"x" * 20_000, "made-up-wrong")

        assert sorted(kept.source for kept in await door.kept()) == ["generic"] * 2 + ["qtangl"]
        assert await door.lost() == {("generic", "pushed_out"): 2}


async def test_flood_takes_no_more_memory_than_it_may(door: Door) -> None:
    body = b"x" * MOST_BODY_BYTES
    refusal = Refusal("default", "generic", door.clock(), "r", "m", 401, len(body), "")
    delivery = Delivery("POST", (), body, (), None, door.clock())
    room = WAITING_BYTES // MOST_BODY_BYTES
    for _ in range(WAITING + 10):
        door.refusals.note(refusal, delivery)

    assert len(await door.kept()) == room
    assert await door.lost() == {("generic", "too_fast"): WAITING + 10 - room}
    assert door.metrics.unshown_refusals == 10


async def test_nothing_is_kept_where_there_is_no_quarantine(
    database: Database, clock: MovableClock
) -> None:
    async with opened(database, clock, None) as door:
        assert (await door.send("generic", SCAN, "made-up-wrong")).status_code == 401
        assert await door.kept() == []
        assert await door.lost() == {}


async def test_what_waits_is_written_at_the_end(database: Database, clock: MovableClock) -> None:
    async with opened(database, clock, QUARANTINE) as door:
        await door.send("generic", SCAN, "made-up-wrong")
    assert len(await database.read(list_kept)) == 1
    assert await database.read(lambda tx: count_kept(tx, "default")) == 1
    assert await database.read(lambda tx: count_kept(tx, "other")) == 0


async def test_answer_is_given_although_nothing_can_be_kept_and_that_is_counted(
    door: Door,
) -> None:
    async with without_table(door.database, "quarantine"):
        answer = await door.send("generic", SCAN, MENDED)
        await door.refusals.write()
        assert answer.status_code == 401

    await door.send("generic", SCAN, MENDED)
    assert len(await door.kept()) == 1
    assert await door.lost() == {("generic", "not_written"): 1}


async def test_old_deliveries_are_forgotten_and_so_are_old_counts(door: Door) -> None:
    await door.send("generic", b"x" * (MOST_BODY_BYTES + 1), "made-up-wrong")
    await door.send("generic", b'{"n": 1}', "made-up-wrong")
    await door.kept()
    door.clock.advance(14 * DAY_MS + 1)
    await door.send("generic", b'{"n": 2}', "made-up-wrong")
    (_, newer) = await door.kept()

    await Retention(door.database, door.clock, Keep({})).forget()
    assert len(await door.kept()) == 2
    await Retention(door.database, door.clock, Keep({}, quarantine_days=14)).forget()
    assert [kept.id for kept in await door.kept()] == [newer.id]
    assert await door.lost() == {}


async def test_store_from_before_the_quarantine_is_brought_up_with_what_it_holds(
    store_url: str, clock: MovableClock
) -> None:
    before, later = known_migrations()[:1], known_migrations()[1:]
    old = connect(store_url, Path())
    await old.write(lambda tx: migrate(tx, clock(), before))
    event = new_event("from before")
    row = (*event[:9], event.id, "received")
    await old.write(lambda tx: insert_rows(tx, INSERT_EVENTS, [row]))
    await old.write(lambda tx: insert_rows(tx, INSERT_BODIES, [(event.id, "{}", b"{}")]))
    await old.close()

    database = await open_database(store_url, clock)
    assert later
    async with opened(database, clock, QUARANTINE) as door:
        await door.send("generic", SCAN, "made-up-wrong")
        assert len(await door.kept()) == 1
        stored = await database.read(lambda tx: get_event(tx, event.id))
        assert stored.key == "from before"
        (again,) = await Intake(database, clock).accept([new_event("from before")])
        assert (again.id, again.duplicate) == (event.id, True)
    await database.close()


def test_names_are_of_the_key_and_of_no_use_without_it() -> None:
    (one,) = Vault([b"a" * 32]).names("secret")
    (other,) = Vault([b"b" * 32]).names("secret")
    assert one != other
    assert Vault([b"b" * 32, b"a" * 32]).names("secret") == (other, one)
