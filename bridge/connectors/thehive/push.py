"""push_case: a case of another system as a case in TheHive."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.cases import CaseData, PushCase
from bridge.connectors.hidden import marks_in
from bridge.connectors.pushing import Limits, Texts, There, Wanted, push
from bridge.connectors.tagged_cases import Case, find_marked, other_tags
from bridge.connectors.thehive.cases import create, tag_changes
from bridge.connectors.thehive.client import TheHive, case_key, case_path
from bridge.connectors.thehive.comments import add_comment
from bridge.connectors.thehive.options import TEXT_LIMIT, TITLE_LIMIT
from bridge.connectors.thehive.words import SEVERITIES, severity, tags_of
from bridge.event import JSON

LIMITS = Limits(TITLE_LIMIT, TEXT_LIMIT, TEXT_LIMIT)


async def push_case(thehive: TheHive, call: Call[PushCase]) -> Outcome:
    return await push(TheHiveTarget(thehive), call)


@dataclass(frozen=True, slots=True)
class TheHiveTarget:
    """TheHive's part of a push."""

    thehive: TheHive
    limits: Limits = LIMITS

    async def find(self, call: Call[PushCase]) -> There | None:
        found = await find_marked(self.thehive, call.mark, call.now, doubtful=call.may_exist)
        return self._there(found) if found else None

    async def create(
        self, call: Call[PushCase], case: CaseData, texts: Texts, lost: list[str]
    ) -> There:
        given = call.parameters
        left_out = {"project": given.project, "type": given.issue_type, "parent": given.parent}
        lost += [f"the {name} was left out: a case has none" for name in left_out if left_out[name]]
        fields: dict[str, JSON] = dict(given.fields or {})
        if given.priority:
            fields["severity"] = severity(given.priority)
        elif case.severity.casefold() in SEVERITIES:
            fields["severity"] = severity(case.severity)
        tags = tags_of(case.tags or ())
        made = await create(self.thehive, texts.title, texts.description, tags, call.mark, fields)
        return self._there(made)

    async def read(self, key: str) -> There:
        return self._there(await self.thehive.case(key))

    async def write(self, there: There, wanted: Wanted, lost: list[str]) -> None:
        """Only what changed is named, and tags one by one: what others write stays."""
        fields: dict[str, JSON] = {}
        if wanted.title is not None:
            fields["title"] = wanted.title
        if wanted.description is not None:
            fields["description"] = wanted.description
        if wanted.tags is not None:
            new = tags_of(tag for tag in wanted.tags if tag not in there.tags)
            fields |= tag_changes(new, (tag for tag in there.tags if tag not in wanted.tags))
        await self.thehive.patch(case_path(there.key), fields)

    async def comment_marks(self, call: Call[PushCase], key: str, wanted: set[str]) -> set[str]:
        found: set[str] = set()
        async for one in self.thehive.parts("getCase", case_key(key), "comments"):
            found |= marks_in(str(one.get("message", ""))) & wanted
            if found == wanted:
                break
        return found

    async def add_comment(self, key: str, text: str, mark: str) -> None:
        await add_comment(self.thehive, case_path(key), text, mark)

    def _there(self, case: Case) -> There:
        return There(
            self.thehive.key_of(case),
            str(case.get("number", "")),
            self.thehive.page(case),
            str(case.get("title", "")),
            str(case.get("description", "")),
            tuple(other_tags(case)),
        )
