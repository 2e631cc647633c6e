"""What the stand-in remembers: people, a team with its workflow, issues, comments, labels."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from bridge.event import JSON

WORKSPACE = "9d2f4a10-0000-4000-8000-000000000001"
TEAM = "9d2f4a10-0000-4000-8000-000000000002"
TEAM_KEY = "ENG"
BRIDGE = "scanbridge"


def fixed(number: int) -> str:
    return f"9d2f4a10-0000-4000-8000-{number:012d}"


PEOPLE = {BRIDGE: fixed(11), "anna": fixed(12), "ben": fixed(13)}
STATES = {
    fixed(21): ("Backlog", "backlog"),
    fixed(22): ("Todo", "unstarted"),
    fixed(23): ("In Progress", "started"),
    fixed(24): ("Done", "completed"),
    fixed(25): ("Canceled", "canceled"),
}
FIRST_STATE = fixed(21)
PRIORITIES = ("No priority", "Urgent", "High", "Medium", "Low")


GROUPING_MS = 10_000
"""How long one account's changes go into one row of the history. Linear says that there is such a
window, and not how long it is; ten seconds are arbitrary."""


@dataclass(slots=True)
class Entry:
    """One row of an issue's history. changes: what each property was and is, as it is kept."""

    id: str
    at: int
    updated: int
    actor: str
    changes: dict[str, tuple[JSON, JSON]]


@dataclass(slots=True)
class Comment:
    id: str
    issue: str
    author: str
    body: str
    at: int
    edited: int = 0


@dataclass(slots=True)
class Attachment:
    """A link to something outside, with what its maker wants to remember of it."""

    id: str
    issue: str
    author: str
    url: str
    title: str
    at: int
    subtitle: str | None = None
    metadata: dict[str, JSON] = field(default_factory=dict)


@dataclass(slots=True)
class Issue:
    id: str
    number: int
    author: str
    title: str
    created: int
    updated: int
    description: str | None = None
    state: str = FIRST_STATE
    priority: int = 0
    assignee: str = ""
    parent: str = ""
    labels: list[str] = field(default_factory=list)
    history: list[Entry] = field(default_factory=list)

    @property
    def identifier(self) -> str:
        return f"{TEAM_KEY}-{self.number}"


@dataclass(slots=True)
class LinearState:
    """issues, comments, attachments and labels (id to name) by id.

    uploads: bytes by the id in their address; None while they have not come.
    """

    issues: dict[str, Issue] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    uploads: dict[str, bytes | None] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    count: int = 100

    def next_id(self) -> str:
        self.count += 1
        return fixed(self.count)

    def issue(self, wanted: str) -> Issue | None:
        """By id or by identifier."""
        if wanted in self.issues:
            return self.issues[wanted]
        key = wanted.upper()
        return next((one for one in self.issues.values() if one.identifier == key), None)


def is_uuid4(text: object) -> bool:
    try:
        return uuid.UUID(str(text)).version == 4
    except ValueError:
        return False
