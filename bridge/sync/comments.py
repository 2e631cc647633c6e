"""Comments are carried over once, say where they come from, and are never carried back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.calling import Integration
from bridge.cases import case_mark
from bridge.clock import Clock
from bridge.connectors.cases import comment_mark
from bridge.connectors.mirror import Mirrored, Said
from bridge.connectors.parameters import Comment
from bridge.match.syncs import Side, SyncRule, other
from bridge.store.sync_fields import PairKey, comments_of_pair, keep_comment
from bridge.store.transaction import Database
from bridge.sync.decided import Both
from bridge.sync.pairs import SIDES, id_of
from bridge.sync.writing import Ends, Writer, mark_of
from bridge.text.escape import escape_markdown

MOST_AT_ONCE = 20
"""Comments carried over by one sync, the oldest first; the rest by the next ones."""


@dataclass(frozen=True, slots=True)
class Commenting:
    """Carries comments of one pair; whoever calls has the pair to itself."""

    database: Database
    clock: Clock

    async def carry(
        self, rule: SyncRule, pair: PairKey, ends: Ends, both: Both, writer: Writer
    ) -> list[str]:
        """What was written, in words."""
        if rule.comments is None:
            return []
        known = await self._copies(pair)
        todo = not_carried(rule, both, known)
        # What is under way first: until it is known what became of it, its copy is a stranger.
        todo.sort(key=lambda one: ((one[0], one[1].id) not in known, one[1].at))
        made: set[tuple[Side, str]] = set()
        wrote = []
        for side, said in todo[:MOST_AT_ONCE]:
            if (side, said.id) in made:
                continue
            there, marks = ends[other(side)], its_marks(rule, pair, side, said)
            carried = frozenset[str]().union(*(one.marks for one in both[there.side].comments))
            if carried.isdisjoint(marks):  # else a push, or an earlier try of ours, has made it
                await self._keep(pair, side, said.id, 0)
                words = with_origin(said, ends[side].integration, both[side])
                parameters = Comment(ticket=there.id, body=words)
                doubtful = (side, said.id) in known
                outcome = await writer.call(
                    there, "comment", parameters, marks[0], may_exist=doubtful
                )
                copy = str(outcome.outputs.get("id") or "")
                if copy:
                    await self._keep(pair, there.side, copy, self.clock())
                    made.add((there.side, copy))
                wrote.append(f"a comment on {there.id}")
            await self._keep(pair, side, said.id, self.clock())
        return wrote

    async def waiting(self, rule: SyncRule, pair: PairKey, both: Both) -> list[tuple[Side, Said]]:
        """See `not_carried`."""
        if rule.comments is None:
            return []
        return not_carried(rule, both, await self._copies(pair))

    async def _copies(self, pair: PairKey) -> Mapping[tuple[str, str], int]:
        return await self.database.read(lambda tx: comments_of_pair(tx, pair))

    async def _keep(self, pair: PairKey, side: Side, comment_id: str, at: int) -> None:
        await self.database.write(
            lambda tx: keep_comment(tx, pair, side, comment_id, at), short=True
        )


def not_carried(
    rule: SyncRule, both: Both, known: Mapping[tuple[str, str], int]
) -> list[tuple[Side, Said]]:
    """The comments that are still to be carried over, each with the side it was written on.

    known: those that were carried, or are copies, with when; 0 where that is under way.
    """
    return [
        (side, said)
        for side in SIDES
        if rule.comments in (side, "both")
        for said in both[side].comments
        if not said.marks and not known.get((side, said.id))
    ]


def its_marks(rule: SyncRule, pair: PairKey, side: Side, said: Said) -> Sequence[str]:
    """The mark of a comment's copy; and the one that a push of its case would have given it."""
    own = mark_of("comment", *pair.values, side, said.id)
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
