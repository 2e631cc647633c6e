"""The three-way merge of one field, value by value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.connectors.mirror import Seen
from bridge.match.syncs import Owner, Policy, SyncedField
from bridge.sync.merge import Base, decide

TO_RIGHT = {
    "to do": ("open",), "reopened": ("open",), "in progress": ("in-progress",), "done": ("closed",),
}  # fmt: skip
TO_LEFT = {
    "open": ("To Do", "Reopened"), "in-progress": ("In Progress",), "closed": ("Done",),
}  # fmt: skip


def status(owner: Owner = "both", policy: Policy = "newest") -> SyncedField:
    return SyncedField("status", owner, policy, TO_LEFT, TO_RIGHT)


AGREED = Base(Seen("To Do", 10), Seen("open", 10))


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (Seen("In Progress", 20), Seen("open", 10), ("In Progress", "in-progress")),
        (Seen("To Do", 10), Seen("closed", 20), ("Done", "closed")),
        (Seen("To Do", 99), Seen("closed", 20), ("To Do", "open")),  # there and back, and newer
        (Seen("Done", 30), Seen("in-progress", 20), ("Done", "closed")),
        (Seen("Done", 20), Seen("in-progress", 30), ("In Progress", "in-progress")),
        (Seen("Done", 20), Seen("in-progress", 20), ("Done", "closed")),
        (Seen("reopened", 20), Seen("open", 10), ("reopened", "open")),
    ],
)
def test_newer_change_wins_and_what_is_alike_is_agreed(
    left: Seen, right: Seen, wanted: tuple[str, str]
) -> None:
    assert decide(status(), left, right, AGREED).wanted == wanted


def test_nothing_is_done_where_both_are_as_they_were_left() -> None:
    odd = Base(Seen("Strange", 10), Seen("open", 10))
    assert decide(status(), Seen("Strange", 1), Seen("open", 2), odd).wanted is None


def test_time_of_the_whole_thing_is_no_change_of_a_field() -> None:
    """A comment makes an issue newer, and none of its fields."""
    left = Seen("To Do", 99, exact=False)
    assert decide(status(), left, Seen("closed", 20), AGREED).wanted == ("Done", "closed")


def test_value_that_the_map_does_not_name_stays_where_it_is() -> None:
    decision = decide(status(), Seen("Blocked", 20), Seen("open", 10), AGREED)
    assert decision.wanted is None
    assert decision.reason == "status: the map says nothing of 'Blocked' on the left"


@pytest.mark.parametrize(
    ("policy", "wanted", "held"),
    [
        ("left", ("Done", "closed"), False),
        ("right", ("In Progress", "in-progress"), False),
        ("hold", None, True),
    ],
)
def test_policy_decides_a_conflict(
    policy: Policy, wanted: tuple[str, str] | None, held: bool
) -> None:
    decision = decide(status(policy=policy), Seen("Done", 20), Seen("in-progress", 30), AGREED)
    assert (decision.wanted, decision.held) == (wanted, held)


def test_person_decides_what_was_held() -> None:
    field = status(policy="hold")
    left, right = Seen("Done", 20), Seen("in-progress", 30)
    assert decide(field, left, right, AGREED, "left").wanted == ("Done", "closed")
    assert decide(field, left, right, AGREED, "right").wanted == ("In Progress", "in-progress")


def test_conflict_without_times_is_held() -> None:
    assert decide(status(), Seen("Done"), Seen("in-progress", 3), AGREED).held


def test_owner_sets_the_other_side_back() -> None:
    decision = decide(status("left"), Seen("To Do", 10), Seen("closed", 99), AGREED)
    assert decision.wanted == ("To Do", "open")


VALUES = st.sampled_from(["To Do", "Reopened", "In Progress", "Done"])
OTHERS = st.sampled_from(["open", "in-progress", "closed"])
TIMES = st.integers(1, 50)


@given(VALUES, OTHERS, TIMES, TIMES, VALUES, OTHERS)
def test_decision_makes_both_sides_alike_and_is_kept(
    left: str, right: str, at_left: int, at_right: int, base_left: str, base_right: str
) -> None:
    field = status()
    decision = decide(
        field,
        Seen(left, at_left),
        Seen(right, at_right),
        Base(Seen(base_left, 5), Seen(base_right, 5)),
    )
    if decision.wanted is None:
        assert (left, right) == (base_left, base_right)
        assert max(at_left, at_right) <= 5
        return
    assert field.alike(*decision.wanted)
    sides = [Seen(one, 60) for one in decision.wanted]
    again = decide(field, sides[0], sides[1], Base(sides[0], sides[1]))
    assert again.winner is None
    assert again.wanted == decision.wanted


@pytest.mark.parametrize(
    ("right", "winner"),
    [
        (Seen("b", 90, exact=False, since=60), "right"),
        (Seen("b", 40, exact=False, since=10), "left"),
        (Seen("b", 90, exact=False, since=10), None),
        (Seen("b", 90, exact=False), None),
    ],
)
def test_newest_decides_by_bounds_only_where_they_leave_nothing_open(
    right: Seen, winner: str | None
) -> None:
    summary = SyncedField("summary", "both", "newest", None, None)
    decision = decide(summary, Seen("a", 50), right, None)
    assert (decision.winner, decision.held) == (winner, winner is None)


@pytest.mark.parametrize(("since", "winner"), [(20, "right"), (5, "left")])
def test_value_set_away_and_back_counts_where_the_earliest_time_is_after_the_agreement(
    since: int, winner: str
) -> None:
    """Linear puts both changes into one row."""
    right = Seen("open", 30, exact=False, since=since)
    assert decide(status(), Seen("Done", 15), right, AGREED).winner == winner
