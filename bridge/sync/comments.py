"""Comments are carried over once, say where they come from, and are never carried back.

A copy belongs to its original: when that is edited, the copy is. A person may edit the copy too;
that stays until the original is edited again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.calling import UNAUTHORIZED, Integration
from bridge.cases import case_mark
from bridge.changes import digest, words
from bridge.clock import Clock
from bridge.connectors.cases import comment_mark
from bridge.connectors.mirror import Mirrored, Said
from bridge.connectors.parameters import Comment, EditComment
from bridge.errors import GiveUp
from bridge.match.syncs import Side, SyncRule, other
from bridge.store.sync_comments import Carried, comments_of_pair, keep_comment
from bridge.store.sync_fields import PairKey
from bridge.store.transaction import Database
from bridge.sync.decided import Both
from bridge.sync.pairs import SIDES, id_of
from bridge.sync.writing import Ends, Writer, mark_of
from bridge.text.escape import escape_markdown

MOST_AT_ONCE = 20
"""Comments carried over by one sync, the oldest first; the rest by the next ones."""

Known = Mapping[tuple[str, str], Carried]


@dataclass(frozen=True, slots=True)
class Edited:
    """A comment that says something else than when it was carried over, and its copy."""

    side: Side
    said: Said
    known: Carried
    copy: Said


@dataclass(frozen=True, slots=True)
class Commenting:
    """Carries the comments of one pair; whoever calls has the pair to itself."""

    database: Database
    clock: Clock
    rule: SyncRule
    pair: PairKey

    async def carry(
        self, ends: Ends, both: Both, writer: Writer, reasons: list[str]
    ) -> Sequence[str]:
        """What was written, in words. reasons: why not more; is added to."""
        if self.rule.comments is None:
            return []
        wrote = await self._add(ends, both, writer, await self._known())
        for one in self._edited(both, await self._known())[:MOST_AT_ONCE]:
            wrote += await self._edit(one, ends, both, writer, reasons)
        return wrote

    async def waiting(self, both: Both) -> Sequence[Side]:
        """For each comment that is still to be carried over, or whose edit is: its side."""
        if self.rule.comments is None:
            return []
        known = await self._known()
        new = [side for side, _ in not_carried(self.rule, both, known)]
        return new + [one.side for one in self._edited(both, known)]

    # --- new ones ---------------------------------------------------------------------------

    async def _add(self, ends: Ends, both: Both, writer: Writer, known: Known) -> list[str]:
        todo = not_carried(self.rule, both, known)
        # What is under way first: until it is known what became of it, its copy is a stranger.
        todo.sort(key=lambda one: ((one[0], one[1].id) not in known, one[1].at))
        made: set[tuple[Side, str]] = set()
        wrote = []
        for side, said in todo[:MOST_AT_ONCE]:
            if (side, said.id) in made:
                continue
            there, marks = ends[other(side)], its_marks(self.rule, self.pair, side, said)
            text = with_origin(said, ends[side].integration, both[side])
            ours = digest(words(text))
            tried = known.get((side, said.id), Carried()).wrote
            kept = Carried(0, said.edited_at, digest(said.body), "", (*tried, ours))
            copy = copy_with(both[there.side], marks)
            if copy is not None:  # a push, or an earlier try of ours, has made it
                copy_id, as_now = copy.id, digest(words(copy.body)) == ours
            else:
                await self._keep(side, said.id, kept)
                parameters = Comment(ticket=there.id, body=text)
                doubtful = (side, said.id) in known
                outcome = await writer.call(
                    there, "comment", parameters, marks[0], may_exist=doubtful
                )
                copy_id, as_now = str(outcome.outputs.get("id") or ""), not outcome.found
                if copy_id:
                    await self._keep(there.side, copy_id, Carried(self.clock()))
                    made.add((there.side, copy_id))
                wrote.append(f"a comment on {there.id}")
            if not as_now:  # it may have been edited since: then its copy is, as others are
                kept = replace(kept, edited_at=0, said="")
            await self._keep(side, said.id, replace(kept, copied_at=self.clock(), copy_id=copy_id))
        return wrote

    # --- edited ones ------------------------------------------------------------------------

    def _edited(self, both: Both, known: Known) -> list[Edited]:
        """Those whose copy is still there and was not edited by a person after them."""
        found = []
        for side in SIDES:
            for said in both[side].comments if self.rule.comments in (side, "both") else ():
                row = known.get((side, said.id))
                if row is None or not row.copied_at or said.marks or not has_changed(said, row):
                    continue
                copy = self._copy(both[other(side)], side, said, row)
                if copy is not None and not is_newer(copy, said, row):
                    found.append(Edited(side, said, row, copy))
        return found

    def _copy(self, there: Mirrored, side: Side, said: Said, row: Carried) -> Said | None:
        if row.copy_id:
            return next((one for one in there.comments if one.id == row.copy_id), None)
        return copy_with(there, its_marks(self.rule, self.pair, side, said))

    async def _edit(
        self, one: Edited, ends: Ends, both: Both, writer: Writer, reasons: list[str]
    ) -> list[str]:
        """Raises Moved where the copy was changed a moment ago."""
        side, said, there = one.side, one.said, ends[other(one.side)]
        text = with_origin(said, ends[side].integration, both[side])
        wrote = digest(words(text))
        # Until its end is known the copy may have these words, or those from before.
        under_way = replace(one.known, wrote=tuple(dict.fromkeys((*one.known.wrote, wrote))))
        await self._keep(side, said.id, under_way)
        parameters = EditComment(ticket=there.id, comment=one.copy.id, body=text)
        mark = mark_of("edit", *self.pair.values, side, said.id, digest(said.body))
        done = [f"an edited comment on {there.id}"]
        try:
            await writer.call(
                there, "edit_comment", parameters, mark, expected={"comment": one.copy.body}
            )
        except GiveUp as error:  # such as a copy that the account may not edit: not asked again
            if error.status == UNAUTHORIZED:
                raise  # that is about the account, and says nothing of this comment
            reasons.append(f"an edited comment stays as it was on {there.id}: {error}")
            done = []
        kept = Carried(self.clock(), said.edited_at, digest(said.body), one.copy.id, (wrote,))
        await self._keep(side, said.id, kept)
        return done

    # --- the table --------------------------------------------------------------------------

    async def _known(self) -> Known:
        return await self.database.read(lambda tx: comments_of_pair(tx, self.pair))

    async def _keep(self, side: Side, comment_id: str, kept: Carried) -> None:
        await self.database.write(
            lambda tx: keep_comment(tx, self.pair, side, comment_id, kept), short=True
        )


def not_carried(rule: SyncRule, both: Both, known: Known) -> list[tuple[Side, Said]]:
    """The comments that are still to be carried over, each with the side it was written on."""
    return [
        (side, said)
        for side in SIDES
        if rule.comments in (side, "both")
        for said in both[side].comments
        if not said.marks and not known.get((side, said.id), Carried()).copied_at
    ]


def has_changed(said: Said, known: Carried) -> bool:
    """By its time, and by its text: some systems move the time for less than an edit."""
    return said.edited_at > known.edited_at and digest(said.body) != known.said


def is_newer(copy: Said, said: Said, known: Carried) -> bool:
    """Whether a person has edited the copy after the original was."""
    return copy.edited_at > said.edited_at and digest(words(copy.body)) not in known.wrote


def copy_with(there: Mirrored, marks: Sequence[str]) -> Said | None:
    return next((one for one in there.comments if not one.marks.isdisjoint(marks)), None)


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
