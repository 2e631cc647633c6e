"""An issue in Jira."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bridge.event import JSON
from tests.sync.ends.end import Writes
from tests.sync.world import World

PEOPLE = {"anna": "5b0000000000000000000002", "ben": "5b0000000000000000000003"}
FIELDS = ("status", "priority", "assignee", "summary")


@dataclass(frozen=True)
class JiraIssue:
    world: World

    def path(self, thing: str) -> str:
        return f"/jira/rest/api/2/issue/{thing}"

    async def make(self) -> str:
        return await self.world.issue()

    async def read(self, thing: str) -> dict[str, str]:
        fields = (await self.world.person("GET", f"/jira/rest/api/2/issue/{thing}"))["fields"]
        return {
            "status": fields["status"]["name"],
            "priority": fields["priority"]["name"],
            "assignee": (fields["assignee"] or {}).get("accountId", ""),
            "summary": fields["summary"],
        }

    async def change(self, thing: str, field: str, value: str) -> bool:
        if field == "status":
            return await self.world.move(thing, value)
        given: dict[str, JSON] = {
            "priority": {"name": value},
            "assignee": {"accountId": value} if value else None,
            "summary": value,
        }
        await self.world.edit(thing, {field: given[field]})
        return True

    async def remark(self, thing: str, text: str) -> str:
        return await self.world.remark(thing, text)

    async def edit_remark(self, thing: str, remark_id: str, text: str) -> None:
        await self.world.edit_remark(thing, remark_id, text)

    async def remarks(self, thing: str) -> list[str]:
        return await self.world.remarks(thing)

    async def wrote(self, thing: str) -> Writes:
        path = f"/jira/rest/api/2/issue/{thing}?expand=changelog"
        found: Writes = Counter()
        for history in (await self.world.person("GET", path))["changelog"]["histories"]:
            if history["author"]["displayName"].startswith("Bridge"):
                for item in history["items"]:
                    after = item.get("to" if item["field"] == "assignee" else "toString")
                    found[item["field"], after or ""] += 1
        return Counter({key: count for key, count in found.items() if key[0] in FIELDS})
