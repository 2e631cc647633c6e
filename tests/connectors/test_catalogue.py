"""The catalogue: found by looking, refused when something is missing; its examples work."""

from __future__ import annotations

import textwrap

import pytest
from pydantic import BaseModel, ValidationError

from bridge.connectors.catalogue import action_shapes, load_connector, load_connectors
from bridge.connectors.parameters import Attach, CreateTicket, Log
from bridge.event import JSON
from bridge.match.rules import load_rules
from tests.connectors.shared import all_given


@pytest.mark.parametrize("name", sorted(action_shapes()))
def test_example_of_an_action_is_a_rule_that_passes_every_check(name: str) -> None:
    example = textwrap.indent(action_shapes()[name].example, "      ")
    text = (
        "version: 1\nrules:\n  - name: example\n    on: scan.finished\n"
        f"    each: data.findings\n    then:\n{example}"
    )
    offering: list[dict[str, frozenset[str]]] = [
        {one.name: frozenset(action.shape.name for action in one.actions)}
        for one in load_connectors().values()
        if one.action(name)
    ]
    for offered in offering or [{}]:  # one alone: an example need not say which is meant
        rules = load_rules({"example.yaml": text}, action_shapes(), ["qtangl"], offered)
        assert [rule.name for rule in rules.rules] == ["example"]


def test_module_that_is_no_connector_is_refused() -> None:
    with pytest.raises(TypeError, match=r"bridge\.connectors\.redact has no CONNECTOR"):
        load_connector("bridge.connectors.redact")


def test_outputs_of_every_action_are_those_of_its_shape() -> None:
    for shape in action_shapes().values():
        assert all(words.endswith(".") for words in shape.outputs.values())
        assert set(shape.rich) <= set(shape.parameters.model_fields)


@pytest.mark.parametrize(
    ("given", "text"),
    [(3, "3"), (3.0, "3"), (2.5, "2.5"), (True, "true"), (False, "false"), (1e300, "1e+300")],
)
def test_values_of_templates_become_text(given: JSON, text: str) -> None:
    assert Log.model_validate({"message": given}).message == text


@pytest.mark.parametrize("given", [None, [], {}])
def test_what_has_no_text_is_refused(given: JSON) -> None:
    with pytest.raises(ValidationError):
        Log.model_validate({"message": given})


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (CreateTicket, {"summary": ""}),
        (CreateTicket, {"summary": "x", "format": "html"}),
        (Attach, {"ticket": "A-1", "filename": "x"}),
        (Attach, {"ticket": "A-1", "filename": "x", "content": "", "content_base64": ""}),
        (Attach, {"ticket": "A-1", "filename": "x", "content_base64": "no base64!"}),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    model: type[BaseModel], given: dict[str, JSON]
) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(given)


def test_samples_of_these_tests_are_valid() -> None:
    for given in all_given().values():
        for name, parameters in given.parameters.items():
            action_shapes()[name].parameters.model_validate(parameters)
