"""The document tree as Markdown: CommonMark with GitHub's tables and strikethrough, without HTML.

Every ASCII punctuation mark may be escaped by a backslash (https://spec.commonmark.org/0.31.2/
#backslash-escapes, read 2026-11), so literal text is. Emphasis cannot be written between letters
in every case; where a reader would see it otherwise, the words go without it and that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bridge.text.characters import tidy
from bridge.text.markdown import read_markdown
from bridge.text.phrases import around, lines_of
from bridge.text.targets import NO_ADDRESS, is_address, percent
from bridge.text.tree import (
    Block,
    Break,
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

SPECIAL = re.compile(
    r"[\\`*\[\]<>|~]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # between letters an underscore never is emphasis
    r"|&(?=#?\w+;)"
    r"|!\Z"  # a link behind it would be a picture
)
AT_LINE_START = re.compile(r"\A(?:([#+=>-])|(\d{1,9})([.)]))")
HASHES_AT_END = re.compile(r"(?<!\\)#+\Z")
"""They would only close a heading."""
TASK = re.compile(r"\A\\\[([ xX])\\\] ")
"""A box to tick at the start of a list's item, as GitHub shows it."""

UNSAFE_IN_TARGET = re.compile(r"[\s<>()\[\]\\|`\"*_~]")
LANGUAGE = re.compile(r"[\w+#.-]+")


def write_markdown(document: Document) -> Written:
    """The whole document; blocks are parted by an empty line."""
    writer = _Writer()
    text = writer.blocks(document.blocks)
    return Written(text, tuple(dict.fromkeys((*document.lost, *writer.lost))))


def write_markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A table of literal cells, without a line end behind the last row."""
    cells = [tuple(literal(tidy(cell)) for cell in row) for row in (header, *rows)]
    return _Writer().table(cells[0], tuple(cells[1:]))


def escape(text: str) -> str:
    """Literal text for the middle of a line."""
    return SPECIAL.sub(lambda found: "\\" + found[0], text)


def escape_line(text: str) -> str:
    """Literal text that may begin a line; of blanks around it nothing would be left anyway."""
    return _at_start(escape(" ".join(tidy(text).split("\n")).strip(" \t")))


def _at_start(line: str) -> str:
    return AT_LINE_START.sub(
        lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", line
    )


@dataclass(slots=True)
class _Writer:
    lost: list[str] = field(default_factory=list)

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        """Two lists in a row have different bullets, or they would be one."""
        parts: list[str] = []
        other = False
        for number, block in enumerate(blocks):
            before = blocks[number - 1] if number else None
            other = (
                isinstance(before, ListBlock)
                and isinstance(block, ListBlock)
                and before.ordered == block.ordered
                and not other
            )
            parts.append(self.block(block, other))
        return "\n\n".join(part for part in parts if part)

    def block(self, block: Block, other: bool = False) -> str:
        match block:
            case Paragraph(content):
                return self.paragraph(content)
            case Heading(level, content):
                return f"{'#' * level} {self.one_line(content)}".rstrip()
            case ListBlock():
                return self.items(block, other)
            case CodeBlock(text, language):
                fence = "`" * (max(2, *_runs(text)) + 1)
                name = language if LANGUAGE.fullmatch(language) else ""
                return f"{fence}{name}\n{text}\n{fence}"
            case Quote(blocks):
                lines = self.blocks(blocks).split("\n")
                return "\n".join(f"> {line}" if line else ">" for line in lines)
            case Table(header, rows):
                return self.table(header, rows)
            case Rule():
                return "***"

    def paragraph(self, content: tuple[Inline, ...]) -> str:
        lines = [self.line(part) for part in lines_of(content)]
        lines = [_at_start(line.strip(" \t")) for line in lines]
        # Blanks of any kind: readers take some off the end, and would leave the break's sign there.
        while lines and not lines[-1].strip():
            lines.pop()
        while lines and not lines[0].strip():
            del lines[0]
        # An empty line would end the paragraph.
        return "\\\n".join(line if line.strip() else "&nbsp;" for line in lines)

    def one_line(self, content: tuple[Inline, ...]) -> str:
        joined = " ".join(self.line(part).strip(" \t") for part in lines_of(content))
        return HASHES_AT_END.sub(r"\\\g<0>", _at_start(joined.strip(" \t")))

    def table(self, header: Row, rows: tuple[Row, ...]) -> str:
        width = max(len(header), *(len(row) for row in rows)) if rows else len(header)
        lines = [self.row(header, width), "|" + " --- |" * width]
        return "\n".join(lines + [self.row(row, width) for row in rows])

    def row(self, row: Row, width: int) -> str:
        cells = [self.cell(cell) for cell in row] + [" "] * (width - len(row))
        return "|" + "|".join(cells) + "|"

    def cell(self, cell: tuple[Inline, ...]) -> str:
        if any(isinstance(inline, Break) for inline in cell):
            self.lost.append("a line break inside a table became a blank")
        words = " ".join(
            filter(None, (self.line(part, cell=True).strip() for part in lines_of(cell)))
        )
        return f" {words} " if words else " "

    def items(self, block: ListBlock, other: bool) -> str:
        items: list[str] = []
        loose = any(_is_loose(item) for item in block.items)
        for number, item in enumerate(block.items, 1):
            bullet = ("+ " if other else "- ") if not block.ordered else f"{number}. "
            if block.ordered and other:
                bullet = f"{number}) "
            text = self.item(item) or "&nbsp;"  # bare bullets in a row would be a line
            lines = TASK.sub(r"[\1] ", text).split("\n")
            indent = " " * len(bullet)
            below = [indent + line if line else "" for line in lines[1:]]
            items.append("\n".join([(bullet + lines[0]).rstrip(), *below]))
        return ("\n\n" if loose else "\n").join(items)

    def item(self, blocks: tuple[Block, ...]) -> str:
        """A paragraph with its lists right below it, or blocks as everywhere."""
        if _is_loose(blocks):
            return self.blocks(blocks)
        return "\n".join(filter(None, (self.block(block) for block in blocks)))

    def line(self, content: tuple[Inline, ...], *, cell: bool = False) -> str:
        """Inlines without breaks, within one line. Read again where emphasis is in it."""
        text = self.rich(content, cell)
        if _has_emphasis(content):
            seen = read_markdown(_at_start(text.strip(" \t"))).blocks
            read = seen[0].content if len(seen) == 1 and isinstance(seen[0], Paragraph) else ()
            if letters(read) != letters(content).strip(" \t"):
                self.lost.append("emphasis that Markdown cannot write became plain words")
                return self.rich(_plain(content), cell)
        return text

    def rich(self, content: tuple[Inline, ...], cell: bool) -> str:
        parts: list[str] = []
        for inline in content:
            match inline:
                case Text(text):
                    parts.append(escape(text))
                case Break():
                    parts.append(" ")
                case Code(text):
                    parts.append(_code(text.replace("|", "\\|") if cell else text))
                case Strong(inner):
                    parts.append(around("**", self.rich(inner, cell)))
                case Emphasis(inner):
                    parts.append(around("*", self.rich(inner, cell)))
                case Struck(inner):
                    parts.append(around("~~", self.rich(inner, cell)))
                case Link():
                    parts.append(self.link(inline, cell))
        return "".join(parts)

    def link(self, link: Link, cell: bool) -> str:
        words = self.rich(link.content, cell).strip()
        if not is_address(link.target):
            self.lost.append(NO_ADDRESS)
            return words
        target = percent(link.target, UNSAFE_IN_TARGET)
        return f"[{words or escape(link.target)}]({target})"


def _code(text: str) -> str:
    if not text.strip():
        return text
    fence = "`" * (max(0, *_runs(text)) + 1)
    # One blank at each side is taken off again, so it is added where there is one already.
    blank = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _runs(text: str) -> list[int]:
    """Lengths of the runs of backticks; two at least, so that `max` has something."""
    return [0, 0, *(len(run) for run in re.findall(r"`+", text))]


def _is_loose(item: tuple[Block, ...]) -> bool:
    """Whether an item is more than a line of words with lists below it."""
    first, *rest = item or (Paragraph(()),)
    return not isinstance(first, Paragraph) or not all(isinstance(one, ListBlock) for one in rest)


def _has_emphasis(content: tuple[Inline, ...]) -> bool:
    """Of its own, or in a link of it."""
    return any(
        _has_emphasis(inline.content)
        if isinstance(inline, Link)
        else isinstance(inline, Strong | Emphasis | Struck)
        for inline in content
    )


def _plain(content: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """The same without emphasis."""
    found: list[Inline] = []
    for inline in content:
        match inline:
            case Link(target, inner):
                found.append(Link(target, _plain(inner)))
            case Strong(inner) | Emphasis(inner) | Struck(inner):
                found += _plain(inner)
            case _:
                found.append(inline)
    return tuple(found)
