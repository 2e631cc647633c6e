"""The rule author's pages: the list, the editor, and what explain, test and back-test say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from bridge.access.role import Role
from bridge.errors import BridgeError, Conflict, NotFound
from bridge.sections import DEFAULT_TENANT
from bridge.web.api.events import EventsApi, EventsQuery
from bridge.web.api.rule_files import Edit, RuleFilesApi
from bridge.web.api.rule_models import BacktestChange, Change, ExplainChange
from bridge.web.api.rules import RulesApi
from bridge.web.pages.frame import Frame
from bridge.web.pages.visit import Guide, Visit, misfit_words
from bridge.workbench.editing import NEW_FILE, RuleText, patch_of

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

    def __init__(
        self,
        guide: Guide,
        frame: Frame,
        rules: RulesApi,
        files: RuleFilesApi,
        events: EventsApi,
    ) -> None:
        self._guide = guide
        self._frame = frame
        self._rules = rules
        self._files = files
        self._events = events

    def routes(self) -> list[Route]:
        page, post = self._guide.page, ["POST"]
        return [
            Route("/rules", page(self.list_)),
            Route("/rules/edit", page(self.edit)),
            Route("/rules/explain", page(self.explain), methods=post),
            Route("/rules/test", page(self.test), methods=post),
            Route("/rules/backtest", page(self.backtest, Role.OPERATOR), methods=post),
            Route("/rules/patch", page(self.patch), methods=post),
            Route("/rules/save", page(self.save, Role.ADMIN), methods=post),
            Route("/events/{event_id}/explain", page(self.explain_event)),
        ]

    async def list_(self, visit: Visit) -> Response:
        found = await self._rules.list_(visit.asked())
        told = await self._files.list_(visit.asked())
        values = {"found": found, "files": told.files, "editable": told.editable}
        return await self._frame.show(visit, "rules.html", "/rules", values)

    async def edit(self, visit: Visit) -> Response:
        query = visit.request.query_params
        name = query.get("file", "")
        file = await self._files.read(name) if name else RuleText(NEW, BLANK, NEW_FILE)
        return await self._editor(visit, file, query.get("event", ""))

    async def _editor(
        self, visit: Visit, file: RuleText, event: str, tried: str = "", **values: Any
    ) -> Response:
        """The editor; for a browser without scripts with what came of trying in it.

        tried: the template of that, and `values` are its own.
        """
        who = visit.who
        may_save = (
            self._files.editable and who.role.may(Role.ADMIN) and who.tenant == DEFAULT_TENANT
        )
        around = {
            "file": file, "event": event, "new": file.digest == NEW_FILE, "tried": tried,
            "editable": self._files.editable, "may_save": may_save, "days": 7,
        }  # fmt: skip
        return await self._frame.show(visit, "edit.html", "/rules", {**around, **values})

    async def _answer(self, visit: Visit, template: str, **values: Any) -> Response:
        """What came of trying: as a part where a script asked, else with the editor around it."""
        if visit.is_part:
            return self._guide.renderer.page(template, values)
        return await self._editor(
            visit, self._sent(visit), visit.field("event"), template, **values
        )

    async def explain(self, visit: Visit) -> Response:
        """The event that was named, or the newest."""
        event = visit.field("event").strip()
        if not event:
            newest = await self._events.list_(visit.asked(query=EventsQuery(limit=1)))
            if not newest.events:
                words = "No event has come yet; send one, for example with `bridge send`."
                return await self._answer(visit, "explained.html", told=None, trouble=words)
            event = newest.events[0].id
        return await self._tried(
            visit, "explained.html", ExplainChange, self._rules.explain, event=event
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
            body = model.model_validate({"files": self._changed(visit), **more})
            told = await ask(visit.asked(body=body))
        except ValidationError as error:
            trouble = misfit_words(error)
        except BridgeError as error:
            trouble = str(error)
        return await self._answer(visit, template, told=told, trouble=trouble)

    async def patch(self, visit: Visit) -> Response:
        """What changed, as a patch to copy."""
        sent = self._sent(visit)
        try:
            before = (await self._files.read(sent.name)).text
        except NotFound:
            before = None
        patch = patch_of(sent.name, before, sent.text)
        return await self._answer(visit, "patch.html", patch=patch)

    async def save(self, visit: Visit) -> Response:
        """Writes the file, where it is right and nobody else has changed it meanwhile."""
        sent = self._sent(visit)
        saved: Any = None
        trouble, theirs = "", ""
        try:
            body = Edit(text=sent.text, base=sent.digest)
            saved = await self._files.put(visit.asked(path={"name": sent.name}, body=body))
        except ValidationError as error:
            trouble = misfit_words(error)
        except Conflict as error:
            trouble, theirs = str(error), await self._difference(sent)
        except BridgeError as error:
            trouble = str(error)
        values = {"saved": saved, "trouble": trouble, "theirs": theirs, "name": sent.name}
        return await self._answer(visit, "saved.html", **values)

    async def _difference(self, sent: RuleText) -> str:
        """From what lies there now to what is in the editor."""
        try:
            there = (await self._files.read(sent.name)).text
        except NotFound:
            there = None
        return patch_of(sent.name, there, sent.text)

    def _sent(self, visit: Visit) -> RuleText:
        """What is in the editor. Browsers send lines as DOS ends them."""
        name = visit.field("file", NEW).strip() or NEW
        return RuleText(name, visit.field("text").replace("\r\n", "\n"), visit.field("base"))

    def _changed(self, visit: Visit) -> dict[str, str]:
        sent = self._sent(visit)
        return {sent.name: sent.text}
