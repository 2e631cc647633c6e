"""The tables the bridge appends to a description: how they look, and how they are known again.

Pure: text in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bridge.connectors.jira.marks import label
from bridge.connectors.stacked_tables import TITLE_LIMIT, oldest_to_move, rows_that_fit
from bridge.text.characters import length, one_line, tidy
from bridge.text.wiki import escape_inside, write_table

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


def own_block(
    mark: str, title: str, columns: list[str], rows: list[list[str]], limit: int
) -> tuple[str, tuple[str, ...]]:
    """Anchor, bold title, table; whole rows are left out at the end when it exceeds `limit`."""
    head = anchor(mark) + "\n"
    name = one_line(tidy(title), TITLE_LIMIT)
    if name:
        head += f"*{escape_inside(name)}*\n"

    def written(kept: int) -> str:
        return head + write_table(columns, rows[:kept])

    kept, lost = rows_that_fit(len(rows), lambda count: length(written(count)), limit)
    return written(kept), lost


def append(before: str, block: str) -> str:
    """The text with the block below it, parted by an empty line; not a byte of `before` changes."""
    if not before:
        return block
    tail = before.replace("\r", "")
    gap = "" if tail.endswith("\n\n") else "\n" if tail.endswith("\n") else "\n\n"
    if before.endswith("\r"):
        gap = gap or "\n"  # a return alone begins no line, and our anchor has to
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

    newest: the marks of the tables just appended, which stay.
    """
    known = [table for table in own_tables(text) if table.mark not in newest]
    return oldest_to_move(known, lambda gone: length(without(text, gone)), limit)
