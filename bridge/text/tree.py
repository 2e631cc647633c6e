"""The document tree between the codecs. Frozen values; no text in it holds a line break
except `CodeBlock.text`, where lines are what counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text; no character of it is markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """The line ends here, the paragraph goes on."""


@dataclass(frozen=True, slots=True)
class Code:
    """Text in a fixed width, within a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    content: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Emphasis:
    content: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Struck:
    content: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """target: an address as it stood there; a writer decides whether it is fit to be a link."""

    target: str
    content: tuple[Inline, ...]


Inline: TypeAlias = Text | Break | Code | Strong | Emphasis | Struck | Link
Cell: TypeAlias = tuple[Inline, ...]
Row: TypeAlias = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    content: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """level: 1 to 6."""

    level: int
    content: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class ListBlock:
    """items: each a run of blocks, most often one paragraph."""

    ordered: bool
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """language: as it was written, may be empty."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Table:
    header: Row
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""


Block: TypeAlias = Paragraph | Heading | ListBlock | CodeBlock | Quote | Table | Rule


@dataclass(frozen=True, slots=True)
class Document:
    """lost: what the reader could not keep, one short sentence each."""

    blocks: tuple[Block, ...]
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer made: the text, and what it could not keep."""

    text: str
    lost: tuple[str, ...] = ()


def literal(text: str) -> tuple[Inline, ...]:
    """Text of any kind as inlines: its line breaks become breaks, all else stays as it is."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    content: list[Inline] = []
    for number, line in enumerate(lines):
        if number:
            content.append(Break())
        if line:
            content.append(Text(line))
    return tuple(content)


def letters(content: tuple[Inline, ...]) -> str:
    """The text alone, breaks as line breaks; a link gives its words, not its target."""
    parts: list[str] = []
    for inline in content:
        match inline:
            case Text(text) | Code(text):
                parts.append(text)
            case Break():
                parts.append("\n")
            case Strong(inner) | Emphasis(inner) | Struck(inner) | Link(_, inner):
                parts.append(letters(inner))
    return "".join(parts)
