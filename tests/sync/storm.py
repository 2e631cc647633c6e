"""Random edits on both sides, with faults on and webhooks that come twice and out of order."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bridge.match.syncs import Side
from bridge.store.audit import Change
from bridge.store.sync_fields import held_fields
from bridge.sync.asking import resolve
from tests.sync.ends.end import End
from tests.sync.pairings import PAIRINGS, Pairing
from tests.sync.world import Mail, World, open_world

GAP_CHANCE = 0.04
"""How often somebody edits while the bridge waits for an answer."""

NEW_CHANCE = 0.6
"""How often somebody writes a comment, where there are some that could be edited."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that a person did. said: in the words shared by both sides.

    request: how many requests the stand-ins had been asked by then. id: of a comment.
    """

    at: int
    pair: int
    side: Side
    field: str
    said: str
    request: int
    id: str = ""


@dataclass
class Storm:
    """left: edits that are still to be made. made: those that were, in their order.

    ends: both systems. pairs: the things there, left and right. decided: what a person said where
    a conflict was held.
    """

    pairing: Pairing
    world: World
    chance: random.Random
    left: int
    ends: dict[Side, End]
    pairs: list[dict[Side, str]] = field(default_factory=list)
    made: list[Edit] = field(default_factory=list)
    decided: list[Edit] = field(default_factory=list)
    busy: bool = False

    async def begin(self, pairs: int) -> None:
        for _ in range(pairs):
            made = {side: await end.make() for side, end in self.ends.items()}
            await self.pairing.tie(self.world, made["left"], made["right"])
            self.pairs.append(made)

    async def between(self) -> None:
        """While the bridge waits for an answer: somebody may edit just then."""
        if not self.busy and self.left and self.chance.random() < GAP_CHANCE:
            await self.edit()

    async def edit(self) -> None:
        """One edit by a person, at a moment of its own."""
        self.busy = True
        try:
            self.left -= 1
            self.world.clock.advance(self.chance.randint(*self.pairing.step_ms))
            number = self.chance.randrange(len(self.pairs))
            side: Side = self.chance.choice(("left", "right"))
            names = [*self.pairing.fields, *(["comment"] if self.pairing.comments else [])]
            name = self.chance.choice(["status", *names])  # of all fields the most awkward one
            asked = self.world.sandbox.app.journal.count
            made = Edit(self.world.clock(), number, side, name, "", asked)
            if name == "comment":
                self.made.append(await self._say(made))
            elif (said := await self._do(number, side, name)) is not None:
                self.made.append(replace(made, said=said))
            self.world.clock.advance(5)
        finally:
            self.busy = False

    async def _do(self, number: int, side: Side, name: str) -> str | None:
        """What was said; None where that was not to be."""
        end, thing = self.ends[side], self.pairs[number][side]
        words = f"{name} {len(self.made)} {self.left}"
        known = self.pairing.fields[name].of(side)
        now = (await end.read(thing))[name]
        value = self.chance.choice([one for one in known or (words,) if one != now])
        done = await end.change(thing, name, value)
        return self.pairing.fields[name].said(side, value) if done else None

    async def _say(self, new: Edit) -> Edit:
        """A new comment, or other words in one that was written on that side."""
        end, thing = self.ends[new.side], self.pairs[new.pair][new.side]
        words = f"comment {len(self.made)} {self.left}"
        own = [one for one in self.said(new.pair, "comment") if one.side == new.side]
        if not own or self.chance.random() < NEW_CHANCE:
            return replace(new, said=words, id=await end.remark(thing, words))
        edited = self.chance.choice(own)
        await end.edit_remark(thing, edited.id, words)
        self.made[self.made.index(edited)] = replace(edited, said=words)
        return replace(new, field="edited comment", said=words)

    def order(self, mail: list[Mail]) -> list[Mail]:
        """Some twice, and all in another order."""
        twice = [*mail, *(one for one in mail if self.chance.random() < 0.2)]
        self.chance.shuffle(twice)
        return twice

    async def settle(self) -> None:
        """Until nothing moves any more; a person decides what is held for one."""
        await self.world.settle()
        if self.pairing.reconciled:
            await self.reconcile()
        database = self.world.parts.database
        while held := await database.read(held_fields):
            for one in held:
                (number,) = (
                    at for at, pair in enumerate(self.pairs) if pair["left"] == one.pair.left
                )
                newest = self.said(number, one.field)[-1]
                self.decided.append(newest)
                change = Change("default", self.world.clock(), "cli", "cli", "x", one.id, {})
                await resolve(database, one.id, newest.side, change)
            await self.world.settle()

    async def reconcile(self) -> None:
        async def sleep(seconds: float) -> None:
            del seconds

        reconciler = replace(self.world.parts.engine.reconciler, sleep=sleep)
        async for looked in reconciler.all():
            assert not looked.trouble, looked
        await self.world.settle()

    def said(self, number: int, name: str) -> Sequence[Edit]:
        return [one for one in self.made if (one.pair, one.field) == (number, name)]


@asynccontextmanager
async def blown(
    folder: Path, name: str, seed: int, edits: int, *, pairs: int = 3
) -> AsyncIterator[Storm]:
    """A storm that is over: nothing moves any more."""
    chance = random.Random(seed)
    pairing = PAIRINGS[name]
    begun: list[Storm] = []

    async def sleep(seconds: float) -> None:
        del seconds
        for storm in begun:
            await storm.between()

    async with open_world(folder, rules=pairing.rules(), sleep=sleep) as world:
        world.sandbox.app.journal.entries = deque()  # all of them
        ends: dict[Side, End] = {"left": pairing.left(world), "right": pairing.right(world)}
        storm = Storm(pairing, world, chance, edits, ends)
        await storm.begin(pairs)
        await world.settle()
        begun.append(storm)
        world.fault(lost_answer="0.06", _5xx="0.06", burst_429="0.03", index_lag="2", slow="0.001")
        while storm.left:
            for _ in range(min(storm.left, chance.randint(0, 3))):
                await storm.edit()
            await world.deliver(storm.order)
            world.clock.advance(chance.choice((50, 500, 5_000, 40_000)))
        world.fault(index_lag="2")
        await storm.settle()
        yield storm
