"""Carries out what sync has decided: by the same actions that rules have, as ordinary calls."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from bridge.action import Call, Outcome
from bridge.calling import Caller, Integration
from bridge.clock import Clock
from bridge.connectors.mirror import Moved, NoWay
from bridge.connectors.parameters import Transition, UpdateAlert, UpdateTicket
from bridge.errors import GiveUp
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


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes on one account; whoever uses it has the pair to itself."""

    caller: Caller
    clock: Clock
    asked: Asked

    async def fields(self, thing: Thing, todo: Sequence[Decided]) -> None:
        """The fields of one side: the status by a transition, all others by one edit."""
        edits = []
        for one in todo:
            if one.field != "status":
                edits.append(one)
            elif thing.kind == "alert":
                await self._set_alert(thing, one)
            else:
                await self._move(thing, one)
        if edits:
            given = {one.field: one.wanted(thing.side) for one in edits}
            expected = {one.field: one.now(thing.side).value for one in edits}
            parameters = UpdateTicket.model_validate({"ticket": thing.id, **given})
            await self._change(thing, "update_ticket", parameters, expected)

    async def _set_alert(self, thing: Thing, one: Decided) -> None:
        to, now = one.wanted(thing.side), one.now(thing.side).value
        parameters = UpdateAlert(alert=thing.id, state=to, reason=one.rule.reason or None)
        await self._change(thing, "update_alert", parameters, {"status": now})

    async def _move(self, thing: Thing, one: Decided) -> None:
        """To the first status of those that mean the same which can be reached; through others
        where the rule names some that may be passed."""
        side = thing.side
        now = one.now(side).value
        wanted = dict.fromkeys((one.wanted(side), *one.rule.choices(one.wanted(other(side)), side)))
        error: NoWay | None = None
        for way in [(step, to) for step in ("", *one.rule.through) for to in wanted]:
            at = now
            try:
                for to in way:
                    if not to or same(to, at):
                        continue
                    parameters = Transition(ticket=thing.id, to=to)
                    await self._change(thing, "transition", parameters, {"status": at})
                    at = to
            except NoWay as no_way:
                if at is not now:  # half way: what stands there now is read and decided anew
                    raise Moved(f"status of {thing.id}") from no_way
                error = error or no_way
            else:
                return
        if error is not None:
            raise error

    async def _change(
        self, thing: Thing, name: str, parameters: BaseModel, expected: Mapping[str, str]
    ) -> None:
        # Of this change alone: the same value may have to be written again after another one.
        its_mark = mark_of(self.asked.mark, name, str(parameters), str(dict(expected)))
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
