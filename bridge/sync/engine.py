"""One sync of one pair: both sides are read, what differs is decided and written, and kept."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel

from bridge.action import Call, Outcome
from bridge.calling import Caller, Integration
from bridge.clock import Clock
from bridge.connectors.mirror import Mirrored, Moved, NoWay, Seen
from bridge.connectors.parameters import Transition, UpdateAlert, UpdateTicket
from bridge.errors import GiveUp, Hold, TryAgain
from bridge.match.syncs import Side, SyncedField, SyncRule, other
from bridge.store import sync_fields
from bridge.store.sync_breakers import FieldKey
from bridge.store.sync_fields import FieldRow, PairKey, Pending, Said
from bridge.store.transaction import Database, Transaction
from bridge.sync.comments import Commenting
from bridge.sync.merge import AS_LEFT, Base, Decision, decide, same
from bridge.sync.pairs import SIDES, id_of
from bridge.sync.pingpong import Breakers

ROUNDS = 5
"""How often a pair is read again because somebody changed it at the same moment."""

OFF_SECONDS = 60.0
"""How soon it is looked again whether an integration is switched on."""


class Integrations(Protocol):
    """The systems that can be called, by tenant and name."""

    def get(self, named: tuple[str, str], /) -> Integration | None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """On whose account a pair is synced: what calls and rows say of it."""

    event_id: str
    rule: str
    mark: str
    attempt: int
    intended_at: int
    may_exist: bool


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


Both = Mapping[Side, Mirrored]


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
        both = await self._read(rule, pair, comments=rule.comments is not None)
        rows = await self.database.read(lambda tx: sync_fields.fields_of_pair(tx, pair))
        waiting = await Commenting(self.database, self.clock, self.caller).waiting(rule, pair, both)
        left, right = (str(sum(side == at for side, _ in waiting)) for at in SIDES)
        comments = [Difference("comments", left, right, Decision())] if waiting else []
        return [
            Difference(one.field, one.left.value, one.right.value, one.decision)
            for one in self._decide(rule, both, rows, {})
            if one.differs
        ] + comments

    async def _read(self, rule: SyncRule, pair: PairKey, *, comments: bool) -> dict[Side, Mirrored]:
        return {side: await self._read_side(rule, pair, side, comments) for side in SIDES}

    async def _read_side(
        self, rule: SyncRule, pair: PairKey, side: Side, comments: bool
    ) -> Mirrored:
        integration = self.integration(rule, pair, side)
        mirror = integration.connector.mirrors.get(rule.end(side).kind)
        if mirror is None:
            kind = rule.end(side).kind
            raise GiveUp(f"{integration.name} ({integration.connector.name}) has no {kind} to sync")
        key = id_of(pair, side)
        return await self.caller.ask(
            integration, "sync", lambda client: mirror(client, key, comments)
        )

    def integration(self, rule: SyncRule, pair: PairKey, side: Side) -> Integration:
        name = rule.end(side).integration
        found = self.integrations.get((pair.tenant, name))
        if found is None:
            raise GiveUp(f"the integration {name!r} is not configured")
        if not found.enabled:
            raise Hold(f"{name} is switched off", OFF_SECONDS)
        return found

    def _decide(
        self,
        rule: SyncRule,
        both: Both,
        rows: Mapping[str, FieldRow],
        lost: Mapping[tuple[Side, str], Seen],
    ) -> list[Decided]:
        """lost: values of people that a write of ours replaced unseen; they count as theirs."""
        found = []
        for one in rule.fields:
            now = {side: both[side].fields.get(one.name) for side in SIDES}
            left, right = now["left"], now["right"]
            if left is None or right is None:
                continue
            row = rows.get(one.name)
            seen_left = lost.get(("left", one.name)) or theirs(one, left, row, "left")
            seen_right = lost.get(("right", one.name)) or theirs(one, right, row, "right")
            take = side_of(row.take) if row else None
            decision = decide(one, seen_left, seen_right, base_of(row), take)
            found.append(Decided(one, left, right, decision))
        return found

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
        for _ in range(ROUNDS):
            both = await self._read(rule, pair, comments=rule.comments is not None)
            try:
                again = await self._fields(rule, pair, asked, both, lost, report)
                if not again:
                    commenting = Commenting(self.database, self.clock, self.caller)
                    ends = {side: self.integration(rule, pair, side) for side in SIDES}
                    report.wrote += await commenting.carry(rule, pair, ends, both, asked)
                    return
            except Moved:
                continue
        raise TryAgain("both sides keep changing at the same moment", after_seconds=1.0)

    async def _fields(
        self,
        rule: SyncRule,
        pair: PairKey,
        asked: Asked,
        both: dict[Side, Mirrored],
        lost: dict[tuple[Side, str], Seen],
        report: Report,
    ) -> bool:
        """Brings the fields together; true when the pair has to be looked at again."""
        rows = await self.database.read(lambda tx: sync_fields.fields_of_pair(tx, pair))
        decided = self._decide(rule, both, rows, lost)
        written: list[tuple[Side, Decided]] = []
        blocked: set[str] = set()
        for side in SIDES:
            todo = [one for one in decided if one.to_write(side)]
            todo = [one for one in todo if await self._allowed(rule, pair, side, one, report)]
            blocked |= {one.field for one in decided if one.to_write(side) and one not in todo}
            await self._begin(pair, todo)
            await self._write(rule, pair, side, todo, asked, report)
            written += [(side, one) for one in todo]
        after = dict(both)
        for side in {side for side, _ in written}:
            after[side] = await self._read_side(rule, pair, side, rule.comments is not None)
        both.update(after)
        overwritten = {
            (side, one.field): replaced(seen)
            for side, one in written
            if (seen := after[side].fields[one.field]) and one.replaced_another(side, seen)
        }
        if overwritten:
            lost.update(overwritten)
            report.reasons += [f"{name}: a person's value was put back" for _, name in overwritten]
            return True
        await self._keep(pair, asked, [one for one in decided if one.field not in blocked], after)
        report.held += [one.field for one in decided if one.decision.held]
        report.reasons += [one.decision.reason for one in decided if one.worth_saying]
        return False

    async def _begin(self, pair: PairKey, todo: Sequence[Decided]) -> None:
        now = self.clock()

        async def work(tx: Transaction) -> None:
            for one in todo:
                pending = Pending(
                    one.wanted("left"), one.wanted("right"), one.left.value, one.right.value
                )
                await sync_fields.begin(tx, pair, one.field, pending, now)

        if todo:
            await self.database.write(work, short=True)

    async def _allowed(
        self, rule: SyncRule, pair: PairKey, side: Side, one: Decided, report: Report
    ) -> bool:
        key = FieldKey(pair.tenant, rule.end(side).integration, id_of(pair, side), one.field)
        trouble = await self.breakers.trouble(key, one.wanted(side))
        if trouble:
            report.reasons.append(trouble)
        return not trouble

    async def _write(
        self,
        rule: SyncRule,
        pair: PairKey,
        side: Side,
        todo: Sequence[Decided],
        asked: Asked,
        report: Report,
    ) -> None:
        """The fields of one side: the status by a transition, all others by one edit."""
        integration, ticket = self.integration(rule, pair, side), id_of(pair, side)
        edits = [one for one in todo if one.field != "status"]
        for one in todo:
            if one.field == "status" and rule.end(side).kind == "alert":
                await self._set_alert(integration, ticket, one.wanted(side), one, side, asked)
            elif one.field == "status":
                await self._move(integration, ticket, side, one, asked)
        if edits:
            given = {one.field: one.wanted(side) for one in edits}
            expected = {one.field: one.now(side).value for one in edits}
            parameters = UpdateTicket.model_validate({"ticket": ticket, **given})
            await self._call(integration, "update_ticket", parameters, expected, asked)
        report.wrote += [f"{one.field} of {ticket}: {one.wanted(side) or 'nobody'}" for one in todo]

    async def _set_alert(
        self,
        integration: Integration,
        alert: str,
        to: str,
        one: Decided,
        side: Side,
        asked: Asked,
    ) -> None:
        parameters = UpdateAlert(alert=alert, state=to, reason=one.rule.reason or None)
        expected = {"status": one.now(side).value}
        await self._call(integration, "update_alert", parameters, expected, asked)

    async def _move(
        self, integration: Integration, ticket: str, side: Side, one: Decided, asked: Asked
    ) -> None:
        """To the first status of those that mean the same which can be reached; through others
        where the rule names some that may be passed."""
        now = one.now(side).value
        wanted = (one.wanted(side), *one.rule.choices(one.wanted(other(side)), side))
        steps = ("", *one.rule.through)
        ways = [(step, to) for step in steps for to in dict.fromkeys(wanted)]
        error: NoWay | None = None
        for way in ways:
            at = now
            try:
                for to in way:
                    if not to or same(to, at):
                        continue
                    parameters = Transition(ticket=ticket, to=to)
                    await self._call(integration, "transition", parameters, {"status": at}, asked)
                    at = to
            except NoWay as no_way:
                if at is not now:  # half way: what stands there now is read and decided anew
                    raise Moved(f"status of {ticket}") from no_way
                error = error or no_way
            else:
                return
        if error is not None:
            raise error

    async def _call(
        self,
        integration: Integration,
        name: str,
        parameters: BaseModel,
        expected: Mapping[str, str],
        asked: Asked,
    ) -> Outcome:
        offered = integration.connector.action(name)
        if offered is None:
            raise GiveUp(f"{integration.name} ({integration.connector.name}) has no {name}")
        # Of this change alone: the same value may have to be written again after another one.
        its_mark = mark_of(asked.mark, name, str(parameters), str(dict(expected)))
        call = Call(
            name, parameters, its_mark, False, asked.attempt, asked.intended_at, self.clock(),
            asked.event_id, asked.rule, expected,
        )  # fmt: skip
        return await self.caller.carry_out(integration, offered, call)

    async def _keep(
        self, pair: PairKey, asked: Asked, decided: Sequence[Decided], after: Both
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

        if any(one.decision.held or one.decision.wanted for one in decided):
            await self.database.write(work, short=True)


@dataclass(frozen=True, slots=True)
class Decided:
    """A field with both sides' present values and what was decided about it."""

    rule: SyncedField
    left: Seen
    right: Seen
    decision: Decision

    @property
    def field(self) -> str:
        return self.rule.name

    def now(self, side: Side) -> Seen:
        return self.left if side == "left" else self.right

    def wanted(self, side: Side) -> str:
        left, right = self.decision.wanted or (self.left.value, self.right.value)
        return left if side == "left" else right

    def to_write(self, side: Side) -> bool:
        """Both sides may have to be: where a person's value was replaced unseen."""
        if same(self.wanted(side), self.now(side).value):
            return False
        # Where the other side wins, any status that means the same will do.
        return self.decision.winner == side or not self.rule.alike(
            *self.with_other(side, self.now(side).value)
        )

    def with_other(self, side: Side, value: str) -> tuple[str, str]:
        there = self.wanted(other(side))
        return (value, there) if side == "left" else (there, value)

    @property
    def differs(self) -> bool:
        decision = self.decision
        return decision.held or any(self.to_write(side) for side in SIDES)

    @property
    def worth_saying(self) -> bool:
        return self.decision.reason not in ("", AS_LEFT)

    def replaced_another(self, side: Side, seen: Seen) -> bool:
        """Whether our write replaced something else than was read before it."""
        if seen.before is None or not same(seen.value, self.wanted(side)):
            return False
        if same(seen.before, seen.value) or seen.before in self.rule.through:
            return False
        read = self.now(side)
        return not same(seen.before, read.value) or (read.exact and seen.before_at > read.at > 0)

    def agreed(self, after: Both) -> tuple[Said, Said]:
        """What both sides say now, where that is alike; else what they were given: then somebody
        has changed it since, and the next sync sees that."""
        left, right = (after[side].fields[self.field] for side in SIDES)
        if self.rule.alike(left.value, right.value):
            return as_said(left), as_said(right)
        left_at, right_at = as_said(self.left)[1], as_said(self.right)[1]
        return (self.wanted("left"), left_at), (self.wanted("right"), right_at)


def as_said(seen: Seen) -> Said:
    """A value to compare with later. A time that is not its own says nothing then."""
    return seen.value, seen.at if seen.exact else 0


def base_of(row: FieldRow | None) -> Base | None:
    if row is None or row.left is None or row.right is None:
        return None
    return Base(Seen(*row.left), Seen(*row.right))


def theirs(field: SyncedField, seen: Seen, row: FieldRow | None, side: Side) -> Seen:
    """What people have set on a side: what we wrote there without learning of its end is none of
    theirs, whatever time it has; what it replaced unseen is."""
    if row is None or row.pending is None:
        return seen
    pending, base = row.pending, row.left if side == "left" else row.right
    wrote, there = pending.left, pending.right
    before = pending.before_left
    if side == "right":
        wrote, there, before = there, wrote, pending.before_right
    # Any of those that mean the same may have been reached, or one on the way there.
    ours = {one.casefold() for one in (wrote, *field.choices(there, side), *field.through)}
    if same(wrote, before) or same(seen.value, before) or seen.value.casefold() not in ours:
        return seen
    if seen.before is not None and seen.before.casefold() not in {*ours, before.casefold()}:
        return replaced(seen)
    return Seen(*base) if base is not None else Seen(before, 1)


def replaced(seen: Seen) -> Seen:
    """What stood there before the last change."""
    return Seen(str(seen.before), seen.before_at or seen.at)


def side_of(text: str) -> Side | None:
    return "left" if text == "left" else "right" if text == "right" else None


def mark_of(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]
