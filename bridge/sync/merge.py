"""What becomes of one field: both sides' values against the ones they last agreed on. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.connectors.mirror import Seen
from bridge.match.syncs import Side, SyncedField, other

AS_LEFT = "both sides are as they were left"


@dataclass(frozen=True, slots=True)
class Base:
    """What both sides said when they last agreed, and when it had been set there."""

    left: Seen
    right: Seen


@dataclass(frozen=True, slots=True)
class Decision:
    """What both sides shall say, where anything is decided.

    wanted: the left's and the right's value; None leaves everything as it is.
    winner: the side whose value it is; empty where both agreed by themselves.
    changed_at: when the winning value was set. held: a person has to decide.
    reason: why nothing is done or a side won a conflict, in words; else empty.
    """

    wanted: tuple[str, str] | None = None
    winner: Side | None = None
    changed_at: int = 0
    held: bool = False
    reason: str = ""


def decide(
    field: SyncedField, left: Seen, right: Seen, base: Base | None, take: Side | None = None
) -> Decision:
    """The three-way merge of one field. take: the side a person has chosen in a conflict.

    Nobody's value is ever written over a newer one: a side that alone has changed since the
    agreement is newer than it, and where both have, their times or the policy decide.
    """
    if field.alike(left.value, right.value):
        return Decision((left.value, right.value), None, max(left.at, right.at))
    if take is not None:
        return _won(field, take, left, right, "a person decided")
    if field.owner != "both":
        return _won(field, field.owner, left, right, "")
    if base is not None:
        left_moved, right_moved = moved(left, base.left), moved(right, base.right)
        if not left_moved and not right_moved:
            return Decision(reason=AS_LEFT)
        if not right_moved:
            return _won(field, "left", left, right, "")
        if not left_moved:
            return _won(field, "right", left, right, "")
    return _conflict(field, left, right)


def _conflict(field: SyncedField, left: Seen, right: Seen) -> Decision:
    """Both sides have changed, or nothing was ever agreed."""
    match field.policy:
        case "left" | "right":
            return _won(field, field.policy, left, right, f"conflict: {field.policy} wins")
        case "newest" if left.at and right.at:
            winner = newer(left, right)
            if winner is None:
                return Decision(held=True, reason="conflict: a side does not say exactly when")
            return _won(field, winner, left, right, f"conflict: {winner} is newer")
        case "newest":
            return Decision(held=True, reason="conflict: a side does not say when it changed")
        case "hold":
            return Decision(held=True, reason="conflict: held for a person")


def _won(field: SyncedField, side: Side, left: Seen, right: Seen, reason: str) -> Decision:
    seen = left if side == "left" else right
    carried = field.carried(seen.value, other(side))
    if carried is None or (field.name != "assignee" and not carried):
        words = f"{field.name}: the map says nothing of {seen.value!r} on the {side}"
        return Decision(reason=words)
    wanted = (seen.value, carried) if side == "left" else (carried, seen.value)
    return Decision(wanted, side, seen.at, reason=reason)


def newer(left: Seen, right: Seen) -> Side | None:
    """The side whose value was set later, the left one of two at the same time; None where the
    bounds of a time that is not exact leave it open."""
    if right.earliest > left.at:
        return "right"
    return "left" if left.earliest >= right.at else None


def moved(now: Seen, base: Seen) -> bool:
    """Whether a side has changed: to another value, or away and back, which is a choice too."""
    return not same(now.value, base.value) or now.earliest > base.at > 0


def same(one: str, two: str) -> bool:
    return one.casefold() == two.casefold()
