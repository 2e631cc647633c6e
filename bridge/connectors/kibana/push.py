"""push_case: a case of another system as a case in Kibana."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list
from bridge.connectors.cases import CaseData, PushCase
from bridge.connectors.hidden import mark_line, marks_in, with_lines
from bridge.connectors.kibana.cases import (
    SEVERITIES,
    create,
    differing,
    severity,
    tags_of,
)
from bridge.connectors.kibana.client import Kibana
from bridge.connectors.kibana.comments import add_comment
from bridge.connectors.kibana.options import CATEGORY_LIMIT, TEXT_LIMIT, TITLE_LIMIT
from bridge.connectors.kibana.table import KibanaHolder
from bridge.connectors.marked_tables import fitted
from bridge.connectors.pushing import Limits, Texts, There, Wanted, push
from bridge.connectors.tagged_cases import Case, find_marked, other_tags
from bridge.event import JSON
from bridge.text.characters import head

LIMITS = Limits(TITLE_LIMIT, TEXT_LIMIT, TEXT_LIMIT)


async def push_case(kibana: Kibana, call: Call[PushCase]) -> Outcome:
    return await push(KibanaTarget(kibana), call)


@dataclass(frozen=True, slots=True)
class KibanaTarget:
    """Kibana's part of a push."""

    kibana: Kibana
    limits: Limits = LIMITS

    async def find(self, call: Call[PushCase]) -> There | None:
        found = await find_marked(self.kibana, call.mark, call.now, doubtful=call.may_exist)
        return self._there(found) if found else None

    async def create(
        self, call: Call[PushCase], case: CaseData, texts: Texts, lost: list[str]
    ) -> There:
        given = call.parameters
        fields: dict[str, JSON] = dict(given.fields or {})
        left_out = {"project": given.project, "parent": given.parent}
        lost += [f"the {name} was left out: a case has none" for name in left_out if left_out[name]]
        if given.issue_type:
            fields["category"] = head(given.issue_type, CATEGORY_LIMIT)
        if given.priority:
            fields["severity"] = severity(given.priority)
        elif case.severity in SEVERITIES:
            fields["severity"] = case.severity
        tags = tags_of(case.tags or ())
        made = await create(self.kibana, texts.title, texts.description, tags, call.mark, fields)
        return self._there(made)

    async def read(self, key: str) -> There:
        return self._there(await self.kibana.case(key))

    async def write(self, there: There, wanted: Wanted, lost: list[str]) -> None:
        fields: dict[str, JSON] = {}
        if wanted.title is not None:
            fields["title"] = wanted.title
        if wanted.description is not None:
            holder = KibanaHolder(self.kibana, there.key)
            fields["description"] = await fitted(holder, wanted.description)

        def now(case: Case) -> dict[str, JSON]:
            """After a conflict: tags that somebody added meanwhile stay."""
            named = dict(fields)
            if wanted.tags is not None:
                gone = set(there.tags) - set(wanted.tags)
                kept = [one for one in as_list(case.get("tags")) if one not in gone]
                named["tags"] = [*kept, *(one for one in tags_of(wanted.tags) if one not in kept)]
            return differing(case, named)

        await self.kibana.change(there.key, now)

    async def comment_marks(self, call: Call[PushCase], key: str, wanted: set[str]) -> set[str]:
        found = {mark for mark in wanted if self.kibana.settling.made(mark) is not None}
        if found == wanted:
            return found
        async for one in self.kibana.comments(key):
            found |= marks_in(str(one.get("comment", ""))) & wanted
            if found == wanted:
                return found
        missing = wanted - found
        self.kibana.settling.not_found(*missing, now=call.now, doubtful=call.may_exist)
        return found

    async def add_comment(self, key: str, text: str, mark: str) -> None:
        await add_comment(self.kibana, key, with_lines(text, mark_line(mark)), mark)

    def _there(self, case: Case) -> There:
        case_id = self.kibana.key_of(case)
        return There(
            case_id, case_id, self.kibana.page(case_id), str(case.get("title", "")),
            str(case.get("description", "")), tuple(other_tags(case)),
        )  # fmt: skip
