"""Shapes that several markups share: signs around words, and content as lines."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.text.tree import Break, Inline, Row, Text


def around(sign: str, text: str) -> str:
    """The sign around the words, the blanks outside: none acts next to a blank."""
    words = text.strip()
    if not words:
        return text
    before = text[: len(text) - len(text.lstrip())]
    return f"{before}{sign}{words}{sign}{text[len(text.rstrip()) :]}"


def lines_of(content: tuple[Inline, ...]) -> list[tuple[Inline, ...]]:
    """The content parted at its breaks; one line at least."""
    lines: list[list[Inline]] = [[]]
    for inline in content:
        if isinstance(inline, Break):
            lines.append([])
        else:
            lines[-1].append(inline)
    return [tuple(line) for line in lines]


def on_lines(lines: Iterable[tuple[Inline, ...]]) -> tuple[Inline, ...]:
    """`lines_of` the other way round: a break between every two."""
    found: list[Inline] = []
    for number, line in enumerate(lines):
        found += [Break()] if number else []
        found += line
    return tuple(found)


def rows_as_lines(rows: Iterable[Row]) -> tuple[Inline, ...]:
    """A table where none may stand: a line for each row, bars between its cells."""
    return on_lines(_one_line(row) for row in rows if row)


def _one_line(row: Row) -> tuple[Inline, ...]:
    found: list[Inline] = []
    for number, cell in enumerate(row):
        found += [Text(" | ")] if number else []
        found += [Text(" ") if isinstance(one, Break) else one for one in cell]
    return tuple(found)
