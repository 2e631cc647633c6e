"""`/api/v1/rules`: which rules there are, whether a change of them is right, and what it would do.

Whatever is sent here is only looked at: nothing is saved and nothing is acted on. `files` stand in
the place of the files of the same name; with others that do not change they make a whole set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from bridge.access.role import Role
from bridge.clock import Clock, iso
from bridge.configured import Configured, rules_from
from bridge.connectors.catalogue import action_shapes
from bridge.errors import FieldProblem, FieldsRefused, Invalid, NotFound, Problem
from bridge.event import JSON
from bridge.made import MadeIntegrations
from bridge.match.rules import RuleSet, read_files
from bridge.match.schema import rule_schema
from bridge.store.event_filter import EventFilter
from bridge.store.events import get_event
from bridge.store.rule_counts import RuleCount, rule_counts
from bridge.store.transaction import Database
from bridge.web.api.operation import Asked, Nothing, Operation
from bridge.web.api.rule_models import (
    BacktestChange,
    Change,
    Checked,
    ExplainChange,
    RuleList,
    ShownProblem,
    ShownRule,
    Word,
    Words,
)
from bridge.web.api.rule_problems import RuleProblems
from bridge.workbench import backtest as backtesting
from bridge.workbench.editing import file_of
from bridge.workbench.explained import Explainer, explained_json
from bridge.workbench.testing import run_tests

TAG = "Rules"
DAY_MS = 86_400_000
MOST_BACKTESTED = 100_000
"""Events of one request; the command line takes as many as there are."""

RULES = """version: 1
rules:
  - name: tell
    on: finding.opened
    then:
      - log: {message: "${{ data.title }}"}
"""
CHANGE: dict[str, JSON] = {"files": {"tell.yaml": RULES}}


class InForce(Protocol):
    """The rules in force, and what is wrong with the files that came after them."""

    current: RuleSet
    problems: tuple[Problem, ...]

    @property
    def version(self) -> str: ...


OBJECT: JsonValue = {"type": "object"}


class RulesApi:
    """clock: for the explained event's present."""

    def __init__(
        self,
        configured: Configured,
        made: MadeIntegrations,
        holder: InForce,
        database: Database,
        clock: Clock,
    ) -> None:
        self._configured = configured
        self._made = made
        self._problems = RuleProblems(configured, made)
        self._holder = holder
        self._database = database
        self._clock = clock
        self._backtesting = asyncio.Lock()

    def operations(self) -> tuple[Operation, ...]:
        base, viewer = "/api/v1/rules", Role.VIEWER
        return (
            Operation(
                "GET", base, "list_rules", "List the rules in force.", TAG, viewer, self.list_,
                RuleList,
            ),
            Operation(
                "GET", f"{base}/schema", "get_rule_schema", "Read the JSON Schema of rule files.",
                TAG, viewer, self.schema, OBJECT,
            ),
            Operation(
                "GET", f"{base}/words", "list_rule_words", "List what an editor may complete.",
                TAG, viewer, self.words, Words,
            ),
            Operation(
                "POST", f"{base}/check", "check_rules", "Say whether a change is right.", TAG,
                viewer, self.check, Checked, body=Change, examples={"a new file": CHANGE},
            ),
            Operation(
                "POST", f"{base}/explain", "explain_rules",
                "Say why each rule matches an event, or does not, and what it would send.", TAG,
                viewer, self.explain, OBJECT, body=ExplainChange,
                also={404: "There is no such event."},
                examples={"rules in force": {"event": "evt_01a2"}},
            ),
            Operation(
                "POST", f"{base}/test", "test_rules", "Run the tests in the rule files.", TAG,
                viewer, self.test, OBJECT, body=Change, examples={"a new file": CHANGE},
            ),
            Operation(
                "POST", f"{base}/backtest", "backtest_rules",
                "Play a change over stored events, without acting, and say what is otherwise.",
                TAG, Role.OPERATOR, self.backtest, OBJECT, body=BacktestChange,
                examples={"two weeks": {**CHANGE, "days": 14}},
            ),
        )  # fmt: skip

    async def list_(self, asked: Asked[None, Nothing]) -> RuleList:
        tenant, holder = asked.who.tenant, self._holder
        counts = {
            one.rule: one for one in await self._database.read(lambda tx: rule_counts(tx, tenant))
        }
        none = RuleCount("", 0, 0, None, None, "")
        shown = []
        for rule in holder.current.rules:
            count = counts.get(rule.name, none)
            last = count.last_matched_at
            shown.append(
                ShownRule(
                    name=rule.name, description=rule.description, enabled=rule.enabled, on=rule.on,
                    source=rule.source, actions=tuple(step.action for step in rule.steps),
                    file=self._problems.name(rule.place.file), line=rule.place.line,
                    matched=count.matched,
                    errors=count.errors, last_matched_at=iso(last) if last else None,
                    last_error=count.last_error,
                )
            )  # fmt: skip
        problems = tuple(str(self._problems.told(one, tenant)) for one in holder.problems)
        return RuleList(version=holder.version, rules=tuple(shown), problems=problems)

    async def schema(self, asked: Asked[None, Nothing]) -> JsonValue:
        del asked
        schema: JsonValue = rule_schema(action_shapes())
        return schema

    async def words(self, asked: Asked[None, Nothing]) -> Words:
        found = {
            **dict.fromkeys(KEYS, "key of a rule"),
            **self._problems.names(asked.who.tenant),
            **{name: shape.sentence for name, shape in action_shapes().items()},
        }
        return Words(words=tuple(Word(label=one, detail=words) for one, words in found.items()))

    async def check(self, asked: Asked[Change, Nothing]) -> Checked:
        tenant = asked.who.tenant
        try:
            rules = await self._changed(asked.body.files)
        except Invalid as invalid:
            problems = self._shown(invalid.problems, tenant)
            return Checked(ok=False, rules=0, version="", problems=problems)
        return Checked(
            ok=True, rules=len(rules.rules), version=rules.version,
            problems=self._shown(rules.warnings, tenant),
        )  # fmt: skip

    async def explain(self, asked: Asked[ExplainChange, Nothing]) -> JsonValue:
        body, tenant = asked.body, asked.who.tenant
        await self._database.read(lambda tx: get_event(tx, body.event, tenant))
        rules = await self._right(body.files, tenant) if body.files else self._holder.current
        explainer = Explainer(
            self._configured, rules, self._clock, self._database, made=self._made.find
        )
        explained = await explainer.explain_stored(body.event, tenant)
        told: JsonValue = explained_json(explained, every=body.every)
        return told

    async def test(self, asked: Asked[Change, Nothing]) -> JsonValue:
        rules = await self._right(asked.body.files, asked.who.tenant)
        folder = self._configured.settings.rules.path.parent
        done = await asyncio.to_thread(run_tests, self._configured, rules, folder, self._clock())
        told: JsonValue = done.as_json()
        return told

    async def backtest(self, asked: Asked[BacktestChange, Nothing]) -> JsonValue:
        body, now = asked.body, self._clock()
        await self._right(body.files, asked.who.tenant)
        since = now - int(body.days * DAY_MS)
        events = EventFilter(asked.who.tenant, body.source, body.type, since=since)
        total, _ = await backtesting.how_many(self._database, events)
        if total > MOST_BACKTESTED:
            words = f"{total:,} events are too many for one request; ask for fewer days"
            raise FieldsRefused([FieldProblem(("body", "days"), words, "too_many")])
        in_force = self._files({})
        wanted = backtesting.Asked(
            in_force, self._files(body.files), events, body.events, dict(self._made.offers)
        )
        async with self._backtesting:  # two processes each: one at a time is enough for a server
            report = await asyncio.to_thread(backtesting.backtest, self._configured, wanted)
        told: JsonValue = report.as_json()
        return told

    async def _right(self, files: Mapping[str, str], tenant: str) -> RuleSet:
        """The set with these files in it. Raises FieldsRefused with every mistake."""
        try:
            return await self._changed(files)
        except Invalid as invalid:
            told = [self._problems.told(one, tenant) for one in invalid.problems]
            raise FieldsRefused(
                [FieldProblem(("body", "files", one.place.file), str(one)) for one in told]
            ) from invalid

    async def _changed(self, files: Mapping[str, str]) -> RuleSet:
        return await asyncio.to_thread(
            rules_from, self._configured, self._files(files), dict(self._made.offers)
        )

    def texts(self) -> dict[str, str]:
        """The rule files as they are now, by their names below the folder. Raises Invalid."""
        return {self._problems.name(file): text for file, text in self._files({}).items()}

    def _files(self, changed: Mapping[str, str]) -> dict[str, str]:
        """All rule files by their whole names, the changed ones in place of those that are there.

        Raises Invalid where one cannot be read, FieldsRefused for a name that leads elsewhere.
        """
        settings, problems = self._configured.settings.rules, list[Problem]()
        texts = read_files((settings.path,), problems) if settings.path.exists() else {}
        if problems:
            raise Invalid(problems)
        for name, text in changed.items():
            try:
                texts[str(file_of(settings, name))] = text
            except NotFound as error:
                where = ("body", "files", name[:100])
                raise FieldsRefused([FieldProblem(where, str(error))]) from error
        return texts

    def _shown(self, problems: Sequence[Problem], tenant: str) -> tuple[ShownProblem, ...]:
        told = (self._problems.told(one, tenant) for one in problems)
        return tuple(
            ShownProblem(
                file=one.place.file, line=one.place.line, column=one.place.column,
                field=one.field, message=one.message, hint=one.hint, warning=one.warning,
            )
            for one in told
        )  # fmt: skip


KEYS = (
    "version", "vars", "rules", "tests", "name", "description", "enabled", "on", "source", "when",
    "each", "once_per", "throttle", "at_most", "per", "by", "over", "then", "on_failure", "sample",
    "expect", "rule", "action", "with",
)  # fmt: skip
