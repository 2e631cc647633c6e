"""create_ticket and comment, by the same four calls."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.cases import CaseData
from bridge.connectors.cases_webhook.client import CasesWebhook
from bridge.connectors.cases_webhook.push import add_once, made, title_of
from bridge.connectors.cases_webhook.templates import COMMENT
from bridge.connectors.parameters import Comment, CreateTicket
from bridge.connectors.prose import markdown_text
from bridge.errors import GiveUp
from bridge.event import JSON

TEXT_LIMIT = 100_000
"""Characters of a text. The contract names no limit; arbitrary, and more than anybody reads."""


async def create_ticket(target: CasesWebhook, call: Call[CreateTicket]) -> Outcome:
    """An incident of what is no case: its id for the target is the mark."""
    parameters = call.parameters
    given = {
        "project": parameters.project, "issue_type": parameters.issue_type,
        "assignee": parameters.assignee, "parent": parameters.parent, "fields": parameters.fields,
    }  # fmt: skip
    lost = [f"{name} was left out: write it into the template" for name in given if given[name]]
    words = markdown_text(parameters.description or "", parameters.format, TEXT_LIMIT)
    severity = (parameters.priority or "").strip().casefold()
    tags = tuple(parameters.labels or ())
    case = CaseData(call.mark, parameters.summary, words.text, "open", severity, tags)
    incident, created = await made(target, call, case, target.follow(call))
    title = await title_of(target, incident, case)
    outputs: dict[str, JSON] = {
        "key": incident, "id": incident, "url": target.page(incident, title),
    }  # fmt: skip
    return Outcome(outputs, found=not created, lost=(*words.lost, *lost))


async def comment(target: CasesWebhook, call: Call[Comment]) -> Outcome:
    """Adds a comment, once where that can be known."""
    parameters = call.parameters
    words = markdown_text(parameters.body, parameters.format, TEXT_LIMIT)
    if not words.text.strip():
        raise GiveUp("the comment is empty")
    incident = parameters.ticket.strip()
    values: dict[str, JSON] = {
        "external.system.id": incident, "external.system.title": incident,
        "case.id": incident, "case.title": incident, COMMENT: words.text,
    }  # fmt: skip
    added = await add_once(target, call, values, call.mark, target.follow(call))
    return Outcome({"id": call.mark}, found=not added, lost=words.lost)
