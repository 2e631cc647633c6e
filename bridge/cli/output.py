"""What is printed: results on stdout, messages on stderr, nothing that moves the cursor."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bridge.errors import Place, Problem
from bridge.event import JSON


def say(message: str) -> None:
    """A message for the person at the terminal, on stderr."""
    print(message, file=sys.stderr, flush=True)


def put(line: str) -> None:
    """A line of the result, on stdout."""
    print(line, flush=True)


def put_json(value: JSON, *, indent: int | None = 2) -> None:
    """The result as JSON, on stdout; `indent=None` gives one line, for streams."""
    put(json.dumps(value, indent=indent, ensure_ascii=False))


def put_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of text with columns as wide as their cells, on stdout; only the head if empty."""
    lines = [list(columns), *([plain(str(cell)) for cell in row] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        put("  ".join(cells).rstrip())


def from_here(place: Place) -> Place:
    """The place with its file as one would type it here, where it lies below."""
    here = Path.cwd()
    file = Path(place.file)
    return replace(place, file=str(file.relative_to(here))) if file.is_relative_to(here) else place


def told(problem: Problem) -> str:
    """A problem on its line, for a person."""
    level = "warning" if problem.warning else "error"
    return f"{level}: {replace(problem, place=from_here(problem.place))}"


def plain(text: str) -> str:
    """The text without control characters: what a sender wrote must not move the cursor."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
