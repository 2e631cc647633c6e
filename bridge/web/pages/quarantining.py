"""The page of refused deliveries: why, verify again, let go with a reason."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from bridge.access.role import Role
from bridge.errors import BridgeError
from bridge.web.api.quarantine import LetGo, QuarantineApi, QuarantineQuery, VerifyAgain
from bridge.web.pages.frame import Frame
from bridge.web.pages.visit import Guide, Visit, back

HERE = "/quarantine"


class Quarantining:
    """What was refused at the door and is kept."""

    def __init__(self, guide: Guide, frame: Frame, quarantine: QuarantineApi) -> None:
        self._guide = guide
        self._frame = frame
        self._quarantine = quarantine

    def routes(self) -> list[Route]:
        page, operator, post = self._guide.page, Role.OPERATOR, ["POST"]
        return [
            Route(HERE, page(self.show)),
            Route(f"{HERE}/verify", page(self.verify, operator), methods=post),
            Route(f"{HERE}/discard", page(self.discard, operator), methods=post),
        ]

    async def show(self, visit: Visit) -> Response:
        asked = visit.request.query_params
        query = QuarantineQuery(source=asked.get("source", "")[:300])
        found = await self._quarantine.list_(visit.asked(query=query))
        values = {"found": found, "source": query.source, "told": asked.get("told", "")}
        return await self._frame.show(visit, "quarantine.html", HERE, values)

    async def verify(self, visit: Visit) -> Response:
        try:
            body = VerifyAgain(ids=tuple(visit.fields("kept")))
            done = await self._quarantine.verify(visit.asked(body=body))
        except (ValidationError, BridgeError):
            return back(HERE, told="Tick the deliveries to verify, at most 200.")
        why = next((one.reason for one in done.verified if one.reason), "")
        stay = len(done.verified) - done.passed
        words = f"{done.passed} passed and go to the rules."
        return back(HERE, told=f"{words} {stay} stay: {why}" if stay else words)

    async def discard(self, visit: Visit) -> Response:
        try:
            body = LetGo(ids=tuple(visit.fields("kept")), reason=visit.field("reason"))
        except ValidationError:
            return back(HERE, told="Nothing was deleted: tick deliveries and say why.")
        done = await self._quarantine.discard(visit.asked(body=body))
        return back(HERE, told=f"{done.discarded:,} deleted.")
