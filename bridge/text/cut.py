"""Cutting a document to another system's limit: whole blocks, whole rows, whole items.

Only where the very first block alone is too long and has no parts is it cut between words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from bridge.text.characters import cut_words, length
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
    Table,
    Text,
    Written,
    letters,
)

Writer = Callable[[Document], Written]
SOURCE_PER_UNIT = 10


def rest_note(url: str = "") -> Paragraph:
    """The line that stands where the text was cut."""
    words: tuple[Inline, ...] = (Text("… cut here."),)
    return Paragraph((*words, Text(" "), Link(url, (Text("The rest"),))) if url else words)


def beginning(source: str, limit: int) -> str:
    """As much of a source as can come to be seen in a text of `limit` units: to read on takes
    seconds in which nothing else runs.

    A character may be written as `&#124;` or `&#x1F600;` and stand between signs.
    """
    return source[: limit * SOURCE_PER_UNIT]


def fit(document: Document, limit: int, write: Writer, note: Paragraph | None = None) -> Written:
    """The document written within `limit` UTF-16 units, ending with `note` when it was cut."""
    whole = write(document)
    if length(whole.text) <= limit:
        return whole
    note = note or rest_note()

    def written(blocks: tuple[Block, ...]) -> str:
        return write(Document((*blocks, note))).text

    def fits(blocks: tuple[Block, ...]) -> bool:
        return length(written(blocks)) <= limit

    blocks = document.blocks
    count = _most(len(blocks), lambda number: fits(blocks[:number]))
    kept = blocks[:count]
    if count < len(blocks):
        part = _part(blocks[count], lambda block: fits((*kept, block)), first=not kept)
        kept = (*kept, part) if part is not None else kept
    text = written(kept)
    lost = (*whole.lost, f"the text was cut from {length(whole.text)} to {length(text)} characters")
    return Written(text if length(text) <= limit else "", lost)


OPENING = re.compile(r"(?<!\\)\{(code|noformat|quote|panel|color)(?::[^}\n]*)?\}")
"""Macros with a body: the same word opens and closes them."""


def fit_wiki(text: str, limit: int, note: str = "… cut here.") -> Written:
    """An author's own wiki markup within `limit` units: whole lines, no macro left open."""
    if length(text) <= limit:
        return Written(text)
    room = limit - length(note) - 2
    kept, size, opened = 0, 0, ""
    position = 0
    for line in text.splitlines(keepends=True):
        size += length(line)
        if size > room:
            break
        position += len(line)
        for macro in OPENING.findall(line):
            if not opened:
                opened = macro
            elif opened == macro:
                opened = ""
        if not opened:
            kept = position
    result = text[:kept].rstrip() or cut_words(re.split(r"[{\[|]", text)[0], max(room, 0))
    whole = f"{result}\n\n{note}" if result else note
    lost = f"the text was cut from {length(text)} to {length(whole)} characters"
    return Written(whole if length(whole) <= limit else "", (lost,))


def _most(total: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `total` that fits; 0 when not even 1 does.

    By doubling and then by halving: of what is far too long only its beginning is ever written.
    """
    low, high = 0, 1
    while high <= total and fits(high):
        low, high = high, high * 2
    high = min(high, total + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def _part(block: Block, fits: Callable[[Block], bool], *, first: bool) -> Block | None:
    """As many whole parts of the block as fit, or None."""
    shorten: Callable[[int], Block]
    match block:
        case Table(_, rows):
            total, shorten = len(rows), lambda number: replace(block, rows=rows[:number])
        case ListBlock(_, items):
            total, shorten = len(items), lambda number: replace(block, items=items[:number])
        case CodeBlock(text, _):
            lines = text.split("\n")
            total = len(lines)
            shorten = lambda number: replace(block, text="\n".join(lines[:number]))  # noqa: E731
        case Quote(blocks):
            total, shorten = len(blocks), lambda number: replace(block, blocks=blocks[:number])
        case Paragraph(content) | Heading(_, content) if first:
            words = letters(content)
            total, shorten = len(words), lambda number: Paragraph((Text(cut_words(words, number)),))
        case _:
            return None
    count = _most(total, lambda number: fits(shorten(number)))
    return shorten(count) if count else None
