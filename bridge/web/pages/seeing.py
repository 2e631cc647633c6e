"""The pages that are looked at: overview, events, links, sources and integrations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.access.role import Role
from bridge.action import ActionState
from bridge.clock import Clock
from bridge.counting import counted
from bridge.event import EventState
from bridge.match.rule import Rule
from bridge.sources.source import Source
from bridge.store.events import received_by_time
from bridge.store.quarantine import count_kept
from bridge.store.transaction import Database
from bridge.vocabulary import VOCABULARY
from bridge.web.api.actions import ActionsApi, ActionsQuery, LinksQuery
from bridge.web.api.events import EventsApi, EventsQuery
from bridge.web.api.overview import OverviewApi
from bridge.web.pages.frame import Frame
from bridge.web.pages.visit import Guide, Visit, back, misfit_words

CHART_MS = 3 * 3_600_000
CHART_STEP_MS = 60_000
FAILURES_SHOWN = 8
HOUR_MS = 3_600_000
WITHIN_MS = {"1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 168 * HOUR_MS, "30d": 720 * HOUR_MS}
OURS = {"within", "told"}
"""Fields of an address that are a page's own, and none of the API's."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a filter's fields suggest. sources: by tenant and name. rules: those in force."""

    sources: Mapping[tuple[str, str], Source]
    rules: Callable[[], Sequence[Rule]]

    def of(self, tenant: str) -> dict[str, list[str]]:
        """The names for a tenant's pages."""
        return {
            "sources": sorted(name for of, name in self.sources if of == tenant),
            "rules": sorted(rule.name for rule in self.rules()),
            "types": sorted(VOCABULARY),
        }


class Seeing:
    """What can be seen by everybody who has a key."""

    def __init__(
        self,
        guide: Guide,
        frame: Frame,
        database: Database,
        clock: Clock,
        events: EventsApi,
        actions: ActionsApi,
        overview: OverviewApi,
        known: Known,
    ) -> None:
        self._guide = guide
        self._frame = frame
        self._database = database
        self._clock = clock
        self._events = events
        self._actions = actions
        self._overview = overview
        self._known = known

    def routes(self) -> list[Route]:
        page = self._guide.page
        operator = Role.OPERATOR
        return [
            Route("/", page(self.overview)),
            Route("/pages/chart.json", page(self.chart)),
            Route("/events", page(self.events)),
            Route("/events/{event_id}", page(self.event)),
            Route("/events/{event_id}/replay", page(self.replay, operator), methods=["POST"]),
            Route("/links", page(self.links)),
            Route("/sources", page(self.sources)),
        ]

    async def overview(self, visit: Visit) -> Response:
        stats = await self._overview.stats(visit.asked())
        dead = await self._actions.list_(
            visit.asked(query=ActionsQuery(state=ActionState.DEAD, limit=FAILURES_SHOWN))
        )
        newest = await self._events.list_(visit.asked(query=EventsQuery(limit=8)))
        refused = await self._database.read(lambda tx: count_kept(tx, visit.who.tenant))
        values = {
            "stats": stats, "dead": dead.actions, "newest": newest.events, "refused": refused,
        }  # fmt: skip
        return await self._frame.show(visit, "overview.html", "/", values)

    async def chart(self, visit: Visit) -> Response:
        now, tenant = self._clock(), visit.who.tenant
        since = (now - CHART_MS) // CHART_STEP_MS * CHART_STEP_MS
        counted = await self._database.read(
            lambda tx: received_by_time(tx, tenant, since, CHART_STEP_MS)
        )
        steps = range(since, now + 1, CHART_STEP_MS)
        states = [counted.get(at, {}) for at in steps]
        received = [sum(one.values()) for one in states]
        failed = [one.get(EventState.FAILED, 0) for one in states]
        told = {
            "times": [at // 1000 for at in steps],
            "series": [
                {"label": "received", "values": received},
                {"label": "failed", "values": failed},
            ],
            "unit": "events a minute",
            "total": sum(received),
        }
        return JSONResponse(told)

    async def events(self, visit: Visit) -> Response:
        within = visit.request.query_params.get("within", "")
        since = {"since": self._clock() - WITHIN_MS[within]} if within in WITHIN_MS else {}
        query, wrong = _query(EventsQuery, visit, **since)
        # Asked first: what comes in while the list is read is told to those who follow it.
        newest = await self._events.newest(visit.who.tenant)
        found = await self._events.list_(visit.asked(query=query))
        narrowed = visit.request.query_params.keys() - {"before", "limit"}
        values = {
            "found": found, "query": query, "wrong": wrong, "states": list(EventState),
            "more": _more(visit, found.next), "within": within, "times": WITHIN_MS,
            "newest": newest, "narrowed": narrowed, "known": self._known.of(visit.who.tenant),
        }  # fmt: skip
        if visit.is_part:
            return self._guide.renderer.page("event_rows.html", values)
        return await self._frame.show(visit, "events.html", "/events", values)

    async def event(self, visit: Visit) -> Response:
        path = {"event_id": visit.request.path_params["event_id"]}
        trail: dict[str, Any] = await self._events.get(visit.asked(path=path))
        told = visit.request.query_params.get("told", "")
        values = {"event": trail, "told": told}
        return await self._frame.show(visit, "event.html", "/events", values)

    async def replay(self, visit: Visit) -> Response:
        event_id = visit.request.path_params["event_id"]
        done = await self._events.replay(visit.asked(path={"event_id": event_id}))
        words = f"Back before the rules; {counted(done.revived, 'dead action')} tried again."
        return back(f"/events/{event_id}", told=words)

    async def links(self, visit: Visit) -> Response:
        query, wrong = _query(LinksQuery, visit)
        found = await self._actions.links(visit.asked(query=query))
        values = {"found": found, "query": query, "wrong": wrong, "more": _more(visit, found.next)}
        if visit.is_part:
            return self._guide.renderer.page("link_rows.html", values)
        return await self._frame.show(visit, "links.html", "/links", values)

    async def sources(self, visit: Visit) -> Response:
        found = await self._overview.sources(visit.asked())
        values = {"sources": found.sources}
        return await self._frame.show(visit, "sources.html", "/sources", values)


def _query(model: type[Any], visit: Visit, **more: object) -> tuple[Any, str]:
    """The address's fields as the API's own; what does not fit is said and left out."""
    asked = visit.request.query_params
    given = {name: value for name, value in asked.items() if value and name not in OURS} | more
    try:
        return model.model_validate(given), ""
    except ValidationError as error:
        names = {one["loc"][0] for one in error.errors()}
        kept = {name: value for name, value in given.items() if name not in names}
        words = misfit_words(error)
        try:
            return model.model_validate(kept), words
        except ValidationError:
            return model(), words


def _more(visit: Visit, cursor: int | None) -> str:
    """The address of the next page; empty at the end."""
    if cursor is None:
        return ""
    return str(visit.request.url.include_query_params(before=cursor).replace(scheme="", netloc=""))
