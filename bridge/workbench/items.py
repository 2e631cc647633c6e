"""What a rule set makes of an event, in a form that two sets can be compared by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.event import JSON


class Fate(StrEnum):
    """What becomes of a planned action."""

    ACTS = "acts"
    WAITS = "waits"
    """It acts later: its throttle's window is full."""
    DONE_BEFORE = "done before"
    """Another run has done it for this value of `once_per`."""
    THROTTLED = "throttled"
    """Its throttle drops it."""
    GROUPED = "grouped"
    """A waiting run takes its event in."""
    SKIPPED = "skipped"
    """Its own `when` is not true."""


ACTING = frozenset((Fate.ACTS, Fate.WAITS))
"""What reaches the other system, sooner or later."""

BY_THROTTLE = (Fate.THROTTLED, Fate.GROUPED, Fate.WAITS)
HELD = (*BY_THROTTLE, Fate.DONE_BEFORE)


@dataclass(frozen=True, slots=True)
class Item:
    """One action. index: the element of `each`. parameters: JSON, so that equal ones are equal."""

    rule: str
    index: int
    position: int
    action: str
    integration: str
    parameters: str
    fate: Fate

    @property
    def acts(self) -> bool:
        return self.fate in ACTING

    @property
    def place(self) -> tuple[str, int, int, str]:
        """What two sets that plan the same action of one rule share."""
        return self.rule, self.index, self.position, self.action

    def as_json(self) -> dict[str, JSON]:
        """The same for other programs."""
        return {
            "rule": self.rule,
            "element": self.index,
            "action": self.action,
            "integration": self.integration,
            "parameters": json.loads(self.parameters),
            "fate": self.fate.value,
        }


@dataclass(frozen=True, slots=True)
class Played:
    """One event as one set sees it. errors: rules that gave an error, with its text."""

    seq: int
    id: str
    type: str
    source: str
    subject: str
    received_at: int
    items: tuple[Item, ...]
    errors: Mapping[str, str]


def written(parameters: JSON) -> str:
    """Parameters as text that is the same for the same values."""
    return json.dumps(parameters, sort_keys=True, ensure_ascii=False)


def acting(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.acts]
