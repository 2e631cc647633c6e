"""The cases of all spaces, as the stand-in remembers them."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.clock import iso
from bridge.event import JSON
from bridge.sandbox.stand_in import Surroundings

NOBODY: JSON = None


@dataclass(slots=True, eq=False)
class Comment:
    """A comment of a person, or attached alerts. version: the sequence number of its last write."""

    id: str
    owner: str
    body: dict[str, JSON]
    by: str
    created: int
    version: int
    updated: int = 0
    updated_by: str = ""

    def show(self) -> dict[str, JSON]:
        return {
            "id": self.id,
            "version": version_text(self.version),
            **self.body,
            "owner": self.owner,
            "created_at": iso(self.created),
            "created_by": user(self.by),
            "pushed_at": None,
            "pushed_by": None,
            "updated_at": iso(self.updated) if self.updated else None,
            "updated_by": user(self.updated_by) if self.updated else NOBODY,
        }


@dataclass(frozen=True, slots=True)
class UserAction:
    """One row of a case's activity."""

    id: str
    type: str
    action: str
    payload: dict[str, JSON]
    by: str
    at: int
    version: int
    comment_id: str | None = None

    def show(self, owner: str) -> dict[str, JSON]:
        return {
            "id": self.id,
            "type": self.type,
            "action": self.action,
            "payload": self.payload,
            "owner": owner,
            "comment_id": self.comment_id,
            "created_at": iso(self.at),
            "created_by": user(self.by),
            "version": version_text(self.version),
        }


@dataclass(slots=True, eq=False)
class Case:
    """values: the fields that its API takes."""

    id: str
    space: str
    values: dict[str, JSON]
    by: str
    created: int
    version: int
    updated: int = 0
    updated_by: str = ""
    closed: int = 0
    closed_by: str = ""
    comments: list[Comment] = field(default_factory=list)
    actions: list[UserAction] = field(default_factory=list)

    def show(self, *, comments: bool = True) -> dict[str, JSON]:
        shown: list[JSON] = [one.show() for one in self.comments] if comments else []
        return {
            "id": self.id,
            "version": version_text(self.version),
            "comments": shown,
            "totalComment": sum(one.body.get("type") == "user" for one in self.comments),
            "totalAlerts": sum(one.body.get("type") == "alert" for one in self.comments),
            **self.values,
            "duration": (self.closed - self.created) // 1000 if self.closed else None,
            "closed_at": iso(self.closed) if self.closed else None,
            "closed_by": user(self.closed_by) if self.closed else NOBODY,
            "created_at": iso(self.created),
            "created_by": user(self.by),
            "updated_at": iso(self.updated) if self.updated else None,
            "updated_by": user(self.updated_by) if self.updated else NOBODY,
            "external_service": None,
        }


class KibanaState:
    """Ids follow the sandbox's seed, so that a run repeats. alerts: detection alerts of the default
    space, and the status of each; reasons: why they were closed."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.cases: dict[str, Case] = {}
        self.sequence = 0
        self.alerts: dict[str, str] = {f"{number:064x}": "open" for number in (1, 2)}
        self.reasons: dict[str, str] = {}

    def next_version(self) -> int:
        self.sequence += 1
        return self.sequence

    def new_id(self) -> str:
        number = self._around.conditions.identifiers.getrandbits(128)
        return str(uuid.UUID(int=number, version=4))

    def of_space(self, space: str) -> Sequence[Case]:
        return [one for one in self.cases.values() if one.space == space]


def version_text(number: int) -> str:
    """As Elasticsearch's sequence number and term look in Kibana: `WzM2LDFd`."""
    return base64.b64encode(f"[{number},1]".encode()).decode()


def user(name: str) -> JSON:
    return {"username": name, "full_name": None, "email": None}
