"""The document tree as Confluence's storage format: XHTML with elements of its own.

Every text is escaped as XML, so that none of it acts as an element, a macro or a mention.
https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html, read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.text.characters import tidy
from bridge.text.targets import NO_ADDRESS, is_address
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


def escape_xml(text: str) -> str:
    """Literal text for an element's content or an attribute's value."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text


def write_storage(document: Document) -> Written:
    """The whole document."""
    writer = _Writer()
    text = "".join(writer.block(block) for block in document.blocks)
    return Written(text, tuple(dict.fromkeys((*document.lost, *writer.lost))))


def literal_cell(text: str) -> str:
    """The content of a table's cell: a text as it is, its line ends as breaks."""
    return _Writer().line(literal(tidy(text)))


@dataclass(slots=True)
class _Writer:
    lost: list[str] = field(default_factory=list)

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(content):
                return f"<p>{self.line(content)}</p>"
            case Heading(level, content):
                return f"<h{level}>{self.line(content)}</h{level}>"
            case ListBlock(ordered, items):
                name = "ol" if ordered else "ul"
                inside = "".join(f"<li>{self.blocks(item)}</li>" for item in items)
                return f"<{name}>{inside}</{name}>"
            case CodeBlock():
                return self.code(block)
            case Quote(blocks):
                return f"<blockquote>{self.blocks(blocks)}</blockquote>"
            case Table(header, rows):
                head = self.row(header, "th") if any(header) else ""
                body = "".join(self.row(row, "td") for row in rows)
                return f"<table><tbody>{head}{body}</tbody></table>"
            case Rule():
                return "<hr />"

    def blocks(self, blocks: tuple[Block, ...]) -> str:
        return "".join(self.block(block) for block in blocks)

    def row(self, row: Row, name: str) -> str:
        cells = "".join(f"<{name}><p>{self.line(cell)}</p></{name}>" for cell in row)
        return f"<tr>{cells}</tr>"

    def code(self, block: CodeBlock) -> str:
        """A macro; `]]>` would end its text and is parted."""
        text = block.text.replace("]]>", "]]]]><![CDATA[>")
        language = escape_xml(block.language)
        named = f'<ac:parameter ac:name="language">{language}</ac:parameter>' if language else ""
        return (
            f'<ac:structured-macro ac:name="code">{named}'
            f"<ac:plain-text-body><![CDATA[{text}]]></ac:plain-text-body></ac:structured-macro>"
        )

    def line(self, content: tuple[Inline, ...]) -> str:
        parts: list[str] = []
        for inline in content:
            match inline:
                case Text(text):
                    parts.append(escape_xml(text))
                case Break():
                    parts.append("<br />")
                case Code(text):
                    parts.append(f"<code>{escape_xml(text)}</code>")
                case Strong(inner):
                    parts.append(f"<strong>{self.line(inner)}</strong>")
                case Emphasis(inner):
                    parts.append(f"<em>{self.line(inner)}</em>")
                case Struck(inner):
                    parts.append(f"<del>{self.line(inner)}</del>")
                case Link(target, inner):
                    parts.append(self.link(target, inner))
        return "".join(parts)

    def link(self, target: str, inner: tuple[Inline, ...]) -> str:
        words = self.line(inner) or escape_xml(target)
        if not is_address(target):
            self.lost.append(NO_ADDRESS)
            return escape_xml(letters(inner))
        return f'<a href="{escape_xml(target)}">{words}</a>'
