"""A description or comment as an ADF document, as version 3 of the API has it.

Our mark is the `localId` of the table, which the editor keeps and nobody sees; where a title
stands above the table, the mark carries a digest of its words, so that no line of a person's is
ever taken for it. Only whole nodes of the document's first level are added and taken away; every
other node stays as it was read.
https://developer.atlassian.com/cloud/jira/platform/apis/document/nodes/table/, read 2026-11.

Decision: what counts towards the limit.
Question: Atlassian names 32,767 characters and not of what: of the words, or of the JSON.
Options: the words; the JSON.
Choice: the JSON, which is never the smaller. Where what a person wrote exceeds it already, Jira
counts otherwise, and a further table is left to its judgement.
Consequence: our tables move into comments earlier than in wiki markup.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bridge.connectors.jira.marks import label
from bridge.connectors.stacked_tables import TITLE_LIMIT, oldest_to_move, packed, rows_that_fit
from bridge.event import JSON
from bridge.text.adf import Node, adf_blocks, adf_document, adf_table, adf_text
from bridge.text.adf_reader import read_adf, words_of
from bridge.text.characters import length, one_line, tidy
from bridge.text.tree import Paragraph, Strong, Text

OWN = re.compile(r"scanbridge-(?P<mark>[a-z0-9-]+)(?:\.(?P<title>[0-9a-f]{8}))?")

ROOM = 50
"""Characters of JSON around the blocks of a comment: those of an empty document."""


@dataclass(frozen=True, slots=True)
class OwnNodes:
    """One of our tables: the nodes from `start` up to, not including, `end`."""

    mark: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AdfBody:
    """See `Body`. A block is a list of nodes: perhaps a title, then the table."""

    nodes: tuple[Node, ...]

    @classmethod
    def read(cls, value: JSON) -> AdfBody | None:
        """None for what is no document. Nothing at all is an empty one."""
        if value is None:
            return cls(())
        if not isinstance(value, dict) or value.get("type") != "doc":
            return None
        return cls(tuple(_nodes(value.get("content"))))

    @property
    def value(self) -> JSON:
        return adf_document(list(self.nodes))

    @property
    def is_judged_here(self) -> bool:
        return False

    def size(self) -> int:
        return length(adf_text(self.value))

    def holds(self, mark: str) -> bool:
        return any(found["mark"] == mark for found in map(_own, _every_node(self.nodes)) if found)

    def shows(self, block: JSON) -> bool:
        return _letters(words_of(adf_document(_nodes(block)))) in _letters(words_of(self.value))

    def reads_as(self, other: AdfBody) -> bool:
        return read_adf(self.value).blocks == read_adf(other.value).blocks

    def block(
        self, mark: str, title: str, columns: list[str], rows: list[list[str]], limit: int
    ) -> tuple[JSON, tuple[str, ...]]:
        name = one_line(tidy(title), TITLE_LIMIT)
        own = label(mark) + (f".{_digest(name)}" if name else "")
        head = adf_blocks((Paragraph((Strong((Text(name),)),)),)) if name else []

        def written(kept: int) -> list[JSON]:
            return [*head, {**adf_table(columns, rows[:kept]), "attrs": {"localId": own}}]

        kept, lost = rows_that_fit(len(rows), lambda count: length(adf_text(written(count))), limit)
        return written(kept), lost

    def with_block(self, block: JSON) -> AdfBody:
        return AdfBody((*self.nodes, *_nodes(block)))

    def blocks(self) -> dict[str, JSON]:
        return {one.mark: list(self.nodes[one.start : one.end]) for one in self._own_tables()}

    def to_move(self, newest: Collection[str], limit: int) -> list[str] | None:
        known = [one.mark for one in self._own_tables() if one.mark not in newest]
        return oldest_to_move(known, lambda marks: self.without(marks).size(), limit)

    def without(self, marks: Collection[str]) -> AdfBody:
        gone = [one for one in self._own_tables() if one.mark in marks]
        places = {place for one in gone for place in range(one.start, one.end)}
        return AdfBody(tuple(node for at, node in enumerate(self.nodes) if at not in places))

    def packed(self, blocks: Mapping[str, JSON], limit: int) -> list[tuple[list[str], JSON]]:
        groups = packed(list(blocks.items()), lambda one: length(adf_text(one[1])), limit - ROOM, 1)
        return [
            (
                [mark for mark, _ in group],
                adf_document([n for _, one in group for n in _nodes(one)]),
            )
            for group in groups
        ]

    def _own_tables(self) -> list[OwnNodes]:
        found: list[OwnNodes] = []
        for at, node in enumerate(self.nodes):
            own = _own(node)
            if own is None:
                continue
            titled = at > 0 and own["title"] is not None and _is_title(self.nodes[at - 1], own)
            found.append(OwnNodes(own["mark"], at - titled, at + 1))
        return found


def _own(node: Node) -> re.Match[str] | None:
    """What the mark of a table of ours says; None for every other node."""
    attributes = node.get("attrs")
    if node.get("type") != "table" or not isinstance(attributes, dict):
        return None
    local_id = attributes.get("localId")
    return OWN.fullmatch(local_id) if isinstance(local_id, str) else None


def _is_title(node: Node, own: re.Match[str]) -> bool:
    if node.get("type") != "paragraph":
        return False
    return _digest(words_of(adf_document([node]))) == own["title"]


def _digest(words: str) -> str:
    text = " ".join(words.split())
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _nodes(content: JSON) -> list[Node]:
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def _every_node(nodes: Sequence[Node]) -> Iterator[Node]:
    """Those inside others too: a person may have moved our table into a column or a fold."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += _nodes(node.get("content"))


def _letters(text: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[\W_]+", "", text)
