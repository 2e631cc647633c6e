"""What goes in and out of `/api/v1/rules`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bridge.web.api.operation import ApiModel

Files = Annotated[dict[str, str], Field(max_length=500)]


class ShownRule(ApiModel):
    """A rule in force, and what became of it."""

    name: str
    description: str
    enabled: bool
    on: tuple[str, ...]
    source: tuple[str, ...]
    actions: tuple[str, ...]
    file: str
    line: int
    matched: int
    errors: int
    last_matched_at: str | None
    last_error: str


class RuleList(ApiModel):
    """The rules in force."""

    version: str
    rules: tuple[ShownRule, ...]
    problems: tuple[str, ...]
    """What is wrong with changed files that were not taken up."""


class ShownProblem(ApiModel):
    """A mistake, and where it is."""

    file: str
    line: int
    column: int
    field: str
    message: str
    hint: str
    warning: bool


class Checked(ApiModel):
    """What a check found."""

    ok: bool
    rules: int
    version: str
    problems: tuple[ShownProblem, ...]


class Change(ApiModel):
    """A change to look at."""

    files: Files = Field(default_factory=dict)
    """Rule files by name; each stands in the place of the file of that name."""


class ExplainChange(Change):
    """An event to explain, by the rules in force or by a change of them."""

    event: Annotated[str, Field(min_length=1, max_length=100)]
    every: bool = False
    """Also the rules that are for other events."""


class BacktestChange(Change):
    """A change to play over stored events."""

    days: Annotated[float, Field(gt=0, le=3650)] = 7
    source: Annotated[str, Field(max_length=300)] = ""
    type: Annotated[str, Field(max_length=300)] = ""
    events: Annotated[int, Field(ge=0, le=1000)] = 50
    """How many events with a difference are told in full."""


class Word(ApiModel):
    """A word that may stand in a rule file, and what it is."""

    label: str
    detail: str


class Words(ApiModel):
    """For editors that complete."""

    words: tuple[Word, ...]
