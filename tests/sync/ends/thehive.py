"""A case in TheHive."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from bridge.event import JSON
from tests.sync.ends.end import Writes
from tests.sync.ends.journal import bridge_writes
from tests.sync.world import World

NAMES = {"status": "status", "priority": "severity", "assignee": "assignee", "summary": "title"}
SEVERITIES = {"low": 1, "medium": 2, "high": 3, "critical": 4}
PEOPLE = {"anna": "anna@sandbox.example", "ben": "ben@sandbox.example"}


@dataclass(frozen=True)
class TheHiveCase:
    world: World

    def path(self, thing: str) -> str:
        return f"/thehive/api/v1/case/{thing}"

    async def make(self) -> str:
        body: JSON = {
            "title": "Weak key", "description": "d", "severity": 1, "assignee": PEOPLE["ben"],
        }  # fmt: skip
        return str((await self.world.person("POST", "/thehive/api/v1/case", body))["_id"])

    async def read(self, thing: str) -> dict[str, str]:
        return _told(await self.world.person("GET", self.path(thing)))

    async def change(self, thing: str, field: str, value: str) -> bool:
        given: JSON = SEVERITIES[value] if field == "priority" else value
        await self.world.person("PATCH", self.path(thing), {NAMES[field]: given})
        return True

    async def remark(self, thing: str, text: str) -> str:
        path = f"{self.path(thing)}/comment"
        return str((await self.world.person("POST", path, {"message": text}))["_id"])

    async def edit_remark(self, thing: str, remark_id: str, text: str) -> None:
        await self.world.person("PATCH", f"/thehive/api/v1/comment/{remark_id}", {"message": text})

    async def remarks(self, thing: str) -> list[str]:
        query: JSON = [
            {"_name": "getCase", "idOrName": thing}, {"_name": "comments"},
            {"_name": "page", "from": 0, "to": 10_000},
        ]  # fmt: skip
        found = await self.world.person("POST", "/thehive/api/v1/query", {"query": query})
        return [one["message"] for one in found]

    async def wrote(self, thing: str) -> Writes:
        found: Writes = Counter()
        for body in bridge_writes(self.world, self.path(thing)):
            found.update((name, value) for name, value in _told(body).items() if value)
        return found


def _told(case: Any) -> dict[str, str]:
    words = {number: word for word, number in SEVERITIES.items()}
    told = {name: str(case.get(theirs) or "") for name, theirs in NAMES.items()}
    return told | {"priority": words.get(case.get("severity"), "")}
