"""What two sides agreed on, what is being written, what is held, and what is left alone."""

from __future__ import annotations

import pytest

from bridge.errors import NotFound, Place
from bridge.match.syncs import End, SyncRule
from bridge.store import reconciled, sync_breakers, sync_comments, sync_fields
from bridge.store.links import Link, LinkState, tie
from bridge.store.reconciled import Progress
from bridge.store.sync_breakers import FieldKey, PingPong
from bridge.store.sync_comments import Carried
from bridge.store.sync_fields import PairKey, Pending
from bridge.store.transaction import Database

PAIR = PairKey("default", "pair", "SEC-1", "c-1")
RULE = SyncRule("pair", Place("", 1, 1), End("jira", "issue"), End("kibana", "case"), (), None)


async def test_field_goes_from_writing_to_agreed_to_held_and_back(database: Database) -> None:
    pending = Pending("Done", "closed", "To Do", "closed")
    await database.write(lambda tx: sync_fields.begin(tx, PAIR, "status", pending, 5))
    row = (await database.read(lambda tx: sync_fields.fields_of_pair(tx, PAIR)))["status"]
    assert (row.pending, row.left, row.right) == (pending, None, None)
    await database.write(
        lambda tx: sync_fields.agree(tx, PAIR, "status", ("Done", 7), ("closed", 3), 7, 8)
    )
    row = (await database.read(lambda tx: sync_fields.fields_of_pair(tx, PAIR)))["status"]
    assert (row.pending, row.left, row.right) == (None, ("Done", 7), ("closed", 3))
    for at in (9, 12):
        await database.write(
            lambda tx, now=at: sync_fields.hold(tx, PAIR, "status", "A", "b", "evt_1", now)  # type: ignore[misc]
        )
    (held,) = await database.read(lambda tx: sync_fields.held_fields(tx, "default"))
    assert (held.held_left, held.held_right, held.held_at) == ("A", "b", 9)
    assert held.left == ("Done", 7)  # what was agreed on stays, to compare with
    assert await database.read(lambda tx: sync_fields.held_by_event(tx, "evt_1")) == [held]
    await database.write(lambda tx: sync_fields.take(tx, held.id, "right", 13))
    with pytest.raises(NotFound):
        await database.read(lambda tx: sync_fields.get_held(tx, held.id, "acme"))
    assert (await database.read(lambda tx: sync_fields.get_held(tx, held.id))).take == "right"
    await database.write(
        lambda tx: sync_fields.agree(tx, PAIR, "status", ("B", 14), ("b", 14), 14, 15)
    )
    assert await database.read(sync_fields.count_held) == 0


async def test_comment_is_under_way_and_then_there(database: Database) -> None:
    for kept in (Carried(0, 5, "abc"), Carried(7, 5, "abc", "2", ("d", "e"))):
        await database.write(
            lambda tx, kept=kept: sync_comments.keep_comment(tx, PAIR, "left", "1", kept)  # type: ignore[misc]
        )
        known = await database.read(lambda tx: sync_comments.comments_of_pair(tx, PAIR))
        assert known == {("left", "1"): kept}


async def test_breaker_is_kept_listed_and_closed(database: Database) -> None:
    key = FieldKey("default", "jira", "SEC-1", "status")
    one = PingPong(key, ((5, "a"), (6, "b")), 6, 9)
    await database.write(lambda tx: sync_breakers.put_breaker(tx, one, 6))
    assert await database.read(lambda tx: sync_breakers.get_breaker(tx, key)) == one
    assert await database.read(sync_breakers.open_breakers) == [one]
    await database.write(lambda tx: sync_breakers.forget_breakers(tx, 100))
    await database.write(lambda tx: sync_breakers.close_breaker(tx, key))
    assert await database.read(sync_breakers.open_breakers) == []


async def test_pairs_are_paged_whichever_side_the_ticket_is(database: Database) -> None:
    for kind, record, integration, ticket in (
        ("case", "c-1", "jira", "SEC-1"),
        ("issue", "SEC-2", "kibana", "c-2"),
        ("issue", "SEC-3", "github", "#3"),
    ):
        link = Link(
            "default", "r", None, record, kind, record, "", "", LinkState.DONE, integration,
            ticket, "", "",
        )  # fmt: skip
        await database.write(lambda tx, of=link: tie(tx, of, 5))  # type: ignore[misc]
    first = await database.read(lambda tx: reconciled.pairs_after(tx, "default", RULE, 0, 1))
    ((seq, pair),) = first
    assert (pair.left, pair.right) == ("SEC-1", "c-1")
    ((_, pair),) = await database.read(
        lambda tx: reconciled.pairs_after(tx, "default", RULE, seq, 9)
    )
    assert (pair.left, pair.right) == ("SEC-2", "c-2")
    at = Progress(1, seq, 0)
    await database.write(lambda tx: reconciled.keep_progress(tx, "default", "pair", at))
    assert await database.read(lambda tx: reconciled.progress(tx, "default", "pair")) == at
