"""A space of Kibana as the actions use it: reading, making and changing cases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.hidden import marks_in
from bridge.connectors.http import HttpClient
from bridge.connectors.kibana.options import PAGES, KibanaSettings
from bridge.connectors.mirror import Moved, text_of
from bridge.connectors.redact import Redactor
from bridge.connectors.settling import Settling
from bridge.connectors.site import Query, Site, part
from bridge.connectors.tagged_cases import Case
from bridge.errors import TryAgain
from bridge.event import JSON

VERSION = "2023-10-31"
"""Of the public API; https://www.elastic.co/docs/api/doc/kibana/versioning, read 2026-11."""

INDEX_SECONDS = 3.0
"""Elasticsearch refreshes an index every second unless told otherwise; three are safe."""

CONFLICTS = 5
PAGE = 100
MOST_PAGES = 20

CONFLICT, IDENTICAL = 409, 406


@dataclass(slots=True)
class Kibana:
    """One integration's client.

    own: the name of our own account; of an API key once Kibana has told it with something that we
    wrote, since no public call tells it.
    """

    settings: KibanaSettings
    site: Site
    settling: Settling = field(default_factory=lambda: Settling(INDEX_SECONDS))
    own: str = ""

    async def get(self, path: str, query: Query | None = None) -> JSON:
        """JSON below the space's `/api`."""
        return (await self.site.fetch("GET", f"/api{path}", query=query))[1]

    async def post(self, path: str, body: JSON) -> dict[str, JSON]:
        return as_object((await self.site.fetch("POST", f"/api{path}", body=body))[1])

    async def case(self, case_id: str) -> Case:
        """One case as it stands now, read past the index."""
        return as_object(await self.get(f"/cases/{part(case_id.strip())}"))

    async def change(
        self, case_id: str, wanted: Callable[[Case], dict[str, JSON]]
    ) -> tuple[Case, tuple[str, ...]]:
        """Brings a case to what is wanted; gives it, and the names of the fields that were sent.

        wanted: from the case as it stands, the fields that shall differ; asked again after every
        conflict, so that what somebody else wrote meanwhile is seen.
        """
        for _ in range(CONFLICTS):
            case = await self.case(case_id)
            fields = wanted(case)
            if not fields:
                return case, ()
            one: JSON = {"id": case.get("id"), "version": case.get("version"), **fields}
            status, answer = await self.site.fetch(
                "PATCH", "/api/cases", body={"cases": [one]},
                allow=frozenset({CONFLICT, IDENTICAL}),
            )  # fmt: skip
            if status == IDENTICAL:
                return case, ()
            if status != CONFLICT:
                changed = as_list(answer)
                if changed:
                    self.own = text_of(child(changed[0], "updated_by", "username")) or self.own
                return as_object(changed[0]) if changed else case, tuple(fields)
        raise TryAgain(f"{case_id}: somebody else keeps changing this case", after_seconds=1.0)

    async def oldest_with_tag(self, tag: str) -> Case | None:
        """The case with a tag that the index knows, the oldest where there are several."""
        query: Query = {
            "tags": tag, "owner": self.settings.owner, "perPage": 1,
            "sortField": "createdAt", "sortOrder": "asc",
        }  # fmt: skip
        found = as_list(as_object(await self.get("/cases/_find", query)).get("cases"))
        return as_object(found[0]) if found else None

    async def comments(self, case_id: str) -> AsyncIterator[dict[str, JSON]]:
        """The comments that the index knows, the newest first."""
        for page in range(1, MOST_PAGES + 1):
            query: Query = {"page": page, "perPage": PAGE, "sortOrder": "desc"}
            path = f"/cases/{part(case_id.strip())}/comments/_find"
            found = as_list(as_object(await self.get(path, query)).get("comments"))
            for one in found:
                yield as_object(one)
            if len(found) < PAGE:
                return

    async def edit_comment(self, path: str, body: dict[str, JSON]) -> None:
        """Raises Moved where the comment has another version by now."""
        status, _ = await self.site.fetch(
            "PATCH", f"/api{path}", body=body, allow=frozenset({CONFLICT})
        )
        if status == CONFLICT:
            raise Moved(f"comment {body['id']}")

    async def find_comment(self, case_id: str, mark: str) -> str | None:
        """The id of the comment that carries the mark; None when none does as yet.

        Empty where it was made, but neither the answer nor the index tells its id.
        """
        known = self.settling.made(mark)
        if known:
            return known
        async for one in self.comments(case_id):
            if mark in marks_in(str(one.get("comment", ""))):
                self.settling.remember(mark, str(one.get("id")))
                return str(one.get("id"))
        return known

    def key_of(self, case: Case) -> str:
        return str(case.get("id"))

    def page(self, case_id: str) -> str:
        """Where people open a case."""
        place = "" if self.settings.space == "default" else f"/s/{self.settings.space}"
        page = PAGES[self.settings.owner]
        return f"{self.settings.base_url}{place}/app/{page}/{part(case_id)}"


def open_kibana(settings: KibanaSettings, http: HttpClient) -> Kibana:
    headers = {
        "authorization": settings.auth.header(),
        "elastic-api-version": VERSION,
        "kbn-xsrf": "scanbridge",
    }
    place = "" if settings.space == "default" else f"/s/{settings.space}"
    redactor = Redactor(settings.auth.secrets())
    site = Site(http, settings.base_url + place, headers, redactor, settings.timeout_seconds)
    return Kibana(settings, site, own=settings.auth.username)
