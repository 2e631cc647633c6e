"""push_case: a case of another system as an issue.

The issue's id is made of the case's mark, as those of its comments are, so that nothing has to be
searched for. What was pushed last is remembered by an attachment, which people see as a link to the
case: Linear reads Markdown into a form of its own, in which a line that shows nothing is lost.

https://linear.app/developers/attachments, read 2026-11: one attachment for each address and issue,
with metadata of texts and numbers; to create it again is to update it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.cases import CaseData, PushCase, case_object, case_of, digest
from bridge.connectors.hidden import UNTOLD, Memory, bare, read_memory, with_lines
from bridge.connectors.linear.client import PAGE_OF_TICKET, Linear, ticket_key
from bridge.connectors.linear.comments import add_comment
from bridge.connectors.linear.create import create_issue, find_issue, issue_input
from bridge.connectors.linear.edit import set_fields
from bridge.connectors.linear.lookup import PRIORITIES, label_ids
from bridge.connectors.linear.options import TEXT_LIMIT, TITLE_LIMIT
from bridge.connectors.linear.table import own_tables
from bridge.connectors.linear.texts import CALLS
from bridge.connectors.own_ids import own_id
from bridge.connectors.parameters import CreateTicket
from bridge.connectors.pushing import Limits, Texts, There, Wanted, push
from bridge.errors import TryAgain
from bridge.event import JSON
from bridge.text.characters import one_line

READ = """\
query CaseAsIssue($id: String!) {
  issue(id: $id) {
    id identifier url title description
    team { id }
    labels(first: 100) { nodes { id name } }
    attachments(first: 50) { nodes { id metadata } }
  }
}"""
COMMENTS = """\
query CommentsOfCase($ids: [ID!]!) {
  comments(first: 250, includeArchived: true, filter: {id: {in: $ids}}) { nodes { id } }
}"""
ATTACH = """\
mutation LinkCase($input: AttachmentCreateInput!) {
  attachmentCreate(input: $input) { success attachment { id } }
}"""
REMEMBER = """\
mutation RememberCase($id: String!, $input: AttachmentUpdateInput!) {
  attachmentUpdate(id: $id, input: $input) { success attachment { id } }
}"""
KEY = "scanbridge"
"""In the attachment's metadata."""
AT_ONCE = 100
NOTHING = Memory("0" * 16, UNTOLD, ())
LIMITS = Limits(TITLE_LIMIT, TEXT_LIMIT, TEXT_LIMIT, CALLS)
WEB = re.compile(r"https?://\S+")


async def push_case(linear: Linear, call: Call[PushCase]) -> Outcome:
    return await push(LinearTarget(linear, call), call)


def object_of(parameters: PushCase) -> str | None:
    """The issue's key, spelt as all that writes to it spells it; else the case."""
    found = PAGE_OF_TICKET.fullmatch((parameters.ticket or "").strip())
    return found[1].upper() if found else case_object(parameters)


@dataclass(frozen=True, slots=True)
class LinearTarget:
    """Linear's part of a push."""

    linear: Linear
    call: Call[PushCase]
    limits: Limits = LIMITS

    async def find(self, call: Call[PushCase]) -> There | None:
        """An issue of the case without its attachment was made by a try that ended in between:
        nothing of the case is known to be there, so that all of it is written."""
        found = await find_issue(self.linear, own_id(call.mark))
        if found is None:
            return None
        there = await self.read(str(found.get("id")))
        if read_memory(there.description) is not None:
            return there
        return _with_memory(there, NOTHING)

    async def create(
        self, call: Call[PushCase], case: CaseData, texts: Texts, lost: list[str]
    ) -> There:
        given = call.parameters
        severity = case.severity if case.severity in PRIORITIES else None
        wanted = CreateTicket(
            project=given.project,
            issue_type=given.issue_type,
            summary=texts.title,
            priority=given.priority or severity,
            labels=list(case.tags or ()),
            parent=given.parent,
            fields=given.fields,
        )
        issue_id = own_id(call.mark)
        fields = await issue_input(self.linear, wanted, issue_id, lost)
        made, _ = await create_issue(
            self.linear, {"description": bare(texts.description), **fields}
        )
        await self._remember(await self._issue(str(made.get("id"))), texts.description)
        return There(
            str(made.get("identifier")), str(made.get("id")), str(made.get("url")),
            texts.title, texts.description, case.tags or (),
        )  # fmt: skip

    async def read(self, key: str) -> There:
        return _there(await self._issue(ticket_key(key)))

    async def _issue(self, key: str) -> dict[str, JSON]:
        issue = as_object((await self.linear.ask(READ, id=key)).get("issue"))
        if not issue.get("identifier"):
            raise TryAgain("Linear's answer names no issue")
        return issue

    async def write(self, there: There, wanted: Wanted, lost: list[str]) -> None:
        """The fields first, then what remembers them: a crash in between writes them again."""
        issue = await self._issue(there.id)
        fields: dict[str, JSON] = {}
        if wanted.title is not None:
            fields["title"] = wanted.title
        if wanted.description is not None and bare(wanted.description) != bare(there.description):
            tables = own_tables(str(issue.get("description") or ""))
            words = filter(None, (bare(wanted.description), *tables))
            fields["description"] = "\n\n".join(words)
        if wanted.tags is not None:
            fields |= await self._labels(issue, there.tags, wanted.tags, lost)
        if fields:
            await set_fields(self.linear, there.id, fields)
        if wanted.description is not None:
            await self._remember(issue, wanted.description)

    async def _labels(
        self, issue: dict[str, JSON], before: tuple[str, ...], after: tuple[str, ...],
        lost: list[str],
    ) -> dict[str, JSON]:  # fmt: skip
        """Added and taken away one by one, so that what others set meanwhile stays."""
        gone = set(before) - set(after)
        labels = _labels_of(issue)
        team = str(child(issue, "team", "id"))
        new = [tag for tag in after if tag not in before]
        fields: dict[str, JSON] = {
            "addedLabelIds": await label_ids(self.linear, team, new, lost),
            "removedLabelIds": [id_ for name, id_ in labels.items() if name in gone],
        }
        return {name: value for name, value in fields.items() if value}

    async def _remember(self, issue: dict[str, JSON], description: str) -> None:
        """Keeps the line of a description in the attachment, which is made where there is none."""
        memory = read_memory(description)
        assert memory is not None
        case = case_of(self.call.parameters)
        shown: dict[str, JSON] = {
            "title": one_line(case.title, TITLE_LIMIT),
            "subtitle": one_line(f"Case {case.id}", TITLE_LIMIT),
            "metadata": {KEY: memory.line},
        }
        known = _attachment_of(issue)
        if known:
            await self.linear.change(REMEMBER, id=known.get("id"), input=shown)
            return
        own_place = f"{issue.get('url')}#case-{digest(case.id)}"
        url = case.url if WEB.fullmatch(case.url) else own_place
        await self.linear.change(ATTACH, input={"issueId": issue.get("id"), "url": url, **shown})

    async def comment_marks(self, call: Call[PushCase], key: str, wanted: set[str]) -> set[str]:
        del call, key
        by_id = {own_id(mark): mark for mark in sorted(wanted)}
        ids, found = list(by_id), set[str]()
        for start in range(0, len(ids), AT_ONCE):
            asked: list[JSON] = [*ids[start : start + AT_ONCE]]
            told = await self.linear.ask(COMMENTS, ids=asked)
            for one in as_list(child(told, "comments", "nodes")):
                found.add(by_id[str(child(one, "id"))])
        return found

    async def add_comment(self, key: str, text: str, mark: str) -> None:
        await add_comment(self.linear, ticket_key(key), text, mark, may_exist=False)


def _there(issue: dict[str, JSON]) -> There:
    """The description with the line that the attachment keeps."""
    there = There(
        str(issue.get("identifier")),
        str(issue.get("id")),
        str(issue.get("url")),
        str(issue.get("title") or ""),
        str(issue.get("description") or ""),
        tuple(_labels_of(issue)),
    )
    line = str(child(_attachment_of(issue), "metadata", KEY) or "")
    memory = read_memory(line)
    return there if memory is None else _with_memory(there, memory)


def _with_memory(there: There, memory: Memory) -> There:
    return replace(there, description=with_lines(there.description, memory.line))


def _attachment_of(issue: dict[str, JSON]) -> dict[str, JSON]:
    """The attachment that remembers; empty where there is none."""
    nodes = as_list(child(issue, "attachments", "nodes"))
    ours = (as_object(one) for one in nodes if child(one, "metadata", KEY))
    return next(ours, {})


def _labels_of(issue: dict[str, JSON]) -> dict[str, str]:
    """Name to id."""
    nodes = as_list(child(issue, "labels", "nodes"))
    return {str(child(one, "name")): str(child(one, "id")) for one in nodes}
