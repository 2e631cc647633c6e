"""The JSON Schema for editors accepts right rule files and marks wrong ones."""

from __future__ import annotations

import json

import pytest
from openapi_schema_validator import OAS31Validator

from bridge.document import load
from bridge.match.schema import rule_schema
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


def test_everything_is_described() -> None:
    schema = rule_schema(CATALOGUE)
    for name, definition in schema["$defs"].items():
        for key, one in definition.get("properties", {}).items():
            if name in ("RuleEntry", "ThrottleEntry"):
                assert one.get("description"), f"{name}.{key}"
    assert schema["$defs"]["action.open"]["description"] == (
        "Opens a ticket. Gives key: Its key.; url: Its address."
    )
    assert json.loads(json.dumps(schema)) == schema
