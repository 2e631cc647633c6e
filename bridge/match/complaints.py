"""The engine's complaints in our words: what is wrong, where, and what would be right."""

from __future__ import annotations

import re
from typing import TypeAlias

from bridge.document import did_you_mean

Complaint: TypeAlias = tuple[str, str, int]
"""What is wrong, a hint that may be empty, and the offset in the expression."""

_REPORT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_NO_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")
_CODE = re.compile(r"^(?:[A-Z_]+: )+|\s*\[[A-Z_]+\]$")
_UNFIT = re.compile(r"(?:[a-z ]+ input|token recognition error at:) '(.+)'")
_WORD_HINTS = {
    "and": "write && for and", "or": "write || for or", "not": "write ! for not",
    "True": "write true", "False": "write false", "None": "write null", "nil": "write null",
    "len": "write size(…)", "contains": "write text.contains(…), or x in list",
}  # fmt: skip

ENGINE_FUNCTIONS = frozenset((
    "size", "has", "all", "exists", "exists_one", "filter", "map", "matches", "contains",
    "startsWith", "endsWith", "int", "double", "string", "bool", "bytes", "duration", "timestamp",
    "type", "dyn", "join", "split", "format", "replace", "substring", "trim", "lowerAscii",
    "upperAscii", "indexOf", "lastIndexOf", "charAt", "reverse", "first", "last", "orValue", "or",
    "hasValue", "value", "optMap", "optFlatMap", "getFullYear", "getMonth", "getDate", "getHours",
    "getMinutes", "getDayOfWeek",
))  # fmt: skip
"""Only to suggest from; the engine itself decides what is known."""


def complaints(text: str, report: str, known: frozenset[str]) -> list[Complaint]:
    if "recursion" in report:
        words = "more than 32 operators are nested or chained in this expression"
        return [(words, "split it, or write x in [a, b, …] for a row of comparisons", 0)]
    found: list[Complaint] = []
    for line, column, said in _REPORT.findall(report):
        offset = _offset(text, int(line), int(column))
        if "Syntax error" in said and any("not an expression" in one[0] for one in found):
            continue  # what follows from the first one
        complaint = _complaint(text, said, offset, known)
        if complaint not in found:
            found.append(complaint)
    return found or [(spoken(report.split("\n", 1)[0]), "", 0)]


def _complaint(text: str, said: str, offset: int, known: frozenset[str]) -> Complaint:
    undeclared = _UNDECLARED.search(said)
    if undeclared:
        name = undeclared.group(1).split(".")[0]
        if text[offset : offset + len(name)] != name:
            offset = name_before(text, offset)
        called = re.match(re.escape(name) + r"\s*\(", text[offset:]) is not None
        if name in known:
            return *_used_wrongly(name, called), offset
        words = (
            f'no function is called "{name}" here' if called else f'nothing is called "{name}" here'
        )
        return words, _WORD_HINTS.get(name) or did_you_mean(name, known), offset
    overload = _NO_OVERLOAD.search(said)
    if overload:
        operator = overload.group(1).replace("_", " ").replace("@", "").strip()
        return f"{operator} does not go with {overload.group(2)}", _overload_hint(overload), offset
    if "Syntax error" in said:
        return _syntax_complaint(text, said, offset)
    return spoken(said), "", offset


def _used_wrongly(name: str, called: bool) -> tuple[str, str]:
    """The engine also calls a name undeclared that it knows, where it stands as what it is not."""
    if called:
        return f"{name}(…) is not called like this", "docs/expressions.md says what it takes"
    return f'"{name}" is a function', f"write {name}(…)"


def _overload_hint(overload: re.Match[str]) -> str:
    if "double" in overload.group(2) and "int" in overload.group(2):
        return "write 1.0 beside fractions, or double(x)"
    return "both sides must be of one type" if overload.group(1).startswith("_") else ""


def _syntax_complaint(text: str, said: str, offset: int) -> Complaint:
    words = said.split("Syntax error: ", 1)[1].split(" expecting ")[0]
    before = re.search(r"(\w+)\s*$", text[:offset])
    at = re.match(r"\w+", text[offset:])
    hint = _WORD_HINTS.get(at.group() if at else "", "") or _WORD_HINTS.get(
        before.group(1) if before else "", ""
    )
    if "<EOF>" in words:
        return "the expression ends too early", hint, min(offset, len(text))
    if re.search(r"token recognition error at: '=", words):
        hint = "write == to compare"
    unfit = _UNFIT.match(words)
    if unfit:
        words = f"{unfit.group(1).strip()!r} cannot stand here"
    return f"this is not an expression: {words}", hint, offset


def name_before(text: str, offset: int) -> int:
    """Where the name begins that ends at `offset`: the engine points behind it."""
    found = re.search(r"[\w.]*$", text[:offset])
    start = found.start() if found else offset
    rest = text[start:offset]
    return start + rest.rfind(".") + 1 if text[offset : offset + 1] == "(" else start


def _offset(text: str, line: int, column: int) -> int:
    if line < 1:
        return 0
    lines = text.split("\n")
    return min(sum(len(one) + 1 for one in lines[: line - 1]) + column - 1, len(text))


def spoken(words: str) -> str:
    if "Iteration budget exceeded" in words:
        return "the loops in it take more than 10,000 turns"
    if "out of range for" in words:
        return "a number in the event is beyond 64 bits"
    if "SELECT to non-message" in words:
        return "a field is read from a value that has no fields"
    if "bad_alloc" in words:
        return "the result is too large"
    return _CODE.sub("", words)[:300]
