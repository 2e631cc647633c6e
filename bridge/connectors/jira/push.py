"""push_case: a case as a ticket, made once, brought up to date ever after, its comments added.

What a person changed in the ticket stays: a property remembers what was pushed last, and only what
changed in the case since then is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bridge.action import Call, Outcome
from bridge.connectors.cases import (
    CaseData,
    PushCase,
    case_of,
    comment_mark,
    comment_text,
    digest,
)
from bridge.connectors.jira.bodies import read_body
from bridge.connectors.jira.client import Jira, as_list, as_object
from bridge.connectors.jira.comments import add_comment, mark_of, newest_comments
from bridge.connectors.jira.create import create_ticket
from bridge.connectors.jira.marks import CASE_PROPERTY
from bridge.connectors.jira.texts import label_texts, long_text, summary_text
from bridge.connectors.parameters import CreateTicket
from bridge.event import JSON

Memory: TypeAlias = dict[str, JSON]
"""The value of the property: digests of the texts, the priority, the tags."""

ROOM = 10
"""Characters that part a description from the tables below it."""

TAGS_KEPT = 100
"""Tags remembered; at 255 characters they stay within the 32 KB that a property may hold."""


async def push_case(jira: Jira, call: Call[PushCase]) -> Outcome:
    """Makes the ticket where none is known and none carries the case's mark; else updates it."""
    case = case_of(call.parameters)
    url = (await jira.facts()).url
    ticket = (call.parameters.ticket or "").strip().upper()
    pushed = Pushed(ticket) if ticket else await _create(jira, call, case)
    if not pushed.created:
        pushed = await _update(jira, call, case, pushed.key)
    added = await _add_comments(jira, case, pushed.key, call.mark)
    outputs: dict[str, JSON] = {
        "key": pushed.key,
        "id": pushed.id,
        "url": f"{url}/browse/{pushed.key}",
        "case": case.id,
        "created": pushed.created,
        "changed": list(pushed.changed),
        "comments": added,
    }
    nothing = not (pushed.created or pushed.changed or added)
    return Outcome(outputs, found=nothing, lost=pushed.lost)


@dataclass(frozen=True, slots=True)
class Pushed:
    """The ticket, and what this push did to it."""

    key: str
    id: str = ""
    created: bool = False
    changed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


async def _create(jira: Jira, call: Call[PushCase], case: CaseData) -> Pushed:
    """Always looks for the mark first: an earlier push may have been another event's."""
    parameters = call.parameters
    wanted = CreateTicket(
        project=parameters.project,
        issue_type=parameters.issue_type,
        summary=case.title,
        description=case.description,
        priority=parameters.priority,
        labels=list(case.tags or ()),
        parent=parameters.parent,
        fields=parameters.fields,
    )
    creating = Call(
        call.name, wanted, call.mark, True, call.attempt, call.intended_at, call.now,
        call.event_id, call.rule,
    )  # fmt: skip
    memory: JSON = dict(_memory(parameters, case, {}))
    made = await create_ticket(jira, creating, {CASE_PROPERTY: memory})
    key, id_ = str(made.outputs["key"]), str(made.outputs["id"])
    return Pushed(key, id_, created=not made.found, lost=made.lost)


def _memory(parameters: PushCase, case: CaseData, before: Mapping[str, JSON]) -> Memory:
    """What is pushed, short enough for a property whatever the case holds."""
    memory: Memory = {**before, "title": digest(case.title)}
    if case.description is not None:
        memory["description"] = digest(case.description)
    if parameters.priority:
        memory["priority"] = parameters.priority
    if case.tags is not None:
        memory["tags"] = list(label_texts(list(case.tags))[:TAGS_KEPT])
    return memory


async def _update(jira: Jira, call: Call[PushCase], case: CaseData, ticket: str) -> Pushed:
    """Writes what changed in the case since the last push.

    A ticket that no push has made keeps its words; from now on it follows the case's changes.
    """
    issue = await jira.issue(ticket, "summary,description,labels", CASE_PROPERTY)
    there = as_object(issue.get("fields", {}))
    properties = issue.get("properties")
    known = properties.get(CASE_PROPERTY) if isinstance(properties, dict) else None
    before = known if isinstance(known, dict) else {}
    memory = _memory(call.parameters, case, before)
    fields, lost = _changes(jira, case, there, before or {**memory, "tags": []}, memory)
    if fields or known != memory:
        await jira.edit(ticket, fields, {CASE_PROPERTY: dict(memory)})
    return Pushed(ticket, str(issue.get("id", "")), changed=tuple(fields), lost=lost)


def _changes(
    jira: Jira, case: CaseData, there: dict[str, JSON], before: Memory, now: Memory
) -> tuple[dict[str, JSON], tuple[str, ...]]:
    """The fields to write, and what the texts lost."""
    fields: dict[str, JSON] = {}
    lost: tuple[str, ...] = ()
    if before.get("title") != now["title"]:
        summary = summary_text(case.title)
        fields["summary"], lost = summary.text, summary.lost
    if before.get("description") != now.get("description"):
        fields["description"], fewer = _description(jira, case, there.get("description"))
        lost += fewer
    if before.get("priority") != now.get("priority"):
        fields["priority"] = {"name": now["priority"]}
    labels = _labels(case, as_list(there.get("labels")), as_list(before.get("tags")))
    if labels is not None:
        fields["labels"] = labels
    return fields, lost


def _description(jira: Jira, case: CaseData, before: JSON) -> tuple[JSON, tuple[str, ...]]:
    """The case's words, above the tables that the bridge appended to the old description."""
    api, what = jira.settings.api, "the description"
    blocks = read_body(before, api, what).blocks()
    tables = read_body(None, api, what)
    for block in blocks.values():
        tables = tables.with_block(block)
    taken = tables.size() + ROOM if blocks else 0
    words = long_text(case.description or "", "markdown", jira.settings, reserved=taken)
    body = read_body(words.value, api, what)
    for block in blocks.values():
        body = body.with_block(block)
    return body.value, words.lost


def _labels(case: CaseData, there: list[JSON], pushed: list[JSON]) -> list[JSON] | None:
    """The labels with the case's changes to its tags; None when there are none."""
    tags: list[JSON] = list(pushed if case.tags is None else label_texts(list(case.tags)))
    gone = [one for one in pushed if one not in tags]
    new = [one for one in tags if one not in pushed and one not in there]
    if not new and not any(one in there for one in gone):
        return None
    return [*(one for one in there if one not in gone), *new]


async def _add_comments(jira: Jira, case: CaseData, ticket: str, mark: str) -> list[JSON]:
    """Adds the comments that carry no mark of ours there yet; gives the ids of those added."""
    missing = {comment_mark(mark, one.id): one for one in case.comments}
    if missing:
        async for there in newest_comments(jira, ticket):
            missing.pop(await mark_of(jira, there), None)
            if not missing:
                break
    for its_mark, comment in missing.items():
        words = long_text(comment_text(case, comment), "markdown", jira.settings)
        await add_comment(jira, ticket, words.value, its_mark)
    return [comment.id for comment in missing.values()]
