"""A case in Kibana."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bridge.event import JSON
from tests.sync.ends.end import Writes
from tests.sync.world import World

NAMES = {"status": "status", "priority": "severity", "assignee": "assignees", "summary": "title"}
PEOPLE = {"anna": "u_anna", "ben": "u_ben"}


@dataclass(frozen=True)
class KibanaCase:
    world: World

    def path(self, thing: str) -> str:
        return f"/kibana/api/cases/{thing}"

    async def make(self) -> str:
        return await self.world.case()

    async def read(self, thing: str) -> dict[str, str]:
        case = await self.world.person("GET", f"/kibana/api/cases/{thing}")
        return {name: _told(case[theirs]) for name, theirs in NAMES.items()}

    async def change(self, thing: str, field: str, value: str) -> bool:
        given: JSON = value
        if field == "assignee":
            given = [{"uid": value}] if value else []
        await self.world.change(thing, {NAMES[field]: given})
        return True

    async def remark(self, thing: str, text: str) -> str:
        return await self.world.note(thing, text)

    async def edit_remark(self, thing: str, remark_id: str, text: str) -> None:
        await self.world.edit_note(thing, remark_id, text)

    async def remarks(self, thing: str) -> list[str]:
        return await self.world.notes(thing)

    async def wrote(self, thing: str) -> Writes:
        path = f"/kibana/api/cases/{thing}/user_actions/_find?perPage=10000"
        named = {theirs: name for name, theirs in NAMES.items()}
        found: Writes = Counter()
        for row in (await self.world.person("GET", path))["userActions"]:
            name = named.get(row["type"])
            if name and row["action"] != "delete" and row["created_by"]["username"] == "bridge":
                found[name, _told(row["payload"][row["type"]])] += 1
        return found


def _told(value: object) -> str:
    """A word as it is; of people the first."""
    if isinstance(value, list):
        return str(value[0]["uid"]) if value else ""
    return str(value)
