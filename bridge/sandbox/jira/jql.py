"""Reading JQL: the part of the language the sandbox answers, and Jira's words for the rest.

Known: the fields of `find.py`; `=`, `!=`, `~`, `!~`, `<`, `<=`, `>`, `>=`, `IN`, `NOT IN`, `IS`,
`IS NOT`; `AND`, `OR`, `NOT`, brackets; `ORDER BY`; `EMPTY`, `NULL`, `currentUser()`, `now()`.
Everything else is refused with 400, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from bridge.sandbox.exchange import Declined


@dataclass(frozen=True, slots=True)
class Clause:
    """field: in lower case. operands: the values; none for `is empty`."""

    field: str
    operator: str
    operands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Node, ...]


Node: TypeAlias = Clause | All | Either


@dataclass(frozen=True, slots=True)
class Query:
    """where: None without a restriction. order: field and whether descending."""

    where: Node | None
    order: tuple[tuple[str, bool], ...]


OPPOSITES = {
    "=": "!=",
    "~": "!~",
    ">": "<=",
    ">=": "<",
    "in": "not in",
    "is": "is not",
}
OPPOSITES |= {new: old for old, new in OPPOSITES.items()}

TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign>!=|!~|>=|<=|&&|\|\||[=~<>(),!&|])
    |(?P<word>cf\[\d+\]|(?:[^\s"'=!~<>(),&|\\{}*/%+^$\#@?;\[\]]|\\.)+)
    |(?P<reserved>[{}*/%+^$\#@?;\[\]])
    |(?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)

WORDS = {"and", "or", "not", "in", "is", "order", "by", "empty", "null", "was", "changed"}
SIGNS = {"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not"}


@dataclass(frozen=True, slots=True)
class Token:
    """kind: `text` (quoted), `word`, `sign`, `key` (a word of the language) or `end`."""

    kind: str
    value: str
    place: int


def fail(message: str) -> NoReturn:
    raise Declined(400, f"Error in the JQL Query: {message}")


def _tokens(jql: str) -> list[Token]:
    found: list[Token] = []
    place = 0
    stripped = jql.rstrip()
    while place < len(stripped):
        match = TOKEN.match(stripped, place)
        assert match is not None
        assert match.lastgroup is not None
        kind, value = match.lastgroup, match[match.lastgroup]
        start = match.start(match.lastgroup)
        if kind == "reserved":
            fail(
                f"The character '{value}' is a reserved JQL character. You must enclose it in a "
                f"string or use the escape '\\u{ord(value):04x}' instead. "
                f"(line 1, character {start + 1})"
            )
        if kind == "other":
            fail(f"The quoted string or character at '{value}' has not been completed.")
        if kind == "text":
            value = _unescape(value[1:-1])
        elif kind == "word" and value.lower() in WORDS:
            kind, value = "key", value.lower()
        elif kind == "word":
            value = _unescape(value)
        elif value in SIGNS:
            kind, value = "key", SIGNS[value]
        found.append(Token(kind, value, start + 1))
        place = match.end()
    found.append(Token("end", "", len(stripped) + 1))
    return found


def _unescape(text: str) -> str:
    known = {"n": "\n", "t": "\t", "r": "\r"}
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r"\\(.)", lambda match: known.get(match[1], match[1]), text)


class _Parser:
    def __init__(self, jql: str) -> None:
        self.tokens = _tokens(jql)
        self.at = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def take(self, *keys: str) -> bool:
        """Step over a word of the language or a sign if it is next."""
        if self.now.kind in ("key", "sign") and self.now.value in keys:
            self.at += 1
            return True
        return False

    def expect(self, what: str, *keys: str) -> None:
        if not self.take(*keys):
            self.lost(what)

    def lost(self, expected: str) -> NoReturn:
        if self.now.kind == "end":
            fail(f"Expecting {expected} before the end of the query.")
        fail(
            f"Expecting {expected} but got '{self.now.value}'. (line 1, character {self.now.place})"
        )

    def query(self) -> Query:
        where = None
        if self.now.kind != "end" and self.now.value != "order":
            where = self.either()
        order: tuple[tuple[str, bool], ...] = ()
        if self.take("order"):
            self.expect("'by'", "by")
            order = self.ordering()
        if self.now.kind != "end":
            self.lost("'OR', 'AND' or 'ORDER BY'")
        return Query(where, order)

    def ordering(self) -> tuple[tuple[str, bool], ...]:
        found: list[tuple[str, bool]] = []
        while True:
            field = self.field()
            down = False
            if self.now.kind == "word" and self.now.value.lower() in ("asc", "desc"):
                down = self.now.value.lower() == "desc"
                self.at += 1
            found.append((field, down))
            if not self.take(","):
                return tuple(found)

    def either(self) -> Node:
        parts = [self.all()]
        while self.take("or"):
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def all(self) -> Node:
        parts = [self.one()]
        while self.take("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def one(self) -> Node:
        if self.take("not"):
            return negate(self.one())
        if self.take("("):
            inner = self.either()
            self.expect("')'", ")")
            return inner
        return self.clause()

    def field(self) -> str:
        if self.now.kind not in ("word", "text"):
            self.lost("a field name")
        name = self.now.value.lower()
        self.at += 1
        return name

    def clause(self) -> Clause:
        field = self.field()
        token = self.now
        if self.take("in"):
            return Clause(field, "in", self.several())
        if self.take("not"):
            self.expect("'in'", "in")
            return Clause(field, "not in", self.several())
        if self.take("is"):
            operator = "is not" if self.take("not") else "is"
            self.expect("'EMPTY' or 'NULL'", "empty", "null")
            return Clause(field, operator, ())
        if self.take("was", "changed"):
            fail("the sandbox does not search in the history ('was', 'changed').")
        if not self.take("=", "!=", "~", "!~", ">", ">=", "<", "<="):
            self.lost("an operator: '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'IS'")
        if token.value in ("=", "!=") and self.take("empty", "null"):
            return Clause(field, "is" if token.value == "=" else "is not", ())
        return Clause(field, token.value, (self.value(),))

    def several(self) -> tuple[str, ...]:
        self.expect("'('", "(")
        found = [self.value()]
        while self.take(","):
            found.append(self.value())
        self.expect("')'", ")")
        return tuple(found)

    def value(self) -> str:
        token = self.now
        if token.kind not in ("word", "text"):
            self.lost("a value")
        self.at += 1
        if token.kind == "word" and self.take("("):
            if token.value.lower() not in ("currentuser", "now"):
                fail(f"the sandbox does not know the function '{token.value}'.")
            self.expect("')'", ")")
            return f"{token.value.lower()}()"
        return token.value


def negate(node: Node) -> Node:
    """NOT reaches the clauses themselves, as Jira does it: `NOT a = b` is `a != b`."""
    if isinstance(node, Clause):
        return Clause(node.field, OPPOSITES[node.operator], node.operands)
    parts = tuple(negate(part) for part in node.parts)
    return Either(parts) if isinstance(node, All) else All(parts)


def read_jql(jql: str) -> Query:
    """Raises Declined (400) in Jira's shape."""
    parser = _Parser(jql)
    # The parser calls itself for each of these; 100 is arbitrary and far more than anybody writes.
    if sum(token.value in ("(", "not") for token in parser.tokens) > 100:
        fail("the sandbox reads at most 100 brackets and NOTs.")
    return parser.query()
