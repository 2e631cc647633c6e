"""One sync of one pair: both sides are read, what differs is decided and written, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from bridge.calling import Caller, Integration
from bridge.changes import object_names, plain
from bridge.clock import Clock
from bridge.connectors.mirror import Mirrored, Moved, Seen
from bridge.errors import GiveUp, Hold, TryAgain
from bridge.match.syncs import Side, SyncRule
from bridge.store import outbound, sync_fields
from bridge.store.outbound import Written
from bridge.store.sync_breakers import FieldKey
from bridge.store.sync_fields import PairKey
from bridge.store.transaction import Database, Transaction
from bridge.sync.begun import behind
from bridge.sync.comments import Commenting
from bridge.sync.decided import Both, Decided, decide_fields, replaced
from bridge.sync.merge import Decision
from bridge.sync.pairs import SIDES, id_of
from bridge.sync.pingpong import Breakers
from bridge.sync.writing import Asked, Ends, Steps, Thing, Writer

ROUNDS = 5
"""How often a pair is read again because somebody changed it at the same moment."""

OFF_SECONDS = 60.0
"""How soon it is looked again whether an integration is switched on."""


Noted = dict[str, dict[Side, tuple[str, ...]]]
"""By field and side, the values that it is given in this round, one after the other."""


class Integrations(Protocol):
    """The systems that can be called, by tenant and name."""

    def get(self, named: tuple[str, str], /) -> Integration | None: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that both sides say differently, and what is to become of it."""

    field: str
    left: str
    right: str
    decision: Decision


@dataclass(slots=True)
class Report:
    """What one sync did. wrote: such as `status of SEC-1: In Progress`. reasons: why not more."""

    wrote: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Engine:
    """Syncs pairs. May be asked by several lanes at once: one of them is at a pair at a time."""

    database: Database
    clock: Clock
    integrations: Integrations
    caller: Caller
    breakers: Breakers

    # --- looking ----------------------------------------------------------------------------

    async def differences(self, rule: SyncRule, pair: PairKey) -> list[Difference]:
        """What a sync of the pair would find to do now; nothing is written."""
        both = await self._read(rule, self._ends(rule, pair))
        rows = await self.database.read(lambda tx: sync_fields.fields_of_pair(tx, pair))
        waiting = await self._commenting(rule, pair).waiting(both)
        left, right = (str(waiting.count(side)) for side in SIDES)
        comments = [Difference("comments", left, right, Decision())] if waiting else []
        return [
            Difference(one.field, one.left.value, one.right.value, one.decision)
            for one in decide_fields(rule, both, rows, {})
            if one.differs
        ] + comments

    def _commenting(self, rule: SyncRule, pair: PairKey) -> Commenting:
        return Commenting(self.database, self.clock, rule, pair)

    def _ends(self, rule: SyncRule, pair: PairKey) -> Ends:
        return {side: self._thing(rule, pair, side) for side in SIDES}

    def _thing(self, rule: SyncRule, pair: PairKey, side: Side) -> Thing:
        end = rule.end(side)
        found = self.integrations.get((pair.tenant, end.integration))
        if found is None:
            raise GiveUp(f"the integration {end.integration!r} is not configured")
        if not found.enabled:
            raise Hold(f"{end.integration} is switched off", OFF_SECONDS)
        return Thing(side, end.kind, id_of(pair, side), found)

    async def _read(self, rule: SyncRule, ends: Ends) -> dict[Side, Mirrored]:
        return {side: await self._read_one(rule, ends[side]) for side in SIDES}

    async def _read_one(self, rule: SyncRule, thing: Thing) -> Mirrored:
        mirror = thing.integration.connector.mirrors.get(thing.kind)
        if mirror is None:
            raise thing.has_no(f"{thing.kind} to sync")
        comments = rule.comments is not None
        return await self.caller.ask(
            thing.integration, "sync", lambda client: mirror(client, thing.id, comments)
        )

    # --- syncing ----------------------------------------------------------------------------

    async def sync(self, rule: SyncRule, pair: PairKey, asked: Asked) -> Report:
        """Raises TryAgain, GiveUp, Hold; whatever was written by then is found when it is tried
        again."""
        report = Report()
        what = f"{rule.name}: {pair.left} and {pair.right}"
        async with self.caller.alone(pair.tenant, what):
            try:
                async with asyncio.timeout(self.caller.timeout_seconds):
                    await self._sync(rule, pair, asked, report)
            except TimeoutError as error:
                words = f"no end after {self.caller.timeout_seconds:g} s"
                raise TryAgain(words, may_have_happened=True) from error
        return report

    async def _sync(self, rule: SyncRule, pair: PairKey, asked: Asked, report: Report) -> None:
        lost: dict[tuple[Side, str], Seen] = {}
        writer = Writer(self.caller, self.clock, asked)
        for _ in range(ROUNDS):
            ends = self._ends(rule, pair)
            both = await self._read(rule, ends)
            try:
                if await self._fields(rule, pair, ends, writer, both, lost, report):
                    continue
                commenting = self._commenting(rule, pair)
                report.wrote += await commenting.carry(ends, both, writer, report.reasons)
            except Moved:
                continue
            return
        raise TryAgain("both sides keep changing at the same moment", after_seconds=1.0)

    async def _fields(
        self,
        rule: SyncRule,
        pair: PairKey,
        ends: Ends,
        writer: Writer,
        both: dict[Side, Mirrored],
        lost: dict[tuple[Side, str], Seen],
        report: Report,
    ) -> bool:
        """Brings the fields together; true when the pair has to be looked at again.

        both: what is written to is read again, and stands there afterwards as it is then.
        """
        rows = await self.database.read(lambda tx: sync_fields.fields_of_pair(tx, pair))
        decided = decide_fields(rule, both, rows, lost)
        written: dict[Side, list[Decided]] = {}
        blocked: set[str] = set()
        noted: Noted = {one.field: {} for one in decided}
        for side in SIDES:
            todo = []
            for one in decided:
                if not one.to_write(side):
                    continue
                if await self._allowed(pair, ends[side], one, report):
                    todo.append(one)
                else:
                    blocked.add(one.field)
            if todo:
                written[side] = todo
                note = partial(self._begin, pair, decided, noted)
                await writer.fields(ends[side], todo, note)
                report.wrote += [words_of(one, ends[side]) for one in todo]
        await self._reached(pair, [one for one in decided if noted[one.field]])
        for side in written:
            both[side] = await self._read_one(rule, ends[side])
        overwritten = {
            (side, one.field): replaced(behind(seen, steps))
            for side, todo in written.items()
            for one in todo
            for seen, steps in ((both[side].fields[one.field], noted[one.field].get(side, ())),)
            if one.replaced_another(side, seen, steps)
        }
        if overwritten:
            lost.update(overwritten)
            report.reasons += [f"{name}: a person's value was put back" for _, name in overwritten]
            return True
        kept = [one for one in decided if one.field not in blocked]
        await self._keep(pair, ends, writer.asked, kept, both)
        report.held += [one.field for one in decided if one.decision.held]
        report.reasons += [one.decision.reason for one in decided if one.worth_saying]
        return False

    async def _allowed(self, pair: PairKey, thing: Thing, one: Decided, report: Report) -> bool:
        key = FieldKey(pair.tenant, thing.integration.name, thing.id, one.field)
        trouble = await self.breakers.trouble(key, one.wanted(thing.side))
        if trouble:
            report.reasons.append(trouble)
        return not trouble

    async def _begin(
        self,
        pair: PairKey,
        decided: Sequence[Decided],
        noted: Noted,
        side: Side,
        steps: Steps,
    ) -> None:
        """Writes down what a side has been given and is about to be. noted: what was by now."""
        now = self.clock()
        for name, made in steps.items():
            noted[name][side] = made
        begun = [(one.field, one.begun(noted[one.field])) for one in decided if one.field in steps]

        async def work(tx: Transaction) -> None:
            for name, pending in begun:
                await sync_fields.begin(tx, pair, name, pending, now)

        await self.database.write(work, short=True)

    async def _reached(self, pair: PairKey, decided: Sequence[Decided]) -> None:
        """Writes down that all writes were answered. Else a person's change right behind them
        would meet those that they carried over as a conflict."""

        async def work(tx: Transaction) -> None:
            for one in decided:
                await sync_fields.reached(
                    tx, pair, one.field, one.given("left"), one.given("right")
                )

        if decided:
            await self.database.write(work, short=True)

    async def _keep(
        self, pair: PairKey, ends: Ends, asked: Asked, decided: Sequence[Decided], after: Both
    ) -> None:
        """Writes down what both sides agree on now, and what is held."""
        now = self.clock()

        async def work(tx: Transaction) -> None:
            for one in decided:
                if one.decision.held:
                    await sync_fields.hold(
                        tx, pair, one.field, one.left.value, one.right.value, asked.event_id, now
                    )
                elif one.decision.wanted is not None:
                    left, right = one.agreed(after)
                    at = one.decision.changed_at
                    await sync_fields.agree(tx, pair, one.field, left, right, at, now)
                    if one.pending is not None:
                        for side in SIDES:
                            seen = after[side].fields[one.field]
                            await forget_unmade(tx, ends[side], asked.rule, one.field, seen)

        if any(one.decision.held or one.decision.wanted for one in decided):
            await self.database.write(work, short=True)


async def forget_unmade(tx: Transaction, thing: Thing, rule: str, field: str, seen: Seen) -> None:
    """A try whose end was not known may have written this field of a thing. Now it is known what
    stands there; a person who sets another value that was meant then is no echo."""
    change = plain(field, seen.value)
    like = Written(
        thing.integration.tenant, thing.integration.name, "", change.field, "", "", rule, 0
    )
    await outbound.forget_others(tx, like, object_names(thing.id), change.digests)


def words_of(one: Decided, thing: Thing) -> str:
    return f"{one.field} of {thing.id}: {one.wanted(thing.side) or 'nobody'}"
