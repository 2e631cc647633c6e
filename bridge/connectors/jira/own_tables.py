"""The tables the bridge appends to a description: how they look, and how they are known again.

Pure: text in, text out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bridge.connectors.jira.marks import label
from bridge.event import JSON
from bridge.text.characters import length, one_line, tidy
from bridge.text.wiki import escape_inside, write_table

TITLE_LIMIT = 255

OWN = re.compile(
    r"^\{anchor:scanbridge-(?P<mark>[a-z0-9-]+)\}(?P<end>\r?\n)"
    r"(?:\*[^\r\n]*\*(?P=end))?"
    r"\|\|[^\r\n]*\|\|"
    r"(?:(?P=end)\|(?!\|)[^\r\n]*\|(?=\r?\n|\Z))+",
    re.MULTILINE,
)
"""Our anchor alone on its line, perhaps a title in bold, a header, and rows: nothing looser, so
that what a person wrote is never taken for ours."""

BETWEEN = re.compile(r"\r?\n\r?\n(?=\{anchor:scanbridge-)")
"""The empty line that we put between two of our tables."""


@dataclass(frozen=True, slots=True)
class OwnTable:
    """One of our tables inside a text: where it stands, and what it is."""

    mark: str
    start: int
    end: int
    text: str


def anchor(mark: str) -> str:
    """An invisible mark: the macro sets a target for links and shows nothing."""
    return "{anchor:" + label(mark) + "}"


def holds_anchor(text: str, mark: str) -> bool:
    return anchor(mark) in text


def is_there(text: str, marks: Sequence[JSON], mark: str, block: str) -> bool:
    """Whether our table stands in a description.

    By its anchor; or by its words where Jira kept the text in a wording of its own (Cloud stores
    another form than wiki markup) and a property says that the edit was carried out.
    """
    if holds_anchor(text, mark):
        return True
    return mark in marks and _words(block.partition("\n")[2]) in _words(text)


def _words(text: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[\W_]+", "", html.unescape(text))


def own_block(
    mark: str, title: str, columns: list[str], rows: list[list[str]], limit: int
) -> tuple[str, tuple[str, ...]]:
    """Anchor, bold title, table; whole rows are left out at the end when it exceeds `limit`."""
    head = anchor(mark) + "\n"
    name = one_line(tidy(title), TITLE_LIMIT)
    if name:
        head += f"*{escape_inside(name)}*\n"
    kept = len(rows)
    while length(block := head + write_table(columns, rows[:kept])) > limit and kept > 1:
        kept = kept * 3 // 4  # coarse: a table that fills half a description is rare
    lost = () if kept == len(rows) else (f"{len(rows) - kept} of {len(rows)} rows were left out",)
    return block, lost


def append(before: str, block: str) -> str:
    """The text with the block below it, parted by an empty line; not a byte of `before` changes."""
    if not before:
        return block
    tail = before.replace("\r", "")
    gap = "" if tail.endswith("\n\n") else "\n" if tail.endswith("\n") else "\n\n"
    return before + gap + block


def own_tables(text: str) -> list[OwnTable]:
    """Our tables in a text, the oldest first, since they are only ever appended."""
    return [
        OwnTable(found["mark"], found.start(), found.end(), found[0])
        for found in OWN.finditer(text)
    ]


def without(text: str, tables: Sequence[OwnTable]) -> str:
    """The text without these tables, and without the empty line we put between two of ours.

    Everything else stays to the byte: of what surrounds human text nothing is taken away.
    """
    for table in sorted(tables, key=lambda one: one.start, reverse=True):
        gap = BETWEEN.match(text, table.end)
        text = text[: table.start] + text[gap.end() if gap else table.end :]
    return text


def to_move(text: str, newest: Collection[str], limit: int) -> list[OwnTable] | None:
    """The oldest of our tables to take out so that the text fits; None when that is not enough.

    Once one has to go, as many go as leave a quarter of the limit free: else every further table
    would move one more, and each move is a comment that people are told of.
    newest: the marks of the tables just appended, which stay.
    """
    known = [table for table in own_tables(text) if table.mark not in newest]
    sizes = [length(without(text, known[:count])) for count in range(len(known) + 1)]
    if sizes[0] <= limit:
        return []
    if sizes[-1] > limit:
        return None
    roomy = (count for count, size in enumerate(sizes) if size <= limit * 3 // 4)
    return known[: next(roomy, len(known))]


def packed(tables: Sequence[OwnTable], limit: int) -> list[list[OwnTable]]:
    """The tables in groups whose texts, parted by empty lines, fit into one comment each."""
    groups: list[list[OwnTable]] = []
    size = limit + 1
    for table in tables:
        grown = size + 2 + length(table.text)
        if grown > limit:
            groups.append([])
            grown = length(table.text)
        groups[-1].append(table)
        size = grown
    return groups
