"""The description of every operation as OpenAPI 3.1, made from the rows that make the routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from bridge import __version__
from bridge.event import JSON
from bridge.web.api.operation import Operation
from bridge.web.api.shapes import Shape

REF = "#/components/schemas/{model}"

FAILURES = {
    401: "No key, or one that is not known or was revoked.",
    403: "The key's role does not reach that far.",
    422: "Fields cannot be used; each is named.",
    429: "Too many requests with this key.",
    500: "A mistake of ours; the log has it under the requestId.",
    503: "There is no API key yet, or the store does not answer.",
}
"""What every operation may answer besides its success."""

WITH_BODY = {413: "The body is over the limit.", 415: "The body is of another media type."}
WITH_ID = {404: "There is no such thing, or it is another tenant's."}

RATE_HEADERS: dict[str, Any] = {
    "X-RateLimit-Limit": {
        "description": "Requests a minute.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {
        "description": "Requests left now.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Reset": {
        "description": "Seconds until all of them are there again.",
        "schema": {"type": "integer"},
    },
}
RETRY_AFTER: dict[str, Any] = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
}

SECURITY: list[Any] = [{"bearer": []}, {"header": []}, {"query": []}]


def describe(operations: Sequence[Operation], server: str) -> dict[str, Any]:
    """The whole document. server: the address under which the paths are."""
    schemas, refs = _schemas(operations)
    for shape in {one.shape.name: one.shape for one in operations}.values():
        schemas[shape.name] = shape.schema
    paths: dict[str, Any] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, refs, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "scanbridge",
            "version": __version__,
            "description": "Signed webhooks in, YAML rules, tickets out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "security": SECURITY,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "query": {"type": "apiKey", "in": "query", "name": "api_key"},
            },
        },
    }


Refs = Mapping[tuple[Any, JsonSchemaMode], Any]


def _schemas(operations: Sequence[Operation]) -> tuple[dict[str, Any], Refs]:
    """The models as component schemas, and where each of them is."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for one in operations:
        if one.body is not None:
            wanted[one.body, "validation"] = None
        if isinstance(one.answer, type) and issubclass(one.answer, BaseModel):
            wanted[one.answer, "serialization"] = None
    refs, top = models_json_schema([*wanted], ref_template=REF)
    return dict(top.get("$defs", {})), refs


def _operation(one: Operation, refs: Refs, schemas: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [one.tag],
        "parameters": [
            *_path_parameters(one),
            *_query_parameters(one, schemas),
            *_header_parameters(one),
        ],
        "responses": _responses(one, refs),
        "x-role": one.role.value,
    }
    if one.description:
        value["description"] = one.description
    if one.upload:
        part = {
            "type": "string",
            "format": "binary",
            "contentMediaType": "application/octet-stream",
        }
        form = {"type": "object", "required": ["file"], "properties": {"file": part}}
        value["requestBody"] = {
            "required": True,
            "content": {"multipart/form-data": {"schema": form}},
        }
    elif one.body is not None:
        content: dict[str, Any] = {"schema": refs[one.body, "validation"]}
        if one.examples:
            content["examples"] = _examples(one.examples)
        value["requestBody"] = {
            "required": not one.body_optional,
            "content": {"application/json": content},
        }
    return value


def _path_parameters(one: Operation) -> list[Any]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in one.parameters
    ]


def _header_parameters(one: Operation) -> list[Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return [
        {"name": name, "in": "header", "required": False, "description": words, "schema": schema}
        for name, words in one.headers.items()
    ]


def _query_parameters(one: Operation, schemas: dict[str, Any]) -> list[Any]:
    schema = one.query.model_json_schema(ref_template=REF)
    schemas.update(schema.get("$defs", {}))
    required = set(schema.get("required", ()))
    found = []
    for name, field in schema.get("properties", {}).items():
        parameter: dict[str, Any] = {"name": name, "in": "query", "required": name in required}
        words = field.pop("description", "")
        if words:
            parameter["description"] = words
        parameter["schema"] = field
        found.append(parameter)
    return found


def _responses(one: Operation, refs: Refs) -> dict[str, Any]:
    responses: dict[str, Any] = {str(one.status): _success(one, refs)}
    failures = dict(FAILURES)
    if one.parameters:
        failures |= WITH_ID
    if one.body is not None or one.upload:
        failures |= WITH_BODY
    failures |= one.also
    for status, words in sorted(failures.items()):
        responses[str(status)] = _failure(status, words, one.shape)
    return responses


def _success(one: Operation, refs: Refs) -> dict[str, Any]:
    value: dict[str, Any] = {"description": "Done.", "headers": RATE_HEADERS}
    if isinstance(one.answer, type) and issubclass(one.answer, BaseModel):
        value["content"] = {one.media: {"schema": refs[one.answer, "serialization"]}}
    elif one.answer is not None:
        value["content"] = {one.media: {"schema": one.answer}}
    elif one.media != "application/json":
        value["content"] = {one.media: {}}
    if one.shows:
        value["content"][one.media]["examples"] = _examples(one.shows)
    return value


def _examples(examples: Mapping[str, JSON]) -> dict[str, Any]:
    return {name: {"value": example} for name, example in examples.items()}


def _failure(status: int, words: str, shape: Shape) -> dict[str, Any]:
    headers: dict[str, Any] = {} if status in (401, 503) else dict(RATE_HEADERS)
    if status in (429, 503):
        headers |= RETRY_AFTER
    return {
        "description": words,
        "headers": headers,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape.name}"}}},
    }
