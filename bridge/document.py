"""YAML files as JSON with the place of every value: settings, rule files and source presets.

Each later complaint can so name a line and a column. What is refused, and which parser reads, is
said in `composer.py`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from bridge.composer import Node, compose
from bridge.errors import Invalid, Place, Problem
from bridge.event import JSON

Path_: TypeAlias = tuple[str | int, ...]

_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file's value and where each part of it stands.

    value: dates and numbers such as `1.10` are the text that was written.
    """

    file: str
    value: JSON
    _text: str = field(repr=False)
    _top: Any = field(repr=False)

    def place(self, path: Path_) -> Place:
        """Where the value at this path begins; its nearest known ancestor where it is absent."""
        return self._at(self._mark(path))

    def key_place(self, path: Path_) -> Place:
        """Where the key that ends this path is written; as `place` where there is none."""
        if path:
            parent = self._node(path[:-1])
            if isinstance(parent, Node) and path[-1] in parent.keys:
                return self._at(parent.keys[str(path[-1])])
        return self.place(path)

    def place_inside(self, path: Path_, offset: int) -> Place:
        """Where the character at this offset of the text at this path stands in the file.

        Quotes, escapes, block headers and folded lines are stepped over.
        """
        mark = self._mark(path)
        value = self.value_at(path)
        if mark is None or not isinstance(value, str):
            return self._at(mark)
        index = _source_index(self._text, mark.index, value, offset)
        before = self._text.rfind("\n", 0, index)
        return Place(self.file, self._text.count("\n", 0, index) + 1, index - before)

    def value_at(self, path: Path_) -> JSON:
        """The value at this path; None where there is none."""
        value: Any = self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value  # type: ignore[no-any-return]

    def problem(
        self,
        path: Path_,
        message: str,
        hint: str = "",
        *,
        key: bool = False,
        tells: Iterable[str] = (),
    ) -> Problem:
        """A problem at the value (or the key) that this path names."""
        place = self.key_place(path) if key else self.place(path)
        return Problem(place, message, path_text(path), hint, tells=tuple(tells))

    def _node(self, path: Path_) -> Any:
        node = self._top
        for step in path:
            if not isinstance(node, Node) or step not in node.children:
                return None
            node = node.children[step]
        return node

    def _mark(self, path: Path_) -> Any:
        node = self._top
        for step in path:
            if not isinstance(node, Node) or step not in node.children:
                break
            node = node.children[step]
        return node.mark if isinstance(node, Node) else node

    def _at(self, mark: Any) -> Place:
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 1, 1)


def load(text: str, file: str) -> Document:
    """Read one YAML document, or raise Invalid with every problem that could be told apart.

    file: the name that problems carry.
    An empty file is a document whose value is None.
    """
    text = text.removeprefix("\ufeff")
    composer = compose(text, file)
    top = composer.top
    return Document(file, top.value if isinstance(top, Node) else composer.scalar, text, top)


def read(path: Path, shown: str | None = None) -> str:
    """The text of a file, or Invalid saying why it cannot be read. `shown` is its name there."""
    name = shown or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        words = f"this file cannot be read: {error.strerror or error}"
        raise Invalid([Problem(Place(name, 1, 1), words)]) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        words = "this file is not UTF-8; save it as UTF-8"
        raise Invalid([Problem(Place(name, line, column), words)]) from error


def in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """As a reader meets them: file by file, each from its beginning."""
    files = list(dict.fromkeys(problem.place.file for problem in problems))

    def at(problem: Problem) -> tuple[int, int, int]:
        place = problem.place
        return files.index(place.file), place.line, place.column

    return tuple(sorted(problems, key=at))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` where a known word is near, else an empty text."""
    near = nearest(word, known)
    return f'did you mean "{near}"?' if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is near this one; empty where none is."""
    choices = list(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return near[0]
    folded = {choice.lower().replace("-", "_"): choice for choice in choices}
    return folded.get(word.lower().replace("-", "_"), "")


def path_text(path: Path_) -> str:
    """`rules[0].then[1].comment`, the way problems name a field."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _source_index(text: str, start: int, value: str, offset: int) -> int:
    """Where the character `value[offset]` stands in the source, its scalar beginning at `start`."""
    opening = text[start : start + 1]
    index = start
    if opening in ("'", '"'):
        index += 1
    elif opening in ("|", ">"):
        index = _after_space(text, text.find("\n", start))
    for character in value[:offset]:
        index = _step_over(text, index, character, opening)
    if offset < len(value) and not value[offset].isspace():
        index = _after_space(text, index)
    return min(index, len(text))


def _step_over(text: str, index: int, character: str, opening: str) -> int:
    """The source index after the one character of the value that stands at `index`."""
    at = text[index : index + 1]
    if opening == '"' and at == "\\":
        return index + {"x": 4, "u": 6, "U": 10}.get(text[index + 1 : index + 2], 2)
    if opening == "'" and at == "'":
        return index + 2
    if at.isspace():
        after = _after_space(text, index)
        return after if "\n" in text[index:after] else index + 1
    return index + 1 if at == character else index


def _after_space(text: str, index: int) -> int:
    found = _SPACE.match(text, index)
    return found.end() if found else index
