"""Carries out what sync has decided: by the same actions that rules have, as ordinary calls."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel

from bridge.action import Call, Outcome
from bridge.calling import Caller, Integration
from bridge.clock import Clock
from bridge.connectors.mirror import Moved, NoWay
from bridge.connectors.parameters import Transition, UpdateAlert, UpdateTicket
from bridge.errors import GiveUp, Hold, TryAgain
from bridge.match.syncs import Kind, Side, other
from bridge.sync.decided import Decided
from bridge.sync.merge import same


@dataclass(frozen=True, slots=True)
class Asked:
    """On whose account a pair is synced: what calls and rows say of it."""

    event_id: str
    rule: str
    mark: str
    attempt: int
    intended_at: int


@dataclass(frozen=True, slots=True)
class Thing:
    """One of the two things of a pair, with the system that has it."""

    side: Side
    kind: Kind
    id: str
    integration: Integration

    def has_no(self, what: str) -> GiveUp:
        return GiveUp(f"{self.integration.name} ({self.integration.connector.name}) has no {what}")


Ends = Mapping[Side, Thing]

Steps = Mapping[str, tuple[str, ...]]
"""The values that fields of one side are given, one after the other, by the field's name."""

Note = Callable[[Side, Steps], Awaitable[None]]


@asynccontextmanager
async def noted(
    note: Note, side: Side, steps: Steps, before: Steps | None = None
) -> AsyncIterator[None]:
    """Around a write: its steps are noted, and taken back where it surely was not made."""
    await note(side, steps)
    try:
        yield
    except (GiveUp, Hold, TryAgain) as error:
        if not (isinstance(error, TryAgain) and error.may_have_happened):
            await note(side, before or dict.fromkeys(steps, ()))
        raise


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes on one account; whoever uses it has the pair to itself."""

    caller: Caller
    clock: Clock
    asked: Asked

    async def fields(self, thing: Thing, todo: Sequence[Decided], note: Note) -> None:
        """The fields of one side: the status by a transition, all others by one edit.

        note: told of each step before it is made, and again where it was not made after all.
        """
        edits = []
        for one in todo:
            if one.field != "status":
                edits.append(one)
            elif thing.kind == "alert":
                await self._set_alert(thing, one, note)
            else:
                await self._move(thing, one, note)
        if edits:
            given = {one.field: one.wanted(thing.side) for one in edits}
            expected = {one.field: one.now(thing.side).value for one in edits}
            parameters = UpdateTicket.model_validate({"ticket": thing.id, **given})
            async with noted(note, thing.side, {name: (value,) for name, value in given.items()}):
                since = [one.now(thing.side).at for one in edits]
                await self._change(thing, "update_ticket", parameters, expected, since)

    async def _set_alert(self, thing: Thing, one: Decided, note: Note) -> None:
        to, now = one.wanted(thing.side), one.now(thing.side)
        parameters = UpdateAlert(alert=thing.id, state=to, reason=one.rule.reason or None)
        async with noted(note, thing.side, {one.field: (to,)}):
            await self._change(thing, "update_alert", parameters, {"status": now.value}, [now.at])

    async def _move(self, thing: Thing, one: Decided, note: Note) -> None:
        """To the first status of those that mean the same which can be reached; through others
        where the rule names some that may be passed."""
        side = thing.side
        now = one.now(side).value
        wanted = dict.fromkeys((one.wanted(side), *one.rule.choices(one.wanted(other(side)), side)))
        error: NoWay | None = None
        for way in [(step, to) for step in ("", *one.rule.through) for to in wanted]:
            at = now
            made: tuple[str, ...] = ()
            try:
                for to in way:
                    if not to or same(to, at):
                        continue
                    parameters = Transition(ticket=thing.id, to=to)
                    async with noted(note, side, {one.field: (*made, to)}, {one.field: made}):
                        since = [one.now(side).at, len(made)]
                        await self._change(thing, "transition", parameters, {"status": at}, since)
                    at, made = to, (*made, to)
            except NoWay as no_way:
                if at is not now:  # half way: what stands there now is read and decided anew
                    raise Moved(f"status of {thing.id}") from no_way
                error = error or no_way
            else:
                return
        if error is not None:
            raise error

    async def _change(
        self,
        thing: Thing,
        name: str,
        parameters: BaseModel,
        expected: Mapping[str, str],
        since: Sequence[int],
    ) -> None:
        """since: when what is expected was set there."""
        # Of this change alone: the same one may have to be made again after others, by this very
        # account.
        its_mark = mark_of(self.asked.mark, name, str(parameters), str(dict(expected)), str(since))
        await self.call(thing, name, parameters, its_mark, expected=expected)

    async def call(
        self,
        thing: Thing,
        name: str,
        parameters: BaseModel,
        mark: str,
        *,
        may_exist: bool = False,
        expected: Mapping[str, str] | None = None,
    ) -> Outcome:
        """One call of an action of the thing's system."""
        offered = thing.integration.connector.action(name)
        if offered is None:
            raise thing.has_no(name)
        call = Call(
            name, parameters, mark, may_exist, self.asked.attempt, self.asked.intended_at,
            self.clock(), self.asked.event_id, self.asked.rule, expected,
        )  # fmt: skip
        return await self.caller.carry_out(thing.integration, offered, call)


def mark_of(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]
