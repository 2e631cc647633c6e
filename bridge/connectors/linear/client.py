"""A workspace as the actions use it: queries, mutations, and what their errors mean."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.connectors.answers import (
    WORDS_LIMIT,
    Wait,
    as_list,
    as_object,
    child,
    own_words,
    wait_seconds,
)
from bridge.connectors.ask import Reply
from bridge.connectors.http import HttpClient
from bridge.connectors.linear.options import LinearSettings
from bridge.connectors.redact import Redactor
from bridge.connectors.site import Site
from bridge.errors import ConnectorError, GiveUp, TryAgain
from bridge.event import JSON

TICKET = re.compile(r"[A-Za-z][A-Za-z0-9]{0,9}-[1-9]\d{0,9}")
PAGE_OF_TICKET = re.compile(
    r"https://linear\.app/[^/\s]+/issue/([A-Za-z][A-Za-z0-9]*-\d+)(?:/\S*)?"
)
PASSING = frozenset({"internal error", "lock timeout", "network error", "unknown", "other"})
"""Types of errors that a later try may not meet.
https://github.com/linear/linear/blob/master/packages/sdk/src/error.ts, read 2026-11."""
LIMITS = ("requests", "complexity", "endpoint-requests")


@dataclass(frozen=True, slots=True)
class Linear:
    """One integration's client."""

    settings: LinearSettings
    site: Site

    async def ask(self, query: str, **variables: JSON) -> dict[str, JSON]:
        """The data of a query."""
        return await self._exchange(query, variables, changes=False)

    async def change(self, mutation: str, **variables: JSON) -> dict[str, JSON]:
        """The data of a mutation."""
        return await self._exchange(mutation, variables, changes=True)

    async def _exchange(
        self, document: str, variables: Mapping[str, JSON], *, changes: bool
    ) -> dict[str, JSON]:
        reply, answer = await self.site.exchange(
            "POST",
            "/graphql",
            body={"query": document, "variables": dict(variables)},
            changes=changes,
            allow=frozenset({400}),
        )
        errors = as_list(child(answer, "errors"))
        if errors or reply.status == 400:
            raise failure(reply, errors, self.site.redactor, self.site.http.now(), changes=changes)
        return as_object(child(answer, "data"))


def failure(
    reply: Reply, errors: list[JSON], redactor: Redactor, now: int, *, changes: bool
) -> ConnectorError:
    """The error behind `errors`, which come with 200 as well as with 400."""
    first = errors[0] if errors else None
    words = str(
        child(first, "extensions", "userPresentableMessage") or child(first, "message") or ""
    )
    words = redactor.cut(words or own_words(reply.headers, reply.body), WORDS_LIMIT)
    kind = str(child(first, "extensions", "type") or "").casefold()
    code = str(child(first, "extensions", "code") or "").upper()
    reason = f"Linear says: {words}"
    if code == "RATELIMITED" or kind == "ratelimited":
        wait = reset_seconds(reply.headers, now)
        return TryAgain(reason, after_seconds=wait, status=429, scope="site")
    if kind in PASSING or code == "INTERNAL_SERVER_ERROR":
        return TryAgain(reason, status=500, may_have_happened=changes)
    signed_out = code == "AUTHENTICATION_ERROR" or kind == "authentication error"
    return GiveUp(reason, status=401 if signed_out else 400)


def reset_seconds(headers: Mapping[str, str], now: int) -> float | None:
    """How long until what is used up is there again, by the headers of each of the three limits.

    Times are milliseconds since 1970. https://linear.app/developers/rate-limiting, read 2026-11.
    """
    waits: list[float] = []
    for limit in LIMITS:
        if headers.get(f"x-ratelimit-{limit}-remaining", "1") not in ("0", "0.0"):
            continue
        reset = wait_seconds(
            {"x-ratelimit-reset": headers.get(f"x-ratelimit-{limit}-reset", "")}, now
        )
        if reset is not None:
            waits.append(reset)
    return max(waits) if waits else wait_seconds(headers, now)


def judge(status: int, headers: Mapping[str, str], words: str, now: int) -> Wait | None:
    """429, should Linear ever give it; it says so by an error in the body else."""
    del words
    return Wait(reset_seconds(headers, now), "site") if status == 429 else None


def open_linear(settings: LinearSettings, http: HttpClient) -> Linear:
    headers = {"authorization": settings.auth.header()}
    redactor = Redactor(settings.auth.secrets())
    site = Site(http, settings.base_url, headers, redactor, settings.timeout_seconds, judge)
    return Linear(settings, site)


def ticket_key(text: str) -> str:
    """`ENG-12` from a key, a UUID or the page's address. Raises GiveUp."""
    text = text.strip()
    if found := PAGE_OF_TICKET.fullmatch(text):
        return found[1].upper()
    if TICKET.fullmatch(text):
        return text.upper()
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise GiveUp(f"{text[:100]!r} is no issue: expected a key such as ENG-12") from None
