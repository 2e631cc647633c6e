"""The JSON Schema for editors accepts right rule files and marks wrong ones."""

from __future__ import annotations

import json

import pytest
from openapi_schema_validator import OAS31Validator

from bridge.connectors.shapes import BY_NAME
from bridge.document import load
from bridge.match.schema import Known, rule_schema
from tests.match.catalogue import CATALOGUE
from tests.match.test_rule_files import COMPLETE


def mistakes(text: str) -> list[str]:
    schema = rule_schema(CATALOGUE)
    return [error.message for error in OAS31Validator(schema).iter_errors(load(text, "r").value)]


def test_right_file_is_accepted() -> None:
    assert mistakes(COMPLETE) == []


@pytest.mark.parametrize(
    "wrong",
    [
        COMPLETE.replace("on_failure: continue", "on_failure: explode"),
        COMPLETE.replace("    when: data.score", "    whn: data.score"),
        COMPLETE.replace("open:\n          id", "opn:\n          id"),
        COMPLETE.replace("columns:", "colums:"),
        COMPLETE.replace("labels: [scanner, ", "labels: [[scanner], "),
        COMPLETE.replace("at_most: 20", "at_most: many"),
        COMPLETE.replace("version: 1", "version: 2"),
    ],
)
def test_wrong_file_is_marked(wrong: str) -> None:
    assert wrong != COMPLETE
    assert mistakes(wrong) != []


def test_everything_is_described_with_examples_that_fit() -> None:
    schema = rule_schema(BY_NAME)
    validator = OAS31Validator(schema)
    lacking = []
    for name, definition in [("", schema), *schema["$defs"].items()]:
        for key, one in definition.get("properties", {}).items():
            if not one.get("description"):
                lacking.append(f"{name}.{key} has no description")
            if not one.get("examples") and "enum" not in json.dumps(one):
                lacking.append(f"{name}.{key} has no example")
            for example in one.get("examples", []):
                whole = {"$defs": schema["$defs"], **one}
                lacking += [
                    f"{name}.{key}: {error.message}"
                    for error in validator.evolve(schema=whole).iter_errors(example)
                ]
    assert lacking == []
    assert json.loads(json.dumps(schema)) == schema


def test_action_tells_what_it_gives() -> None:
    schema = rule_schema(CATALOGUE)
    assert schema["$defs"]["action.open"]["description"] == (
        "Opens a ticket. Gives key: Its key.; url: Its address."
    )


def test_names_of_the_installation_are_offered() -> None:
    known = Known(("scan.finished",), ("scanner",), ("tracker",))
    schema = rule_schema(CATALOGUE, known)
    rule = schema["$defs"]["RuleEntry"]["properties"]
    assert rule["on"]["examples"][0] == "scan.finished"
    assert rule["source"]["examples"] == ["scanner"]
    assert schema["$defs"]["action.open"]["properties"]["in"]["examples"] == ["tracker"]


def test_steps_can_be_put_in_whole_and_are_right_then() -> None:
    schema = rule_schema(BY_NAME)
    snippets = schema["$defs"]["RuleEntry"]["properties"]["then"]["items"]["defaultSnippets"]
    assert [one["label"] for one in snippets] == sorted(BY_NAME)
    for one in snippets:
        written = json.loads(json.dumps(one["body"]).replace("\\\\$", "$").replace("\\\\}", "}"))
        rule = {"name": "a", "on": "scan.finished", "then": [written]}
        wrong = OAS31Validator(schema).iter_errors({"version": 1, "rules": [rule]})
        assert [error.message for error in wrong] == []
