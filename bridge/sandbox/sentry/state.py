"""What the stand-in remembers: issues with what happened to them, and comments."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.clock import iso
from bridge.event import JSON

ORGANIZATION = "sandbox"
PROJECT = "shop"
BRIDGE = "scanbridge"
PEOPLE = {BRIDGE: 7001, "anna": 7002, "ben": 7003}
FIRST = 4_500_000_001
STARTS = (
    ("SHOP-1", "ReferenceError: price is not defined", "error", "checkout in total"),
    ("SHOP-2", "TimeoutError: payment did not answer", "warning", "shop.payment in charge"),
    ("SHOP-3", "SQL injection attempt blocked", "fatal", "shop.orders in search"),
)


@dataclass(slots=True)
class Happening:
    """One entry of an issue's activity. kind: set_resolved, set_ignored, note … text: of a note."""

    id: int
    kind: str
    actor: str
    at: int
    text: str = ""


@dataclass(slots=True)
class Issue:
    id: int
    short: str
    title: str
    level: str
    culprit: str
    created: int
    status: str = "unresolved"
    substatus: str | None = "ongoing"
    priority: str = "high"
    assignee: str = ""
    details: dict[str, JSON] = field(default_factory=dict)
    activity: list[Happening] = field(default_factory=list)

    @property
    def notes(self) -> list[Happening]:
        """The comments, the newest first."""
        return [one for one in reversed(self.activity) if one.kind == "note"]


@dataclass(slots=True)
class SentryState:
    started: int
    issues: dict[int, Issue] = field(default_factory=dict)
    count: int = 100

    def __post_init__(self) -> None:
        for number, (short, title, level, culprit) in enumerate(STARTS):
            made = Issue(FIRST + number, short, title, level, culprit, self.started)
            self.issues[made.id] = made

    def next_id(self) -> int:
        self.count += 1
        return self.count


def moment(at: int) -> str:
    """`2026-11-26T04:00:00.123000Z`, with Sentry's microseconds."""
    return iso(at)[:-1] + "000Z"
