"""The examples of docs/expressions.md and docs/rules.md run, and their tables are complete."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.explanation import put_explanation
from bridge.configured import configure
from bridge.connectors.shapes import BY_NAME
from bridge.errors import ExpressionFailed, Invalid, Place
from bridge.event import JSON
from bridge.match.expression import activation, compile_expression
from bridge.match.fields import fields_of
from bridge.match.functions import all_functions
from bridge.match.rule import NAMES
from bridge.match.rules import RuleSet, load_rules
from bridge.rehearse import events_of_sample, source_for
from bridge.settings import Settings
from bridge.sources.sample import load_sample
from bridge.vocabulary import VOCABULARY
from bridge.workbench.explained import Explainer
from bridge.workbench.testing import run_tests

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOW = int(datetime.fromisoformat("2026-11-21T09:14:02Z").timestamp() * 1000)
VARIABLES: JSON = {"bad": ["high", "critical"], "limit": 70}


def blocks(page: str, kind: str) -> list[str]:
    """The fenced blocks of one kind on a page."""
    text = (DOCS / page).read_text()
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    expression: str
    expected: str


def examples() -> list[Example]:
    found = []
    for block in blocks("expressions.md", "cel"):
        for line in block.splitlines():
            expression, _, expected = line.rpartition(" // ")
            found.append(Example(expression.strip(), expected.strip()))
    return found


def values() -> dict[str, JSON]:
    (text,) = blocks("expressions.md", "json event")
    event: dict[str, Any] = json.loads(text)
    return {"event": event, "data": event["data"], "source": event["source"], "vars": VARIABLES,
            "now": NOW}  # fmt: skip


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.expression)
def test_example_gives_what_the_page_says(example: Example) -> None:
    expression = compile_expression(example.expression, Place("page", 1, 1), NAMES)
    if example.expected.startswith("absent: "):
        with pytest.raises(ExpressionFailed) as caught:
            expression.evaluate(activation(values()))
        assert caught.value.absent == example.expected.removeprefix("absent: ")
    else:
        found = expression.evaluate(activation(values()))
        assert json.dumps(found) == json.dumps(json.loads(example.expected))


def test_page_has_examples() -> None:
    assert len(examples()) > 50


def test_table_lists_every_function_of_ours_with_its_own_words() -> None:
    page = (DOCS / "expressions.md").read_text()
    for function in all_functions(str):
        assert f"| `{function.call}` | {function.sentence} |" in page


def load_all(text: str) -> RuleSet:
    fields = {kind: fields_of(model) for kind, model in VOCABULARY.items()}
    return load_rules(
        {"rules.yaml": text}, BY_NAME, ["qtangl"], {"jira": frozenset(BY_NAME)}, fields
    )


@pytest.mark.parametrize("text", blocks("rules.md", "yaml rules(?: tests)?"))
def test_rule_file_on_the_page_loads_without_a_warning(text: str) -> None:
    rules = load_all(text)
    assert rules.rules
    assert rules.warnings == ()


def test_mistakes_on_the_page_are_named_as_it_says() -> None:
    (wrong,) = blocks("rules.md", "yaml wrong")
    (problems,) = blocks("rules.md", "text problems")
    with pytest.raises(Invalid) as caught:
        load_all(wrong)
    assert str(caught.value) == problems.strip()


def test_tests_on_the_page_pass_and_reach_what_the_page_lets_them() -> None:
    (text,) = blocks("rules.md", "yaml rules tests")
    configured = configure(Settings())
    run = run_tests(configured, load_all(text), DOCS.parent, NOW)
    assert [(one.test.sample, one.misses) for one in run.tested if not one.ok] == []
    assert len(run.tested) == 3
    assert run.coverage.missed == ()


async def test_explanation_on_the_page_is_what_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (text,) = blocks("rules.md", "yaml rules tests")
    (shown,) = blocks("rules.md", "text explain")
    configured = configure(Settings())
    sample = load_sample(DOCS.parent / "samples" / "qtangl" / "scan-complete")
    (event,) = events_of_sample(sample, source_for(configured, sample), NOW)
    rules = load_rules({"rules.yaml": text}, BY_NAME, None, None)
    explainer = Explainer(configured, rules, lambda: NOW, None)
    put_explanation(await explainer.explain(event), every=False)
    assert shown in capsys.readouterr().out
