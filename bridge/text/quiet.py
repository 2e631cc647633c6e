"""Text that names somebody and does not call them."""

from __future__ import annotations

import re
from dataclasses import replace

from bridge.text.tree import (
    Block,
    Document,
    Emphasis,
    Heading,
    Inline,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Strong,
    Struck,
    Table,
    Text,
)

JOINER = "\u2060"
"""WORD JOINER: shows nothing and breaks no line."""


def quiet(document: Document, calls: re.Pattern[str]) -> Document:
    """The document with an invisible character behind every match of `calls`, code left alone.

    calls: what begins a mention or a reference, such as `@` before a letter.
    """
    return replace(document, blocks=tuple(_block(block, calls) for block in document.blocks))


def quiet_text(text: str, calls: re.Pattern[str]) -> str:
    return calls.sub(lambda found: found[0] + JOINER, text)


def _block(block: Block, calls: re.Pattern[str]) -> Block:
    match block:
        case Paragraph(content):
            return Paragraph(_line(content, calls))
        case Heading(level, content):
            return Heading(level, _line(content, calls))
        case ListBlock(ordered, items):
            inner = tuple(tuple(_block(one, calls) for one in item) for item in items)
            return ListBlock(ordered, inner)
        case Quote(blocks):
            return Quote(tuple(_block(one, calls) for one in blocks))
        case Table(header, rows):
            cells = [tuple(_line(cell, calls) for cell in row) for row in (header, *rows)]
            return Table(cells[0], tuple(cells[1:]))
        case _:
            return block


def _line(content: tuple[Inline, ...], calls: re.Pattern[str]) -> tuple[Inline, ...]:
    return tuple(_inline(inline, calls) for inline in content)


def _inline(inline: Inline, calls: re.Pattern[str]) -> Inline:
    match inline:
        case Text(text):
            return Text(quiet_text(text, calls))
        case Strong(inner):
            return Strong(_line(inner, calls))
        case Emphasis(inner):
            return Emphasis(_line(inner, calls))
        case Struck(inner):
            return Struck(_line(inner, calls))
        case Link(target, inner):
            return Link(target, _line(inner, calls))
        case _:
            return inline
