"""A field with both sides' present values and what was decided about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.connectors.mirror import Mirrored, Seen
from bridge.match.syncs import Side, SyncedField, SyncRule, other
from bridge.store.sync_fields import FieldRow, Pending, Said
from bridge.sync.begun import begun, behind, going_on, is_ours, with_steps
from bridge.sync.merge import AS_LEFT, Base, Decision, decide, same
from bridge.sync.pairs import SIDES

Both = Mapping[Side, Mirrored]

Lost = Mapping[tuple[Side, str], Seen]
"""People's values that a write of ours replaced unseen, by side and field: they count as theirs."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One field of a pair. left, right: what was read.

    pending: what an earlier try began to write, of which no end is known.
    """

    rule: SyncedField
    left: Seen
    right: Seen
    decision: Decision
    pending: Pending | None = None

    @property
    def field(self) -> str:
        return self.rule.name

    def now(self, side: Side) -> Seen:
        return self.left if side == "left" else self.right

    def wanted(self, side: Side) -> str:
        left, right = self.decision.wanted or (self.left.value, self.right.value)
        return left if side == "left" else right

    def to_write(self, side: Side) -> bool:
        """Both sides may have to be: where a person's value was replaced unseen."""
        now = self.now(side).value
        if same(self.wanted(side), now):
            return False
        if self.decision.winner == side:
            return True
        # Where the other side wins, any status that means the same will do.
        there = self.wanted(other(side))
        return not self.rule.alike(*((now, there) if side == "left" else (there, now)))

    @property
    def differs(self) -> bool:
        return self.decision.held or any(self.to_write(side) for side in SIDES)

    @property
    def worth_saying(self) -> bool:
        return self.decision.reason not in ("", AS_LEFT)

    def begun(self, made: Mapping[Side, Sequence[str]]) -> Pending:
        """What to write down about writes that are made, or about to be: by side, the values in
        their order. A person's value that is put back where it was replaced stays a person's."""
        wanted = self.wanted("left"), self.wanted("right")
        pending = going_on(self.pending, wanted, (self.left, self.right))
        for side, steps in made.items():
            restored = self.wanted(side) if side == self.decision.winner else None
            own = [one for one in steps if restored is None or not same(one, restored)]
            pending = with_steps(pending, side, own)
        return pending

    def replaced_another(self, side: Side, seen: Seen, steps: Sequence[str]) -> bool:
        """Whether our write replaced something else than was read before it. steps: what was set,
        the last of which stands there now."""
        if seen.ours is False or not steps or not same(seen.value, steps[-1]):
            return False
        seen = behind(seen, steps)
        if seen.before is None:
            return False
        if same(seen.before, seen.value) or any(same(seen.before, one) for one in steps):
            return False
        read = self.now(side)
        if same(seen.before, read.value):  # away and back
            return seen.before_at > read.at > 0
        return seen.before_at >= read.at

    def given(self, side: Side) -> Said:
        """What a side has by our word; when it was set there is not known where we set it."""
        return (self.wanted(side), 0) if self.to_write(side) else as_said(self.now(side))

    def agreed(self, after: Both) -> tuple[Said, Said]:
        """What both sides say now, where that is alike; else what they were given: then somebody
        has changed it since, and the next sync sees that."""
        left, right = (after[side].fields[self.field] for side in SIDES)
        if self.rule.alike(left.value, right.value):
            return as_said(left), as_said(right)
        left_at, right_at = as_said(self.left)[1], as_said(self.right)[1]
        return (self.wanted("left"), left_at), (self.wanted("right"), right_at)


def decide_fields(
    rule: SyncRule, both: Both, rows: Mapping[str, FieldRow], lost: Lost
) -> list[Decided]:
    """Of each field that both sides have. rows: what is known of them, by name."""
    found = []
    for one in rule.fields:
        left, right = (both[side].fields.get(one.name) for side in SIDES)
        if left is None or right is None:
            continue
        row = rows.get(one.name)
        seen_left = lost.get(("left", one.name)) or theirs(left, row, "left")
        seen_right = lost.get(("right", one.name)) or theirs(right, row, "right")
        take = side_of(row.take) if row else None
        decision = decide(one, seen_left, seen_right, base_of(row), take)
        found.append(Decided(one, left, right, decision, row.pending if row else None))
    return found


def as_said(seen: Seen) -> Said:
    """A value to compare with later: it was set then, or before."""
    return seen.value, seen.at


def base_of(row: FieldRow | None) -> Base | None:
    if row is None or row.left is None or row.right is None:
        return None
    return Base(Seen(*row.left), Seen(*row.right))


def theirs(seen: Seen, row: FieldRow | None, side: Side) -> Seen:
    """What people have set on a side: what we wrote there without learning of its end is none of
    theirs, whatever time it has; what it replaced unseen is."""
    if row is None or row.pending is None:
        return seen
    base = row.left if side == "left" else row.right
    if not is_ours(seen, row.pending, side):
        return seen
    ours = begun(row.pending, side)
    if ours.replaced(seen):
        return replaced(behind(seen, ours.steps))
    return Seen(*base) if base is not None else Seen(ours.before, 1)


def replaced(seen: Seen) -> Seen:
    """What stood there before the last change."""
    return Seen(str(seen.before), seen.before_at or seen.at)


def side_of(text: str) -> Side | None:
    return "left" if text == "left" else "right" if text == "right" else None
