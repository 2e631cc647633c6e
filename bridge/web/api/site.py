"""All APIs together: their routes, their description, and the error of a path that is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.web.api.entrance import Entrance
from bridge.web.api.gate import Gate
from bridge.web.api.openapi import describe
from bridge.web.api.operation import Operation


class Api(Protocol):
    """One API: a class with the parts it needs."""

    def operations(self) -> Sequence[Operation]: ...


class ApiSite:
    """Every API of this process.

    server: the address that `/openapi.json` names.
    """

    def __init__(
        self, apis: Sequence[Api], entrance: Entrance, body_limit_bytes: int, server: str
    ) -> None:
        self.apis = tuple(apis)
        self.operations = tuple(one for api in apis for one in api.operations())
        self._gate = Gate(entrance, body_limit_bytes)
        self._server = server
        self._described: dict[str, Any] | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/openapi.json", self.describe),
            *self._gate.routes(self.operations),
        ]

    async def describe(self, request: Request) -> Response:
        """The description needs no key: it tells what is documented anyway."""
        del request
        return JSONResponse(self.described())

    def described(self) -> dict[str, Any]:
        """What `/openapi.json` says; made when first asked for, so that starting is quicker."""
        if self._described is None:
            self._described = describe(self.operations, self._server)
        return self._described
