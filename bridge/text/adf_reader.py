"""Atlassian Document Format into the document tree.

Whatever a person made in Jira's editor comes in: what the tree has no place for becomes what comes
nearest, and is reported. Nothing is refused, however it is broken: what is no node is left out.
"""

from __future__ import annotations

from bridge.event import JSON
from bridge.text.adf import Node
from bridge.text.adf_inline import Inlines, attribute, card, joined, string
from bridge.text.characters import tidy
from bridge.text.phrases import on_lines, rows_as_lines
from bridge.text.tree import (
    Block,
    Break,
    Cell,
    Code,
    CodeBlock,
    Document,
    Heading,
    Inline,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Row,
    Rule,
    Strong,
    Table,
    Text,
    letters,
    literal,
)


def read_adf(value: JSON) -> Document:
    """The document of a description or comment; empty for what is none."""
    reader = _Reader()
    blocks = reader.blocks(value, 0)
    return Document(blocks, tuple(dict.fromkeys(reader.lost)))


class _Reader(Inlines):
    """Reads blocks, and the inlines in them."""

    __slots__ = ()

    def blocks(self, node: JSON, depth: int) -> tuple[Block, ...]:
        """The blocks in a node; inlines that stand among them make paragraphs."""
        found: list[Block] = []
        loose: list[Inline] = []
        for child in self.children(node, depth):
            blocks = self.block(child, depth + 1)
            if blocks is None:
                loose += self.inline(child, depth + 1)
                continue
            if loose:
                found.append(Paragraph(joined(loose)))
                loose = []
            found += blocks
        return (*found, Paragraph(joined(loose))) if loose else tuple(found)

    def block(self, node: Node, depth: int) -> tuple[Block, ...] | None:
        """A node as blocks; None for an inline one."""
        match node.get("type"):
            case "paragraph":
                return (Paragraph(self.inlines(node, depth)),)
            case "heading":
                return (Heading(_level(node), self.inlines(node, depth)),)
            case "bulletList" | "orderedList" | "taskList" | "decisionList":
                return (self.items(node, depth),)
            case "codeBlock":
                text = "".join(string(one.get("text")) for one in self.children(node, depth))
                return (CodeBlock(tidy(text), attribute(node, "language")),)
            case "blockquote":
                return (Quote(self.blocks(node, depth)),)
            case "panel":
                self.lost.append("a panel became a quote")
                return (Quote(self.blocks(node, depth)),)
            case "table":
                return self.table(node, depth)
            case "rule":
                return (Rule(),)
            case "expand" | "nestedExpand":
                self.lost.append("what was folded away stands open")
                title = literal(attribute(node, "title"))
                head = (Paragraph((Strong(title),)),) if title else ()
                return (*head, *self.blocks(node, depth))
            case "blockCard" | "embedCard":
                return (Paragraph(card(node)),)
            case "mediaSingle" | "mediaGroup" | "media" | "caption":
                return self.media(node, depth)
            case "layoutSection" | "layoutColumn" | "bodiedSyncBlock":
                return self.blocks(node, depth)
            case "extension" | "bodiedExtension" | "syncBlock":
                self.lost.append("a macro was left out, only the text in it is kept")
                return self.blocks(node, depth)
            case _:
                return None

    def items(self, node: Node, depth: int) -> ListBlock:
        """A list; boxes to tick are written before the words, as Markdown has them."""
        items: list[tuple[Block, ...]] = []
        kind = node.get("type")
        for item in self.children(node, depth):
            below = self.block(item, depth + 1) if str(item.get("type")).endswith("List") else None
            if below is not None:  # a list of tasks has its lists beside the items, not in them
                before = items.pop() if items else ()
                items.append((*before, *below))
                continue
            blocks = self.blocks(item, depth + 1)
            if kind == "taskList":
                box = "[x] " if attribute(item, "state") == "DONE" else "[ ] "
                blocks = _with_box(box, blocks)
            items.append(blocks)
        return ListBlock(kind == "orderedList", tuple(items))

    def table(self, node: Node, depth: int) -> tuple[Block, ...]:
        """A first row of header cells is the header; elsewhere they are cells as all others."""
        rows: list[Row] = []
        headed = False
        for number, row in enumerate(self.children(node, depth)):
            cells = list(self.children(row, depth + 1))
            kinds = {cell.get("type") for cell in cells}
            headed = headed or (number == 0 and kinds == {"tableHeader"})
            rows.append(tuple(self.cell(cell, depth + 2) for cell in cells))
        if not rows:
            return ()
        return (Table(rows[0], tuple(rows[1:])) if headed else Table((), tuple(rows)),)

    def cell(self, node: Node, depth: int) -> Cell:
        """The blocks of a cell one below the other; a merged cell is one cell."""
        if any(attribute(node, name) not in ("", "1") for name in ("colspan", "rowspan")):
            self.lost.append("a cell over several rows or columns became one cell")
        lines: list[Inline] = []
        for block in self.blocks(node, depth):
            lines += [Break()] if lines else []
            lines += self.in_cell(block)
        return joined(lines)

    def in_cell(self, block: Block) -> tuple[Inline, ...]:
        match block:
            case Paragraph(content):
                return content
            case Heading(_, content):
                return (Strong(content),) if content else ()
            case CodeBlock(text, _):
                self.lost.append("code inside a table became lines of code")
                lines = [Code(line) if line else Text("") for line in text.split("\n")]
                return on_lines([(line,) for line in lines])
            case ListBlock(ordered, items):
                self.lost.append("a list inside a table became lines")
                return on_lines(
                    [
                        (Text(f"{number}. " if ordered else "• "), *self._lines(item))
                        for number, item in enumerate(items, 1)
                    ]
                )
            case Quote(blocks):
                return self._lines(blocks)
            case Table(header, rows):
                self.lost.append("a table inside a table became lines")
                return rows_as_lines((header, *rows))
            case Rule():
                return (Text("—"),)

    def _lines(self, blocks: tuple[Block, ...]) -> tuple[Inline, ...]:
        return on_lines([self.in_cell(block) for block in blocks])

    def media(self, node: Node, depth: int) -> tuple[Block, ...]:
        """Pictures lie beside the text: the one with an address becomes a link to it."""
        self.lost.append("a picture was left out or became a link")
        if node.get("type") == "media":
            url, words = attribute(node, "url"), attribute(node, "alt") or "picture"
            return (Paragraph((Link(url, literal(words)),)),) if url else ()
        return self.blocks(node, depth)


def _with_box(box: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    if blocks and isinstance(blocks[0], Paragraph):
        return (Paragraph(joined([Text(box), *blocks[0].content])), *blocks[1:])
    return (Paragraph((Text(box.strip()),)), *blocks)


def _level(node: Node) -> int:
    attributes = node.get("attrs")
    level = attributes.get("level") if isinstance(attributes, dict) else None
    return level if isinstance(level, int) and 1 <= level <= 6 else 6


def words_of(value: JSON) -> str:
    """The words alone, blocks parted by line ends; for comparing."""
    return "\n".join(_words(block) for block in read_adf(value).blocks)


def _words(block: Block) -> str:
    match block:
        case Paragraph(content) | Heading(_, content):
            return letters(content)
        case CodeBlock(text, _):
            return text
        case Quote(blocks):
            return "\n".join(map(_words, blocks))
        case ListBlock(_, items):
            return "\n".join(_words(one) for item in items for one in item)
        case Table(header, rows):
            return "\n".join(letters(cell) for row in (header, *rows) for cell in row)
        case Rule():
            return ""
