"""Reads a request into an operation's models, and says of every field what is wrong with it."""

from __future__ import annotations

import re
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from bridge.errors import FieldProblem, FieldsRefused, Malformed, TooLarge, UnsupportedMediaType
from bridge.event import JSON
from bridge.match.clean import parse_body
from bridge.web.api.operation import Operation

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")

UNFIT = "\0"
"""PostgreSQL keeps no NUL in a text, so none comes in by a path or a query either."""


async def read_body(request: Request, operation: Operation, limit_bytes: int) -> Any:
    """The body as the operation's model; None where it takes none.

    Raises TooLarge, UnsupportedMediaType, FieldsRefused.
    """
    if operation.body is None:
        return None
    raw = await read_bytes(request, limit_bytes)
    if not raw.strip() and operation.body_optional:
        return operation.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaType(f"the body must be application/json, not {kind[:60]}")
    try:
        value = parse_body(raw, keep_kinds=True)
    except Malformed as error:
        raise FieldsRefused([FieldProblem(("body",), str(error), "json_invalid")]) from error
    return checked_body(operation.body, value)


async def read_bytes(request: Request, limit_bytes: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is longer than allowed."""
    announced = request.headers.get("content-length", "")
    size, parts = int(announced) if announced.isdigit() and len(announced) < 19 else 0, []
    if size <= limit_bytes:
        size = 0
        async for part in request.stream():
            size += len(part)
            parts.append(part)
            if size > limit_bytes:
                break
    if size > limit_bytes:
        raise TooLarge(f"the body is over the limit of {limit_bytes} bytes")
    return b"".join(parts)


def read_query(request: Request, operation: Operation) -> Any:
    """The query as the operation's model. Raises FieldsRefused.

    Unknown parameters are refused too: a filter that is misspelt must not show everything.
    """
    pairs = [(name, value) for name, value in request.query_params.multi_items()]
    value: dict[str, JSON] = {}
    for name, text in pairs:
        if name == "api_key":
            continue
        if UNFIT in text or UNFIT in name:
            raise FieldsRefused([FieldProblem(("query", name), "holds a NUL")])
        before = value.get(name)
        if name in value:
            value[name] = [*before, text] if isinstance(before, list) else [before, text]
        else:
            value[name] = text
    return checked_query(operation.query, value)


def checked_body(model: type[BaseModel], value: JSON) -> BaseModel:
    """JSON as the model, each field of the kind that it says: true is no number, 0 is not false.

    Raises FieldsRefused.
    """
    try:
        return model.model_validate_json(orjson.dumps(value), strict=True)
    except ValidationError as error:
        raise refused(error, "body") from error


def checked_query(model: type[BaseModel], value: JSON) -> BaseModel:
    """A query as the model, its numbers read from their text. Raises FieldsRefused.

    pydantic would read `+0.0`, ` 5` and `1_0` as whole numbers too.
    """
    kinds = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    given = value.items() if isinstance(value, dict) else ()
    if wrong := [
        FieldProblem(("query", name), "must be a whole number, such as 20", "int_parsing")
        for name, text in given
        if kinds.get(name) is int and isinstance(text, str) and not WHOLE_NUMBER.fullmatch(text)
    ]:
        raise FieldsRefused(wrong)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise refused(error, "query") from error


def refused(error: ValidationError, where: str) -> FieldsRefused:
    """A line for each field."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return FieldsRefused(
        [
            FieldProblem(
                (where, *one["loc"]), one["msg"].removeprefix("Value error, "), one["type"]
            )
            for one in found
        ]
    )
