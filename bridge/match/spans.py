"""From the nodes of a checked expression to the characters they stand for, for `explain`.

The engine notes one position for each node: that of its operator, its bracket or its first
character. The rest is found by looking at the tokens around it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bridge.match.syntax import children

_TOKEN = re.compile(
    r"""
    [rRbB]{0,2}(?:\"\"\".*?\"\"\"|'''.*?'''|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | [A-Za-z_][A-Za-z0-9_]*
  | 0x[0-9a-fA-F]+u? | [0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?u?
  | && | \|\| | [=!<>]= | \.\? | \S
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSES = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Part:
    """A sub-expression: its node, where it stands in the text, and those inside it.

    What is inside a loop has no single value and is left out; fields are shown with their whole
    path, constants not at all.
    """

    node: Any
    start: int
    end: int
    inside: tuple[Part, ...]


def parts_of(checked: Any, text: str) -> Part:
    """The tree of sub-expressions, the whole expression first."""
    return _Spans(checked, text).part(checked.expr)


class _Spans:
    def __init__(self, checked: Any, text: str) -> None:
        self.text = text
        self.positions = {pair.key: pair.value for pair in checked.source_info.positions}
        self.tokens = [(found.start(), found.end(), found[0]) for found in _TOKEN.finditer(text)]
        self.starts = [start for start, _, _ in self.tokens]

    def part(self, node: Any) -> Part:
        start, end = self.span(node)
        inside = tuple(self.part(child) for child in self._worth_showing(node))
        return Part(node, start, end, inside)

    def _worth_showing(self, node: Any) -> Iterator[Any]:
        kind = node.WhichOneof("kind")
        if kind == "comprehension":
            yield from self._shown(node.comprehension.iter_range)
        elif kind == "select" and not _is_chain(node):
            yield from self._shown(node.select.operand)
        elif not _is_chain(node):
            for child in children(node):
                yield from self._shown(child)

    def _shown(self, node: Any) -> Iterator[Any]:
        if node.WhichOneof("kind") != "const":
            yield node

    def span(self, node: Any) -> tuple[int, int]:
        start, end = self._bare(node)
        return self._balanced(start, end)

    def _bare(self, node: Any) -> tuple[int, int]:
        at = self.positions.get(node.id, 0)
        kind = node.WhichOneof("kind")
        if kind == "ident":
            return at, at + len(node.ident.name)
        if kind == "const":
            return at, self._end_of_constant(at)
        if kind == "select" and node.select.test_only:
            return self._name_before(at), self._closing(at)
        if kind == "select":
            return self.span(node.select.operand)[0], self._end_of_word(at)
        if kind == "comprehension":
            if not node.comprehension.iter_range.list.ByteSize() or self.text[at : at + 1] == "(":
                return self.span(node.comprehension.iter_range)[0], self._closing(at)
            return at, self._closing(at)
        if kind == "call":
            return self._of_call(node.call, at)
        return at, self._closing(at)

    def _of_call(self, call: Any, at: int) -> tuple[int, int]:
        function = call.function
        if function in ("_[_]", "_[?_]"):
            return self.span(call.args[0])[0], self._closing(at)
        if function == "_?._":
            return self.span(call.args[0])[0], self._end_of_word(at)
        if function in ("!_", "-_"):
            return at, self.span(call.args[0])[1]
        if function.startswith(("_", "@")):
            return self.span(call.args[0])[0], self.span(call.args[-1])[1]
        first = self.span(call.target)[0] if call.HasField("target") else self._name_before(at)
        return first, self._closing(at)

    def _end_of_constant(self, at: int) -> int:
        index = bisect_left(self.starts, at)
        if self.text[at : at + 1] == "-":
            index += 1
        return self.tokens[index][1] if index < len(self.tokens) else len(self.text)

    def _end_of_word(self, at: int) -> int:
        for start, end, word in self.tokens[bisect_left(self.starts, at) :]:
            if start >= at and (word[0].isalpha() or word[0] == "_"):
                return end
        return len(self.text)

    def _name_before(self, at: int) -> int:
        found = re.search(r"[\w.]+\s*$", self.text[:at])
        return found.start() if found else at

    def _closing(self, at: int) -> int:
        """Behind the bracket that closes the first one at or after `at`."""
        open_brackets: list[str] = []
        for _, end, word in self.tokens[bisect_left(self.starts, at) :]:
            if word in _CLOSES:
                open_brackets.append(_CLOSES[word])
            elif open_brackets and word == open_brackets[-1]:
                open_brackets.pop()
                if not open_brackets:
                    return end
        return len(self.text)

    def _balanced(self, start: int, end: int) -> tuple[int, int]:
        """Widened over parentheses that belong to it: nodes know nothing of them."""
        depth = lowest = 0
        for at, _, word in self.tokens:
            if start <= at < end and word in "()":
                depth += 1 if word == "(" else -1
                lowest = min(lowest, depth)
        for _ in range(-lowest):
            start = max(
                (at for at, _, word in self.tokens if word == "(" and at < start), default=0
            )
        for _ in range(depth - lowest):
            end = next(
                (after for _, after, word in self.tokens if word == ")" and after > end), end
            )
        return start, end


def _is_chain(node: Any) -> bool:
    """Whether it only follows fixed fields and elements from a name."""
    kind = node.WhichOneof("kind")
    if kind == "select":
        return _is_chain(node.select.operand)
    call = node.call
    if call.function in ("_[_]", "_?._", "_[?_]"):
        return call.args[1].WhichOneof("kind") == "const" and _is_chain(call.args[0])
    return bool(kind == "ident")
