"""An issue in Sentry, which is an alert here: only its status counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bridge.sandbox.sentry.state import BRIDGE, FIRST, ORGANIZATION
from tests.sync.ends.end import Writes
from tests.sync.world import World


@dataclass(frozen=True)
class SentryIssue:
    """There are three from the start, and nobody makes more."""

    world: World
    made: list[str] = field(default_factory=list)

    def path(self, thing: str) -> str:
        return f"/sentry/api/0/organizations/{ORGANIZATION}/issues/{thing}/"

    async def make(self) -> str:
        self.made.append(str(FIRST + len(self.made)))
        return self.made[-1]

    async def read(self, thing: str) -> dict[str, str]:
        return {"status": (await self.world.person("GET", self.path(thing)))["status"]}

    async def change(self, thing: str, field: str, value: str) -> bool:
        await self.world.person("PUT", self.path(thing), {field: value})
        return True

    async def remark(self, thing: str, text: str) -> str:
        raise AssertionError("of an alert only the status is synced")

    async def edit_remark(self, thing: str, remark_id: str, text: str) -> None:
        raise AssertionError("of an alert only the status is synced")

    async def remarks(self, thing: str) -> list[str]:
        return []

    async def wrote(self, thing: str) -> Writes:
        found: Writes = Counter()
        for one in (await self.world.person("GET", self.path(thing)))["activity"]:
            if one["user"]["name"] == BRIDGE.capitalize():
                found["status", one["type"].removeprefix("set_")] += 1
        return found
