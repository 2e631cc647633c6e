"""push_case: a case as an incident of the target, made once, brought up to date ever after."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object
from bridge.connectors.cases import (
    CaseData,
    PushCase,
    case_of,
    comment_mark,
    comment_text,
    digest,
)
from bridge.connectors.cases_webhook.client import CasesWebhook, Values
from bridge.connectors.cases_webhook.templates import COMMENT, MARK, fill_json, variables_in
from bridge.errors import GiveUp
from bridge.event import JSON

COMMENTS_KEPT = 1_000
"""Of their marks, in a memory; far more than a case has."""

NOT_KNOWN = (
    "an earlier try may have made {what}, and nobody can look: see whether it is there; "
    "`{setting}` lets the bridge look, `in_doubt: repeat` has it repeated"
)


@dataclass(frozen=True, slots=True)
class Memory:
    """What was pushed last: a digest of what an update sends, the marks of the comments."""

    sent: str = ""
    comments: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return json.dumps({"sent": self.sent, "comments": self.comments[-COMMENTS_KEPT:]})


def read_memory(text: str | None) -> Memory:
    """Empty where there is none, or where a rule gave something else."""
    try:
        known = as_object(json.loads(text or "{}"))
    except ValueError:
        return Memory()
    comments = tuple(str(one) for one in as_list(known.get("comments")))
    return Memory(str(known.get("sent") or ""), comments)


async def push_case(target: CasesWebhook, call: Call[PushCase]) -> Outcome:
    """Makes the incident where none is known and none is found; else sends what has changed."""
    case = case_of(call.parameters)
    followed = target.follow(call)
    memory = read_memory(call.parameters.memory)
    incident = (call.parameters.ticket or "").strip()
    lost = left_out(call.parameters)
    created = changed = False
    if not incident:
        incident, created = await made(target, call, case, followed)
    values = {**values_of(case, call.mark), "external.system.id": incident}
    title = await title_of(target, incident, case)
    values["external.system.title"] = title
    if created:
        memory = replace(memory, sent=_digest(target, values, call.mark) or memory.sent)
    elif missing := _untold(target, case):
        lost.append(f"not updated: the case tells no {', no '.join(missing)}")
    else:
        sent = _digest(target, values, call.mark)
        changed = sent != memory.sent
        if changed:
            await target.update(values)
        memory = replace(memory, sent=sent)
    added: list[JSON] = []
    for one in case.comments:
        mark = comment_mark(call.mark, one.id)
        if mark in memory.comments:
            continue
        if not target.settings.create_comment_url:
            lost.append("the comments were left out: there is no create_comment_url")
            break
        text = comment_text(case, one)
        if await add_once(target, call, {**values, COMMENT: text}, mark, followed):
            added.append(one.id)
        memory = replace(memory, comments=(*memory.comments, mark))
    outputs: dict[str, JSON] = {
        "key": incident,
        "id": incident,
        "url": target.page(incident, title),
        "title": title,
        "case": case.id,
        "created": created,
        "changed": ["incident"] if changed else [],
        "comments": added,
        "memory": memory.text,
    }
    return Outcome(outputs, found=not (created or changed or added), lost=tuple(lost))


def left_out(parameters: PushCase) -> list[str]:
    """What the templates have no variable for."""
    given = {
        "project": parameters.project, "issue_type": parameters.issue_type,
        "priority": parameters.priority, "parent": parameters.parent, "fields": parameters.fields,
    }  # fmt: skip
    return [f"{name} was left out: write it into the template" for name in given if given[name]]


def values_of(case: CaseData, mark: str) -> dict[str, JSON]:
    """The variables. What the case does not tell is as Kibana has it for a new one."""
    return {
        "case.id": case.id,
        "case.title": case.title,
        "case.description": case.description or "",
        "case.tags": [*(case.tags or ())],
        "case.severity": case.severity or "low",
        "case.status": case.status or "open",
        MARK: mark,
    }


async def made(
    target: CasesWebhook, call: Call[Any], case: CaseData, followed: bool
) -> tuple[str, bool]:
    """The incident's id, and whether it was made just now.

    followed: whether this process has seen all earlier tries of the call.
    """
    mark, values = call.mark, values_of(case, call.mark)
    known = target.settling.made(mark)
    if known:
        return known, False
    doubtful = target.settling.doubted(mark) or not followed
    if target.settings.find_incident_url:
        found = await target.find_incident(values)
        if found:
            target.settling.remember(mark, found)
            return found, False
        target.settling.not_found(mark, now=call.now, doubtful=doubtful)
    elif doubtful and target.settings.in_doubt == "stop":
        raise GiveUp(NOT_KNOWN.format(what="the incident", setting="find_incident_url"))
    return await target.create(values, mark), True


async def add_once(
    target: CasesWebhook, call: Call[Any], values: Values, mark: str, followed: bool
) -> bool:
    """Whether the comment was added just now; false for one that is there."""
    if target.settling.made(mark) is not None:
        return False
    doubtful = target.settling.doubted(mark) or not followed
    if doubtful and target.settings.find_comment_url:
        if await target.has_comment({**values, MARK: mark}, mark):
            target.settling.remember(mark, "")
            return False
        target.settling.not_found(mark, now=call.now, doubtful=True)
    elif doubtful and target.settings.in_doubt == "stop":
        raise GiveUp(NOT_KNOWN.format(what="the comment", setting="find_comment_url"))
    await target.add_comment({**values, MARK: mark}, mark)
    return True


async def title_of(target: CasesWebhook, incident: str, case: CaseData) -> str:
    """As the target has it; the case's own where the target does not give it, since the incident
    is there all the same."""
    try:
        return await target.title(incident) or case.title
    except GiveUp as error:
        if error.status == 401:
            raise
        return case.title


def _untold(target: CasesWebhook, case: CaseData) -> list[str]:
    """What an update would send although the case does not tell it, and so would undo."""
    told = {
        "description": case.description is not None, "tags": case.tags is not None,
        "severity": bool(case.severity), "status": bool(case.status),
    }  # fmt: skip
    used = variables_in(target.settings.update_incident_json)
    return [name for name, known in told.items() if not known and f"case.{name}" in used]


def _digest(target: CasesWebhook, values: Values, mark: str) -> str:
    body = fill_json(target.settings.update_incident_json, {**values, MARK: mark})
    return digest(json.dumps(body, sort_keys=True))
