"""The tables the bridge appends to an issue's body: how they look, and how they are known again.

Pure: text in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bridge.connectors.github.marks import last_mark
from bridge.connectors.stacked_tables import TITLE_LIMIT, oldest_to_move, rows_that_fit
from bridge.connectors.stacked_tables import packed as in_groups
from bridge.text.characters import length, one_line, tidy
from bridge.text.gfm import escape_line, write_markdown_table

OWN = re.compile(
    r"^<!-- scanbridge-table:(?P<mark>[a-z0-9-]+) -->\r?\n"
    r"(?:\*\*[^\r\n]*\*\*\r?\n\r?\n)?"
    r"\|[^\r\n]*\|\r?\n"
    r"\|(?: --- \|)+"
    r"(?:\r?\n\|[^\r\n]*\|(?=\r?\n|\Z))+",
    re.MULTILINE,
)
"""Our mark alone on its line, perhaps a title in bold, a header, and rows: nothing looser, so that
what a person wrote is never taken for ours."""


@dataclass(frozen=True, slots=True)
class OwnTable:
    """One of our tables inside a text: where it stands, and what it is."""

    mark: str
    start: int
    end: int
    text: str


def table_mark(mark: str) -> str:
    return f"<!-- scanbridge-table:{mark} -->"


def holds_table(text: object, mark: str) -> bool:
    return isinstance(text, str) and table_mark(mark) in text


def own_block(
    mark: str, title: str, columns: list[str], rows: list[list[str]], limit: int
) -> tuple[str, tuple[str, ...]]:
    """Mark, bold title, table; whole rows are left out at the end when it exceeds `limit`."""
    head = table_mark(mark) + "\n"
    name = one_line(tidy(title), TITLE_LIMIT)
    if name:
        head += f"**{escape_line(name)}**\n\n"

    def written(kept: int) -> str:
        return head + write_markdown_table(columns, rows[:kept])

    kept, lost = rows_that_fit(len(rows), lambda count: length(written(count)), limit)
    return written(kept), lost


def append(before: str, blocks: Sequence[str]) -> str:
    """The text with the blocks below it, above the mark that the create has left at its end."""
    mark = last_mark(before)
    text = before[: before.rindex(mark)].rstrip() if mark else before.rstrip()
    return "\n\n".join(filter(None, (text, *blocks, mark)))


def own_tables(text: str) -> list[OwnTable]:
    """Our tables in a text, the oldest first, since they are only ever appended."""
    return [
        OwnTable(found["mark"], found.start(), found.end(), found[0])
        for found in OWN.finditer(text)
    ]


def without(text: str, tables: Sequence[OwnTable]) -> str:
    """The text without these tables and the empty line behind each; all else to the byte."""
    for table in sorted(tables, key=lambda one: one.start, reverse=True):
        gap = re.compile(r"(?:\r?\n){1,2}").match(text, table.end)
        text = text[: table.start] + text[gap.end() if gap else table.end :]
    return text


def to_move(text: str, newest: Collection[str], limit: int) -> list[OwnTable] | None:
    """The oldest of our tables to take out so that the text fits; None when that is not enough.

    newest: the marks of the tables just appended, which stay.
    """
    known = [table for table in own_tables(text) if table.mark not in newest]
    return oldest_to_move(known, lambda gone: length(without(text, gone)), limit)


def packed(tables: Sequence[OwnTable], limit: int) -> list[list[OwnTable]]:
    """The tables in groups whose texts, parted by empty lines, fit into one comment each."""
    return in_groups(tables, lambda table: length(table.text), limit, 2)
