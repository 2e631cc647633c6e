"""The shapes of errors: each document has its own, and all of them carry a `requestId`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from bridge.errors import FieldProblem
from bridge.event import JSON


@dataclass(frozen=True, slots=True)
class Failure:
    """What an error answer tells, before it has a shape.

    code: one word for programs. problems: of single fields; empty where the whole is meant.
    """

    status: int
    code: str
    message: str
    problems: Sequence[FieldProblem]
    request_id: str

    @property
    def phrase(self) -> str:
        return HTTPStatus(self.status).phrase

    def listed(self) -> list[JSON]:
        """The fields that cannot be used, as most frameworks list them."""
        return [
            {"loc": list(one.where), "msg": one.message, "type": one.kind} for one in self.problems
        ]


@dataclass(frozen=True, slots=True)
class Shape:
    """name: of its schema in `/openapi.json`. schema: JSON Schema of what `write` gives."""

    name: str
    write: Callable[[Failure], dict[str, JSON]]
    schema: dict[str, JSON]


def _object(required: Sequence[str], **properties: JSON) -> dict[str, JSON]:
    return {"type": "object", "required": [*required], "properties": dict(properties)}


_TEXT: JSON = {"type": "string"}
_FIELD: JSON = _object(
    ("loc", "msg", "type"),
    loc={"type": "array", "items": {"type": ["string", "integer"]}},
    msg=_TEXT,
    type=_TEXT,
)
_FIELDS: JSON = {"type": "array", "items": _FIELD}


def _ours(failure: Failure) -> dict[str, JSON]:
    error: dict[str, JSON] = {"code": failure.code, "message": failure.message}
    if failure.problems:
        error["fields"] = failure.listed()
    return {"error": error, "requestId": failure.request_id}


OURS = Shape(
    "Error",
    _ours,
    _object(
        ("error", "requestId"),
        error=_object(("code", "message"), code=_TEXT, message=_TEXT, fields=_FIELDS),
        requestId=_TEXT,
    ),
)
"""`{"error": {"code", "message"}, "requestId"}`"""


def _detail(failure: Failure) -> dict[str, JSON]:
    detail: JSON = failure.listed() if failure.problems else failure.message
    return {"detail": detail, "requestId": failure.request_id}


DETAIL = Shape(
    "ErrorDetail",
    _detail,
    _object(("detail", "requestId"), detail={"anyOf": [_TEXT, _FIELDS]}, requestId=_TEXT),
)
"""`{"detail": text or list of fields, "requestId"}`, as document 000 speaks of it."""


def _envelope(failure: Failure) -> dict[str, JSON]:
    value: dict[str, JSON] = {"success": False, "error": failure.message}
    if failure.problems:
        value["details"] = failure.listed()
    return {**value, "requestId": failure.request_id}


ENVELOPE = Shape(
    "ErrorEnvelope",
    _envelope,
    _object(
        ("success", "error", "requestId"),
        success={"const": False},
        error=_TEXT,
        details=_FIELDS,
        requestId=_TEXT,
    ),
)
"""`{"success": false, "error": text, "requestId"}`, the other half of the `success`/`data`
envelope of documents 001 and 002."""


def _progress(failure: Failure) -> dict[str, JSON]:
    value = _envelope(failure)
    return {**value, "message": failure.message}


PROGRESS = Shape(
    "ErrorProgress",
    _progress,
    _object(
        ("success", "error", "message", "requestId"),
        success={"const": False},
        error=_TEXT,
        message=_TEXT,
        details=_FIELDS,
        requestId=_TEXT,
    ),
)
"""`{"success": false, "error": text, "message": text, "requestId"}`: document 003 names the
message of an error and, for what is told with 200, `error`; both hold the same words."""


def _kibana(failure: Failure) -> dict[str, JSON]:
    return {
        "statusCode": failure.status,
        "error": failure.phrase,
        "message": failure.message,
        "requestId": failure.request_id,
    }


KIBANA = Shape(
    "ErrorKibana",
    _kibana,
    _object(
        ("statusCode", "error", "message", "requestId"),
        statusCode={"type": "integer"},
        error=_TEXT,
        message=_TEXT,
        requestId=_TEXT,
    ),
)
"""`{"statusCode", "error", "message", "requestId"}`, as Kibana answers."""
