"""The pages on which something is done: dead letters, integrations, keys."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from bridge.access.role import ORDER, Role
from bridge.action import ActionState
from bridge.connectors.contract import Finding
from bridge.counting import counted
from bridge.errors import Conflict, ConnectorError
from bridge.registry import Registry
from bridge.web.api.actions import ActionsApi, ActionsQuery, Discard
from bridge.web.api.events import EventsApi
from bridge.web.api.integration_models import Found
from bridge.web.api.integrations import IntegrationsApi
from bridge.web.api.keys import KeysApi, NewKey
from bridge.web.api.overview import OverviewApi
from bridge.web.pages.frame import Frame
from bridge.web.pages.visit import Guide, Visit, back, misfit_words

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
        made: IntegrationsApi,
        keys: KeysApi,
    ) -> None:
        self._guide = guide
        self._frame = frame
        self._registry = registry
        self._events = events
        self._actions = actions
        self._overview = overview
        self._made = made
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
        return back("/dead", told=f"{counted(done, 'event')} tried again.")

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
        return back("/dead", told=f"{counted(done, 'action')} given up.")

    async def integrations(self, visit: Visit) -> Response:
        stats = await self._overview.stats(visit.asked())
        values = {"integrations": stats.integrations}
        return await self._frame.show(visit, "integrations.html", "/integrations", values)

    async def test(self, visit: Visit) -> Response:
        name, findings = await self._tested(visit, visit.request.path_params["id"])
        values = {"name": name, "findings": findings}
        return await self._frame.show(visit, "tested.html", "/integrations", values)

    async def _tested(self, visit: Visit, id_: str) -> tuple[str, Sequence[Finding | Found]]:
        """The name, and what was found. One that an API caller made is tested as the API does."""
        one = next(
            (one for one in self._registry.of(visit.who.tenant) if one.public_id == id_), None
        )
        if one is None or one.id:
            asked = visit.asked(path={"integration_id": id_})
            shown = await self._made.get(asked)
            return shown.data.name, (await self._made.test(asked)).data.findings
        try:
            return one.name, await one.connector.check(one.client)
        except ConnectorError as error:
            return one.name, (Finding("settings", ok=False, message=str(error)),)

    async def keys(self, visit: Visit, made: str = "", trouble: str = "") -> Response:
        found = await self._keys.list(visit.asked())
        values = {"keys": found.keys, "roles": ORDER, "made": made, "trouble": trouble}
        return await self._frame.show(visit, "keys.html", "/keys", values)

    async def make_key(self, visit: Visit) -> Response:
        given = {name: visit.field(name) for name in ("name", "role", "username", "email")}
        try:
            body = NewKey.model_validate(given)
        except ValidationError as error:
            return await self.keys(visit, trouble=misfit_words(error))
        made = await self._keys.create(visit.asked(body=body))
        return await self.keys(visit, made=made.key)

    async def revoke(self, visit: Visit) -> Response:
        await self._keys.revoke(visit.asked(path={"key_id": visit.request.path_params["key_id"]}))
        return back("/keys")
