"""All pages together, and the files they load."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

STATIC = Path(__file__).parents[1] / "static"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Pages(Protocol):
    """Some pages, with their addresses."""

    def routes(self) -> list[Route]: ...


def page_routes(*pages: Pages) -> list[Route]:
    """The routes of all pages."""
    found = [route for one in pages for route in one.routes()]
    return [*found, Route("/static/{name}", static)]


async def static(request: Request) -> Response:
    """A file of the bundle; nothing else is in that folder."""
    name = request.path_params["name"]
    file = next((one for one in STATIC.iterdir() if one.name == name), None)
    if file is None:
        return Response(status_code=404)
    headers = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
    return FileResponse(file, media_type=KINDS.get(file.suffix, "text/plain"), headers=headers)
