"""The ledger sees what it is there to see."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.chaos.ledger import Books, Ledger, Things, balance
from tests.chaos.sender import Sent
from tests.chaos.story import Deed, write_story

DEEDS = [
    Deed("k0", "L00", "L00/0000", "find", value="V0001"),
    Deed("k1", "L01", "L01/0000", "find", value="V0001"),
    Deed("k2", "L00", "L00/0001", "note", "SEC-2"),
    Deed("k3", "L00", "L00/0002", "note", "SEC-2"),
    Deed("k4", "L00", "L00/0003", "row", "SEC-3"),
    Deed("k5", "L00", "L00/0004", "file", "SEC-3"),
    Deed("k6", "L00", "L00/0005", "move", "SEC-4", status="In Progress"),
    Deed("k7", "L00", "L00/0006", "move", "SEC-4", status="To Do"),
    Deed("k8", "L00", "L00/0007", "tell"),
]


def good() -> tuple[Sent, Books, Things]:
    """Everything as it should be."""
    sent = Sent(accepted={deed.key: f"evt_{deed.key}" for deed in DEEDS})
    books = Books({deed.key: ("done", "") for deed in DEEDS})
    things = Things(
        tickets=["V0001"],
        opened=["V0001"],
        told=["L00/0007"],
        rows={"SEC-3": ["L00/0003"]},
        notes={"SEC-2": ["L00/0001", "L00/0002"]},
        files={"SEC-3": ["L00/0004"]},
        moves={"SEC-4": ["In Progress", "To Do"]},
    )
    return sent, books, things


def found(ledger: Ledger) -> set[str]:
    kinds = {
        "double": ledger.doubles,
        "lost": ledger.lost,
        "order": ledger.disorder,
        "strange": ledger.strange,
    }
    return {name for name, lines in kinds.items() if lines}


def test_books_in_order_balance() -> None:
    assert balance(DEEDS, *good()).balanced


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda sent, books, things: things.tickets.append("V0001"), "double"),
        (lambda sent, books, things: things.tickets.append("V0009"), "double"),
        (lambda sent, books, things: things.opened.clear(), "lost"),
        (lambda sent, books, things: things.told.append("L00/0007"), "double"),
        (lambda sent, books, things: things.rows["SEC-3"].append("L00/0003"), "double"),
        (lambda sent, books, things: things.rows["SEC-3"].clear(), "lost"),
        (lambda sent, books, things: things.notes["SEC-2"].reverse(), "order"),
        (lambda sent, books, things: things.files["SEC-3"].clear(), "lost"),
        (lambda sent, books, things: things.moves["SEC-4"].append("In Progress"), "double"),
        (lambda sent, books, things: things.moves["SEC-4"].pop(), "lost"),
        (lambda sent, books, things: things.moves["SEC-4"].reverse(), "order"),
        (lambda sent, books, things: things.wrong.append("odd"), "strange"),
        (lambda sent, books, things: sent.wrong.append("400"), "strange"),
        (lambda sent, books, things: sent.accepted.pop("k2"), "lost"),
        (lambda sent, books, things: books.by_key.pop("k2"), "lost"),
        (lambda sent, books, things: books.by_key.update(k2=("failed", "x")), "lost"),
        (lambda sent, books, things: books.by_key.update(k2=("matched", "")), "lost"),
        (lambda sent, books, things: books.by_key.update(k2=("ignored", "")), "lost"),
    ],
)
def test_difference_is_seen(spoil: Callable[[Sent, Books, Things], object], kind: str) -> None:
    sent, books, things = good()
    spoil(sent, books, things)
    assert found(balance(DEEDS, sent, books, things)) == {kind}


def test_thing_on_the_wrong_issue_is_lost_there_and_too_much_here() -> None:
    sent, books, things = good()
    things.notes["SEC-9"] = [things.notes["SEC-2"].pop()]
    assert found(balance(DEEDS, sent, books, things)) == {"lost", "double"}


def test_event_that_was_dead_once_may_stand_behind_its_successors() -> None:
    sent, books, things = good()
    things.notes["SEC-2"].reverse()
    books.dead["k2"] = "no permission"
    assert balance(DEEDS, sent, books, things).balanced


def test_same_seed_tells_the_same_story() -> None:
    own = {"L00": "SEC-2", "L01": "SEC-3"}
    assert write_story(5, 50, ["SEC-9"], own) == write_story(5, 50, ["SEC-9"], own)
    assert write_story(5, 50, ["SEC-9"], own) != write_story(6, 50, ["SEC-9"], own)
