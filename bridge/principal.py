"""Who asks: API keys and sessions, made, recognised and ended."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, replace

from bridge.access.key_secret import digest_of, hint_of, new_secret
from bridge.access.role import Role
from bridge.clock import new_id
from bridge.errors import KeyRefused, NotFound
from bridge.store import keys, sessions
from bridge.store.audit import Change, add_change
from bridge.store.keys import Key
from bridge.store.sessions import Session
from bridge.store.transaction import Transaction
from bridge.store.users import keep_user

SESSION_MS = 12 * 3_600_000
"""How long a sign-in lasts: a working day."""

CLI = "cli"
"""The actor of what is done at the command line: whoever can read the store may do anything."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever holds a valid key.

    user_id, username, email: the person behind it; `username` is the key's name where none was
    given. per_minute: requests a minute, 0 for the configured number.
    csrf: of a session, what its changing requests bring along; empty for a key.
    """

    key_id: str
    tenant: str
    role: Role
    name: str
    user_id: int
    username: str
    email: str
    per_minute: int = 0
    csrf: str = ""

    def change(
        self, now: int, what: str, object_: str, request_id: str = "", **detail: str | int | bool
    ) -> Change:
        """A line for the audit trail, to be added in the transaction of the change itself."""
        return Change(
            self.tenant, now, self.key_id, self.name, what, object_, dict(detail), request_id
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key to be made. username: who it is for; the key's name where it is empty."""

    tenant: str
    name: str
    role: Role
    username: str = ""
    email: str = ""
    per_minute: int = 0


async def make_key(
    tx: Transaction, wanted: Wanted, now: int, by: Principal | None = None, request_id: str = ""
) -> tuple[Key, str]:
    """A new key and its secret, which is nowhere else: whoever gets it shows it once.

    by: who makes it; None at the command line.
    """
    user = await keep_user(tx, wanted.tenant, wanted.username or wanted.name, wanted.email, now)
    secret = new_secret()
    key = Key(
        new_id("key", now), wanted.tenant, wanted.name, wanted.role.value, user.id, user.username,
        user.email, hint_of(secret), wanted.per_minute, now, by.key_id if by else CLI, None, None,
    )  # fmt: skip
    await keys.insert_key(tx, key, digest_of(secret))
    await add_change(tx, _change(key, now, "key.create", by, request_id))
    return key, secret


async def end_key(
    tx: Transaction, key_id: str, now: int, by: Principal | None = None, request_id: str = ""
) -> Key:
    """Revokes a key. Raises NotFound, also for a key of another tenant than `by` is of."""
    key = await keys.get_key(tx, key_id)
    if key is None or (by is not None and key.tenant != by.tenant):
        raise NotFound(f"no key has the id {key_id}")
    if await keys.revoke_key(tx, key_id, now):
        await add_change(tx, _change(key, now, "key.revoke", by, request_id))
        key = replace(key, revoked_at=now)
    return key


def _change(key: Key, now: int, what: str, by: Principal | None, request_id: str) -> Change:
    if by is None:
        detail = {"name": key.name, "role": key.role}
        return Change(key.tenant, now, CLI, CLI, what, key.id, detail, request_id)
    return by.change(now, what, key.id, request_id, name=key.name, role=key.role)


async def recognise(tx: Transaction, secret: str) -> Principal:
    """Whose key it is. Raises KeyRefused for one that is unknown or revoked."""
    return _principal(await keys.find_key(tx, digest_of(secret)))


async def begin_session(tx: Transaction, who: Principal, now: int) -> tuple[Session, str]:
    """Signs somebody in; gives the session and the cookie's secret, which is nowhere else."""
    secret = secrets.token_urlsafe(32)
    session = Session(
        digest_of(secret), who.key_id, secrets.token_urlsafe(24), now, now + SESSION_MS
    )
    await sessions.insert_session(tx, session)
    return session, secret


async def recognise_session(tx: Transaction, secret: str, now: int) -> Principal:
    """Who is signed in. Raises KeyRefused when the session is over, or its key was revoked."""
    session = await sessions.find_session(tx, digest_of(secret), now)
    if session is None:
        raise KeyRefused("this session is over; sign in again")
    return replace(_principal(await keys.get_key(tx, session.key_id)), csrf=session.csrf)


async def end_session(tx: Transaction, secret: str) -> None:
    await sessions.delete_session(tx, digest_of(secret))


def check_csrf(who: Principal, sent: str) -> None:
    """Raises KeyRefused unless a session's request brings what only its own pages know."""
    if who.csrf and not hmac.compare_digest(who.csrf.encode(), sent.encode("utf-8", "replace")):
        raise KeyRefused("the request lacks this session's token (X-CSRF-Token); reload the page")


def _principal(key: Key | None) -> Principal:
    if key is None:
        raise KeyRefused("this API key is not known here")
    if key.revoked_at is not None:
        raise KeyRefused("this API key was revoked")
    return Principal(
        key.id, key.tenant, Role(key.role), key.name, key.user_id, key.username, key.email,
        key.per_minute,
    )  # fmt: skip
