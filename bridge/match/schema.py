"""The JSON Schema of rule files, for editors: made from the models and the actions' shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.action import ActionShape
from bridge.match.rulefile import RuleFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = {"type": "string", "pattern": r"\$\{\{", "description": "A template: ${{ … }}."}

_EVERY_ACTION: Mapping[str, Mapping[str, object]] = {
    "id": {
        "type": "string",
        "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
        "description": "Later steps read this one's outputs as steps.<id>.",
    },
    "when": {
        "type": "string",
        "x-cel": True,
        "description": "A condition; the step is skipped where it is not true.",
    },
    "in": {
        "type": "string",
        "description": "The integration; may be left out where only one offers the action.",
    },
}


def rule_schema(catalogue: Mapping[str, ActionShape]) -> dict[str, Any]:
    """A schema that accepts every right rule file. What needs the whole set, such as names used
    twice or fields of an event, only `bridge rules check` can find."""
    schema = RuleFile.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    steps = []
    for shape in sorted(catalogue.values(), key=lambda one: one.name):
        definitions[f"action.{shape.name}"] = _parameters(shape, definitions)
        steps.append(
            {
                "type": "object",
                "description": shape.sentence,
                "properties": {shape.name: {"$ref": f"#/$defs/action.{shape.name}"}},
                "required": [shape.name],
                "additionalProperties": False,
            }
        )
    definitions["RuleEntry"]["properties"]["then"]["items"] = {"oneOf": steps}
    return {"$schema": DIALECT, **schema, "title": "Rule file of the bridge"}


def _parameters(shape: ActionShape, definitions: dict[str, Any]) -> dict[str, Any]:
    prefix = f"action.{shape.name}."
    schema = shape.parameters.model_json_schema(
        by_alias=True, ref_template=f"#/$defs/{prefix}{{model}}"
    )
    for name, definition in schema.pop("$defs", {}).items():
        definitions[prefix + name] = definition
    properties = {name: _or_template(one) for name, one in schema.get("properties", {}).items()}
    outputs = "; ".join(f"{name}: {words}" for name, words in shape.outputs.items())
    return {
        "type": "object",
        "description": f"{shape.sentence} {'Gives ' + outputs if outputs else ''}".strip(),
        "properties": {**properties, **_EVERY_ACTION},
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


def _or_template(schema: dict[str, Any]) -> dict[str, Any]:
    """The same, or a template in its place; in lists and mappings for each value too."""
    inner = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(inner.get(key), dict) and inner[key]:
            inner[key] = _or_template(inner[key])
    if isinstance(inner.get("anyOf"), list):
        inner["anyOf"] = [_or_template(one) for one in inner["anyOf"]]
    about = {key: inner.pop(key) for key in ("description", "title", "default") if key in inner}
    return dict(about) | {"anyOf": [inner, _TEMPLATE]}
