"""What was begun to be written to a side, and of which no end is known: it is no person's. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.connectors.mirror import Seen
from bridge.match.syncs import Side
from bridge.store.sync_fields import Pending
from bridge.sync.merge import same


@dataclass(frozen=True, slots=True)
class Begun:
    """before, at: what stood on a side before we began to write there, and since when.
    steps: what may have been set since."""

    before: str
    at: int
    steps: tuple[str, ...]

    def replaced(self, seen: Seen) -> bool:
        """Whether the last change, which is ours, replaced a value of somebody else's: one that
        was set later than what stood there when we began."""
        seen = behind(seen, self.steps)
        if seen.before is None or any(same(seen.before, one) for one in (self.before, *self.steps)):
            return False
        return seen.before_at >= self.at


def behind(seen: Seen, steps: Sequence[str]) -> Seen:
    """The same, with what stood there before all of our steps as what stood there before."""
    for step in reversed(steps[:-1]):
        if seen.before is None or not same(seen.before, step) or not seen.past:
            break
        before, at = seen.past[0]
        seen = replace(seen, before=before, before_at=at, past=seen.past[1:])
    return seen


def begun(pending: Pending, side: Side) -> Begun:
    if side == "left":
        return Begun(pending.before_left, pending.before_left_at, pending.steps_left)
    return Begun(pending.before_right, pending.before_right_at, pending.steps_right)


def is_ours(seen: Seen, pending: Pending, side: Side) -> bool:
    """Whether what stands on a side may be there because we wrote it."""
    ours = begun(pending, side)
    if seen.ours is False or same(seen.value, ours.before):
        return False
    return any(same(seen.value, one) for one in ours.steps)


def going_on(earlier: Pending | None, wanted: tuple[str, str], read: tuple[Seen, Seen]) -> Pending:
    """What is begun now that these values stand on both sides. Where one of them is what an
    earlier try wrote, its steps go on."""
    left, right = read
    new = Pending(
        *wanted, left.value, right.value, before_left_at=left.at, before_right_at=right.at
    )
    if earlier and is_ours(left, earlier, "left"):
        new = replace(
            new, before_left=earlier.before_left, before_left_at=earlier.before_left_at,
            steps_left=earlier.steps_left,
        )  # fmt: skip
    if earlier and is_ours(right, earlier, "right"):
        new = replace(
            new, before_right=earlier.before_right, before_right_at=earlier.before_right_at,
            steps_right=earlier.steps_right,
        )  # fmt: skip
    return new


def with_steps(pending: Pending, side: Side, steps: Sequence[str]) -> Pending:
    """Further steps of ours on a side."""
    if side == "left":
        return replace(pending, steps_left=(*pending.steps_left, *steps))
    return replace(pending, steps_right=(*pending.steps_right, *steps))
