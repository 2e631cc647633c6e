"""Jira's wiki markup into the document tree: `wiki.py` the other way round.

What a person writes in Data Center, and what version 2 of Cloud's API gives. Never refuses
anything: what is no markup is text. What the tree has no place for is reported.
Source: https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all, read 2026-11.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge.text.characters import tidy
from bridge.text.tree import (
    Block,
    CodeBlock,
    Document,
    Heading,
    ListBlock,
    Paragraph,
    Quote,
    Row,
    Rule,
    Strong,
    Table,
    Text,
)
from bridge.text.wiki_inline import Inlines

MACRO = re.compile(r"(?<!\\)\{(code|noformat|quote|panel)(?::([^{}\n]{0,500}))?\}")
HEADING = re.compile(r"\s*h([1-6])\.\s*(.*)")
BQ = re.compile(r"\s*bq\.\s*(.*)")
RULE = re.compile(r"\s*-{4,5}\s*")
ITEM = re.compile(r"\s*([*#]{1,20}|-{1,3}(?=\s+\S))\s+(.*)")
ROW = re.compile(r"\s*\|")
CELL_PART = re.compile(
    r"\\.|\[[^\[\]\n]*\]|\{\{[^{}\n]*\}\}|(?P<bar>\|\|?)|[^\\\[{|]+|.", re.DOTALL
)
QUOTES_DEEP = 4
"""Quotes and panels inside each other; deeper ones stay text."""


def read_wiki(text: str) -> Document:
    """The whole text as blocks."""
    reader = _Reader()
    blocks = tuple(reader.blocks(tidy(text), 0))
    return Document(blocks, tuple(dict.fromkeys((*reader.lost, *reader.inlines.lost))))


@dataclass(slots=True)
class _Reader:
    lost: list[str] = field(default_factory=list)
    inlines: Inlines = field(default_factory=Inlines)

    def blocks(self, text: str, depth: int) -> Iterator[Block]:
        """Macros with a body first, since nothing inside them acts; the lines between them."""
        tags = list(MACRO.finditer(text))
        ends: dict[str, list[int]] = {}
        for number, tag in enumerate(tags):
            if tag[2] is None:
                ends.setdefault(tag[1], []).append(number)
        position = number = 0
        while number < len(tags):
            tag = tags[number]
            number += 1
            places = ends.get(tag[1], [])
            found = bisect_left(places, number)
            deep = tag[1] in ("quote", "panel") and depth >= QUOTES_DEEP
            if tag.start() < position or found == len(places) or deep:
                continue
            close = tags[places[found]]
            yield from self.lines(text[position : tag.start()])
            yield from self.macro(tag, text[tag.end() : close.start()], depth)
            position, number = close.end(), places[found] + 1
        yield from self.lines(text[position:])

    def macro(self, tag: re.Match[str], body: str, depth: int) -> Iterator[Block]:
        options = (tag[2] or "").split("|")
        titles = [one.partition("=")[2] for one in options if one.startswith("title=")]
        if tag[1] in ("code", "noformat"):
            language = next((one for one in options if one and "=" not in one), "")
            if titles:
                yield Paragraph((Strong((Text(titles[0]),)),))
            yield CodeBlock(_body(body), language if tag[1] == "code" else "")
            return
        inner = tuple(self.blocks(body, depth + 1))
        if tag[1] == "panel":
            self.lost.append("a panel became a quote")
            inner = (*(Paragraph((Strong((Text(one),)),)) for one in titles), *inner)
        yield Quote(inner)

    def lines(self, text: str) -> Iterator[Block]:
        """Blocks that begin with a line of their own kind; all other lines make paragraphs."""
        lines = text.split("\n")
        number = 0
        while number < len(lines):
            start = number
            line = lines[number]
            number += 1
            if not line.strip():
                continue
            if RULE.fullmatch(line):
                yield Rule()
            elif found := HEADING.fullmatch(line):
                yield Heading(int(found[1]), self.inlines.read(found[2]))
            elif found := BQ.fullmatch(line):
                yield Quote((Paragraph(self.inlines.read(found[1])),))
            elif ROW.match(line):
                while number < len(lines) and _goes_on(lines, start, number):
                    number += 1
                yield self.table(lines[start:number])
            elif ITEM.fullmatch(line):
                while number < len(lines) and lines[number].strip() and not _begins(lines[number]):
                    number += 1
                yield from self.lists(lines[start:number])
            else:
                while number < len(lines) and _is_plain(lines[number]):
                    number += 1
                content = self.inlines.read("\n".join(lines[start:number]))
                if content:
                    yield Paragraph(content)

    def table(self, lines: list[str]) -> Table:
        """Rows of header cells after the first are rows like all others."""
        rows: list[Row] = []
        headed = False
        for line in _whole_rows(lines):
            cells, bars = _cells(line)
            headed = headed or (not rows and all(bar == "||" for bar in bars))
            rows.append(tuple(self.inlines.read(cell.strip()) for cell in cells))
        return Table(rows[0], tuple(rows[1:])) if headed else Table((), tuple(rows))

    def lists(self, lines: list[str]) -> Iterator[Block]:
        """Items with all their bullets: `*#` is a numbered list inside a list."""
        items: list[tuple[str, str]] = []
        for line in lines:
            found = ITEM.fullmatch(line)
            if found:
                items.append((found[1], found[2]))
            else:
                bullets, words = items[-1]
                items[-1] = (bullets, f"{words}\n{line}")
        yield from self.nested(items, 0)

    def nested(self, items: list[tuple[str, str]], depth: int) -> Iterator[Block]:
        start = 0
        while start < len(items):
            kind = items[start][0][depth : depth + 1]
            end = start + 1
            while end < len(items) and items[end][0][depth : depth + 1] == kind:
                end += 1
            yield ListBlock(kind == "#", tuple(self.grouped(items[start:end], depth)))
            start = end

    def grouped(self, items: list[tuple[str, str]], depth: int) -> Iterator[tuple[Block, ...]]:
        """Each item of this depth with those below it."""
        start = 0
        while start < len(items):
            bullets, words = items[start]
            own = len(bullets) == depth + 1
            first: tuple[Block, ...] = (Paragraph(self.inlines.read(words)),) if own else ()
            end = start + own
            while end < len(items) and len(items[end][0]) > depth + 1:
                end += 1
            yield (*first, *self.nested(items[start + own : end], depth + 1))
            start = end


def _body(text: str) -> str:
    """What stands between the macro's lines."""
    return text.removeprefix("\n").removesuffix("\n")


def _begins(line: str) -> bool:
    """Whether a line that follows a list's item is no part of it."""
    return bool(HEADING.fullmatch(line) or BQ.fullmatch(line) or RULE.fullmatch(line)) or bool(
        ROW.match(line)
    )


def _is_plain(line: str) -> bool:
    return bool(line.strip()) and not _begins(line) and not ITEM.fullmatch(line)


def _is_open(line: str) -> bool:
    """Whether a row goes on in the next line: its last cell is not closed."""
    return not re.search(r"(?<!\\)\|\s*\Z", line)


def _goes_on(lines: list[str], start: int, number: int) -> bool:
    """Whether a line belongs to the table that began at `start`."""
    if ROW.match(lines[number]):
        return True
    return (
        bool(lines[number].strip()) and _is_open(lines[number - 1]) and not _begins(lines[number])
    )


def _whole_rows(lines: list[str]) -> Iterator[str]:
    row = lines[0]
    for line in lines[1:]:
        if ROW.match(line):
            yield row
            row = line
        else:
            row += "\n" + line
    yield row


def _cells(line: str) -> tuple[list[str], list[str]]:
    """The cells of a row and the bars before them; bars in links, code and escapes part nothing."""
    cells: list[str] = []
    bars: list[str] = []
    parts: list[str] = []
    for found in CELL_PART.finditer(line.strip()):
        if not found["bar"]:
            parts.append(found[0])
            continue
        if bars:
            cells.append("".join(parts))
        parts = []
        bars.append(found["bar"])
    rest = "".join(parts)
    if rest.strip() or not cells:
        cells.append(rest)
    else:
        bars.pop()
    return cells, bars
