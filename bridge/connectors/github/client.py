"""A repository as the actions use it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from bridge.connectors.answers import Wait, as_list, as_object, wait_seconds
from bridge.connectors.github.options import REPOSITORY, GitHubSettings
from bridge.connectors.http import HttpClient
from bridge.connectors.mirror import text_of
from bridge.connectors.redact import Redactor
from bridge.connectors.site import Query, Site
from bridge.errors import GiveUp
from bridge.event import JSON

TICKET = re.compile(r"(?:(?P<repository>[^#\s]+)#|#)?(?P<number>[1-9]\d{0,9})")
PAGE_OF_TICKET = re.compile(
    r"https?://[^/\s]+/(?P<repository>[^/\s]+/[^/\s]+)/issues/(?P<number>\d+)"
)
VERSION = "2022-11-28"
PER_PAGE = 100
SECONDARY_SECONDS = 60.0
"""What GitHub asks to wait at least where a secondary limit comes without a number."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An issue: the repository it is in and its number."""

    repository: str
    number: int

    @property
    def path(self) -> str:
        return f"{self.beside}/{self.number}"

    @property
    def beside(self) -> str:
        """Where the repository has its issues, and the comments of all of them."""
        return f"/repos/{self.repository}/issues"

    @property
    def key(self) -> str:
        return f"{self.repository}#{self.number}"


@dataclass(slots=True)
class GitHub:
    """One integration's client. Remembers its account's name once it has asked for it."""

    settings: GitHubSettings
    site: Site
    own: str | None = field(default=None)

    def ticket(self, text: str) -> Ticket:
        """From `12`, `#12`, `owner/name#12` or the page's address. Raises GiveUp."""
        found = PAGE_OF_TICKET.match(text.strip()) or TICKET.fullmatch(text.strip())
        repository = (found and found["repository"]) or self.settings.repository
        if not found or not REPOSITORY.fullmatch(repository):
            raise GiveUp(f"{text[:100]!r} is no issue: expected a number or owner/name#12")
        return Ticket(repository, int(found["number"]))

    async def own_login(self) -> str:
        """The name of our own account; empty where the token is nobody's, as an app's is."""
        if self.own is None:
            try:
                self.own = text_of(as_object(await self.get("/user")).get("login"))
            except GiveUp:
                self.own = ""
        return self.own

    async def get(self, path: str, query: Query | None = None) -> JSON:
        return (await self.site.fetch("GET", path, query=query))[1]

    async def write(self, method: str, path: str, body: JSON) -> dict[str, JSON]:
        return as_object((await self.site.fetch(method, path, body=body))[1])

    async def issue(self, ticket: Ticket) -> dict[str, JSON]:
        return as_object(await self.get(ticket.path))

    async def pages(
        self, path: str, query: Mapping[str, str | int], most: int
    ) -> AsyncIterator[list[dict[str, JSON]]]:
        """The pages of a list, from the first, `most` of them."""
        for number in range(1, most + 1):
            asked = {**query, "per_page": PER_PAGE, "page": number}
            found = [as_object(one) for one in as_list(await self.get(path, asked))]
            yield found
            if len(found) < PER_PAGE:
                return


def judge(status: int, headers: Mapping[str, str], words: str, now: int) -> Wait | None:
    """GitHub's limits: 403 or 429, the primary one by `x-ratelimit-remaining: 0`, a secondary one
    by its words and perhaps `retry-after`. All of the integration has to wait.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api, read 2026-11.
    """
    if status not in (403, 429):
        return None
    if "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0":
        return Wait(wait_seconds(headers, now), "site")
    if status == 429 or "rate limit" in words.lower():
        return Wait(SECONDARY_SECONDS, "site")
    return None


def open_github(settings: GitHubSettings, http: HttpClient) -> GitHub:
    headers = {
        "accept": "application/vnd.github+json",
        "authorization": settings.auth.header(),
        "x-github-api-version": VERSION,
    }
    redactor = Redactor(settings.auth.secrets())
    site = Site(http, settings.base_url, headers, redactor, settings.timeout_seconds, judge)
    return GitHub(settings, site)
