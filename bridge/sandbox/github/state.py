"""What the stand-in remembers: issues, comments, history, alerts."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.clock import iso

REPOSITORY = "sandbox/shop"
BRIDGE = "scanbridge"
PEOPLE = {BRIDGE: 1001, "anna": 1002, "ben": 1003}
"""Logins and their ids; whoever is not here cannot be assigned."""


@dataclass(slots=True)
class Comment:
    id: int
    author: str
    body: str
    created: int
    updated: int


@dataclass(slots=True)
class Happening:
    """One entry of an issue's history. event: closed, reopened, labeled, assigned …

    of: the label's name or the login that it is about, or the title that was there before.
    to: the new title.
    """

    id: int
    event: str
    actor: str
    at: int
    of: str = ""
    to: str = ""


@dataclass(slots=True)
class Issue:
    """reason: of its state, empty for none. changed: when the search's index has to catch up."""

    id: int
    number: int
    author: str
    title: str
    body: str | None
    created: int
    updated: int
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    type: str = ""
    state: str = "open"
    reason: str = ""
    closed: int | None = None
    closed_by: str = ""
    comments: list[Comment] = field(default_factory=list)
    history: list[Happening] = field(default_factory=list)


@dataclass(slots=True)
class Alert:
    """kind: code-scanning, dependabot or secret-scanning. by: who dismissed or resolved it."""

    kind: str
    number: int
    created: int
    updated: int
    state: str = "open"
    reason: str | None = None
    comment: str | None = None
    by: str = ""
    at: int | None = None


@dataclass(slots=True)
class GitHubState:
    started: int
    issues: dict[int, Issue] = field(default_factory=dict)
    alerts: dict[tuple[str, int], Alert] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    ids: int = 900_000

    def __post_init__(self) -> None:
        for kind in ("code-scanning", "dependabot", "secret-scanning"):
            self.alerts[kind, 1] = Alert(kind, 1, self.started, self.started)

    def next_id(self) -> int:
        self.ids += 1
        return self.ids

    def label(self, name: str) -> int:
        """The id of a label; GitHub makes one that does not exist yet."""
        for known, label_id in self.labels.items():
            if known.casefold() == name.casefold():
                return label_id
        return self.labels.setdefault(name, self.next_id())


def moment(at: int) -> str:
    """`2026-11-26T04:00:00Z`: GitHub gives whole seconds."""
    return iso(at)[:19] + "Z"
