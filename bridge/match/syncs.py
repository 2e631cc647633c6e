"""`sync` rules: two ends, the fields that are kept alike, and what happens in a conflict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bridge.errors import Place

Kind = Literal["issue", "case", "alert"]
Side = Literal["left", "right"]
Owner = Literal["left", "right", "both"]
Policy = Literal["newest", "left", "right", "hold"]

SYNC = "sync"
"""The action that a sync rule plans; no rule file can name it."""
COMMENTS = "comments"

TYPES: Mapping[str, tuple[str, ...]] = {
    "issue": ("issue.created", "issue.updated", "issue.commented"),
    "alert": ("alert.raised", "alert.resolved"),
    "case": ("case.created", "case.updated", "case.closed", "case.commented"),
}
"""The events after which a pair is looked at, by the kind of either end."""

ASKED = "sync.asked"
"""The event by which the reconciler, or a person who decided a conflict, has a pair looked at."""


def other(side: Side) -> Side:
    return "right" if side == "left" else "left"


@dataclass(frozen=True, slots=True)
class End:
    """One side: an integration and the kind of thing there."""

    integration: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class SyncedField:
    """to_left, to_right: from the one side's values, folded, to the other's; None carries values
    over as they are. owner: whose value counts. through: statuses that may be passed on the way.
    reason: why an alert is closed.
    """

    name: str
    owner: Owner
    policy: Policy
    to_left: Mapping[str, tuple[str, ...]] | None
    to_right: Mapping[str, tuple[str, ...]] | None
    through: tuple[str, ...] = ()
    reason: str = ""

    def choices(self, value: str, to: Side) -> tuple[str, ...]:
        """A value in the words of a side, the best first; none where the map has none for it."""
        table = self.to_left if to == "left" else self.to_right
        if table is None or (not value and "" not in table):
            return (value,)
        return table.get(value.casefold(), ())

    def carried(self, value: str, to: Side) -> str | None:
        """The best of those; None where there is none."""
        return next(iter(self.choices(value, to)), None)

    def alike(self, left: str, right: str) -> bool:
        """Whether both sides say the same: in one direction is enough, since several statuses of
        one side may mean one of the other."""
        to_right = {one.casefold() for one in self.choices(left, "right")}
        to_left = {one.casefold() for one in self.choices(right, "left")}
        return right.casefold() in to_right or left.casefold() in to_left


@dataclass(frozen=True, slots=True)
class SyncRule:
    """comments: who may write comments that are carried over; None where none are."""

    name: str
    place: Place
    left: End
    right: End
    fields: tuple[SyncedField, ...]
    comments: Owner | None

    def end(self, side: Side) -> End:
        return self.left if side == "left" else self.right
