"""A person edits in the very moment between a look of the bridge and its write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.match.syncs import Side
from tests.sync.ends.end import End
from tests.sync.ends.journal import of_bridge
from tests.sync.pairings import PAIRINGS, Pairing
from tests.sync.world import World, open_world


@dataclass
class Gap:
    """Once the bridge has asked for `path` as often as `looks` says, somebody edits."""

    world: World
    pairing: Pairing
    ends: dict[Side, End]
    things: dict[Side, str]
    path: str = ""
    looks: int = 0
    edit: Callable[[], Awaitable[object]] | None = None

    async def asked(self) -> None:
        entry = self.world.sandbox.app.journal.entries[-1]
        if self.edit is None or f"/{entry.site}{entry.path}" != self.path or not of_bridge(entry):
            return
        self.looks -= 1
        if not self.looks:
            edit, self.edit = self.edit, None
            self.world.clock.advance(2_000)
            await edit()
            self.world.clock.advance(2_000)

    def then(self, side: Side, looks: int, field: str, value: str, below: str = "") -> None:
        end, thing = self.ends[side], self.things[side]
        self.path, self.looks = end.path(thing) + below, looks
        self.edit = lambda: end.change(thing, field, value)

    async def change(self, side: Side, field: str, value: str) -> None:
        self.world.clock.advance(60_000)
        assert await self.ends[side].change(self.things[side], field, value)
        await self.world.settle()
        assert self.edit is None, "nobody edited"

    async def said(self, field: str) -> dict[Side, str]:
        return {
            side: self.pairing.fields[field].said(side, (await end.read(self.things[side]))[field])
            for side, end in self.ends.items()
        }


@asynccontextmanager
async def gap(folder: Path, name: str) -> AsyncIterator[Gap]:
    pairing = PAIRINGS[name]
    opened: list[Gap] = []

    async def sleep(seconds: float) -> None:
        del seconds
        for one in opened:
            await one.asked()

    async with open_world(folder, rules=pairing.rules(), sleep=sleep) as world:
        ends: dict[Side, End] = {"left": pairing.left(world), "right": pairing.right(world)}
        things = {side: await end.make() for side, end in ends.items()}
        await pairing.tie(world, things["left"], things["right"])
        await world.settle()
        world.fault(slow="0.001")
        opened.append(Gap(world, pairing, ends, things))
        yield opened[0]


BEN = {"github": "ben", "linear": "ben@sandbox.example"}
LAST_LOOK = {("linear", "assignee"): 3}
"""The sync's own look, and the one of the action right before its write; Linear is asked for the
person's id between them."""


@pytest.mark.parametrize("name", ["github", "linear"])
@pytest.mark.parametrize(
    ("field", "ours", "theirs", "meant"),
    [
        ("summary", "Ours", "Theirs", "Theirs"),
        ("assignee", "5b0000000000000000000002", BEN, "ben"),
        ("priority", "Medium", {"github": "high", "linear": "High"}, "high"),
    ],
)
async def test_what_a_person_sets_right_before_our_write_comes_back_and_is_carried_over(
    tmp_path: Path, name: str, field: str, ours: str, theirs: str | dict[str, str], meant: str
) -> None:
    async with gap(tmp_path, name) as world:
        value = theirs if isinstance(theirs, str) else theirs[name]
        world.then("right", LAST_LOOK.get((name, field), 2), field, value)
        await world.change("left", field, ours)
        assert await world.said(field) == {"left": meant, "right": meant}
        rows = await world.world.rows("SELECT reason FROM attempts WHERE reason LIKE '%put back%'")
        assert len(rows) == 1


async def test_assignee_given_to_another_by_the_bridge_is_not_taken_for_a_persons_wish(
    tmp_path: Path,
) -> None:
    """GitHub tells of two events, one of which says that somebody has gone."""
    async with gap(tmp_path, "github") as world:
        for who, meant in (("2", "anna"), ("3", "ben"), ("2", "anna")):
            await world.change("left", "assignee", f"5b000000000000000000000{who}")
            assert await world.said("assignee") == {"left": meant, "right": meant}
        wrote = await world.ends["right"].wrote(world.things["right"])
        assert wrote["assignee", "anna"] == 2


async def test_transition_that_somebody_has_made_impossible_is_no_dead_action(
    tmp_path: Path,
) -> None:
    async with gap(tmp_path, "kibana") as world:
        world.then("left", 1, "status", "Done", "/transitions")
        await world.change("right", "status", "in-progress")
        assert await world.said("status") == {"left": "done", "right": "done"}
        states = await world.world.rows("SELECT state FROM actions WHERE state = 'dead'")
        assert states == []


async def test_status_that_may_be_passed_is_kept_where_a_person_set_it_right_before_our_write(
    tmp_path: Path,
) -> None:
    """To Done there is a way from In Progress too, so that Jira does not refuse it."""
    async with gap(tmp_path, "kibana") as world:
        world.then("left", 1, "status", "In Progress", "/transitions")
        await world.change("right", "status", "closed")
        assert await world.said("status") == {"left": "doing", "right": "doing"}


async def test_second_assignee_of_a_case_in_kibana_is_told_apart_from_the_first(
    tmp_path: Path,
) -> None:
    """Its activity tells who came and who went in rows of their own."""
    async with gap(tmp_path, "kibana") as world:
        case = world.things["right"]
        await world.change("right", "assignee", "u_anna")
        await world.world.change(case, {"assignees": [{"uid": "u_anna"}, {"uid": "u_ben"}]})
        await world.world.settle()
        assert await world.said("assignee") == {"left": "anna", "right": "anna"}
        await world.world.change(case, {"assignees": [{"uid": "u_ben"}]})
        await world.world.settle()
        assert await world.said("assignee") == {"left": "ben", "right": "ben"}


async def test_person_who_sets_what_a_failed_write_would_have_set_is_heard(tmp_path: Path) -> None:
    """The write may have been made for all the bridge knows, and is remembered."""
    async with gap(tmp_path, "kibana") as world:
        issue, case = world.things["left"], world.things["right"]
        world.world.clock.advance(60_000)
        await world.ends["left"].change(issue, "status", "In Progress")
        world.then("right", 2, "summary", "Worse")
        world.edit = fail_next(world.world)
        await world.world.deliver()
        world.world.fault()
        await world.ends["left"].change(issue, "status", "To Do")
        await world.world.settle()
        assert await world.said("status") == {"left": "open", "right": "open"}
        assert (await world.ends["right"].wrote(case))["status", "in-progress"] == 0
        await world.change("right", "status", "in-progress")
        assert await world.said("status") == {"left": "doing", "right": "doing"}


def fail_next(world: World) -> Callable[[], Awaitable[object]]:
    async def fail() -> None:
        world.fault(_5xx="before:next:1")

    return fail


async def test_try_that_is_repeated_makes_a_transition_again_that_was_undone_meanwhile(
    tmp_path: Path,
) -> None:
    """A mark in the issue tells a retry that it made this very transition: then, and not now."""
    async with gap(tmp_path, "kibana") as world:
        issue, case = world.things["left"], world.things["right"]
        await world.change("left", "status", "Done")
        world.world.clock.advance(60_000)
        await world.ends["right"].change(case, "status", "open")
        world.then("left", 3, "summary", "Worse", "/transitions")
        world.edit = fail_next(world.world)  # what it reads after the transition to Reopened
        await world.world.deliver()
        world.world.fault()
        assert (await world.ends["left"].read(issue))["status"] == "Reopened"
        for side, status in (("left", "Done"), ("right", "in-progress"), ("right", "open")):
            world.world.clock.advance(5_000)
            end: Side = "left" if side == "left" else "right"
            await world.ends[end].change(world.things[end], "status", status)
        await world.world.settle()
        assert await world.said("status") == {"left": "open", "right": "open"}
