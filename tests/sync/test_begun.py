"""What of a side is a person's, and what is a write of ours whose end was never known."""

from __future__ import annotations

from bridge.connectors.mirror import Seen
from bridge.match.syncs import SyncedField
from bridge.store.sync_fields import FieldRow, PairKey, Pending
from bridge.sync.begun import behind, going_on
from bridge.sync.decided import Decided, replaced, theirs
from bridge.sync.merge import Decision

MAPS = {"to do": ("open",), "reopened": ("open",), "in progress": ("doing",), "done": ("closed",)}
BACK = {"open": ("To Do", "Reopened"), "doing": ("In Progress",), "closed": ("Done",)}
STATUS = SyncedField("status", "both", "newest", BACK, MAPS, ("Reopened", "In Progress"))
PENDING = Pending("To Do", "open", "Done", "open", steps_left=("Reopened",), before_left_at=50)


def row(pending: Pending) -> FieldRow:
    pair = PairKey("default", "both", "SEC-1", "c1")
    return FieldRow(
        "syn_1", pair, "status", "writing", ("Done", 50), ("closed", 40), 50, 60, pending, "", "",
        0, "", "",
    )  # fmt: skip


def test_status_that_we_may_have_set_is_no_persons() -> None:
    assert theirs(Seen("Reopened", 70, "Done", 50), row(PENDING), "left") == Seen("Done", 50)


def test_status_that_may_be_passed_is_a_persons_where_we_did_not_pass_it() -> None:
    person = Seen("In Progress", 80, "Reopened", 70)
    assert theirs(person, row(PENDING), "left") == person


def test_status_of_another_account_is_a_persons_though_we_meant_to_set_it() -> None:
    person = Seen("Reopened", 80, "Done", 50, ours=False)
    assert theirs(person, row(PENDING), "left") == person


def test_value_of_a_person_that_our_write_replaced_unseen_is_theirs() -> None:
    seen = Seen("Reopened", 80, "In Progress", 75, ours=True)
    assert theirs(seen, row(PENDING), "left") == Seen("In Progress", 75)


def test_steps_of_an_earlier_try_go_on_in_the_next_one() -> None:
    read = Seen("Reopened", 70, "Done", 50), Seen("doing", 90)
    pending = going_on(PENDING, ("In Progress", "doing"), read)
    assert (pending.before_left, pending.steps_left) == ("Done", ("Reopened",))
    # Of this status nobody would know later that it is ours, if it were what stood there before.
    assert theirs(read[0], row(pending), "left") == Seen("Done", 50)


def test_value_of_a_person_that_is_put_back_stays_a_persons() -> None:
    decision = Decision(("In Progress", "doing"), "left")
    one = Decided(
        STATUS, Seen("Reopened", 70, "In Progress", 65), Seen("open", 40), decision, PENDING
    )
    assert one.begun({"left": ("In Progress",)}).steps_left == ("Reopened",)
    assert one.begun({"right": ("doing",)}).steps_right == ("doing",)


def test_value_that_was_replaced_long_before_we_began_is_not_put_back() -> None:
    """Linear adds what we set to a row of ours that tells what stood there before the row."""
    seen = Seen("Reopened", 80, "To Do", 30, ours=True)
    assert theirs(seen, row(PENDING), "left") == Seen("Done", 50)
    one = Decided(
        STATUS, Seen("Done", 50), Seen("open", 60), Decision(("Reopened", "open"), "right")
    )
    assert not one.replaced_another("left", seen, ("Reopened",))
    assert one.replaced_another("left", Seen("Reopened", 80, "To Do", 70), ("Reopened",))


def test_value_that_the_first_of_several_steps_replaced_is_found_behind_them() -> None:
    decision = Decision(("In Progress", "doing"), "right")
    one = Decided(STATUS, Seen("Done", 50), Seen("doing", 60), decision)
    steps = ("Reopened", "In Progress")
    alone = Seen("In Progress", 72, "Reopened", 71, past=(("Done", 50),))
    assert not one.replaced_another("left", alone, steps)
    between = Seen("In Progress", 72, "Reopened", 71, past=(("Blocked", 70), ("Done", 50)))
    assert one.replaced_another("left", between, steps)
    assert replaced(behind(between, steps)) == Seen("Blocked", 70)
