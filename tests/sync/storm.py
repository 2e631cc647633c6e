"""Random edits on both sides, with faults on and webhooks that come twice and out of order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.event import JSON
from bridge.match.syncs import Side
from tests.sync.world import Mail, World, open_world

STATUSES = ("To Do", "In Progress", "Done", "Reopened")
CASE_STATUSES = ("open", "in-progress", "closed")
PRIORITIES = ("Low", "Medium", "High", "Highest")
SEVERITIES = ("low", "medium", "high", "critical")
MEANS = {
    "To Do": "open", "Reopened": "open", "In Progress": "in-progress", "Done": "closed",
    "Low": "low", "Medium": "medium", "High": "high", "Highest": "critical",
}  # fmt: skip
"""What a value on the left is on the right."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that a person did. value: in the right side's words."""

    at: int
    pair: int
    side: Side
    field: str
    value: str


@dataclass
class Storm:
    """left: edits that are still to be made. made: those that were, in their order."""

    world: World
    chance: random.Random
    pairs: list[tuple[str, str]]
    left: int
    made: list[Edit] = field(default_factory=list)
    busy: bool = False

    async def between(self, seconds: float) -> None:
        """While the bridge waits for an answer: somebody may edit just then."""
        del seconds
        if not self.busy and self.left and self.chance.random() < 0.04:
            await self.edit()

    async def edit(self) -> None:
        """One edit by a person, at a moment of its own."""
        self.busy = True
        try:
            self.left -= 1
            self.world.clock.advance(self.chance.randint(5, 900))
            number = self.chance.randrange(len(self.pairs))
            side: Side = self.chance.choice(("left", "right"))
            what = self.chance.choice(("status", "status", "priority", "summary", "comment"))
            value = await self._do(number, side, what)
            if value:
                self.made.append(Edit(self.world.clock(), number, side, what, value))
            self.world.clock.advance(5)
        finally:
            self.busy = False

    async def _do(self, number: int, side: Side, what: str) -> str:
        """The value that was set; empty where that was not to be."""
        key, case_id = self.pairs[number]
        world, name = self.world, f"{what} {len(self.made)} {self.left}"
        if what == "comment":
            await (world.remark(key, name) if side == "left" else world.note(case_id, name))
            return name
        if side == "left":
            now = (await world.jira(key))[what]
            if what == "status":
                value = self.chance.choice([one for one in STATUSES if one != now])
                return MEANS[value] if await world.move(key, value) else ""
            value = name if what == "summary" else self.chance.choice(PRIORITIES)
            given: JSON = value if what == "summary" else {"name": value}
            if value == now:
                return ""
            await world.edit(key, {what: given})
            return MEANS.get(value, value)
        now = (await world.kibana(case_id))[what]
        choices = {"status": CASE_STATUSES, "priority": SEVERITIES, "summary": (name,)}[what]
        value = self.chance.choice([one for one in choices if one != now])
        named = {"status": "status", "priority": "severity", "summary": "title"}[what]
        await world.change(case_id, {named: value})
        return value

    def order(self, mail: list[Mail]) -> list[Mail]:
        """Some twice, and all in another order."""
        twice = [*mail, *(one for one in mail if self.chance.random() < 0.2)]
        self.chance.shuffle(twice)
        return twice


async def blow(folder: Path, seed: int, edits: int, *, pairs: int = 3) -> Storm:
    """Runs a storm to its end, and until nothing moves any more; then everything is checked."""
    chance = random.Random(seed)
    late: list[Storm] = []

    async def sleep(seconds: float) -> None:
        for storm in late:
            await storm.between(seconds)

    async with open_world(folder, sleep=sleep) as world:
        known = [await world.pair() for _ in range(pairs)]
        await world.settle()
        storm = Storm(world, chance, known, edits)
        late.append(storm)
        world.fault(lost_answer="0.06", _5xx="0.06", burst_429="0.03", index_lag="2", slow="0.001")
        while storm.left:
            for _ in range(min(storm.left, chance.randint(0, 3))):
                await storm.edit()
            await world.deliver(storm.order)
            world.clock.advance(chance.choice((50, 500, 5_000, 40_000)))
        world.fault(index_lag="2")
        await world.settle()
        await check(storm)
    return storm


async def check(storm: Storm) -> None:
    """Both sides are alike and say what people said last; nothing was done twice."""
    world = storm.world
    for number, (key, case_id) in enumerate(storm.pairs):
        mine = [one for one in storm.made if one.pair == number]
        left, right = await world.jira(key), await world.kibana(case_id)
        for name in ("status", "priority", "summary"):
            said = [one for one in mine if one.field == name]
            assert MEANS.get(left[name], left[name]) == right[name], (key, name, left, right)
            if said:
                assert right[name] == said[-1].value, (key, name, right, said[-4:])
        check_comments(mine, await world.remarks(key), await world.notes(case_id))
        await check_writes(storm, key, case_id, mine)
    dead = await world.rows("SELECT reason FROM actions WHERE state = 'dead'")
    assert dead == [], dead


def check_comments(mine: Sequence[Edit], left: Sequence[str], right: Sequence[str]) -> None:
    """Each is on each side once, and none besides."""
    said = [one.value for one in mine if one.field == "comment"]
    for side in (left, right):
        assert len(side) == len(said), (said, side)
        for text in said:
            found = [one for one in side if one == text or one.startswith(f"{text}\n")]
            assert len(found) == 1, (text, side)


async def check_writes(storm: Storm, key: str, case_id: str, mine: Sequence[Edit]) -> None:
    """The bridge set no value more often than people had set it."""
    said = Counter((one.field, one.value) for one in mine)
    said.update([("status", "open"), ("priority", "low"), ("summary", "Weak key")])
    passed = sum(one.field == "status" for one in mine)  # statuses on the way to others
    for wrote in (await jira_writes(storm.world, key), await case_writes(storm.world, case_id)):
        for name, count in wrote.items():
            most = said[name] + (passed if name[0] == "status" else 0)
            assert count <= most, (name, count, most)


async def jira_writes(world: World, key: str) -> Counter[tuple[str, str]]:
    """What the bridge set in the issue, by field and value in the right side's words."""
    path = f"/jira/rest/api/2/issue/{key}?expand=changelog"
    found: Counter[tuple[str, str]] = Counter()
    for history in (await world.person("GET", path))["changelog"]["histories"]:
        if "nna" in history["author"]["displayName"]:
            continue
        for item in history["items"]:
            if item["field"] in ("status", "priority", "summary"):
                value = item["toString"]
                found[item["field"], MEANS.get(value, value)] += 1
    return found


async def case_writes(world: World, case_id: str) -> Counter[tuple[str, str]]:
    path = f"/kibana/api/cases/{case_id}/user_actions/_find?perPage=1000"
    named = {"status": "status", "severity": "priority", "title": "summary"}
    found: Counter[tuple[str, str]] = Counter()
    for row in (await world.person("GET", path))["userActions"]:
        if row["created_by"]["username"] != "anna" and row["type"] in named:
            found[named[row["type"]], row["payload"][row["type"]]] += 1
    return found
