"""An organisation of TheHive's as the actions use it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bridge.connectors.answers import as_list, as_object
from bridge.connectors.hidden import marks_in
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.connectors.settling import Settling
from bridge.connectors.site import Site, part
from bridge.connectors.tagged_cases import Case
from bridge.connectors.thehive.options import TheHiveSettings
from bridge.errors import GiveUp
from bridge.event import JSON

INDEX_SECONDS = 5.0
"""Elasticsearch refreshes an index every second unless told otherwise, and TheHive writes to it
behind its own store; five are safe."""

PAGE = 100
MOST_PAGES = 20
CASE = re.compile(r"(?:thehive/)?(~\d{1,20}|[1-9]\d{0,9})")
PAGE_OF_CASE = re.compile(r"https?://[^\s?#]+/cases/(~\d{1,20})(?:/\S*)?")
ALERT = re.compile(r"(?:thehive/)?(~\d{1,20}|[^;/\s]{1,32};[^;]{1,32};[^;]{1,128})")
PAGE_OF_ALERT = re.compile(r"https?://[^\s?#]+/alerts/(~\d{1,20})(?:/\S*)?")


@dataclass(slots=True)
class TheHive:
    """One integration's client."""

    settings: TheHiveSettings
    site: Site
    settling: Settling = field(default_factory=lambda: Settling(INDEX_SECONDS))

    async def get(self, path: str) -> dict[str, JSON]:
        return as_object((await self.site.fetch("GET", f"/api/v1{path}"))[1])

    async def post(self, path: str, body: JSON) -> dict[str, JSON]:
        return as_object((await self.site.fetch("POST", f"/api/v1{path}", body=body))[1])

    async def patch(self, path: str, body: JSON) -> None:
        await self.site.fetch("PATCH", f"/api/v1{path}", body=body)

    async def query(self, name: str, *steps: JSON) -> list[JSON]:
        """What a query finds. name: tells whoever reads TheHive's log what it was for."""
        body: JSON = {"query": [*steps]}
        path = f"/api/v1/query?name={part(name)}"
        return as_list((await self.site.fetch("POST", path, body=body, changes=False))[1])

    async def case(self, key: str) -> Case:
        """One case as it stands now, read past the index."""
        return await self.get(case_path(key))

    async def oldest_with_tag(self, tag: str) -> Case | None:
        """The case with a tag that the index knows, the oldest where there are several."""
        tagged: JSON = {"_name": "filter", "_eq": {"_field": "tags", "_value": tag}}
        oldest: JSON = {"_name": "sort", "_fields": [{"_createdAt": "asc"}]}
        found = await self.query("scanbridge-case", {"_name": "listCase"}, tagged, oldest, _page(0))
        return next((one for one in map(as_object, found) if tag in as_list(one.get("tags"))), None)

    async def parts(self, getter: str, key: str, kind: str) -> AsyncIterator[dict[str, JSON]]:
        """The comments or attachments of one case or alert, read from it and not from the index."""
        for number in range(MOST_PAGES):
            owner: JSON = {"_name": getter, "idOrName": key}
            found = await self.query(f"scanbridge-{kind}", owner, {"_name": kind}, _page(number))
            for one in found:
                yield as_object(one)
            if len(found) < PAGE:
                return

    async def comment_of(self, key: str, comment_id: str) -> dict[str, JSON]:
        """A comment of a case: there is no call that reads one alone. Raises GiveUp."""
        async for one in self.parts("getCase", key, "comments"):
            if one.get("_id") == comment_id:
                return one
        raise GiveUp(f"the case {key} has no comment {comment_id[:100]!r}", status=404)

    async def find_comment(self, getter: str, key: str, mark: str) -> str | None:
        """The id of the comment that carries the mark; None when there is none."""
        async for one in self.parts(getter, key, "comments"):
            if mark in marks_in(str(one.get("message", ""))):
                return str(one.get("_id"))
        return None

    def key_of(self, case: Case) -> str:
        return str(case.get("_id"))

    def page(self, case: Case) -> str:
        """Where people open a case."""
        return f"{self.settings.base_url}/cases/{part(self.key_of(case))}/details"


def _page(number: int) -> JSON:
    return {"_name": "page", "from": number * PAGE, "to": (number + 1) * PAGE}


def case_key(text: str) -> str:
    """`~123`, a case's number, `thehive/~123` or the page's address. Raises GiveUp."""
    found = CASE.fullmatch(text.strip()) or PAGE_OF_CASE.fullmatch(text.strip())
    if not found:
        raise GiveUp(f"{text[:100]!r} is no case: expected an id such as ~4120 or a number")
    return found[1]


def case_path(key: str) -> str:
    return f"/case/{part(case_key(key))}"


def alert_key(text: str) -> str:
    """`~123`, `type;source;sourceRef`, `thehive/~123` or the page's address. Raises GiveUp."""
    found = ALERT.fullmatch(text.strip()) or PAGE_OF_ALERT.fullmatch(text.strip())
    if not found:
        raise GiveUp(
            f"{text[:100]!r} is no alert: expected an id such as ~4120, or type;source;sourceRef"
        )
    return found[1]


def open_thehive(settings: TheHiveSettings, http: HttpClient) -> TheHive:
    headers = {"authorization": settings.auth.header()}
    if settings.organisation:
        headers["x-organisation"] = settings.organisation
    redactor = Redactor(settings.auth.secrets())
    site = Site(http, settings.base_url, headers, redactor, settings.timeout_seconds)
    return TheHive(settings, site)
