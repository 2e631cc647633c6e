"""An issue in GitHub, whose priority is a label, and an alert of its scanners."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bridge.event import JSON
from bridge.sandbox.github.state import BRIDGE, REPOSITORY
from tests.sync.ends.end import Writes
from tests.sync.ends.journal import bridge_writes
from tests.sync.world import World

LABEL = "priority: "
PATH = f"/github/repos/{REPOSITORY}"


@dataclass(frozen=True)
class GitHubIssue:
    world: World

    def path(self, thing: str) -> str:
        return f"{PATH}/issues/{thing.rpartition('#')[2]}"

    async def make(self) -> str:
        body: JSON = {"title": "Weak key", "labels": [f"{LABEL}low", "scanner"]}
        made = await self.world.person("POST", f"{PATH}/issues", body)
        return f"{REPOSITORY}#{made['number']}"

    async def read(self, thing: str) -> dict[str, str]:
        issue = await self.world.person("GET", self.path(thing))
        return {
            "status": issue["state"],
            "priority": _priority(issue),
            "assignee": (issue["assignee"] or {}).get("login", ""),
            "summary": issue["title"],
        }

    async def change(self, thing: str, field: str, value: str) -> bool:
        """A label is put on before the old one is taken away, as people do it."""
        bodies: dict[str, dict[str, JSON]] = {
            "status": {"state": value},
            "assignee": {"assignees": [value] if value else []},
            "summary": {"title": value},
        }
        body = bodies.get(field, {})
        if field == "priority":
            issue = await self.world.person("GET", self.path(thing))
            old: list[JSON] = [one["name"] for one in issue["labels"]]
            both: list[JSON] = [*old, f"{LABEL}{value}"]
            await self.world.person("PATCH", self.path(thing), {"labels": both})
            gone = f"{LABEL}{_priority(issue)}"
            body = {"labels": [one for one in both if one != gone]}
        await self.world.person("PATCH", self.path(thing), body)
        return True

    async def remark(self, thing: str, text: str) -> str:
        made = await self.world.person("POST", f"{self.path(thing)}/comments", {"body": text})
        return str(made["id"])

    async def edit_remark(self, thing: str, remark_id: str, text: str) -> None:
        path = f"{self.path(thing).rpartition('/')[0]}/comments/{remark_id}"
        await self.world.person("PATCH", path, {"body": text})

    async def remarks(self, thing: str) -> list[str]:
        found = await _all(self.world, f"{self.path(thing)}/comments")
        return [one["body"] for one in found]

    async def wrote(self, thing: str) -> Writes:
        found: Writes = Counter()
        for one in await _all(self.world, f"{self.path(thing)}/events"):
            if one["actor"]["login"] != BRIDGE:
                continue
            match one["event"]:
                case "closed":
                    found["status", "closed"] += 1
                case "reopened":
                    found["status", "open"] += 1
                case "assigned":
                    found["assignee", one["assignee"]["login"]] += 1
                case "renamed":
                    found["summary", one["rename"]["to"]] += 1
                case "labeled":
                    found["priority", one["label"]["name"].removeprefix(LABEL)] += 1
        return found


ALERTS = ("code-scanning", "dependabot", "secret-scanning")


@dataclass(frozen=True)
class GitHubAlert:
    """The repository has one of each kind, so that there can be three. Only its status counts."""

    world: World
    made: list[str] = field(default_factory=list)

    def path(self, thing: str) -> str:
        repository, kind, number = thing.rsplit("/", 2)
        return f"/github/repos/{repository}/{kind}/alerts/{number}"

    async def make(self) -> str:
        self.made.append(f"{REPOSITORY}/{ALERTS[len(self.made)]}/1")
        return self.made[-1]

    async def read(self, thing: str) -> dict[str, str]:
        return {"status": _word((await self.world.person("GET", self.path(thing)))["state"])}

    async def change(self, thing: str, field: str, value: str) -> bool:
        if (await self.read(thing))["status"] == _word(value):
            return False
        secret = "secret-scanning" in thing
        body: JSON = {"state": "open"}
        if value != "open" and secret:
            body = {"state": "resolved", "resolution": "wont_fix"}
        elif value != "open":
            reason = "won't fix" if "code" in thing else "tolerable_risk"
            body = {"state": "dismissed", "dismissed_reason": reason}
        await self.world.person("PATCH", self.path(thing), body)
        return True

    async def remark(self, thing: str, text: str) -> str:
        raise AssertionError("an alert has no comments")

    async def edit_remark(self, thing: str, remark_id: str, text: str) -> None:
        raise AssertionError("an alert has no comments")

    async def remarks(self, thing: str) -> list[str]:
        return []

    async def wrote(self, thing: str) -> Writes:
        bodies = bridge_writes(self.world, self.path(thing))
        return Counter(("status", _word(body["state"])) for body in bodies)


def _word(state: str) -> str:
    return "dismissed" if state == "resolved" else state


def _priority(issue: Any) -> str:
    names = [one["name"] for one in issue["labels"] if one["name"].startswith(LABEL)]
    return names[-1].removeprefix(LABEL) if names else ""


async def _all(world: World, path: str) -> list[Any]:
    found: list[Any] = []
    while page := await world.person("GET", f"{path}?per_page=100&page={len(found) // 100 + 1}"):
        found += page
        if len(page) < 100:
            break
    return found
