"""append_table for case systems: tables below a Markdown description, each behind a hidden line.

Once the description is full, the oldest of our own tables move into comments: first they are
written there, then they leave the description, so that a crash in between shows them twice rather
than never.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.action import Call, Outcome
from bridge.connectors.hidden import mark_line
from bridge.connectors.parameters import AppendTable
from bridge.connectors.stacked_tables import TITLE_LIMIT, oldest_to_move, packed, rows_that_fit
from bridge.errors import GiveUp, TryAgain
from bridge.text.characters import length, one_line, tidy
from bridge.text.gfm import escape_line, write_markdown_table

OWN = re.compile(
    r"^\[scanbridge-table-(?P<mark>[a-z0-9-]+)\]: #\r?\n\r?\n"
    r"(?:\*\*[^\r\n]*\*\*\r?\n\r?\n)?"
    r"\|[^\r\n]*\|\r?\n"
    r"\|(?: --- \|)+"
    r"(?:\r?\n\|[^\r\n]*\|(?=\r?\n|\Z))+",
    re.MULTILINE,
)
"""Our line, perhaps a title in bold, a header, and rows: nothing looser, so that what a person
wrote is never taken for ours."""


class Holder(Protocol):
    """Where the tables go."""

    @property
    def limit(self) -> int:
        """Characters of the description, and of a comment."""
        ...

    async def read(self) -> str: ...

    async def change(self, wanted: Callable[[str], str]) -> None:
        """Writes what `wanted` makes of the description as it stands then."""
        ...

    def comments(self) -> AsyncIterator[str]: ...

    async def add_comment(self, text: str, mark: str) -> None: ...


@dataclass(frozen=True, slots=True)
class OwnTable:
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One table on its way. lost: what did not fit into it."""

    call: Call[AppendTable]
    block: str
    lost: tuple[str, ...]


async def append_tables(holder: Holder, calls: Sequence[Call[AppendTable]]) -> list[Outcome]:
    """Several tables, in their order, with one write; reads the description again to be sure."""
    before = await holder.read()
    wanted = [_wanted(call, holder.limit // 2) for call in calls]
    new = [one for one in wanted if not await _is_done(holder, one, before)]
    if not new:
        return [Outcome({"moved": 0}, found=True) for _ in calls]
    moved = to_move(_with(before, new), {one.call.mark for one in new}, holder.limit)
    if moved is None and len(calls) > 1:  # together they are too much; perhaps the first fits
        return [(await append_tables(holder, [call]))[0] for call in calls]
    if moved is None:
        raise GiveUp(
            f"the description is full: with this table it would exceed {holder.limit} characters, "
            "and no older table of ours is left to move into a comment"
        )
    await _move_to_comments(holder, moved)
    gone = {one.mark for one in moved}
    await holder.change(lambda now: _with(without(now, gone), new))
    after = await holder.read()
    if not all(holds_table(after, one.call.mark) for one in new):
        raise TryAgain(
            "the table is not there after it was written: somebody else changed the description "
            "at the same moment",
            after_seconds=1.0,
            may_have_happened=True,
        )
    return [
        Outcome({"moved": len(moved)}, lost=one.lost)
        if one in new
        else Outcome({"moved": 0}, found=True)
        for one in wanted
    ]


def holds_table(text: str, mark: str) -> bool:
    return mark_line(f"table-{mark}") in text


def own_tables(text: str) -> list[OwnTable]:
    """Our tables in a text, the oldest first, since they are only ever appended."""
    return [OwnTable(found["mark"], found[0]) for found in OWN.finditer(text)]


def without(text: str, marks: Collection[str]) -> str:
    """The text without these tables and the empty line behind each; all else to the byte."""
    for found in reversed(list(OWN.finditer(text))):
        if found["mark"] in marks:
            gap = re.compile(r"(?:\r?\n){1,2}").match(text, found.end())
            text = text[: found.start()] + text[gap.end() if gap else found.end() :]
    return text


def to_move(text: str, newest: Collection[str], limit: int) -> list[OwnTable] | None:
    """The oldest of our tables to take out so that the text fits; None where that is not enough."""
    known = [table for table in own_tables(text) if table.mark not in newest]
    return oldest_to_move(
        known, lambda gone: length(without(text, {one.mark for one in gone})), limit
    )


def _wanted(call: Call[AppendTable], limit: int) -> Wanted:
    parameters = call.parameters
    head = mark_line(f"table-{call.mark}") + "\n\n"
    name = one_line(tidy(parameters.title or ""), TITLE_LIMIT)
    if name:
        head += f"**{escape_line(name)}**\n\n"
    rows = parameters.all_rows()

    def written(kept: int) -> str:
        return head + write_markdown_table(list(parameters.columns), rows[:kept])

    kept, lost = rows_that_fit(len(rows), lambda count: length(written(count)), limit)
    return Wanted(call, written(kept), lost)


def _with(text: str, new: Sequence[Wanted]) -> str:
    blocks = [one.block for one in new if not holds_table(text, one.call.mark)]
    return "\n\n".join(filter(None, (text.rstrip(), *blocks)))


async def _is_done(holder: Holder, one: Wanted, before: str) -> bool:
    """Whether an earlier try wrote this table, here or in a comment it was moved to since."""
    if holds_table(before, one.call.mark):
        return True
    if not one.call.may_exist:
        return False
    async for comment in holder.comments():
        if holds_table(comment, one.call.mark):
            return True
    return False


async def fitted(holder: Holder, text: str) -> str:
    """A new description without the oldest of its tables, which go into comments, so that it fits;
    as it is where that is not enough."""
    moved = to_move(text, (), holder.limit) or []
    await _move_to_comments(holder, moved)
    return without(text, {one.mark for one in moved})


async def _move_to_comments(holder: Holder, tables: Sequence[OwnTable]) -> None:
    """Puts into comments what is not in one yet; only then may it leave the description."""
    missing = {table.mark: table for table in tables}
    if missing:
        async for comment in holder.comments():
            missing = {mark: one for mark, one in missing.items() if not holds_table(comment, mark)}
    groups = packed(list(missing.values()), lambda one: length(one.text), holder.limit, 2)
    for group in groups:
        text = "\n\n".join(table.text for table in group)
        await holder.add_comment(text, f"table-{group[0].mark}")
