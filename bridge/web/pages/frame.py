"""What stands around every page: the way to the others, and who is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from bridge.access.role import Role
from bridge.store.actions import count_dead
from bridge.store.transaction import Database
from bridge.web.pages.render import Renderer
from bridge.web.pages.visit import Visit

PAGES = (
    ("/", "Overview", Role.VIEWER),
    ("/events", "Events", Role.VIEWER),
    ("/dead", "Dead letters", Role.VIEWER),
    ("/quarantine", "Quarantine", Role.VIEWER),
    ("/conflicts", "Conflicts", Role.VIEWER),
    ("/rules", "Rules", Role.VIEWER),
    ("/sources", "Sources", Role.VIEWER),
    ("/integrations", "Integrations", Role.VIEWER),
    ("/links", "Links", Role.VIEWER),
    ("/keys", "Keys", Role.ADMIN),
)
"""Address, name, and the least role that sees it."""


class Frame:
    """Shows a page inside its frame."""

    def __init__(self, renderer: Renderer, database: Database) -> None:
        self._renderer = renderer
        self._database = database

    async def show(
        self, visit: Visit, template: str, here: str, values: Mapping[str, Any], status: int = 200
    ) -> Response:
        who = visit.who
        dead = await self._database.read(lambda tx: count_dead(tx, who.tenant))
        pages = [(address, name) for address, name, role in PAGES if who.role.may(role)]
        around = {
            "pages": pages, "here": here, "who": who, "dead_count": dead, "csrf": who.csrf,
            "may_act": who.role.may(Role.OPERATOR), "may_configure": who.role.may(Role.ADMIN),
        }  # fmt: skip
        return self._renderer.page(template, {"told": "", **around, **values}, status)
