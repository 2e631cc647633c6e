"""The rule author's pages: the list, the editor, and what explain, test and back-test say."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from bridge.access.role import Role
from bridge.errors import BridgeError, NotFound
from bridge.web.api.rules import BacktestChange, Change, ExplainChange, RulesApi
from bridge.web.pages.frame import Frame
from bridge.web.pages.visit import Guide, Visit

NEW = "new.yaml"
BLANK = """\
version: 1
rules:
  - name: say-what-this-rule-is-for
    on: scan.finished
    then:
      - log: {message: "${{ data.target }} was scanned"}
"""


class Ruling:
    """Rules, looked at and tried out."""

    def __init__(self, guide: Guide, frame: Frame, rules: RulesApi) -> None:
        self._guide = guide
        self._frame = frame
        self._rules = rules

    def routes(self) -> list[Route]:
        page, post = self._guide.page, ["POST"]
        return [
            Route("/rules", page(self.list_)),
            Route("/rules/edit", page(self.edit)),
            Route("/rules/explain", page(self.explain), methods=post),
            Route("/rules/test", page(self.test), methods=post),
            Route("/rules/backtest", page(self.backtest, Role.OPERATOR), methods=post),
            Route("/rules/patch", page(self.patch), methods=post),
            Route("/events/{event_id}/explain", page(self.explain_event)),
        ]

    async def list_(self, visit: Visit) -> Response:
        found = await self._rules.list_(visit.asked())
        values = {"found": found, "files": sorted(self._rules.texts())}
        return await self._frame.show(visit, "rules.html", "/rules", values)

    async def edit(self, visit: Visit) -> Response:
        query = visit.request.query_params
        file = query.get("file", NEW)
        texts = self._rules.texts()
        if file not in texts and file != NEW:
            raise NotFound(f"there is no rule file {file[:100]}")
        values = {"file": file, "text": texts.get(file, BLANK), "event": query.get("event", "")}
        return await self._frame.show(visit, "edit.html", "/rules", values)

    async def explain(self, visit: Visit) -> Response:
        return await self._tried(
            visit, "explained.html", ExplainChange, self._rules.explain, event=visit.field("event")
        )

    async def explain_event(self, visit: Visit) -> Response:
        """The rules in force, asked about an event that was stored."""
        body = ExplainChange(event=visit.request.path_params["event_id"])
        told = await self._rules.explain(visit.asked(body=body))
        return self._guide.renderer.page("explained.html", {"told": told, "trouble": ""})

    async def test(self, visit: Visit) -> Response:
        return await self._tried(visit, "rules_tested.html", Change, self._rules.test)

    async def backtest(self, visit: Visit) -> Response:
        return await self._tried(
            visit, "backtested.html", BacktestChange, self._rules.backtest,
            days=visit.field("days", "7"),
        )  # fmt: skip

    async def _tried(
        self,
        visit: Visit,
        template: str,
        model: type[Change],
        ask: Callable[[Any], Awaitable[Any]],
        **more: str,
    ) -> Response:
        """A part of the editor's page with what the change would do, or what is wrong with it."""
        told: Any = None
        trouble = ""
        try:
            body = model.model_validate({"files": self._files(visit), **more})
            told = await ask(visit.asked(body=body))
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)
            trouble = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in wrong)
        except BridgeError as error:
            trouble = str(error)
        return self._guide.renderer.page(template, {"told": told, "trouble": trouble})

    async def patch(self, visit: Visit) -> Response:
        """What changed, as a patch to copy."""
        file = visit.field("file", NEW)
        before = self._rules.texts().get(file, "")
        lines = difflib.unified_diff(
            before.splitlines(keepends=True),
            visit.field("text").replace("\r\n", "\n").splitlines(keepends=True),
            f"a/{file}",
            f"b/{file}",
        )
        return self._guide.renderer.page("patch.html", {"patch": "".join(lines)})

    def _files(self, visit: Visit) -> dict[str, str]:
        return {visit.field("file", NEW): visit.field("text").replace("\r\n", "\n")}
