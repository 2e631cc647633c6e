"""The documentation of actions says what the catalogue says."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from bridge.connectors.catalogue import action_shapes, load_connectors
from tests.connectors.actions_page import actions_page, kind_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "actions.md"


def test_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == actions_page(), "stale: run `make docs`"


def test_everything_is_described() -> None:
    models = [shape.parameters for shape in action_shapes().values()]
    models += [connector.settings for connector in load_connectors().values()]
    undescribed = [
        f"{model.__name__}.{name}"
        for model in models
        for name, info in model.model_fields.items()
        if not info.description and name != "auth"
    ]
    assert undescribed == []


def test_types_are_told_in_an_operators_words() -> None:
    assert kind_of(list[str] | None) == "list of text"
    assert kind_of(dict[str, int]) == "mapping"
    assert kind_of(SecretStr) == "secret"
