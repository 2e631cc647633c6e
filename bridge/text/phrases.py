"""Shapes that several markups share: signs around words, and content as lines."""

from __future__ import annotations

from bridge.text.tree import Break, Inline


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
