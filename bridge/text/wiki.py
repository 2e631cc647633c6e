"""The document tree as Jira's wiki markup.

What the renderer makes of a text was read from its source, atlassian-renderer 8
(`com.atlassian.renderer.v2.components`: Macro, Block, Link, Url, BackslashEscape, HtmlEscape, Dash,
Emoticon, Phrase, in that order), read 2026-11, and from
https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all, read 2026-11:

- a backslash escapes one of `-#*_+?^~|%{}[]()!@`; a doubled one is a line break, so that a
  backslash itself can only be written as `&#92;`
- existing HTML entities are kept, so that a `&` which begins one has to become `&amp;`
- a bare `https://…` becomes a link by itself; that cannot be prevented, and it shows where it leads
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bridge.text.characters import tidy
from bridge.text.phrases import lines_of
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
    literal,
)

SIGNS: Mapping[type[Inline], str] = {Strong: "*", Emphasis: "_", Struck: "-"}
BREAK = r" \\ "
EDGE_BREAKS = re.compile(r"\A(?:\s*\\\\(?=\s))+|(?:\s\\\\\s*)+\Z")
SPECIAL = re.compile(
    r"[|{}\[\]*_!^~+?()]|\\"
    r"|(?<![^\W_])-|-(?![^\W_])"  # a hyphen within a word, as in a date, does nothing
    r"|&(?=#?\w+;)"
    r"|:(?=[DPp](?!\w))"  # :D and :P are pictures
)
ENTITIES = {"\\": "&#92;", "&": "&amp;", ":": "&#58;"}
AT_LINE_START = re.compile(r"(?m)^([^\S\n]*)(?:(#)|(h[1-6]|bq)(\.))")

LANGUAGES = frozenset(
    ("bash", "c", "css", "go", "groovy", "haskell", "html", "java", "javascript", "js", "json")
) | {"lua", "perl", "php", "python", "ruby", "scala", "sh", "sql", "swift", "xml", "yaml"}
"""Names that both Cloud and Data Center colour; Data Center shows an error for unknown ones."""

ADDRESS = re.compile(r"(?i)https?://|mailto:")
UNSAFE_IN_TARGET = re.compile(r"[\s|\[\]{}!^\\\"<>*`]")

IN_LINK = re.compile(r"\\([|\[\]])")
"""What parts a link; escaped or not, so as an entity."""


def escape(text: str) -> str:
    """Literal text for any place in wiki markup but `{code}`; line breaks stay line breaks."""
    text = SPECIAL.sub(lambda found: ENTITIES.get(found[0]) or "\\" + found[0], text)
    return AT_LINE_START.sub(_defused, text)


def _defused(found: re.Match[str]) -> str:
    blanks, hash_sign, word, _ = found.groups()
    return blanks + (r"\#" if hash_sign else f"{word}&#46;")


ESCAPED = re.compile(r"\\([^\w\s]|_)|&#(92|58|46);|&(amp);")


def unescape(text: str) -> str:
    """What `escape` was given, of what it gave."""

    def meant(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        return chr(int(found[2])) if found[2] else "&"

    return ESCAPED.sub(meant, text)


def escape_inside(text: str) -> str:
    """Literal text for inside a line of an author's own wiki markup: breaks as `\\\\`."""
    return BREAK.join(escape(line) for line in tidy(text).split("\n"))


def write_wiki(document: Document) -> Written:
    """The whole document; blocks are parted by an empty line."""
    writer = _Writer()
    text = "\n\n".join(writer.block(block) for block in document.blocks)
    return Written(text, tuple(dict.fromkeys((*document.lost, *writer.lost))))


def write_table(header: list[str], rows: list[list[str]]) -> str:
    """A table of literal cells, without a line end behind the last row."""
    cells = [tuple(literal(tidy(cell)) for cell in row) for row in (header, *rows)]
    return _Writer().block(Table(cells[0], tuple(cells[1:])))


@dataclass(slots=True)
class _Writer:
    """signs: of the phrases that are open, the outermost first. quoted: inside a quote."""

    lost: list[str] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    quoted: bool = False

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(content):
                return self.paragraph(content)
            case Heading(level, content):
                return f"h{level}. {self.line(content, ' ')}"
            case ListBlock():
                return "\n".join(self.items(block, ""))
            case CodeBlock():
                return self.code(block)
            case Quote(blocks):
                return self.quote(blocks)
            case Table(header, rows):
                lines = [self.row(header, "||")] if any(header) else []
                return "\n".join(lines + [self.row(row, "|") for row in rows])
            case Rule():
                return "----"

    def paragraph(self, content: tuple[Inline, ...]) -> str:
        """In a paragraph every line end is a break; empty lines would end it, and here may."""
        lines = lines_of(content)
        return "\n".join(self.line(line, BREAK).strip(" ") for line in lines).strip("\n")

    def row(self, row: Row, bar: str) -> str:
        return bar + bar.join(f" {self.cell(cell)} " for cell in row) + bar

    def cell(self, cell: Cell) -> str:
        """Breaks at the edges would only make the row taller; an empty cell needs a blank."""
        return EDGE_BREAKS.sub("", self.line(cell, BREAK)).strip() or " "

    def items(self, block: ListBlock, bullets: str) -> list[str]:
        bullets += "#" if block.ordered else "*"
        lines: list[str] = []
        for item in block.items:
            words: list[str] = []
            below: list[str] = []
            for part in item:
                match part:
                    case Paragraph(content) | Heading(_, content):
                        if below:
                            self.lost.append("words behind a list inside an item stand before it")
                        words.append(self.line(content, BREAK).strip())
                    case ListBlock():
                        below += self.items(part, bullets)
                    case _:
                        self.lost.append("a block inside a list stands below its item")
                        below += ["", self.block(part), ""]
            lines.append(f"{bullets} {BREAK.join(words) or ' '}")
            lines += below
        return lines

    def code(self, block: CodeBlock) -> str:
        text, language = block.text, block.language.lower()
        if self.quoted and "{quote" in text.lower():
            self.lost.append("{quote in quoted code got an invisible blank, or it would end it")
            text = re.sub(r"(?i)\{(?=quote)", "{\u200b", text)
        if "{code" not in text.lower():
            return f"{{code{':' + language if language in LANGUAGES else ''}}}\n{text}\n{{code}}"
        if "{noformat" in text.lower():
            self.lost.append("{noformat in code got an invisible blank, or it would end the code")
            text = re.sub(r"(?i)\{(?=noformat)", "{\u200b", text)
        return f"{{noformat}}\n{text}\n{{noformat}}"

    def quote(self, blocks: tuple[Block, ...]) -> str:
        """Quotes have no end of their own: inside one, another would end it."""
        if self.quoted:
            self.lost.append("a quote inside a quote became part of it")
            return "\n\n".join(self.block(part) for part in blocks)
        self.quoted = True
        inner = "\n\n".join(self.block(block) for block in blocks)
        self.quoted = False
        return "{quote}\n" + inner + "\n{quote}"

    def line(self, content: tuple[Inline, ...], line_break: str) -> str:
        """Inlines within one line of markup."""
        parts: list[str] = []
        content = tuple(self._without_same(content))
        for number, inline in enumerate(content):
            match inline:
                case Text(text):
                    parts.append(escape(text) if not number else _escape_within(text))
                case Break():
                    parts.append(line_break)
                case Code(text):
                    parts.append("{{" + _escape_within(text) + "}}" if text.strip() else text)
                case Strong(inner):
                    parts.append(self.phrase(SIGNS[Strong], content, number, inner))
                case Emphasis(inner):
                    parts.append(self.phrase(SIGNS[Emphasis], content, number, inner))
                case Struck(inner):
                    parts.append(self.phrase(SIGNS[Struck], content, number, inner))
                case Link():
                    parts.append(self.link(inline))
        return "".join(parts)

    def _without_same(self, content: Iterable[Inline]) -> Iterator[Inline]:
        """What stands in a phrase in place of the phrase, where its sign is open already: the same
        sign inside itself would end it, and says nothing new there."""
        for one in content:
            if isinstance(one, Strong | Emphasis | Struck) and SIGNS[type(one)] in self.signs:
                yield from self._without_same(one.content)
            else:
                yield one

    def phrase(
        self, sign: str, content: tuple[Inline, ...], number: int, inner: tuple[Inline, ...]
    ) -> str:
        """`*words*`; with braces around the signs where a letter or a sign touches them."""
        self.signs.append(sign)
        text = self.line(inner, BREAK)
        self.signs.pop()
        words = text.strip()
        if not letters(inner).strip():
            return text
        before, after = content[max(number - 1, 0) : number], content[number + 1 : number + 2]
        beside = any(isinstance(one, Strong | Emphasis | Struck) for one in (*before, *after))
        address = ADDRESS.search(letters(inner))  # the sign behind it would become a part of it
        if beside or address or letters(before)[-1:].isalnum() or letters(after)[:1].isalnum():
            sign = "{" + sign + "}"
        blanks_before = text[: len(text) - len(text.lstrip())]
        return f"{blanks_before}{sign}{words}{sign}{text[len(text.rstrip()) :]}"

    def link(self, link: Link) -> str:
        words = _escape_within(letters(link.content).replace("\n", " ")).strip()
        if not is_address(link.target):
            self.lost.append(NO_ADDRESS)
            return words
        words = IN_LINK.sub(lambda found: f"&#{ord(found[1])};", words)
        target = percent(link.target, UNSAFE_IN_TARGET)
        same = letters(link.content) in ("", link.target)
        return f"[{target}]" if same or not words else f"[{words}|{target}]"


def _escape_within(text: str) -> str:
    """As `escape`, for text that does not begin a line."""
    return SPECIAL.sub(lambda found: ENTITIES.get(found[0]) or "\\" + found[0], text)
