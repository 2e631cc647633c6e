"""Everything but the hooks: Starlette, with our own shape for its errors."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bridge.web.errors import code_of, error_body, message_of, new_request_id, status_of

CODES = {404: "not_found", 405: "method_not_allowed"}
WORDS = {404: "there is nothing at this address", 405: "this address takes other methods"}

log = structlog.get_logger("bridge.web")


def make_site(routes: Sequence[BaseRoute]) -> Starlette:
    """The application behind the hooks."""
    return Starlette(
        routes=list(routes),
        exception_handlers={HTTPException: refused, Exception: failed},
    )


async def refused(request: Request, error: Exception) -> Response:
    """What Starlette itself turns away."""
    del request
    assert isinstance(error, HTTPException)  # registered for nothing else
    code = CODES.get(error.status_code, "refused")
    words = WORDS.get(error.status_code, str(error.detail))
    return error_response(error.status_code, code, words, dict(error.headers or {}))


async def failed(request: Request, error: Exception) -> Response:
    """A mistake of ours. Starlette raises it again for the server's log; ours names the request."""
    response = error_response(status_of(error), code_of(error), message_of(error), {})
    log.error("request failed", path=request.url.path, request_id=response.headers["x-request-id"])
    return response


def error_response(status: int, code: str, words: str, headers: dict[str, str]) -> Response:
    request_id = new_request_id()
    headers = {**headers, "x-request-id": request_id}
    body = error_body(code, words, request_id)
    return Response(body, status, headers, media_type="application/json")
