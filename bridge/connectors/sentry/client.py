"""An organization of Sentry's as the actions use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.connectors.answers import Wait, as_list, as_object, child, wait_seconds
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.connectors.sentry.options import SentrySettings
from bridge.connectors.site import Query, Site, part
from bridge.errors import GiveUp
from bridge.event import JSON

NUMBER = re.compile(r"(?:https?://[^\s?#]+/issues/|sentry/)?(\d{1,20})(?:/[^\s]*)?")
SHORT = re.compile(r"[A-Z0-9][A-Z0-9_-]*-[A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Sentry:
    """One integration's client."""

    settings: SentrySettings
    site: Site

    @property
    def organization(self) -> str:
        return f"/api/0/organizations/{part(self.settings.organization)}"

    async def get(self, path: str, query: Query | None = None) -> JSON:
        return (await self.site.fetch("GET", path, query=query))[1]

    async def issue_path(self, text: str) -> str:
        """From an id, `sentry/ID`, a page's address or a short id such as SHOP-1A."""
        text = text.strip()
        if found := NUMBER.fullmatch(text):
            return f"{self.organization}/issues/{found[1]}/"
        short = text.upper()
        if not SHORT.fullmatch(short):
            raise GiveUp(f"{text[:100]!r} is no issue: expected an id, or one such as SHOP-1A")
        asked: dict[str, str | int] = {"query": short, "shortIdLookup": "1", "limit": 1}
        for one in as_list(await self.get(f"{self.organization}/issues/", asked)):
            if str(child(one, "shortId")).upper() == short:
                return f"{self.organization}/issues/{part(str(child(one, 'id')))}/"
        raise GiveUp(f"Sentry has no issue {short}", status=404)

    async def issue(self, path: str) -> dict[str, JSON]:
        return as_object(await self.get(path))


def judge(status: int, headers: Mapping[str, str], words: str, now: int) -> Wait | None:
    """429, for one endpoint: until the window ends, or soon where too many ran side by side.

    https://docs.sentry.io/api/ratelimits/, read 2026-11: the reset is in seconds since 1970.
    """
    del words
    if status != 429:
        return None
    if "retry-after" in headers:
        return Wait(wait_seconds(headers, now), "endpoint")
    if headers.get("x-sentry-rate-limit-concurrentremaining") == "0":
        return Wait(1.0, "endpoint")
    reset = {"x-ratelimit-reset": headers.get("x-sentry-rate-limit-reset", "")}
    return Wait(wait_seconds(reset, now), "endpoint")


def open_sentry(settings: SentrySettings, http: HttpClient) -> Sentry:
    headers = {"authorization": settings.auth.header()}
    redactor = Redactor(settings.auth.secrets())
    site = Site(http, settings.base_url, headers, redactor, settings.timeout_seconds, judge)
    return Sentry(settings, site)
