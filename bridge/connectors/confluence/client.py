"""A Confluence site as the actions use it, in the words of REST v1 or v2."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.confluence.options import ConfluenceSettings
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.connectors.site import Query, Site, part
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

PAGE_ID = re.compile(r"\d{1,20}")
PAGE_ADDRESS = re.compile(r"https?://\S+?(?:/pages/(?:edit-v2/)?(\d+)|[?&]pageId=(\d+))")
NAMED_PAGE = re.compile(r"(?:(?P<space>~?[A-Za-z0-9._-]{1,255}):)?(?P<title>.+)")
CONFLICT = 409
COMMENTS = 100
MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it stands. body: storage format, to the byte."""

    id: str
    title: str
    version: int
    body: str


@dataclass(frozen=True, slots=True)
class PageComment:
    """body: storage format."""

    id: str
    body: str


@dataclass(slots=True)
class Confluence:
    """One integration's client. Remembers the ids of pages that rules call by their title."""

    settings: ConfluenceSettings
    site: Site
    _named: dict[str, str] = field(default_factory=dict)

    async def page_id(self, text: str) -> str:
        """The id behind an id, an address, or `SPACE:Title`. Raises GiveUp."""
        text = text.strip()
        if PAGE_ID.fullmatch(text):
            return text
        found = PAGE_ADDRESS.match(text)
        if found:
            return found[1] or found[2]
        if text not in self._named:
            self._named[text] = await self._look_up(text)
        return self._named[text]

    async def _look_up(self, text: str) -> str:
        named = NAMED_PAGE.fullmatch(text)
        space = (named and named["space"]) or self.settings.space
        if named is None or not space:
            raise GiveUp(f"{text[:100]!r} is no page: expected an id, an address, or SPACE:Title")
        title = named["title"].strip()
        if self.settings.second:
            spaces = as_list(child(await self.get("/spaces", {"keys": space}), "results"))
            if not spaces:
                raise GiveUp(f"there is no space {space!r}, or this account does not see it")
            query: Query = {"space-id": str(as_object(spaces[0]).get("id")), "title": title}
            pages = as_list(child(await self.get("/pages", query), "results"))
        else:
            query = {"spaceKey": space, "title": title, "type": "page"}
            pages = as_list(child(await self.get("/content", query), "results"))
        if not pages:
            raise GiveUp(f"there is no page {title!r} in the space {space}")
        return str(as_object(pages[0]).get("id"))

    async def get(self, path: str, query: Query | None = None) -> JSON:
        """JSON below the root of the API that is spoken."""
        return (await self.site.fetch("GET", self._root + path, query=query))[1]

    @property
    def _root(self) -> str:
        return "/api/v2" if self.settings.second else "/rest/api"

    async def page(self, page_id: str) -> Page:
        if self.settings.second:
            asked: Query = {"body-format": "storage"}
            found = as_object(await self.get(f"/pages/{part(page_id)}", asked))
        else:
            asked = {"expand": "body.storage,version"}
            found = as_object(await self.get(f"/content/{part(page_id)}", asked))
        body, number = child(found, "body", "storage", "value"), child(found, "version", "number")
        if not isinstance(body, str) or not isinstance(number, int):
            raise TryAgain(f"Confluence gave page {page_id} without its text or its version")
        return Page(str(found.get("id")), str(found.get("title", "")), number, body)

    async def save(self, page: Page, body: str, message: str) -> bool:
        """Saves the next version; false where somebody else has saved meanwhile."""
        text: JSON = {"representation": "storage", "value": body}
        version: JSON = {"number": page.version + 1, "message": message}
        whole: dict[str, JSON] = {"id": page.id, "title": page.title, "version": version}
        if self.settings.second:
            path, whole = f"/pages/{part(page.id)}", {**whole, "status": "current", "body": text}
        else:
            path = f"/content/{part(page.id)}"
            whole = {**whole, "type": "page", "body": {"storage": text}}
        status, _ = await self.site.fetch(
            "PUT", self._root + path, body=whole, allow=frozenset({CONFLICT})
        )
        return status != CONFLICT

    async def comments(self, page_id: str) -> AsyncIterator[PageComment]:
        """The comments below a page, the newest first where the API can say so."""
        if not self.settings.second:
            start = 0
            for _ in range(MOST_PAGES):
                query: Query = {"expand": "body.storage", "limit": COMMENTS, "start": start}
                found = await self.get(f"/content/{part(page_id)}/child/comment", query)
                rows = as_list(child(found, "results"))
                for one in rows:
                    yield _comment(one)
                start += len(rows)
                if len(rows) < COMMENTS:
                    return
            return
        cursor = ""
        for _ in range(MOST_PAGES):
            asked: dict[str, str | int] = {
                "body-format": "storage", "limit": COMMENTS, "sort": "-created-date",
            }  # fmt: skip
            if cursor:
                asked["cursor"] = cursor
            found = await self.get(f"/pages/{part(page_id)}/footer-comments", asked)
            for one in as_list(child(found, "results")):
                yield _comment(one)
            following = re.search(r"[?&]cursor=([^&]+)", str(child(found, "_links", "next") or ""))
            if not following:
                return
            cursor = following[1]

    async def add_comment(self, page_id: str, body: str) -> str:
        """The new comment's id."""
        text: JSON = {"representation": "storage", "value": body}
        if self.settings.second:
            path, whole = "/footer-comments", {"pageId": page_id, "body": text}
        else:
            path, whole = (
                "/content",
                {
                    "type": "comment",
                    "container": {"id": page_id, "type": "page"},
                    "body": {"storage": text},
                },
            )
        made = as_object((await self.site.fetch("POST", self._root + path, body=whole))[1])
        if not made.get("id"):
            raise TryAgain("Confluence's answer to the comment names none", may_have_happened=True)
        return str(made["id"])

    def address(self, page_id: str) -> str:
        """Where people open a page, whatever its space and title."""
        return f"{self.settings.home}/pages/viewpage.action?pageId={part(page_id)}"


def _comment(one: JSON) -> PageComment:
    return PageComment(
        str(as_object(one).get("id")), str(child(one, "body", "storage", "value") or "")
    )


def open_confluence(settings: ConfluenceSettings, http: HttpClient) -> Confluence:
    headers = {"authorization": settings.auth.header(), "x-atlassian-token": "no-check"}
    redactor = Redactor(settings.auth.secrets())
    return Confluence(
        settings, Site(http, settings.home, headers, redactor, settings.timeout_seconds)
    )
