"""Reading a GraphQL document, as much of the language as plain queries and mutations need.

https://spec.graphql.org/October2021/, sections 2.1 to 2.9, read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.event import JSON

TOKEN = re.compile(
    r"[\s,\ufeff]*(?:#[^\n]*[\s,]*)*"
    r"(?:(?P<punctuator>\.\.\.|[!$&()\[\]{}:=@|])"
    r"|(?P<name>[_A-Za-z]\w*)"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<end>\Z))"
)


class NotUnderstood(ValueError):
    """The document is no GraphQL, or more of it than the sandbox knows."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a selection. key: under which the answer has it."""

    key: str
    name: str
    arguments: Mapping[str, JSON]
    selections: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """kind: query or mutation."""

    kind: str
    selections: tuple[Field, ...]


def read_document(text: str, variables: Mapping[str, JSON]) -> Operation:
    """The one operation of a document, its variables filled in. Raises NotUnderstood."""
    reader = _Reader(_tokens(text), variables)
    operation = reader.operation()
    if reader.tokens[reader.at][0] != "end":
        raise NotUnderstood("one operation, please; no fragments")
    return operation


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while True:
        match = TOKEN.match(text, at)
        if match is None:
            raise NotUnderstood(f"Syntax Error: Unexpected character at {at}")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        if kind == "end":
            return found
        at = match.end()


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]], variables: Mapping[str, JSON]) -> None:
        self.tokens = tokens
        self.at = 0
        self._given = variables
        self._known: dict[str, JSON] = {}

    def _peek(self) -> str:
        return self.tokens[self.at][1]

    def _take(self, wanted: str = "") -> str:
        kind, text = self.tokens[self.at]
        if kind == "end" or (wanted and text != wanted):
            raise NotUnderstood(f"Syntax Error: Expected {wanted or 'more'}, found {text or 'end'}")
        self.at += 1
        return text

    def _name(self) -> str:
        if self.tokens[self.at][0] != "name":
            raise NotUnderstood(f"Syntax Error: Expected Name, found {self._peek() or 'end'}")
        return self._take()

    def operation(self) -> Operation:
        kind = "query"
        if self._peek() != "{":
            kind = self._name()
            if kind not in ("query", "mutation"):
                raise NotUnderstood(f"the sandbox does not know {kind}")
            if self.tokens[self.at][0] == "name":
                self._take()
            if self._peek() == "(":
                self._variables()
        return Operation(kind, self._selections())

    def _variables(self) -> None:
        self._take("(")
        while self._peek() != ")":
            self._take("$")
            name = self._name()
            self._take(":")
            required = self._type()
            default: JSON = None
            if self._peek() == "=":
                self._take()
                default = self._value()
            value = self._given.get(name, default)
            if required and value is None:
                raise NotUnderstood(f'Variable "${name}" of required type was not provided.')
            if name in self._given or default is not None:
                self._known[name] = value
        self._take(")")

    def _type(self) -> bool:
        """Reads a type; gives whether a value is required."""
        if self._peek() == "[":
            self._take()
            self._type()
            self._take("]")
        else:
            self._name()
        if self._peek() == "!":
            self._take()
            return True
        return False

    def _selections(self) -> tuple[Field, ...]:
        self._take("{")
        found: list[Field] = []
        while self._peek() != "}":
            found.append(self._field())
        self._take("}")
        return tuple(found)

    def _field(self) -> Field:
        if self._peek() in ("...", "@"):
            raise NotUnderstood("the sandbox knows no fragments and no directives")
        key = name = self._name()
        if self._peek() == ":":
            self._take()
            name = self._name()
        arguments: dict[str, JSON] = {}
        if self._peek() == "(":
            self._take()
            while self._peek() != ")":
                argument = self._name()
                self._take(":")
                if self._peek() == "$" and self.tokens[self.at + 1][1] not in self._known:
                    self.at += 2  # a variable that was not given leaves its argument out
                    continue
                arguments[argument] = self._value()
            self._take(")")
        selections = self._selections() if self._peek() == "{" else ()
        return Field(key, name, arguments, selections)

    def _value(self) -> JSON:
        kind, text = self.tokens[self.at]
        if text == "$":
            self._take()
            return self._known.get(self._name())
        if text == "[":
            self._take()
            items: list[JSON] = []
            while self._peek() != "]":
                items.append(self._value())
            self._take("]")
            return items
        if text == "{":
            self._take()
            fields: dict[str, JSON] = {}
            while self._peek() != "}":
                name = self._name()
                self._take(":")
                fields[name] = self._value()
            self._take("}")
            return fields
        self._take()
        if kind in ("string", "number"):
            value: JSON = json.loads(text)
            return value
        return {"true": True, "false": False, "null": None}.get(text, text)
