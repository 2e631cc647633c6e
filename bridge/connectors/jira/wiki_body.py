"""A description or comment in wiki markup, as version 2 of the API has it."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.connectors.jira import own_tables
from bridge.connectors.stacked_tables import packed
from bridge.event import JSON
from bridge.text.characters import length


@dataclass(frozen=True, slots=True)
class WikiBody:
    """See `Body`. A block is text, its first line an anchor that shows nothing."""

    text: str

    @property
    def value(self) -> JSON:
        return self.text

    @property
    def is_judged_here(self) -> bool:
        return True

    def size(self) -> int:
        return length(self.text)

    def holds(self, mark: str) -> bool:
        return own_tables.anchor(mark) in self.text

    def shows(self, block: JSON) -> bool:
        return _words(str(block).partition("\n")[2]) in _words(self.text)

    def reads_as(self, other: WikiBody) -> bool:
        ours, theirs = (one.text.replace("\r\n", "\n").rstrip() for one in (self, other))
        return ours == theirs

    def block(
        self, mark: str, title: str, columns: list[str], rows: list[list[str]], limit: int
    ) -> tuple[JSON, tuple[str, ...]]:
        return own_tables.own_block(mark, title, columns, rows, limit)

    def with_block(self, block: JSON) -> WikiBody:
        return WikiBody(own_tables.append(self.text, str(block)))

    def blocks(self) -> dict[str, JSON]:
        return {table.mark: table.text for table in own_tables.own_tables(self.text)}

    def to_move(self, newest: Collection[str], limit: int) -> list[str] | None:
        moved = own_tables.to_move(self.text, newest, limit)
        return None if moved is None else [table.mark for table in moved]

    def without(self, marks: Collection[str]) -> WikiBody:
        known = own_tables.own_tables(self.text)
        gone = [table for table in known if table.mark in marks]
        return WikiBody(own_tables.without(self.text, gone))

    def packed(self, blocks: Mapping[str, JSON], limit: int) -> list[tuple[list[str], JSON]]:
        groups = packed(list(blocks.items()), lambda one: length(str(one[1])), limit, 2)
        return [
            ([mark for mark, _ in group], "\n\n".join(str(block) for _, block in group))
            for group in groups
        ]


def _words(text: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[\W_]+", "", html.unescape(text))
