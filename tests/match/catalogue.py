"""A small catalogue of actions and ready-made events for the tests of matching."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from bridge.action import ActionShape
from bridge.counting import counted
from bridge.errors import Invalid
from bridge.event import JSON, Event
from bridge.match.fields import fields_of
from bridge.match.rules import RuleSet, load_rules
from bridge.vocabulary import VOCABULARY

NOW = 1_795_252_442_123
"""2026-11-21T09:14:02.123Z"""


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_number_as_text)]


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Open(_Parameters):
    summary: Text = Field(min_length=1, description="One line.")
    description: Text | dict[str, JsonValue] | None = Field(None, description="Text.")
    labels: list[Text] | None = None
    effort: int | None = None
    fields: dict[str, JsonValue] | None = None
    format: Literal["markdown", "wiki", "adf", "plain"] = "markdown"


class Table(_Parameters):
    ticket: Text
    columns: list[Text] = Field(min_length=1)
    row: list[Text]

    @model_validator(mode="after")
    def _fits(self) -> Table:
        if len(self.row) != len(self.columns):
            cells, columns = counted(len(self.row), "cell"), counted(len(self.columns), "column")
            raise ValueError(f"a row has {cells} for {columns}")
        return self


class Say(_Parameters):
    message: Text
    level: Literal["info", "warning"] = "info"


CATALOGUE: Mapping[str, ActionShape] = {
    "open": ActionShape(
        "open", "Opens a ticket.", Open, {"key": "Its key.", "url": "Its address."}, "",
        {"description": "markdown"},
    ),
    "table": ActionShape("table", "Adds a row.", Table, {}, ""),
    "say": ActionShape("say", "Says something.", Say, {}, "", {}, needs_integration=False),
}  # fmt: skip

INTEGRATIONS = {"tracker": frozenset({"open", "table"}), "chat": frozenset({"post"})}
SOURCES = ("scanner", "tracker")
FIELDS = {kind: fields_of(model) for kind, model in VOCABULARY.items()}
ESCAPES = {
    "markdown": lambda text: f"<{text}>",
    "wiki": lambda text: f"{{{text}}}",
    "adf": lambda text: f"[{text}]",
    "plain": lambda text: text,
}


def ruleset(text: str, **others: str) -> RuleSet:
    """The rules of one file, or of several by their names."""
    files = {"rules.yaml": text, **{f"{name}.yaml": one for name, one in others.items()}}
    return load_rules(files, CATALOGUE, SOURCES, INTEGRATIONS, FIELDS)


def rules_of(*rules: str, head: str = "") -> RuleSet:
    """A rule set from rules written without the frame around them."""
    listed = "".join("\n  - " + rule.strip().replace("\n", "\n    ") for rule in rules)
    return ruleset(f"version: 1\n{head}\nrules:{listed}\n")


def problems(text: str, **others: str) -> list[str]:
    """What loading complains of, errors only."""
    with pytest.raises(Invalid) as caught:
        ruleset(text, **others)
    return [str(problem) for problem in caught.value.problems if not problem.warning]


def rule_problems(*rules: str, head: str = "") -> list[str]:
    """As problems, for rules without the frame, and without the file's name."""
    listed = "".join("\n  - " + rule.strip().replace("\n", "\n    ") for rule in rules)
    found = problems(f"version: 1\n{head}\nrules:{listed}\n")
    return [problem.removeprefix("rules.yaml:") for problem in found]


FINDINGS: list[JSON] = [
    {"id": "f1", "title": "RSA-1024 certificate", "severity": "high", "status": "open",
     "description": "weak *key*"},
    {"id": "f2", "title": "Old TLS", "severity": "low", "status": "open", "description": "old"},
    {"id": "f3", "title": "MD5", "severity": "critical", "status": "open", "description": "md5"},
]  # fmt: skip


def scan(data: Mapping[str, Any] | None = None, **envelope: Any) -> Event:
    """A finished scan with three findings; `data` and the envelope can be changed."""
    ordinary: dict[str, Any] = {
        "scan_id": "s1",
        "scanner": "qtangl",
        "target": "www.example.com",
        "score": 61,
        "findings": FINDINGS,
        "counts": {"critical": 1, "high": 1, "low": 1, "total": 3},
    }
    given: dict[str, Any] = {
        "id": "evt_1", "tenant": "default", "source": "scanner", "type": "scan.finished",
        "subject": "scan/s1", "time": NOW - 5_000, "received_at": NOW - 1_000,
        "data": {**ordinary, **(data or {})}, "body": {"raw": True},
        "headers": {"x-kind": "scan"}, **envelope,
    }  # fmt: skip
    return Event(**given)
