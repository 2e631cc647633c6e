"""A rule as it is matched: compiled, checked and frozen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from bridge.action import OnFailure
from bridge.errors import Place
from bridge.event import JSON
from bridge.match.expression import Expression
from bridge.match.template import Template

NAMES = frozenset(
    ("event", "data", "source", "tenant", "vars", "each", "link", "steps", "now", "group")
)
"""Every name an expression in a rule file may read, each in its place."""
LATER = frozenset(("link", "steps", "group"))
"""Names that have a value only when the action's turn comes."""


@dataclass(frozen=True, slots=True)
class ThrottleRule:
    """A throttle with its key still an expression."""

    at_most: int
    per_ms: int
    by: Expression | None
    over: str


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a rule.

    markups: for each rich parameter the name of the parameter's markup where `format` is absent.
    optional: parameters that may be left out.
    """

    position: int
    action: str
    id: str
    integration: str
    when: Expression | None
    parameters: Mapping[str, Template]
    markups: Mapping[str, str]
    optional: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `position` orders the rules of a set: by file, then as they stand.

    in_lane: it can be judged only when its lane is free, because a guard of it reads `link`.
    """

    position: int
    name: str
    place: Place
    description: str
    enabled: bool
    on: tuple[str, ...]
    source: tuple[str, ...]
    when: Expression | None
    each: Expression | None
    once_per: Expression | None
    throttle: ThrottleRule | None
    on_failure: OnFailure
    steps: tuple[Step, ...]
    variables: dict[str, JSON]
    in_lane: bool

    def takes(self, source: str, kind: str) -> bool:
        """Whether events of this source and type are its business."""
        return fits(self.on, kind) and (not self.source or fits(self.source, source))


def fits(patterns: tuple[str, ...], word: str) -> bool:
    """Whether one of the patterns, plain or with `*` and `?`, means the word."""
    return any(
        pattern == word or (is_glob(pattern) and glob(pattern).fullmatch(word))
        for pattern in patterns
    )


def is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=4096)
def glob(pattern: str) -> re.Pattern[str]:
    """`*` stands for any characters, none included, and `?` for one."""
    return re.compile(
        "".join(
            ".*" if character == "*" else "." if character == "?" else re.escape(character)
            for character in pattern
        ),
        re.DOTALL,
    )
