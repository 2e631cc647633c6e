"""The pages on which something is done: dead letters, integrations, keys."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from bridge.access.role import ORDER, Role
from bridge.action import ActionState
from bridge.connectors.contract import Finding
from bridge.errors import Conflict, ConnectorError
from bridge.registry import Registry
from bridge.web.api.actions import ActionsApi, ActionsQuery, Discard
from bridge.web.api.events import EventsApi
from bridge.web.api.keys import KeysApi, NewKey
from bridge.web.api.overview import OverviewApi
from bridge.web.pages.frame import Frame
from bridge.web.pages.visit import Guide, Visit, back

MOST_LETTERS = 200
"""Dead letters on one page; the rest follows when these are dealt with."""


class Acting:
    """What operators and admins do."""

    def __init__(
        self,
        guide: Guide,
        frame: Frame,
        registry: Registry,
        events: EventsApi,
        actions: ActionsApi,
        overview: OverviewApi,
        keys: KeysApi,
    ) -> None:
        self._guide = guide
        self._frame = frame
        self._registry = registry
        self._events = events
        self._actions = actions
        self._overview = overview
        self._keys = keys

    def routes(self) -> list[Route]:
        page, operator, admin = self._guide.page, Role.OPERATOR, Role.ADMIN
        post = ["POST"]
        return [
            Route("/dead", page(self.dead)),
            Route("/dead/replay", page(self.replay, operator), methods=post),
            Route("/dead/discard", page(self.discard, operator), methods=post),
            Route("/integrations", page(self.integrations)),
            Route("/integrations/{id}/test", page(self.test, operator), methods=post),
            Route("/keys", page(self.keys, admin), methods=["GET"]),
            Route("/keys", page(self.make_key, admin), methods=post),
            Route("/keys/{key_id}/revoke", page(self.revoke, admin), methods=post),
        ]

    async def dead(self, visit: Visit) -> Response:
        query = ActionsQuery(state=ActionState.DEAD, limit=MOST_LETTERS)
        found = await self._actions.list_(visit.asked(query=query))
        values = {
            "letters": found.actions, "more": found.next is not None,
            "told": visit.request.query_params.get("told", ""),
        }  # fmt: skip
        return await self._frame.show(visit, "dead.html", "/dead", values)

    async def replay(self, visit: Visit) -> Response:
        """Replays the events of the ticked actions; one that is on its way already is left."""
        chosen = {one.partition(" ")[2] for one in visit.fields("letter")}
        done = 0
        for event_id in sorted(chosen):
            try:
                await self._events.replay(visit.asked(path={"event_id": event_id}))
            except Conflict:
                continue
            done += 1
        return back("/dead", told=f"{done} events are tried again.")

    async def discard(self, visit: Visit) -> Response:
        chosen = [one.partition(" ")[0] for one in visit.fields("letter")]
        try:
            body = Discard(reason=visit.field("reason"))
        except ValidationError:
            return back("/dead", told="Nothing was given up: say why, in up to 500 letters.")
        done = 0
        for action_id in chosen:
            try:
                await self._actions.discard(visit.asked(path={"action_id": action_id}, body=body))
            except Conflict:
                continue
            done += 1
        return back("/dead", told=f"{done} actions are given up.")

    async def integrations(self, visit: Visit) -> Response:
        stats = await self._overview.stats(visit.asked())
        values = {"integrations": stats.integrations}
        return await self._frame.show(visit, "integrations.html", "/integrations", values)

    async def test(self, visit: Visit) -> Response:
        one = self._registry.by_id(visit.who.tenant, visit.request.path_params["id"])
        try:
            findings = await one.connector.check(one.client)
        except ConnectorError as error:
            findings = (Finding("settings", ok=False, message=str(error)),)
        values = {"integration": one, "findings": findings}
        return await self._frame.show(visit, "tested.html", "/integrations", values)

    async def keys(self, visit: Visit, made: str = "", trouble: str = "") -> Response:
        found = await self._keys.list(visit.asked())
        values = {"keys": found.keys, "roles": ORDER, "made": made, "trouble": trouble}
        return await self._frame.show(visit, "keys.html", "/keys", values)

    async def make_key(self, visit: Visit) -> Response:
        given = {name: visit.field(name) for name in ("name", "role", "username", "email")}
        try:
            body = NewKey.model_validate(given)
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)
            return await self.keys(
                visit, trouble="; ".join(f"{w['loc'][0]}: {w['msg']}" for w in wrong)
            )
        made = await self._keys.create(visit.asked(body=body))
        return await self.keys(visit, made=made.key)

    async def revoke(self, visit: Visit) -> Response:
        await self._keys.revoke(visit.asked(path={"key_id": visit.request.path_params["key_id"]}))
        return back("/keys")
