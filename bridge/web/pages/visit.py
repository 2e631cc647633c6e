"""One visit to a page: who is signed in, and the ways a visit ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import structlog
from pydantic import ValidationError
from starlette.datastructures import FormData, ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message

from bridge.access.role import Role
from bridge.errors import BridgeError, FieldProblem, FieldsRefused, KeyRefused, Malformed, NoKeys
from bridge.principal import Principal, check_csrf
from bridge.web.api.entrance import COOKIE, Entrance, check_role
from bridge.web.api.operation import Asked
from bridge.web.api.reading import UNFIT, read_bytes
from bridge.web.errors import message_of, new_request_id, status_of
from bridge.web.pages.render import Renderer

MOST_FIELDS = 2_000
MOST_FORM_BYTES = 4_194_304
"""A rule file of a million characters, most of them written as three in a form."""

log = structlog.get_logger("bridge.pages")


@dataclass(frozen=True, slots=True)
class Visit:
    """form: what was sent; empty for a page that is only read."""

    who: Principal
    request: Request
    request_id: str
    form: FormData

    def asked(
        self, *, path: Mapping[str, str] | None = None, body: Any = None, query: Any = None
    ) -> Asked[Any, Any]:
        """The same as a request to an API's own method, which checks nothing itself."""
        return Asked(self.who, path or {}, body, query, self.request, self.request_id)

    def field(self, name: str, default: str = "") -> str:
        value = self.form.get(name, default)
        return value if isinstance(value, str) else default

    def fields(self, name: str) -> list[str]:
        return [one for one in self.form.getlist(name) if isinstance(one, str)]

    @property
    def is_part(self) -> bool:
        """Whether only a part of the page is wanted."""
        return self.request.headers.get("hx-request") == "true"


Page = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Guide:
    """Lets visitors in and shows what goes wrong as a page.

    secure: whether the cookie may travel by https only.
    """

    def __init__(self, entrance: Entrance, renderer: Renderer, *, secure: bool) -> None:
        self.entrance = entrance
        self.renderer = renderer
        self.secure = secure

    def page(
        self, show: Page, role: Role = Role.VIEWER
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that shows a page to whoever is signed in with at least this role."""

        async def endpoint(request: Request) -> Response:
            request_id = new_request_id()
            try:
                who = await self.entrance.by_cookie(request.cookies.get(COOKIE, ""))
                check_role(who, role)
                form = FormData()
                check_texts("query", request.query_params)
                if request.method == "POST":
                    form = await read_form(request, MOST_FORM_BYTES, MOST_FIELDS)
                    sent = form.get("csrf") or request.headers.get("x-csrf-token", "")
                    check_csrf(who, str(sent))
                return await show(Visit(who, request, request_id, form))
            except (KeyRefused, NoKeys):
                return self._to_sign_in(request)
            except BridgeError as error:
                return self.trouble(status_of(error), message_of(error), request_id)
            except Exception as error:  # the edge: a mistake of ours is a page with its id
                log.exception("page failed", path=request.url.path, request_id=request_id)
                return self.trouble(500, message_of(error), request_id)

        return endpoint

    def _to_sign_in(self, request: Request) -> Response:
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"hx-redirect": "/sign-in"})
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(there, safe='')}", 303)

    def trouble(self, status: int, words: str, request_id: str) -> Response:
        values = {"status": status, "words": words, "request_id": request_id}
        return self.renderer.page("trouble.html", values, status)


async def read_form(request: Request, most_bytes: int, most_fields: int) -> FormData:
    """The fields of a form. Raises TooLarge, Malformed, FieldsRefused."""
    raw = await read_bytes(request, most_bytes)

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    try:
        form = await Request(request.scope, receive).form(max_fields=most_fields, max_files=0)
    except HTTPException as error:
        raise Malformed(f"the form cannot be read: {error.detail}") from error
    check_texts("body", form)
    return form


def check_texts(where: str, fields: ImmutableMultiDict[str, Any]) -> None:
    """No field holds what no store keeps. Raises FieldsRefused."""
    for name, value in fields.multi_items():
        if UNFIT in name or UNFIT in str(value):
            raise FieldsRefused([FieldProblem((where, name), "holds a NUL")])


def misfit_words(error: ValidationError) -> str:
    """What is wrong with each field, in one line."""
    wrong = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in wrong)


def back(path: str, **told: str) -> Response:
    """Sends the browser on after a form, so that reloading does nothing twice."""
    query = f"?{urlencode(told)}" if told else ""
    return RedirectResponse(f"{path}{query}", 303)
