"""Signing in with an API key, and out again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bridge.clock import Clock
from bridge.errors import BridgeError, KeyRefused, NoKeys
from bridge.principal import SESSION_MS, begin_session, end_session, recognise
from bridge.store.sessions import Session
from bridge.store.transaction import Transaction
from bridge.web.api.entrance import COOKIE
from bridge.web.errors import status_of
from bridge.web.pages.visit import Guide, Visit, back, read_form

MOST_BYTES = 16_384
"""Anyone may send this form; a key and an address are far below it."""


class SignIn:
    """The only pages that can be seen without a key."""

    def __init__(self, guide: Guide, clock: Clock) -> None:
        self._guide = guide
        self._database = guide.entrance.database
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route("/sign-in", self.show, methods=["GET"]),
            Route("/sign-in", self.enter, methods=["POST"]),
            Route("/sign-out", self._guide.page(self.leave), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        return await self._form(request.query_params.get("next", "/"), "")

    async def enter(self, request: Request) -> Response:
        try:
            form = await read_form(request, MOST_BYTES, most_fields=5)
        except BridgeError as error:
            return await self._form("/", str(error), status_of(error))
        key, there = str(form.get("key", "")).strip(), str(form.get("next", "/"))
        now = self._clock()

        async def work(tx: Transaction) -> tuple[Session, str]:
            return await begin_session(tx, await recognise(tx, key), now)

        try:
            _, secret = await self._database.write(work)
        except KeyRefused as error:
            return await self._form(there, str(error), 401)
        response = RedirectResponse(inside(there), 303)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=SESSION_MS // 1000,
            httponly=True,
            secure=self._guide.secure,
            samesite="strict",
        )
        return response

    async def leave(self, visit: Visit) -> Response:
        secret = visit.request.cookies.get(COOKIE, "")
        await self._database.write(lambda tx: end_session(tx, secret))
        response = back("/sign-in")
        response.delete_cookie(COOKIE)
        return response

    async def _form(self, there: str, trouble: str, status: int = 200) -> Response:
        no_keys = ""
        try:
            await self._guide.entrance.check_any_key()
        except NoKeys as error:
            no_keys = str(error)
        values = {"next": inside(there), "trouble": trouble, "no_keys": no_keys}
        return self._guide.renderer.page("sign_in.html", values, status)


def inside(there: str) -> str:
    """A path of ours; the overview for whatever leads elsewhere."""
    good = there.startswith("/") and not there.startswith(("//", "/\\")) and "\n" not in there
    return there if good else "/"
