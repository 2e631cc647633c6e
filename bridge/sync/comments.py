"""Comments are carried over once, say where they come from, and are never carried back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.action import Call
from bridge.calling import AnyCall, Caller, Integration
from bridge.cases import case_mark
from bridge.clock import Clock
from bridge.connectors.cases import comment_mark
from bridge.connectors.mirror import Mirrored, Said
from bridge.connectors.parameters import Comment
from bridge.errors import GiveUp
from bridge.match.syncs import Side, SyncRule, other
from bridge.store.sync_fields import PairKey, comments_of_pair, keep_comment
from bridge.store.transaction import Database
from bridge.sync.pairs import SIDES, id_of
from bridge.text.escape import escape_markdown

MOST_AT_ONCE = 20
"""Comments carried over by one sync, the oldest first; the rest by the next ones."""


class OnAccount(Protocol):
    """On whose account it is done, as `engine.Asked` has it."""

    @property
    def event_id(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def intended_at(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Commenting:
    """Carries comments of one pair; whoever calls has the pair to itself."""

    database: Database
    clock: Clock
    caller: Caller

    async def carry(
        self,
        rule: SyncRule,
        pair: PairKey,
        ends: Mapping[Side, Integration],
        both: Mapping[Side, Mirrored],
        asked: OnAccount,
    ) -> list[str]:
        """What was written, in words."""
        todo = await self.waiting(rule, pair, both)
        known = await self._copies(pair)
        # What is under way first: until it is known what became of it, its copy is a stranger.
        todo.sort(key=lambda one: ((one[0], one[1].id) not in known, one[1].at))
        wrote = []
        for side, said in todo[:MOST_AT_ONCE]:
            if (side, said.id) not in known and (side, said.id) in await self._copies(pair):
                continue
            doubtful = (side, said.id) in known
            wrote += await self._carry(rule, pair, ends, both, asked, side, said, doubtful)
        return wrote

    async def waiting(
        self, rule: SyncRule, pair: PairKey, both: Mapping[Side, Mirrored]
    ) -> list[tuple[Side, Said]]:
        """The comments that are still to be carried over, each with the side it was written on."""
        if rule.comments is None:
            return []
        known = await self._copies(pair)
        return [
            (side, said)
            for side in SIDES
            if rule.comments in (side, "both")
            for said in both[side].comments
            if not said.marks and not known.get((side, said.id))
        ]

    async def _copies(self, pair: PairKey) -> Mapping[tuple[str, str], int]:
        return await self.database.read(lambda tx: comments_of_pair(tx, pair))

    async def _carry(
        self,
        rule: SyncRule,
        pair: PairKey,
        ends: Mapping[Side, Integration],
        both: Mapping[Side, Mirrored],
        asked: OnAccount,
        side: Side,
        said: Said,
        doubtful: bool,
    ) -> list[str]:
        there: Side = other(side)
        marks = its_marks(rule, pair, side, said)
        carried = frozenset[str]().union(*(one.marks for one in both[there].comments))
        if not carried.isdisjoint(marks):  # a push, or an earlier try of ours, has made it
            await self._keep(pair, side, said.id, self.clock())
            return []
        integration, ticket = ends[there], id_of(pair, there)
        offered = integration.connector.action("comment")
        if offered is None:
            raise GiveUp(f"{integration.name} ({integration.connector.name}) has no comment")
        await self._keep(pair, side, said.id, 0)
        parameters = Comment(ticket=ticket, body=with_origin(said, ends[side], both[side]))
        call: AnyCall = Call(
            "comment", parameters, marks[0], doubtful, asked.attempt, asked.intended_at,
            self.clock(), asked.event_id, asked.rule,
        )  # fmt: skip
        outcome = await self.caller.carry_out(integration, offered, call)
        made = str(outcome.outputs.get("id") or "")
        if made:
            await self._keep(pair, there, made, self.clock())
        await self._keep(pair, side, said.id, self.clock())
        return [f"a comment on {ticket}"]

    async def _keep(self, pair: PairKey, side: Side, comment_id: str, at: int) -> None:
        await self.database.write(
            lambda tx: keep_comment(tx, pair, side, comment_id, at), short=True
        )


def its_marks(rule: SyncRule, pair: PairKey, side: Side, said: Said) -> Sequence[str]:
    """The mark of a comment's copy; and the one that a push of its case would have given it."""
    parts = ("comment", *pair.values, side, said.id)
    own = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]
    if rule.end(side).kind != "case":
        return (own,)
    pushed = case_mark(pair.tenant, rule.end(other(side)).integration, id_of(pair, side))
    return own, comment_mark(pushed, said.id)


def with_origin(said: Said, system: Integration, thing: Mirrored) -> str:
    """The comment as Markdown, saying who wrote it and where."""
    who = f"{escape_markdown(said.author)} in " if said.author else "In "
    name = escape_markdown(system.title or system.name)
    title = escape_markdown(thing.title or "there")
    where = f"[{title}]({thing.url})" if thing.url else title
    return f"{said.body}\n\n*{who}{name}: {where}*"
