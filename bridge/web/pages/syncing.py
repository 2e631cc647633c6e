"""The page of conflicts between systems that are kept alike: both values, and whose counts."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from bridge.access.role import Role
from bridge.web.api.sync import SyncApi, Take
from bridge.web.pages.frame import Frame
from bridge.web.pages.visit import Guide, Visit, back

HERE = "/conflicts"


class Syncing:
    """What waits for a person, and what sync leaves alone."""

    def __init__(self, guide: Guide, frame: Frame, sync: SyncApi) -> None:
        self._guide = guide
        self._frame = frame
        self._sync = sync

    def routes(self) -> list[Route]:
        page = self._guide.page
        return [
            Route(HERE, page(self.show)),
            Route(HERE + "/{id}", page(self.resolve, Role.OPERATOR), methods=["POST"]),
        ]

    async def show(self, visit: Visit) -> Response:
        held = await self._sync.held(visit.asked())
        alone = await self._sync.ping_pong(visit.asked())
        values = {
            "held": held.held, "alone": alone.ping_pong,
            "told": visit.request.query_params.get("told", ""),
        }  # fmt: skip
        return await self._frame.show(visit, "conflicts.html", HERE, values)

    async def resolve(self, visit: Visit) -> Response:
        path = {"id": visit.request.path_params["id"]}
        try:
            body = Take.model_validate({"take": visit.field("take")})
        except ValidationError:
            return back(HERE, told="Nothing was decided: take the left or the right value.")
        done = await self._sync.resolve(visit.asked(path=path, body=body))
        words = f"{done.field}: the {done.take} value counts and is carried over."
        return back(HERE, told=words)
