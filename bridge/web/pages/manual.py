"""`/docs`: the description of every operation, laid out for people. It needs no key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.web.pages.render import Renderer


class Manual:
    """described: gives what `/openapi.json` says."""

    def __init__(self, renderer: Renderer, described: Callable[[], Mapping[str, Any]]) -> None:
        self._renderer = renderer
        self._described = described

    def routes(self) -> list[Route]:
        return [Route("/docs", self.show)]

    async def show(self, request: Request) -> Response:
        del request
        told = self._described()
        schemas = told["components"]["schemas"]
        by_tag: dict[str, list[dict[str, Any]]] = {}
        for path, methods in told["paths"].items():
            for method, one in methods.items():
                body = one.get("requestBody", {}).get("content", {})
                entry = {
                    **one,
                    "method": method.upper(),
                    "path": path,
                    "body": [
                        {"kind": kind, "schema": opened(content["schema"], schemas), **content}
                        for kind, content in body.items()
                    ],
                    "shown": [
                        {"name": name, **example}
                        for answer in one["responses"].values()
                        for content in answer.get("content", {}).values()
                        for name, example in content.get("examples", {}).items()
                    ],
                }
                by_tag.setdefault(one["tags"][0], []).append(entry)
        values = {"told": told, "by_tag": by_tag, "schemas": schemas}
        return self._renderer.page("manual.html", values)


def opened(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference names; any other as it is."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = schemas.get(name, schema)
    return found
