"""What was begun to be written to a side, and of which no end is known: it is no person's. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.connectors.mirror import Seen
from bridge.match.syncs import Side
from bridge.store.sync_fields import Pending
from bridge.sync.merge import same


def begun(pending: Pending, side: Side) -> tuple[str, tuple[str, ...]]:
    """What stood on a side before we began to write there, and what may have been set since."""
    if side == "left":
        return pending.before_left, pending.steps_left
    return pending.before_right, pending.steps_right


def is_ours(seen: Seen, pending: Pending, side: Side) -> bool:
    """Whether what stands on a side may be there because we wrote it."""
    before, steps = begun(pending, side)
    if seen.ours is False or same(seen.value, before):
        return False
    return any(same(seen.value, one) for one in steps)


def going_on(earlier: Pending | None, wanted: tuple[str, str], read: tuple[Seen, Seen]) -> Pending:
    """What is begun now that these values stand on both sides. Where one of them is what an
    earlier try wrote, its steps go on."""
    new = Pending(*wanted, read[0].value, read[1].value)
    if earlier and is_ours(read[0], earlier, "left"):
        before, steps = begun(earlier, "left")
        new = replace(new, before_left=before, steps_left=steps)
    if earlier and is_ours(read[1], earlier, "right"):
        before, steps = begun(earlier, "right")
        new = replace(new, before_right=before, steps_right=steps)
    return new


def with_steps(pending: Pending, side: Side, steps: Sequence[str]) -> Pending:
    """Further steps of ours on a side."""
    if side == "left":
        return replace(pending, steps_left=(*pending.steps_left, *steps))
    return replace(pending, steps_right=(*pending.steps_right, *steps))
