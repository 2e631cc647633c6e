"""The cases and alerts of one organisation, as the stand-in remembers them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from bridge.event import JSON
from bridge.sandbox.stand_in import Surroundings

ORGANISATION = "sandbox"
ORGANISATION_ID = "~4096"
BRIDGE = "bridge@sandbox.example"
PEOPLE = (BRIDGE, "anna@sandbox.example", "ben@sandbox.example")

CASE_STATUSES = {
    "New": "New", "InProgress": "InProgress", "Indeterminate": "Closed", "FalsePositive": "Closed",
    "TruePositive": "Closed", "Other": "Closed", "Duplicated": "Closed",
}  # fmt: skip
ALERT_STATUSES = {
    "New": "New", "InProgress": "InProgress", "Pending": "InProgress", "Ignored": "Closed",
    "Duplicate": "Closed", "FalsePositive": "Closed", "Imported": "Imported",
}  # fmt: skip
"""Each status belongs to a stage. These are there before an administrator adds to them."""


@dataclass(slots=True, eq=False)
class Comment:
    id: str
    message: str
    by: str
    at: int
    edited: int = 0


@dataclass(slots=True, eq=False)
class File:
    id: str
    name: str
    content_type: str
    content: bytes
    by: str
    at: int

    @property
    def hashes(self) -> list[JSON]:
        kinds = (hashlib.sha256, hashlib.sha1, hashlib.md5)
        return [kind(self.content, usedforsecurity=False).hexdigest() for kind in kinds]


@dataclass(slots=True, eq=False)
class Entity:
    """A case or an alert. values: the fields that its API takes. dates: when it came to a stage."""

    id: str
    kind: str
    values: dict[str, JSON]
    by: str
    created: int
    number: int = 0
    updated: int = 0
    updated_by: str = ""
    dates: dict[str, JSON] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    files: list[File] = field(default_factory=list)

    @property
    def stage(self) -> str:
        stages = CASE_STATUSES if self.kind == "Case" else ALERT_STATUSES
        return stages[str(self.values["status"])]


class HiveState:
    """Starts with two alerts of a scanner. entities: cases and alerts by id."""

    def __init__(self, around: Surroundings) -> None:
        self.entities: dict[str, Entity] = {}
        self.sequence = 4096
        self.cases = 0
        now = around.conditions.clock()
        for number in (1, 2):
            values: dict[str, JSON] = {
                "type": "scan", "source": "scanner", "sourceRef": f"finding-{number}",
                "title": f"Finding {number} (sandbox)", "description": "A made-up finding.",
                "severity": 3, "tags": ["sandbox"], "tlp": 2, "pap": 2, "status": "New",
            }  # fmt: skip
            made = Entity(self.next_id(), "Alert", values, BRIDGE, now)
            self.entities[made.id] = made

    def next_id(self) -> str:
        """As TheHive's look: a tilde and a multiple of some power of two."""
        self.sequence += 4096
        return f"~{self.sequence}"

    def of(self, kind: str) -> list[Entity]:
        return [one for one in self.entities.values() if one.kind == kind]

    def find(self, kind: str, wanted: str) -> Entity | None:
        """By its id; a case by its number too, an alert by `type;source;sourceRef`."""
        for one in self.of(kind):
            values = one.values
            name = ";".join(str(values.get(key)) for key in ("type", "source", "sourceRef"))
            if wanted == one.id or wanted == (str(one.number) if kind == "Case" else name):
                return one
        return None
