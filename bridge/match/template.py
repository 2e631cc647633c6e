"""Templates: `${{ … }}` inside the texts of a JSON value, each holding an expression.

A text that is one template and nothing else gives the expression's own type; templates among
other text become text. What an event said is put in once and never read as a template again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from bridge.document import Document
from bridge.errors import ExpressionFailed, Invalid, Place, Problem
from bridge.event import JSON
from bridge.match.expression import Activation, Expression, compile_expression
from bridge.match.result import MOST_RESULT_CHARACTERS

OPEN, CLOSE = "${{", "}}"
_MATTERS = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}]""", re.DOTALL)
"""What decides where a template ends: braces, and quoted text, in which braces mean nothing."""

_ALMOST = re.compile(
    r"(?:(?<!\$)\{\{|\$\{(?!\{))\s*(?:data|event|each|vars|steps|link|group)\s*[.\[]"
)
"""What looks like another program's template. Wiki markup has `{{ }}` too: only our paths count."""

Escape = Callable[[str], str]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One text with templates in it. path: from the whole value down to it.

    names: those that its expressions read. pointer: the path as a JSON pointer (RFC 6901).
    Both are asked for at every event, so they are made once.
    """

    path: Path
    parts: tuple[str | Expression, ...]
    names: frozenset[str] = field(init=False)
    pointer: str = field(init=False)

    def __post_init__(self) -> None:
        read = (part.names for part in self.parts if isinstance(part, Expression))
        object.__setattr__(self, "names", frozenset().union(*read))
        steps = ("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)
        object.__setattr__(self, "pointer", "".join(steps))

    @property
    def only(self) -> Expression | None:
        """The expression that is the whole leaf, which then keeps its type."""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, Expression) else None

    def render(self, activation: Activation, escape: Escape | None) -> JSON:
        """The value, or ExpressionFailed. Only text from an expression is escaped."""
        only = self.only
        if only is not None:
            value = only.evaluate(activation)
            return _escaped(value, only, escape) if isinstance(value, str) else value
        text = "".join(
            part if isinstance(part, str) else _part(part, activation, escape)
            for part in self.parts
        )
        if len(text) > MOST_RESULT_CHARACTERS:
            words = f"the text has more than {MOST_RESULT_CHARACTERS:,} characters"
            raise ExpressionFailed(words)
        return text


@dataclass(frozen=True, slots=True)
class Template:
    """A JSON value and the leaves of it that hold templates."""

    value: JSON
    leaves: tuple[Leaf, ...] = ()

    def render(
        self, activation: Activation, escape: Escape | None = None, later: Collection[str] = ()
    ) -> JSON:
        """The value with every template filled in, but for those at the pointers in `later`.

        escape: what text from expressions goes through; text in the file stays as it is.
        Raises ExpressionFailed.
        """
        value = self.value
        for leaf in self.leaves:
            if leaf.pointer not in later:
                value = replaced(value, leaf.path, leaf.render(activation, escape))
        return value


def compile_template(
    value: JSON, document: Document, path: Path, names: frozenset[str], problems: list[Problem]
) -> Template:
    """Find and compile every template in a value that stands at `path`; mistakes are added."""
    leaves: list[Leaf] = []
    _walk(value, (), document, path, names, problems, leaves)
    return Template(value, tuple(leaves))


def compile_text(text: str, place: Place, names: frozenset[str]) -> Template:
    """A template that was compiled before, from its text alone. Raises Invalid."""
    parts = tuple(
        piece if isinstance(piece, str) else compile_expression(piece[1], place, names)
        for piece in split(text)
    )
    return Template(text, (Leaf((), parts),) if OPEN in text else ())


def split(text: str) -> list[str | tuple[int, str]]:
    """The text in pieces: plain ones, and for each template its offset and expression.

    `}}` inside quotes or closing a map of the expression does not end a template.
    Raises ValueError(words, offset) for one that is not closed.
    """
    pieces: list[str | tuple[int, str]] = []
    start = 0
    while (opened := text.find(OPEN, start)) >= 0:
        if opened > start:
            pieces.append(text[start:opened])
        inner = opened + len(OPEN)
        closed = _closing(text, inner)
        if closed < 0:
            raise ValueError("a template is opened with ${{ and never closed with }}", opened)
        expression = text[inner:closed]
        lead = len(expression) - len(expression.lstrip())
        pieces.append((inner + lead, expression.strip()))
        start = closed + len(CLOSE)
    if start < len(text) or not pieces:
        pieces.append(text[start:])
    return pieces


def as_text(value: JSON) -> str:
    """How a value reads among other text: `7` for 7.0, `a, b` for a list of words, else JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ", ".join(as_text(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def replaced(value: JSON, path: Path, new: JSON) -> JSON:
    """The same value with another one at `path`; what is not on the way is shared."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {
            key: replaced(item, rest, new) if key == step else item for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            replaced(item, rest, new) if index == step else item for index, item in enumerate(value)
        ]
    return value


def _part(expression: Expression, activation: Activation, escape: Escape | None) -> str:
    return _escaped(as_text(expression.evaluate(activation)), expression, escape)


def _escaped(text: str, expression: Expression, escape: Escape | None) -> str:
    """What the author of the rule wrote, `vars` and quoted texts, is markup and stays so."""
    if escape is None or expression.names <= {"vars"}:
        return text
    return escape(text)


def _closing(text: str, start: int) -> int:
    """Where the `}}` stands that ends the template; -1 where none does."""
    depth = 0
    for found in _MATTERS.finditer(text, start):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            if depth == 0 and text.startswith(CLOSE, found.start()):
                return found.start()
            depth = max(depth - 1, 0)
    return -1


def _walk(
    value: JSON,
    below: Path,
    document: Document,
    path: Path,
    names: frozenset[str],
    problems: list[Problem],
    leaves: list[Leaf],
) -> None:
    if isinstance(value, str):
        if almost := _ALMOST.search(value):
            words = f"{almost[0]} … stands in the text as it is"
            odd = document.problem((*path, *below), words, "a template is ${{ … }}")
            problems.append(replace(odd, warning=True))
        if OPEN in value:
            parts = _compile_leaf(value, document, (*path, *below), names, problems)
            leaves.append(Leaf(below, parts))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _walk(item, (*below, index), document, path, names, problems, leaves)
    elif isinstance(value, dict):
        for key, item in value.items():
            at = (*below, key)
            if OPEN in key:
                words = "a key cannot hold a template; only a value can"
                problems.append(document.problem((*path, *at), words, key=True))
            _walk(item, at, document, path, names, problems, leaves)


def _compile_leaf(
    text: str, document: Document, path: Path, names: frozenset[str], problems: list[Problem]
) -> tuple[str | Expression, ...]:
    parts: list[str | Expression] = []
    try:
        pieces = split(text)
    except ValueError as error:
        words, offset = error.args
        problems.append(
            _renamed(Problem(document.place_inside(path, offset), words), document, path)
        )
        return (text,)
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
            continue
        at, expression = piece
        try:
            parts.append(
                compile_expression(
                    expression,
                    document.place(path),
                    names,
                    lambda offset, at=at: document.place_inside(path, at + offset),  # type: ignore[misc]
                )
            )
        except Invalid as error:
            problems += [_renamed(problem, document, path) for problem in error.problems]
    return tuple(parts) or (text,)


def _renamed(problem: Problem, document: Document, path: Path) -> Problem:
    field = document.problem(path, "").field
    return Problem(problem.place, problem.message, field, problem.hint)
