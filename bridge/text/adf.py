"""The document tree as an Atlassian Document Format document, the JSON of Jira's REST version 3.

A document is JSON, so nothing in a text can act: no macro, no mention, no cell's end. What must be
kept is the schema (https://unpkg.com/@atlaskit/adf-schema/dist/json-schema/v1/full.json, read
2026-11): what may stand in what, and that no text is empty. What may not stand somewhere is turned
into what may, and that is said.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from bridge.event import JSON
from bridge.text.characters import tidy
from bridge.text.phrases import rows_as_lines
from bridge.text.targets import NO_ADDRESS, is_address
from bridge.text.tree import (
    Block,
    Break,
    Cell,
    Code,
    CodeBlock,
    Document,
    Emphasis,
    Heading,
    Inline,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Row,
    Rule,
    Strong,
    Struck,
    Table,
    Text,
    Written,
    letters,
    literal,
)

LANGUAGE = re.compile(r"[\w+#.-]{1,50}")

DEPTH = 60
"""Nodes inside nodes that are read. Arbitrary: the editor itself makes a dozen at most."""

Node = dict[str, JSON]
Marks = tuple[Node, ...]


def write_adf(document: Document) -> Written:
    """The whole document as JSON text, without needless blanks."""
    writer = _Writer()
    text = adf_text(adf_document(writer.blocks(document.blocks)))
    return Written(text, tuple(dict.fromkeys((*document.lost, *writer.lost))))


def adf_text(document: JSON) -> str:
    """The JSON of a document as text; how it is counted and compared."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def adf_document(nodes: list[Node]) -> Node:
    content: list[JSON] = list(nodes)
    return {"version": 1, "type": "doc", "content": content}


def adf_blocks(blocks: tuple[Block, ...]) -> list[Node]:
    """Blocks as the nodes of a document's content."""
    return _Writer().blocks(blocks)


def adf_table(header: list[str], rows: list[list[str]]) -> Node:
    """A table of literal cells; at least one row is given."""
    cells = [tuple(literal(tidy(cell)) for cell in row) for row in (header, *rows)]
    (node,) = _Writer().block(Table(cells[0], tuple(cells[1:])))
    return node


REPEATED_LIMIT = 100_000
"""Characters of addresses in one link: each part of its words repeats the address. Arbitrary, and
three times of what a description may hold."""


@dataclass(slots=True)
class _Writer:
    lost: list[str] = field(default_factory=list)

    def blocks(self, blocks: tuple[Block, ...]) -> list[Node]:
        return [node for block in blocks for node in self.block(block)]

    def block(self, block: Block) -> list[Node]:
        """The nodes of a block: one, or none where it is empty."""
        match block:
            case Paragraph(content):
                return [_node("paragraph", self.inlines(content))]
            case Heading(level, content):
                node = _node("heading", self.inlines(content))
                return [{**node, "attrs": {"level": min(max(level, 1), 6)}}]
            case ListBlock():
                return self.items(block)
            case CodeBlock():
                return [self.code(block)]
            case Quote(blocks):
                inner = self.inner(blocks, "a quote")
                return [_node("blockquote", inner or [_node("paragraph", [])])]
            case Table(header, rows):
                return self.table(header, rows)
            case Rule():
                return [{"type": "rule"}]

    def items(self, block: ListBlock) -> list[Node]:
        items: list[Node] = []
        for item in block.items:
            inner = self.inner(item, "a list")
            if not inner or inner[0]["type"] not in ("paragraph", "codeBlock"):
                inner.insert(0, _node("paragraph", []))
            items.append(_node("listItem", inner))
        return [_node("orderedList" if block.ordered else "bulletList", items)] if items else []

    def inner(self, blocks: tuple[Block, ...], where: str) -> list[Node]:
        """What stands in a list's item or in a quote: paragraphs, lists and code alone."""
        nodes: list[Node] = []
        for block in blocks:
            match block:
                case Paragraph() | ListBlock() | CodeBlock():
                    nodes += self.block(block)
                case Heading(_, content):
                    self.lost.append(f"a heading inside {where} became bold words")
                    nodes += self.block(Paragraph((Strong(content),)))
                case Quote(inner):
                    self.lost.append(f"a quote inside {where} became part of it")
                    nodes += self.inner(inner, where)
                case Table(header, rows):
                    self.lost.append(f"a table inside {where} became lines")
                    nodes += self.block(Paragraph(rows_as_lines((header, *rows))))
                case Rule():
                    self.lost.append(f"a line across {where} was left out")
        return nodes

    def code(self, block: CodeBlock) -> Node:
        text = tidy(block.text)
        node = _node("codeBlock", [{"type": "text", "text": text}] if text else [])
        language = block.language.lower()
        return {**node, "attrs": {"language": language}} if LANGUAGE.fullmatch(language) else node

    def table(self, header: Row, rows: tuple[Row, ...]) -> list[Node]:
        """Every row is as long as the longest: a table with gaps is refused."""
        width = max((len(row) for row in (header, *rows)), default=0)
        if not width:
            return []
        written = [self.row(header, "tableHeader", width)] if any(header) else []
        written += [self.row(row, "tableCell", width) for row in rows]
        return [_node("table", written)] if written else []

    def row(self, row: Row, kind: str, width: int) -> Node:
        cells = [*row, *([()] * (width - len(row)))]
        return _node("tableRow", [self.cell(cell, kind) for cell in cells])

    def cell(self, cell: Cell, kind: str) -> Node:
        return _node(kind, [_node("paragraph", self.inlines(cell))])

    def inlines(self, content: tuple[Inline, ...], marks: Marks = ()) -> list[Node]:
        nodes: list[Node] = []
        for inline in content:
            match inline:
                case Text(text):
                    nodes += _text(text, marks)
                case Break():
                    nodes.append({"type": "hardBreak"})
                case Code(text):
                    kept = tuple(mark for mark in marks if mark["type"] == "link")
                    if kept != marks:
                        self.lost.append("code inside bold, italic or struck words is code alone")
                    nodes += _text(text, (*kept, {"type": "code"}))
                case Strong(inner):
                    nodes += self.inlines(inner, _with(marks, {"type": "strong"}))
                case Emphasis(inner):
                    nodes += self.inlines(inner, _with(marks, {"type": "em"}))
                case Struck(inner):
                    nodes += self.inlines(inner, _with(marks, {"type": "strike"}))
                case Link():
                    nodes += self.link(inline, marks)
        return nodes

    def link(self, link: Link, marks: Marks) -> list[Node]:
        target = tidy(link.target)
        if not is_address(target):
            self.lost.append(NO_ADDRESS)
            return self.inlines(link.content, marks)
        marked = _with(marks, {"type": "link", "attrs": {"href": target}})
        words = letters(link.content)
        nodes = self.inlines(link.content if words else (Text(target),), marked)
        if len(nodes) * len(target) > REPEATED_LIMIT:
            self.lost.append("a link of many parts became one of plain words")
            nodes = _text(words, marked)
        return nodes


def _node(kind: str, content: list[Node]) -> Node:
    inner: list[JSON] = list(content)
    return {"type": kind, "content": inner}


def _text(text: str, marks: Marks) -> list[Node]:
    """A text node, or none: the schema refuses an empty one."""
    text = tidy(text).replace("\n", " ")
    if not text:
        return []
    shown: list[JSON] = list(marks)
    return [{"type": "text", "text": text, **({"marks": shown} if shown else {})}]


def _with(marks: Marks, mark: Node) -> Marks:
    """A mark once: strong inside strong is strong; of a link in a link the outer one stays."""
    known = {one["type"] for one in marks}
    return marks if mark["type"] in known else (*marks, mark)
