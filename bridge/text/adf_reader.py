"""Atlassian Document Format into the document tree.

Whatever a person made in Jira's editor comes in: what the tree has no place for becomes what comes
nearest, and is reported. Nothing is refused, however it is broken: what is no node is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from bridge.event import JSON
from bridge.text.characters import tidy
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
    letters,
    literal,
)

DEPTH = 60
"""Nodes inside nodes. Arbitrary: the editor itself makes a dozen at most."""

QUIET_MARKS = frozenset({"annotation", "alignment", "indentation", "breakout", "fragment"})
"""Marks that change no word and no meaning: remarks at the side, and where things stand."""

Node = dict[str, JSON]


def read_adf(value: JSON) -> Document:
    """The document of a description or comment; empty for what is none."""
    reader = _Reader()
    blocks = reader.blocks(value, 0)
    return Document(blocks, tuple(dict.fromkeys(reader.lost)))


@dataclass(slots=True)
class _Reader:
    lost: list[str] = field(default_factory=list)

    def children(self, node: JSON, depth: int) -> Iterator[Node]:
        content = node.get("content") if isinstance(node, dict) else None
        if depth > DEPTH:
            self.lost.append(f"what is nested more than {DEPTH} deep was left out")
            return
        for one in content if isinstance(content, list) else ():
            if isinstance(one, dict):
                yield one
            else:
                self.lost.append("what is no node was left out")

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
                text = "".join(_string(one.get("text")) for one in self.children(node, depth))
                return (CodeBlock(tidy(text), _attribute(node, "language")),)
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
                title = literal(_attribute(node, "title"))
                head = (Paragraph((Strong(title),)),) if title else ()
                return (*head, *self.blocks(node, depth))
            case "blockCard" | "embedCard":
                return (Paragraph(_card(node)),)
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
                box = "[x] " if _attribute(item, "state") == "DONE" else "[ ] "
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
        if any(_attribute(node, name) not in ("", "1") for name in ("colspan", "rowspan")):
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
                return _on_lines([(line,) for line in lines])
            case ListBlock(ordered, items):
                self.lost.append("a list inside a table became lines")
                return _on_lines(
                    [
                        (Text(f"{number}. " if ordered else "• "), *self._lines(item))
                        for number, item in enumerate(items, 1)
                    ]
                )
            case Quote(blocks):
                return self._lines(blocks)
            case Table(header, rows):
                self.lost.append("a table inside a table became lines")
                return _on_lines([_one_line(row) for row in (header, *rows) if row])
            case Rule():
                return (Text("—"),)

    def _lines(self, blocks: tuple[Block, ...]) -> tuple[Inline, ...]:
        return _on_lines([self.in_cell(block) for block in blocks])

    def media(self, node: Node, depth: int) -> tuple[Block, ...]:
        """Pictures lie beside the text: the one with an address becomes a link to it."""
        self.lost.append("a picture was left out or became a link")
        if node.get("type") == "media":
            url, words = _attribute(node, "url"), _attribute(node, "alt") or "picture"
            return (Paragraph((Link(url, literal(words)),)),) if url else ()
        return self.blocks(node, depth)

    def inlines(self, node: Node, depth: int) -> tuple[Inline, ...]:
        found: list[Inline] = []
        for child in self.children(node, depth):
            found += self.inline(child, depth + 1)
        return joined(found)

    def inline(self, node: Node, depth: int) -> tuple[Inline, ...]:
        match node.get("type"):
            case "text":
                return self.marked(node)
            case "hardBreak":
                return (Break(),)
            case "mention":
                return literal("@" + _attribute(node, "text").lstrip("@")) or (Text("@"),)
            case "emoji":
                return literal(_attribute(node, "text") or _attribute(node, "shortName"))
            case "status":
                return literal(f"[{_attribute(node, 'text')}]")
            case "placeholder":
                return literal(_attribute(node, "text"))
            case "date":
                return literal(_date(_attribute(node, "timestamp")))
            case "inlineCard":
                return _card(node)
            case "mediaInline":
                self.lost.append("a picture was left out or became a link")
                return ()
            case "inlineExtension":
                self.lost.append("a macro was left out, only the text in it is kept")
                return literal(_attribute(node, "text"))
            case kind:
                self.lost.append(f"{_shown(kind)}, which is unknown here, became its text")
                return self.inlines(node, depth)

    def marked(self, node: Node) -> tuple[Inline, ...]:
        """The text inside its marks; a link is the outermost, code the innermost."""
        content = literal(_string(node.get("text")))
        marks = node.get("marks")
        by_type = {
            str(mark.get("type")): mark
            for mark in (marks if isinstance(marks, list) else ())
            if isinstance(mark, dict)
        }
        if not content:
            return ()
        for kind in by_type:
            if kind == "code":
                content = tuple(Code(one.text) if isinstance(one, Text) else one for one in content)
            elif kind not in QUIET_MARKS | {"strong", "em", "strike", "link"}:
                self.lost.append(f"the mark {_shown(kind)} was left out")
        for kind, wrap in (("strike", Struck), ("em", Emphasis), ("strong", Strong)):
            if kind in by_type:
                content = (wrap(content),)
        if "link" in by_type:
            content = (Link(_attribute(by_type["link"], "href"), content),)
        return content


def joined(content: Iterable[Inline]) -> tuple[Inline, ...]:
    """Neighbours of one kind as one: what one mark spans comes in a piece for each change in it."""
    found: list[Inline] = []
    for _, neighbours in groupby(content, key=_kind):
        same = list(neighbours)
        text = "".join(one.text for one in same if isinstance(one, Text | Code))
        inner = (
            part
            for one in same
            if isinstance(one, Strong | Emphasis | Struck | Link)
            for part in one.content
        )
        match same[0]:
            case Text():
                found.append(Text(text))
            case Code():
                found.append(Code(text))
            case Strong():
                found.append(Strong(joined(inner)))
            case Emphasis():
                found.append(Emphasis(joined(inner)))
            case Struck():
                found.append(Struck(joined(inner)))
            case Link(target, _):
                found.append(Link(target, joined(inner)))
            case Break():
                found += same
    return tuple(found)


def _kind(inline: Inline) -> tuple[type[Inline], str]:
    return type(inline), inline.target if isinstance(inline, Link) else ""


def _on_lines(lines: list[tuple[Inline, ...]]) -> tuple[Inline, ...]:
    found: list[Inline] = []
    for number, line in enumerate(lines):
        found += [Break()] if number else []
        found += line
    return tuple(found)


def _one_line(row: Row) -> tuple[Inline, ...]:
    found: list[Inline] = []
    for number, cell in enumerate(row):
        found += [Text(" | ")] if number else []
        found += [Text(" ") if isinstance(one, Break) else one for one in cell]
    return tuple(found)


def _with_box(box: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    if blocks and isinstance(blocks[0], Paragraph):
        return (Paragraph(joined([Text(box), *blocks[0].content])), *blocks[1:])
    return (Paragraph((Text(box.strip()),)), *blocks)


def _card(node: Node) -> tuple[Inline, ...]:
    url = _attribute(node, "url")
    return (Link(url, (Text(url),)),) if url else ()


def _level(node: Node) -> int:
    attributes = node.get("attrs")
    level = attributes.get("level") if isinstance(attributes, dict) else None
    return level if isinstance(level, int) and 1 <= level <= 6 else 6


def _attribute(node: Node, name: str) -> str:
    """An attribute as one line of text; empty where it is absent."""
    attributes = node.get("attrs")
    value = attributes.get(name) if isinstance(attributes, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return " ".join(tidy(str(value)).split("\n"))


def _string(value: JSON) -> str:
    return tidy(value) if isinstance(value, str) else ""


def _date(timestamp: str) -> str:
    """A day, as it is read everywhere."""
    try:
        return datetime.fromtimestamp(int(timestamp) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return timestamp


def _shown(kind: JSON) -> str:
    return repr(str(kind)[:40])


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
