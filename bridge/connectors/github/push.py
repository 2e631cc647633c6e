"""push_case: a case of another system as an issue.

What was pushed last stands in a line of the body that Markdown does not show, above our tables and
above the mark of the create.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.cases import CaseData, PushCase, case_object
from bridge.connectors.github.client import GitHub, Ticket
from bridge.connectors.github.comments import add_comment, newest_comments
from bridge.connectors.github.create import create, repository_of
from bridge.connectors.github.fields import Fields, dropped, label_names
from bridge.connectors.github.find import find_made
from bridge.connectors.github.marks import last_mark, marks_in
from bridge.connectors.github.options import BODY_LIMIT, TITLE_LIMIT
from bridge.connectors.github.own_tables import append, own_tables, to_move, without
from bridge.connectors.github.table import move_to_comments
from bridge.connectors.github.texts import CALLS, ROOM_FOR_MARK, labels_of
from bridge.connectors.parameters import CreateTicket
from bridge.connectors.pushing import Limits, Texts, There, Wanted, push
from bridge.event import JSON

TEXT_LIMIT = BODY_LIMIT - ROOM_FOR_MARK


async def push_case(github: GitHub, call: Call[PushCase]) -> Outcome:
    return await push(GitHubTarget(github), call)


def object_of(parameters: PushCase) -> str | None:
    """The issue by its number alone, as for all that writes to it; else the case."""
    if parameters.ticket:
        return "#" + parameters.ticket.strip().replace("/", "#").rpartition("#")[2]
    return case_object(parameters)


@dataclass(frozen=True, slots=True)
class GitHubTarget:
    """GitHub's part of a push."""

    github: GitHub

    @property
    def limits(self) -> Limits:
        calls = None if self.github.settings.mentions else CALLS
        return Limits(TITLE_LIMIT, TEXT_LIMIT, TEXT_LIMIT, calls)

    async def find(self, call: Call[PushCase]) -> There | None:
        repository = repository_of(self.github, call.parameters.project)
        found = await find_made(self.github, repository, call.mark, call.intended_at)
        return _there(repository, found) if found else None

    async def create(
        self, call: Call[PushCase], case: CaseData, texts: Texts, lost: list[str]
    ) -> There:
        given = call.parameters
        repository = repository_of(self.github, given.project)
        wanted = CreateTicket(
            issue_type=given.issue_type,
            summary=texts.title,
            priority=given.priority,
            labels=list(case.tags or ()),
            parent=given.parent,
            fields=given.fields,
        )
        made, left_out = await create(self.github, repository, wanted, texts.description, call.mark)
        lost += left_out
        return _there(repository, made)

    async def read(self, key: str) -> There:
        ticket = self.github.ticket(key)
        return _there(ticket.repository, await self.github.issue(ticket))

    async def write(self, there: There, wanted: Wanted, lost: list[str]) -> None:
        """With what the issue holds now, since labels and body can only be set as a whole."""
        ticket = self.github.ticket(there.key)
        now = await self.github.issue(ticket)
        fields = Fields()
        if wanted.title is not None:
            fields.values["title"] = wanted.title
        if wanted.description is not None:
            body = str(now.get("body") or "")
            fields.values["body"] = await self._body(ticket, body, wanted.description)
        if wanted.tags is not None:
            gone = set(there.tags) - set(wanted.tags)
            kept = [name for name in label_names(now) if name not in gone]
            new = labels_of([tag for tag in wanted.tags if tag not in there.tags])
            fields.values["labels"] = [*dict.fromkeys((*kept, *new))]
        made = await self.github.write("PATCH", ticket.path, fields.values)
        lost += dropped(fields, made)

    async def _body(self, ticket: Ticket, before: str, words: str) -> str:
        """The words, below them the tables of ours and the mark that stand there now."""
        tables = [table.text for table in own_tables(before)]
        text = append(f"{words}\n\n{last_mark(before)}".strip(), tables)
        moved = to_move(text, (), BODY_LIMIT)
        if moved:
            await move_to_comments(self.github, ticket, moved)
            text = without(text, moved)
        return text

    async def comment_marks(self, call: Call[PushCase], key: str, wanted: set[str]) -> set[str]:
        del call
        found: set[str] = set()
        async for one in newest_comments(self.github, self.github.ticket(key)):
            found |= marks_in(one.get("body")) & wanted
            if found == wanted:
                break
        return found

    async def add_comment(self, key: str, text: str, mark: str) -> None:
        await add_comment(self.github, self.github.ticket(key), text, mark)


def _there(repository: str, issue: dict[str, JSON]) -> There:
    """The body without our tables and the mark, which `write` puts below it again."""
    body = str(issue.get("body") or "")
    words = without(body, own_tables(body))
    mark = last_mark(words)
    if mark:
        words = words[: words.rindex(mark)]
    return There(
        Ticket(repository, int(str(issue["number"]))).key,
        str(issue.get("id", "")),
        str(issue.get("html_url", "")),
        str(issue.get("title", "")),
        words.rstrip(),
        tuple(label_names(issue)),
    )
