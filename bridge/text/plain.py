"""Plain text: read as literal paragraphs, written without any markup."""

from __future__ import annotations

import re

from bridge.text.characters import tidy
from bridge.text.tree import (
    Block,
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
    Table,
    Written,
    letters,
    literal,
)


def read_plain(text: str) -> Document:
    """Empty lines part paragraphs; everything else is taken literally."""
    parts = re.split(r"\n[ \t]*\n\s*", tidy(text).strip("\n"))
    return Document(tuple(Paragraph(literal(part)) for part in parts if part.strip()))


def write_plain(document: Document) -> Written:
    """The words, with blanks and line breaks for structure; targets of links in brackets."""
    return Written("\n\n".join(_block(block) for block in document.blocks), document.lost)


def _block(block: Block) -> str:
    match block:
        case Paragraph(content) | Heading(_, content):
            return _line(content)
        case CodeBlock(text, _):
            return text
        case Quote(blocks):
            return _indent("\n\n".join(map(_block, blocks)), "> ")
        case ListBlock(ordered, items):
            return "\n".join(
                _item(f"{number}. " if ordered else "- ", item)
                for number, item in enumerate(items, 1)
            )
        case Table(header, rows):
            return "\n".join(_row(row) for row in (header, *rows) if row)
        case Rule():
            return "---"


def _item(bullet: str, blocks: tuple[Block, ...]) -> str:
    return bullet + _indent("\n".join(map(_block, blocks)), "  ")[2:]


def _row(row: Row) -> str:
    return " | ".join(_line(cell).replace("\n", " ") for cell in row)


def _indent(text: str, prefix: str) -> str:
    return "\n".join(prefix + line for line in text.split("\n"))


def _line(content: tuple[Inline, ...]) -> str:
    parts: list[str] = []
    for inline in content:
        words = letters((inline,))
        shows_target = isinstance(inline, Link) and inline.target not in ("", words)
        parts.append(
            f"{words} ({inline.target})" if shows_target and isinstance(inline, Link) else words
        )
    return "".join(parts)
