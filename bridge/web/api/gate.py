"""The way every API request goes: key, rate, role, form, then the operation, then its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.access.allowance import Allowed
from bridge.errors import BridgeError, FieldsRefused, NotFound, StoreError
from bridge.web.api.entrance import Entrance, check_allowed, check_role
from bridge.web.api.operation import PARAMETER, Asked, Operation
from bridge.web.api.reading import UNFIT, read_body, read_query
from bridge.web.api.shapes import Failure, Shape
from bridge.web.errors import code_of, message_of, new_request_id, retry_after_of, status_of

STORE_DOWN = "the store does not answer; ask again later"
"""Its own words name files, so they stay in the log."""

log = structlog.get_logger("bridge.api")


class Gate:
    """Makes routes of operations.

    body_limit_bytes: of JSON bodies; uploads have a limit of their own.
    """

    def __init__(self, entrance: Entrance, body_limit_bytes: int) -> None:
        self._entrance = entrance
        self._body_limit_bytes = body_limit_bytes

    def routes(self, operations: Sequence[Operation]) -> list[Route]:
        """One route for each path; the methods of a path are told apart behind it, so that a
        method it does not take is a 405 that names those it does."""
        by_path: dict[str, dict[str, Operation]] = {}
        for one in operations:
            by_path.setdefault(one.path, {})[one.method] = one
        return [
            route_of(route_path(path, known), Endpoint(self, known), sorted(known))
            for path, known in by_path.items()
        ]

    async def answer(self, request: Request, operation: Operation) -> Response:
        """The whole way of one request."""
        request_id = new_request_id()
        allowed: Allowed | None = None
        try:
            who = await self._entrance.enter(request)
            allowed = self._entrance.count(who)
            check_allowed(allowed)
            check_role(who, operation.role)
            path = path_of(request)
            query = read_query(request, operation)
            body = await read_body(request, operation, self._body_limit_bytes)
            given = await operation.run(Asked(who, path, body, query, request, request_id))
            response = given if isinstance(given, Response) else written(given, operation.status)
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody reads it
        except BridgeError as error:
            response = refusal(error, operation.shape, request_id)
        except Exception as error:  # the edge: a mistake of ours is a 500 with its id
            log.exception("request failed", operation=operation.name, request_id=request_id)
            response = refusal(error, operation.shape, request_id)
        response.headers["x-request-id"] = request_id
        response.headers.setdefault("cache-control", "no-store")
        if allowed is not None:
            response.headers.update(rate_headers(allowed))
        return response


class Endpoint:
    """One path, with the operations of its methods."""

    def __init__(self, gate: Gate, operations: Mapping[str, Operation]) -> None:
        self._gate = gate
        self._operations = operations

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        method = "GET" if request.method == "HEAD" else request.method
        response = await self._gate.answer(request, self._operations[method])
        await response(scope, receive, send)


def route_of(path: str, endpoint: Endpoint, methods: list[str]) -> Route:
    """Starlette's `:path` ends at a line break, which an address may hold encoded too."""
    route = Route(path, endpoint, methods=methods)
    route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
    return route


def route_path(path: str, known: Mapping[str, Operation]) -> str:
    """The path as Starlette takes it."""
    wide = any(one.slashes for one in known.values())
    return PARAMETER.sub(r"{\1:path}", path) if wide else path


def path_of(request: Request) -> Mapping[str, str]:
    """The parameters in the path. Raises NotFound: nothing has a name with a NUL in it."""
    path = {name: str(value) for name, value in request.path_params.items()}
    if any(UNFIT in value for value in path.values()):
        raise NotFound("there is nothing at this address")
    return path


def written(value: BaseModel | Any, status: int) -> Response:
    """A success as JSON. A field that was never set is left out only where its model says so."""
    if isinstance(value, BaseModel):
        text = value.model_dump_json(by_alias=True)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return Response(text, status, media_type="application/json")


def refusal(error: BaseException, shape: Shape, request_id: str) -> Response:
    """An error in the shape of its document."""
    status, message = status_of(error), message_of(error)
    if isinstance(error, StoreError):
        log.error("store", error=str(error), request_id=request_id)
        message = STORE_DOWN
    problems = error.problems if isinstance(error, FieldsRefused) else ()
    failure = Failure(status, code_of(error), message, problems, request_id)
    response = Response(
        json.dumps(shape.write(failure), ensure_ascii=False), status, media_type="application/json"
    )
    wait = retry_after_of(error, status)
    if wait is not None:
        response.headers["retry-after"] = str(wait)
    if status == 401:
        response.headers["www-authenticate"] = 'Bearer realm="scanbridge"'
    return response


def rate_headers(allowed: Allowed) -> dict[str, str]:
    """Requests a minute, those left now, and the seconds until all of them are there again."""
    return {
        "x-ratelimit-limit": str(allowed.limit),
        "x-ratelimit-remaining": str(allowed.remaining),
        "x-ratelimit-reset": str(allowed.reset_seconds),
    }
