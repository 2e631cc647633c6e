"""Reads YAML text into plain values, with the mark of every value and key.

What YAML offers beyond JSON with comments is refused here: tags, several documents, merge keys,
and aliases that multiply.

Question: which parser? Options: ruamel.yaml in pure Python; PyYAML's binding of libyaml.
Choice: the events of PyYAML, composed here, because ten thousand rules took ruamel.yaml ten
seconds and libyaml one. Consequence: which plain words are numbers is decided below, after the
core schema of YAML 1.2, so `on` and `no` are words; where libyaml is missing the same library's
slower parser gives the same events.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from bridge.errors import Invalid, Place, Problem
from bridge.event import JSON

MOST_DEPTH = 50
"""Arbitrary; the deepest real rule file has eight levels."""
MOST_COPIES = 10_000
"""How many values all aliases of a file may add; more is a bomb, not a convenience."""
MOST_PROBLEMS = 200
"""A file with more mistakes than this is the wrong file; the rest is not listed."""

_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_MIGHT_BE_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")
_INDENTED_BY_TAB = re.compile(r"^ *\t", re.MULTILINE)


@dataclass(slots=True)
class Node:
    """A mapping or sequence, with the marks of what is in it.

    children: by key or index; a scalar has no node, its mark is enough.
    size, height: of everything below, aliases followed; what bombs are measured by.
    """

    value: Any
    mark: Any
    children: dict[str | int, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    size: int = 1
    height: int = 1
    anchor: str | None = None
    key: str | None = None
    key_mark: Any = None


def compose(text: str, file: str) -> Composer:
    """Everything of one YAML document, or Invalid with every problem that could be told apart."""
    problems = _unreadable_characters(text, file)
    if problems:
        raise Invalid(problems)
    loader = yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader
    composer = Composer(file)
    try:
        for event in yaml.parse(text, Loader=loader):
            composer.take(event)
    except yaml.reader.ReaderError as error:
        at = place_of(text, file, error.position)
        problem = Problem(at, f"this character cannot stand in a YAML file: {error.reason}")
        raise Invalid([*composer.problems, problem]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        words = " ".join(part for part in (error.context, error.problem) if part)
        raise Invalid([*composer.problems, Problem(at, f"this is not YAML: {words}")]) from error
    if composer.problems:
        raise Invalid(composer.problems)
    return composer


class Composer:
    """Builds the value from parser events, one at a time, so that no depth overflows a stack."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.top: Any = None
        self.scalar: JSON = None
        self._open: list[Node] = []
        self._anchors: dict[str, tuple[Any, Any, int, int]] = {}
        self._copies = 0
        self._documents = 0
        self._skipping = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if not self._skipping:
                self._scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._begin(event, {} if kind is yaml.MappingStartEvent else [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            if not self._skipping:
                self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                self._complain(
                    event.start_mark, "one file holds one document; a second begins here"
                )
                self._skipping = 1

    def _scalar(self, event: Any) -> None:
        value: JSON = event.value
        if event.tag is not None:
            if event.tag not in _TEXT_TAGS:
                self._refuse_tag(event)
        elif event.implicit[0]:
            value = _plain(event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, event.start_mark, 1, 0)
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.key_mark is None and type(parent.value) is dict:
            self._key(parent, event)
        else:
            self._put(parent, value, event.start_mark, 1, 0)

    def _key(self, parent: Node, event: Any) -> None:
        key = event.value
        if key == "<<" and event.implicit[0]:
            self._complain(
                event.start_mark, "merge keys (<<) are not used here; write the keys out"
            )
        elif key in parent.keys:
            first = parent.keys[key].line + 1
            self._complain(
                event.start_mark, f'the key "{key}" stands here twice; first on line {first}'
            )
        else:
            parent.keys[key] = event.start_mark
        parent.key = key
        parent.key_mark = event.start_mark

    def _begin(self, event: Any, value: Any) -> None:
        if self._skipping or len(self._open) >= MOST_DEPTH:
            if not self._skipping:
                self._complain(event.start_mark, f"nested deeper than {MOST_DEPTH} levels")
            self._skipping += 1
            return
        if event.tag is not None:
            self._refuse_tag(event)
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.key_mark is None and type(parent.value) is dict:
            self._complain(event.start_mark, "a key must be plain text, not a list or a mapping")
            self._skipping += 1
            parent.key, parent.key_mark = "", event.start_mark
            return
        self._open.append(Node(value, event.start_mark, anchor=event.anchor))

    def _end(self) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        node = self._open.pop()
        if node.anchor is not None:
            self._anchors[node.anchor] = (node.value, node, node.size, node.height)
        self._put(self._open[-1] if self._open else None, node.value, node, node.size, node.height)

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        parent = self._open[-1] if self._open else None
        if known is None:
            self._complain(
                event.start_mark, f"the alias *{event.anchor} stands for nothing finished above it"
            )
            known = (None, event.start_mark, 1, 0)
        value, node, size, height = known
        self._copies += size
        if self._copies > MOST_COPIES:
            if self._copies - size <= MOST_COPIES:
                words = f"the aliases of this file make more than {MOST_COPIES:,} values"
                self._complain(event.start_mark, words)
            value, node, size, height = None, event.start_mark, 1, 0
        if len(self._open) + height > MOST_DEPTH:
            self._complain(event.start_mark, f"nested deeper than {MOST_DEPTH} levels")
        if parent is not None and parent.key_mark is None and type(parent.value) is dict:
            self._complain(event.start_mark, "a key must be plain text, not an alias")
            parent.key, parent.key_mark = "", event.start_mark
            return
        self._put(parent, value, node, size, height)

    def _put(self, parent: Node | None, value: Any, node: Any, size: int, height: int) -> None:
        if parent is None:
            self.top, self.scalar = node, value
            return
        if type(parent.value) is dict:
            key: Any = parent.key
            parent.value[key] = value
            parent.key_mark = None
        else:
            key = len(parent.value)
            parent.value.append(value)
        parent.children[key] = node
        parent.size += size
        if height >= parent.height:
            parent.height = height + 1

    def _refuse_tag(self, event: Any) -> None:
        words = f"the tag {event.tag} is not used here; write the value without it"
        self._complain(event.start_mark, words)

    def _complain(self, mark: Any, message: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(Place(self.file, mark.line + 1, mark.column + 1), message))


def _plain(text: str) -> JSON:
    """What an unquoted word means. A number is one only if writing it again gives the same text."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 25 and _MIGHT_BE_NUMBER.fullmatch(text):
        number: int | float = float(text) if not text.lstrip("-").isdigit() else int(text)
        if str(number) == text and -(2**63) <= number < 2**63:
            return number
    return text


def _unreadable_characters(text: str, file: str) -> list[Problem]:
    problems = []
    tab = _INDENTED_BY_TAB.search(text)
    if tab:
        at = place_of(text, file, tab.end() - 1)
        problems.append(Problem(at, "a tab cannot indent a line in YAML; use spaces"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        at = place_of(text, file, error.start)
        problems.append(Problem(at, "half of a character (a lone surrogate) cannot stand here"))
    return problems


def place_of(text: str, file: str, index: int) -> Place:
    before = text.rfind("\n", 0, index)
    return Place(file, text.count("\n", 0, index) + 1, index - before)
