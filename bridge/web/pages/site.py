"""All pages together, and the files they load."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from bridge.web.pages.acting import Acting
from bridge.web.pages.manual import Manual
from bridge.web.pages.quarantining import Quarantining
from bridge.web.pages.ruling import Ruling
from bridge.web.pages.seeing import Seeing
from bridge.web.pages.sign_in import SignIn

STATIC = Path(__file__).parents[1] / "static"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def page_routes(*pages: SignIn | Seeing | Acting | Quarantining | Ruling | Manual) -> list[Route]:
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
