"""Who is let in, and how often: the key or the session of a request."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from starlette.requests import Request

from bridge.access.allowance import Allowances, Allowed
from bridge.access.role import Role
from bridge.clock import Clock
from bridge.errors import KeyRefused, NoKeys, RateExceeded, RoleRefused
from bridge.principal import Principal, check_csrf, recognise, recognise_session
from bridge.store.keys import any_key, note_use
from bridge.store.transaction import Database

COOKIE = "scanbridge_session"
CSRF_HEADER = "x-csrf-token"
READING = frozenset({"GET", "HEAD", "OPTIONS"})

NOTE_EVERY_MS = 60_000
"""How exact a key's last use is: a write for each request would cost more than it tells."""

HOW_TO_MAKE_ONE = (
    "there is no API key yet; make the first with `bridge keys create --role admin`, "
    "beside the server's configuration"
)


@dataclass(slots=True)
class Entrance:
    """Recognises callers.

    per_minute: requests of a key that has no number of its own.
    """

    database: Database
    clock: Clock
    per_minute: int = 300
    _allowances: Allowances = field(default_factory=Allowances)
    _any_key: bool = False
    _noted: dict[str, int] = field(default_factory=dict)

    async def enter(self, request: Request) -> Principal:
        """Whose request it is. Raises KeyRefused, and NoKeys while nobody can have one."""
        secret = key_of(request)
        if secret is None:
            cookie = request.cookies.get(COOKIE)
            if cookie:
                return await self._by_session(request, cookie)
            await self.check_any_key()
            raise KeyRefused(
                "an API key is needed: Authorization: Bearer KEY, X-API-Key: KEY or ?api_key=KEY"
            )
        try:
            who = await self.database.read(lambda tx: recognise(tx, secret))
        except KeyRefused:
            await self.check_any_key()
            raise
        await self._note(who)
        return who

    async def by_cookie(self, cookie: str) -> Principal:
        """Who is signed in. Raises KeyRefused."""
        now = self.clock()
        return await self.database.read(lambda tx: recognise_session(tx, cookie, now))

    async def _by_session(self, request: Request, cookie: str) -> Principal:
        who = await self.by_cookie(cookie)
        if request.method not in READING:
            check_csrf(who, request.headers.get(CSRF_HEADER, ""))
        return who

    async def check_any_key(self) -> None:
        """Raises NoKeys while nobody can have one."""
        if not self._any_key:
            self._any_key = await self.database.read(any_key)
        if not self._any_key:
            raise NoKeys(HOW_TO_MAKE_ONE)

    async def _note(self, who: Principal) -> None:
        now = self.clock()
        if now - self._noted.get(who.key_id, 0) >= NOTE_EVERY_MS:
            self._noted[who.key_id] = now
            await self.database.write(lambda tx: note_use(tx, who.key_id, now))

    def count(self, who: Principal) -> Allowed:
        """Counts a request against its key; the answer's headers tell what is left."""
        return self._allowances.take(
            who.key_id, who.per_minute or self.per_minute, time.monotonic()
        )


def check_allowed(allowed: Allowed) -> None:
    """Raises RateExceeded."""
    if allowed.retry_after_seconds:
        raise RateExceeded(allowed.retry_after_seconds)


def check_role(who: Principal, needed: Role) -> None:
    """Raises RoleRefused."""
    if not who.role.may(needed):
        raise RoleRefused(f"this needs the role {needed.value}; the key's role is {who.role.value}")


def key_of(request: Request) -> str | None:
    """The secret a request brings, by the first of the three ways that it uses."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    return request.headers.get("x-api-key") or request.query_params.get("api_key") or None
