"""The JSON Schema of rule files, for editors: made from the models and the actions' shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.action import ActionShape
from bridge.document import load
from bridge.event import JSON
from bridge.match.rulefile import RuleFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = {"type": "string", "pattern": r"\$\{\{", "description": "A template: ${{ … }}."}

_EVERY_ACTION: Mapping[str, Mapping[str, object]] = {
    "id": {
        "type": "string",
        "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
        "description": "Later steps read this one's outputs as steps.<id>.",
        "examples": ["ticket"],
    },
    "when": {
        "type": "string",
        "x-cel": True,
        "description": "A condition; the step is skipped where it is not true.",
        "examples": ['each.severity == "critical"', "has(data.url)"],
    },
    "in": {
        "type": "string",
        "description": "The integration; may be left out where only one offers the action.",
        "examples": ["jira"],
    },
}

_EXAMPLES: Mapping[str, JSON] = {
    "project": "SEC",
    "assignee": "jane@example.com",
    "parent": "SEC-1",
    "fields": {"components": [{"name": "scanner"}]},
    "rows": [["${{ today() }}", "${{ data.counts.high }}"]],
    "content_base64": "aGVsbG8K",
    "blocks": [{"type": "divider"}],
    "thread": "${{ steps.said.thread }}",
    "replace": "${{ steps.said.thread }}",
    "default": "open",
    "case": "${{ data.id }}",
    "memory": "${{ steps.asked.memory }}",
    "secret": "second",
    "headers": {"X-Team": "security"},
}
"""Values of parameters that no action's own example shows."""

RULE_SNIPPET: JSON = {
    "name": "${1:ticket-per-bad-finding}",
    "on": "${2:scan.finished}",
    "when": "${3:data.score < 70}",
    "then": [{"log": {"message": "${4:Scan of \\${{ data.target \\}\\} finished}"}}],
}
TEST_SNIPPET: JSON = {
    "sample": "${1:samples/qtangl/scan-complete}",
    "expect": [{"rule": "${2:ticket-per-bad-finding}", "action": "${3:create_ticket}"}],
}


@dataclass(frozen=True, slots=True)
class Known:
    """Names of this installation, offered by completion; others stay allowed.

    types: event types. sources, integrations: as configured.
    """

    types: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()


NOTHING_KNOWN = Known()


def rule_schema(
    catalogue: Mapping[str, ActionShape], known: Known = NOTHING_KNOWN
) -> dict[str, Any]:
    """A schema that accepts every right rule file. What needs the whole set, such as names used
    twice or fields of an event, only `bridge rules check` can find.

    Every key has a description and examples, which editors offer; steps, rules and tests can be
    put in whole (`defaultSnippets`, which the YAML language server reads).
    """
    schema = RuleFile.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    examples = {shape.name: _example(shape) for shape in catalogue.values()}
    shown = _shown(examples.values())
    steps: dict[str, JSON] = {}
    for shape in sorted(catalogue.values(), key=lambda one: one.name):
        definitions[f"action.{shape.name}"] = _parameters(
            shape, definitions, {**shown, **examples[shape.name]}, known
        )
        steps[shape.name] = {
            "$ref": f"#/$defs/action.{shape.name}",
            "description": shape.sentence,
        }
    rule = definitions["RuleEntry"]["properties"]
    rule["then"]["items"] = {
        "type": "object",
        # One object and no choice of them: editors then say which key is wrong, not that none of
        # thirteen forms fits, and offer each action once.
        "properties": steps,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "defaultSnippets": [
            {"label": name, "description": catalogue[name].sentence, "body": {name: body}}
            for name, body in sorted(_bodies(examples).items())
        ],
    }
    rule["on"]["examples"] = [*known.types, *rule["on"]["examples"]]
    rule["source"]["examples"] = list(known.sources) or rule["source"]["examples"]
    _offer(schema, "rules", "a rule", RULE_SNIPPET)
    _offer(schema, "tests", "a test", TEST_SNIPPET)
    return {"$schema": DIALECT, **schema, "title": "Rule file of the bridge"}


def _offer(schema: dict[str, Any], key: str, label: str, body: JSON) -> None:
    items = schema["properties"][key]["items"]
    schema["properties"][key]["items"] = {
        "allOf": [items],
        "defaultSnippets": [{"label": label, "body": body}],
    }


def _example(shape: ActionShape) -> dict[str, JSON]:
    """The parameters in the action's own example."""
    value = load(shape.example, "example").value if shape.example else None
    step = value[0] if isinstance(value, list) and value else value
    given = step.get(shape.name) if isinstance(step, dict) else None
    return given if isinstance(given, dict) else {}


def _shown(examples: Iterable[Mapping[str, JSON]]) -> dict[str, JSON]:
    """A value for each parameter that any example has; an action's own goes before it."""
    shown: dict[str, JSON] = dict(_EXAMPLES)
    for one in examples:
        for name, value in one.items():
            shown.setdefault(name, value)
    return shown


def _bodies(examples: Mapping[str, Mapping[str, JSON]]) -> dict[str, JSON]:
    """The examples as snippets, in which `$` and `}` have a meaning of their own."""
    return {name: _literal(dict(example)) for name, example in examples.items()}


def _literal(value: JSON) -> JSON:
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if isinstance(value, dict):
        return {key: _literal(item) for key, item in value.items()}
    return value


def _parameters(
    shape: ActionShape, definitions: dict[str, Any], examples: Mapping[str, JSON], known: Known
) -> dict[str, Any]:
    prefix = f"action.{shape.name}."
    schema = shape.parameters.model_json_schema(
        by_alias=True, ref_template=f"#/$defs/{prefix}{{model}}"
    )
    for name, definition in schema.pop("$defs", {}).items():
        definitions[prefix + name] = definition
    properties = {name: _or_template(one) for name, one in schema.get("properties", {}).items()}
    for name, one in properties.items():
        if "examples" not in one and name in examples:
            one["examples"] = [examples[name]]
    every = {name: dict(one) for name, one in _EVERY_ACTION.items()}
    if known.integrations:
        every["in"]["examples"] = list(known.integrations)
    outputs = "; ".join(f"{name}: {words}" for name, words in shape.outputs.items())
    return {
        "type": "object",
        "description": f"{shape.sentence} {'Gives ' + outputs if outputs else ''}".strip(),
        "properties": {**properties, **every},
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
    told = ("description", "title", "default", "examples")
    about = {key: inner.pop(key) for key in told if key in inner}
    return dict(about) | {"anyOf": [inner, _TEMPLATE]}
