"""The one YAML loader: settings, rule files and source presets are all read here.

What comes out is JSON plus the place of every value, so that each later complaint can name a
line and a column. What YAML offers beyond JSON with comments is refused: tags, several documents,
merge keys, and aliases that multiply.

Question: which parser? Options: ruamel.yaml in pure Python; PyYAML's binding of libyaml.
Choice: the events of PyYAML, composed here, because ten thousand rules took ruamel.yaml ten
seconds and libyaml one. Consequence: which plain words are numbers is decided below, after the
core schema of YAML 1.2, so `on` and `no` are words; where libyaml is missing the same library's
slower parser gives the same events.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel, ValidationError

from bridge.errors import Invalid, Place, Problem
from bridge.event import JSON

M = TypeVar("M", bound=BaseModel)
Path_: TypeAlias = tuple[str | int, ...]

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
_SPACE = re.compile(r"\s*")
_INDENTED_BY_TAB = re.compile(r"^ *\t", re.MULTILINE)


@dataclass(slots=True)
class _Node:
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
            if isinstance(parent, _Node) and path[-1] in parent.keys:
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

    def problem(self, path: Path_, message: str, hint: str = "", *, key: bool = False) -> Problem:
        """A problem at the value (or the key) that this path names."""
        place = self.key_place(path) if key else self.place(path)
        return Problem(place, message, path_text(path), hint)

    def _node(self, path: Path_) -> Any:
        node = self._top
        for step in path:
            if not isinstance(node, _Node) or step not in node.children:
                return None
            node = node.children[step]
        return node

    def _mark(self, path: Path_) -> Any:
        node = self._top
        for step in path:
            if not isinstance(node, _Node) or step not in node.children:
                break
            node = node.children[step]
        return node.mark if isinstance(node, _Node) else node

    def _at(self, mark: Any) -> Place:
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 1, 1)


def load(text: str, file: str) -> Document:
    """Read one YAML document, or raise Invalid with every problem that could be told apart.

    file: the name that problems carry.
    An empty file is a document whose value is None.
    """
    text = text.removeprefix("\ufeff")
    problems = _unreadable_characters(text, file)
    if problems:
        raise Invalid(problems)
    loader = yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader
    composer = _Composer(file)
    try:
        for event in yaml.parse(text, Loader=loader):
            composer.take(event)
    except yaml.reader.ReaderError as error:
        at = _place_of(text, file, error.position)
        problem = Problem(at, f"this character cannot stand in a YAML file: {error.reason}")
        raise Invalid([*composer.problems, problem]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        words = " ".join(part for part in (error.context, error.problem) if part)
        raise Invalid([*composer.problems, Problem(at, f"this is not YAML: {words}")]) from error
    if composer.problems:
        raise Invalid(composer.problems)
    top = composer.top
    return Document(file, top.value if isinstance(top, _Node) else composer.scalar, text, top)


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


def validate(model: type[M], document: Document, path: Path_ = ()) -> M:
    """Build the model from the document's value at `path`, or raise Invalid with all misfits.

    Messages never show the value itself: it may be a secret.
    """
    try:
        return model.model_validate(document.value_at(path))
    except ValidationError as error:
        raise Invalid(misfits(model, document, path, error)) from error


def misfits(
    model: type[BaseModel],
    document: Document,
    path: Path_,
    error: ValidationError,
    matters: Callable[[Any], bool] = lambda detail: True,
) -> list[Problem]:
    """What pydantic found, each with its place in the document and what would be right.

    matters: which of pydantic's details are taken.
    """
    seen: dict[tuple[Place, str], Problem] = {}
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        if matters(detail):
            problem = _misfit(model, document, path, detail["loc"], detail["type"], detail["msg"])
            seen.setdefault((problem.place, problem.message), problem)
    return list(seen.values())[:MOST_PROBLEMS]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` where a known word is near, else an empty text."""
    choices = list(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if not near:
        folded = {choice.lower().replace("-", "_"): choice for choice in choices}
        same = folded.get(word.lower().replace("-", "_"))
        near = [same] if same else []
    return f'did you mean "{near[0]}"?' if near else ""


def path_text(path: Path_) -> str:
    """`rules[0].then[1].comment`, the way problems name a field."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


class _Composer:
    """Builds the value from parser events, one at a time, so that no depth overflows a stack."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.top: Any = None
        self.scalar: JSON = None
        self._open: list[_Node] = []
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

    def _key(self, parent: _Node, event: Any) -> None:
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
        self._open.append(_Node(value, event.start_mark, anchor=event.anchor))

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

    def _put(self, parent: _Node | None, value: Any, node: Any, size: int, height: int) -> None:
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
        at = _place_of(text, file, tab.end() - 1)
        problems.append(Problem(at, "a tab cannot indent a line in YAML; use spaces"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        at = _place_of(text, file, error.start)
        problems.append(Problem(at, "half of a character (a lone surrogate) cannot stand here"))
    return problems


def _place_of(text: str, file: str, index: int) -> Place:
    before = text.rfind("\n", 0, index)
    return Place(file, text.count("\n", 0, index) + 1, index - before)


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


def _misfit(
    model: type[BaseModel], document: Document, path: Path_, loc: Path_, kind: str, words: str
) -> Problem:
    real = _real_path(document, path, loc)
    if kind == "extra_forbidden":
        known = _keys_at(model, loc[:-1])
        hint = did_you_mean(str(loc[-1]), known) or _listed(known)
        return document.problem(real, f'unknown key "{loc[-1]}"', hint, key=True)
    if kind == "missing":
        place = document.place(real)
        return Problem(place, f'missing key "{loc[-1]}"', path_text((*real, loc[-1])))
    return document.problem(real, _said_plainly(kind, words), _quote_hint(kind, document, real))


def _real_path(document: Document, path: Path_, loc: Path_) -> Path_:
    """The part of pydantic's location that is in the document; it also names types and unions."""
    real = path
    value: Any = document.value_at(path)
    for step in loc:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            continue
        real = (*real, step)
    return real


def _keys_at(model: type[BaseModel], loc: Path_) -> list[str]:
    """The keys that the model at this location takes."""
    here: list[Any] = [model]
    for step in loc:
        below: list[Any] = []
        for kind in here:
            fields = {info.alias or name: info for name, info in kind.model_fields.items()}
            if step in fields:
                below += _models_in(fields[str(step)].annotation)
            elif isinstance(step, int) or not fields.keys() & {step}:
                below.append(kind)
        here = below or here
    return [info.alias or name for kind in here for name, info in kind.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType) or get_args(annotation):
        return [found for part in get_args(annotation) for found in _models_in(part)]
    return []


def _listed(known: list[str]) -> str:
    return f"known here: {', '.join(sorted(set(known)))}" if known else ""


def _said_plainly(kind: str, words: str) -> str:
    plain = {
        "string_type": "must be text",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "int_type": "must be a whole number",
        "int_parsing": "must be a whole number",
        "list_type": "must be a list",
        "tuple_type": "must be a list",
        "dict_type": "must be a mapping",
        "model_type": "must be a mapping",
        "model_attributes_type": "must be a mapping",
        "url_parsing": "must be a URL",
    }
    if kind in plain:
        return plain[kind]
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    words = words.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return words.replace("Input should be", "must be").replace("Input should", "must")


def _quote_hint(kind: str, document: Document, path: Path_) -> str:
    value = document.value_at(path)
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    return ""
