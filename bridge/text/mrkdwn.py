"""The document tree as Slack's mrkdwn.

Only `&`, `<` and `>` can be escaped (https://docs.slack.dev/messaging/formatting-message-text,
read 2026-11); that is what keeps text from calling anybody or leading anywhere. Stars, lines and
waves in a text may still make it bold, slanted or struck, which does no harm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bridge.text.characters import tidy
from bridge.text.phrases import around
from bridge.text.targets import NO_ADDRESS, is_address, percent
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
)

UNSAFE_IN_TARGET = re.compile(r"[\s<>|]")
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape_mrkdwn(text: str) -> str:
    """Literal text for any place in mrkdwn."""
    return re.sub(r"[&<>]", lambda found: ESCAPES[found[0]], tidy(text))


def unescape_mrkdwn(text: str) -> str:
    """What `escape_mrkdwn` did, undone, for places where Slack takes text as it is."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def write_mrkdwn(document: Document) -> Written:
    """The whole document; blocks are parted by an empty line."""
    writer = _Writer()
    text = "\n\n".join(filter(None, (writer.block(block) for block in document.blocks)))
    return Written(text, tuple(dict.fromkeys((*document.lost, *writer.lost))))


@dataclass(slots=True)
class _Writer:
    lost: list[str] = field(default_factory=list)

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(content):
                return self.line(content).strip()
            case Heading(_, content):
                return around("*", escape_mrkdwn(letters(content).replace("\n", " ")))
            case ListBlock():
                return "\n".join(self.items(block, ""))
            case CodeBlock(text, _):
                return self.code(text)
            case Quote(blocks):
                inner = "\n\n".join(self.block(one) for one in blocks)
                return "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))
            case Table(header, rows):
                return self.table(header, rows)
            case Rule():
                return "———"

    def items(self, block: ListBlock, indent: str) -> list[str]:
        lines: list[str] = []
        for number, item in enumerate(block.items, 1):
            bullet = f"{number}. " if block.ordered else "• "
            first = True
            for one in item:
                if isinstance(one, ListBlock):
                    lines += self.items(one, indent + "    ")
                    continue
                for line in self.block(one).split("\n"):
                    lines.append(f"{indent}{bullet if first else '    '}{line}".rstrip())
                    first = False
        return lines

    def table(self, header: Row, rows: tuple[Row, ...]) -> str:
        """In a fixed width, since messages have no tables in their text."""
        cells = [[_words(cell) for cell in row] for row in (header, *rows)]
        width = max(len(row) for row in cells)
        cells = [row + [""] * (width - len(row)) for row in cells]
        widths = [max(len(row[column]) for row in cells) for column in range(width)]
        lines = [
            "  ".join(word.ljust(size) for word, size in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        return self.code("\n".join(lines))

    def code(self, text: str) -> str:
        if "```" in text:
            self.lost.append("three backticks in code got an invisible blank between them")
            text = text.replace("```", "``\u2060`")
        return f"```\n{escape_mrkdwn(text)}\n```"

    def line(self, content: tuple[Inline, ...]) -> str:
        parts: list[str] = []
        for inline in content:
            match inline:
                case Text(text):
                    parts.append(escape_mrkdwn(text))
                case Break():
                    parts.append("\n")
                case Code(text):
                    code = escape_mrkdwn(text.replace("`", "'"))
                    parts.append(f"`{code}`" if code.strip() else code)
                case Strong(inner):
                    parts.append(around("*", self.line(inner)))
                case Emphasis(inner):
                    parts.append(around("_", self.line(inner)))
                case Struck(inner):
                    parts.append(around("~", self.line(inner)))
                case Link():
                    parts.append(self.link(inline))
        return "".join(parts)

    def link(self, link: Link) -> str:
        words = escape_mrkdwn(letters(link.content).replace("\n", " ")).replace("|", "¦").strip()
        if not is_address(link.target):
            self.lost.append(NO_ADDRESS)
            return words
        target = percent(link.target, UNSAFE_IN_TARGET).replace("&", "&amp;")
        return f"<{target}|{words}>" if words else f"<{target}>"


def _words(cell: Cell) -> str:
    return " ".join(letters(cell).split())
