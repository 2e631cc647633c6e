"""Cases as tickets: create_ticket, update_ticket, transition."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.action import Call, Outcome
from bridge.connectors.hidden import ROOM
from bridge.connectors.mirror import check_expected
from bridge.connectors.parameters import CreateTicket, Transition, UpdateTicket
from bridge.connectors.prose import markdown_text, named_texts, title_text
from bridge.connectors.tagged_cases import Case, find_marked, other_tags, tag_of
from bridge.connectors.thehive.client import TheHive, case_key, case_path
from bridge.connectors.thehive.comments import add_once
from bridge.connectors.thehive.mirror import values_of
from bridge.connectors.thehive.options import TEXT_LIMIT, TITLE_LIMIT
from bridge.connectors.thehive.words import case_status, severity, tags_of
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON


async def create_ticket(thehive: TheHive, call: Call[CreateTicket]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then creates."""
    parameters = call.parameters
    if call.may_exist:
        known = await find_marked(thehive, call.mark, call.now)
        if known:
            return outcome_of(thehive, known, found=True)
    lost: list[str] = []
    title = title_text(parameters.summary, TITLE_LIMIT)
    words = markdown_text(parameters.description or "", parameters.format, TEXT_LIMIT)
    lost += [*title.lost, *words.lost, *without(parameters)]
    fields: dict[str, JSON] = {}
    if parameters.priority:
        fields["severity"] = severity(parameters.priority)
    if parameters.assignee:
        fields["assignee"] = parameters.assignee.strip()
    fields |= parameters.fields or {}
    tags = tags_of(parameters.labels or [])
    made = await create(thehive, title.text, words.text, tags, call.mark, fields)
    return outcome_of(thehive, made, lost=tuple(lost))


def without(parameters: CreateTicket) -> list[str]:
    """What a case does not have."""
    lost: list[str] = []
    if parameters.parent:
        lost.append("a case has no parent")
    if parameters.issue_type:
        lost.append("a case has no type; `fields: {caseTemplate: …}` names a template")
    if parameters.project:
        lost.append("the project was left out: the integration's organisation has the case")
    return lost


async def create(
    thehive: TheHive,
    title: str,
    description: str,
    tags: Iterable[str],
    mark: str,
    fields: dict[str, JSON],
) -> Case:
    """Makes a case that carries the mark."""
    marked: list[JSON] = [*tags, tag_of(mark)]
    body: dict[str, JSON] = {"title": title, "description": description, "tags": marked}
    if thehive.settings.case_template:
        body["caseTemplate"] = thehive.settings.case_template
    with thehive.settling.making(mark):
        made = await thehive.post("/case", {**body, **fields})
        if not made.get("_id"):
            raise TryAgain("TheHive's answer to the create names no case", may_have_happened=True)
    thehive.settling.remember(mark, str(made["_id"]))
    return made


def outcome_of(
    thehive: TheHive, case: Case, *, found: bool = False, lost: tuple[str, ...] = ()
) -> Outcome:
    outputs: dict[str, JSON] = {
        "key": thehive.key_of(case),
        "id": str(case.get("number", "")),
        "url": thehive.page(case),
    }
    return Outcome(outputs, found=found, lost=lost)


async def update_ticket(thehive: TheHive, call: Call[UpdateTicket]) -> Outcome:
    """Sets what the parameters name and nothing else; the bridge's own tags stay."""
    parameters = call.parameters
    fields, lost = named_texts(parameters, TITLE_LIMIT, TEXT_LIMIT)
    if parameters.priority:
        fields["severity"] = severity(parameters.priority)
    if parameters.assignee is not None:
        if not parameters.assignee.strip():
            raise GiveUp("TheHive's API cannot take an assignee away; name another one")
        fields["assignee"] = parameters.assignee.strip()
    if parameters.labels is not None:
        fields |= await _tags(thehive, parameters.ticket, parameters.labels)
    fields |= parameters.fields or {}
    if not fields and parameters.labels is None:
        raise GiveUp("nothing to update: the rule names no field")
    if call.expected:
        case = await thehive.case(parameters.ticket)
        check_expected(call.expected, parameters.ticket, values_of(case))
    if fields:
        await thehive.patch(case_path(parameters.ticket), fields)
    key = case_key(parameters.ticket)
    return Outcome({"key": key}, found=not fields, lost=tuple(lost))


async def _tags(thehive: TheHive, ticket: str, labels: list[str]) -> dict[str, JSON]:
    """What to add and to take away, so that a tag somebody adds meanwhile stays."""
    there = other_tags(await thehive.case(ticket))
    wanted = tags_of(labels)
    gone = (one for one in there if one not in wanted)
    return tag_changes((one for one in wanted if one not in there), gone)


def tag_changes(new: Iterable[str], gone: Iterable[str]) -> dict[str, JSON]:
    named: dict[str, JSON] = {"addTags": [*new], "removeTags": [*gone]}
    return {name: tags for name, tags in named.items() if tags}


async def transition(thehive: TheHive, call: Call[Transition]) -> Outcome:
    """Gives a case another status; its comment follows, once. Nothing to do where the case has it,
    or where a case that shall be closed is closed in another way."""
    parameters = call.parameters
    status = case_status(thehive.settings, parameters.to)
    case = await thehive.case(parameters.ticket)
    check_expected(call.expected, parameters.ticket, values_of(case))
    there = case.get("status") == status
    by_default = status == thehive.settings.closed_status and case.get("stage") == "Closed"
    if by_default and parameters.to.strip() != status:
        status, there = str(case.get("status")), True
    if not there:
        fields: dict[str, JSON] = {**(parameters.fields or {}), "status": status}
        await thehive.patch(case_path(parameters.ticket), fields)
    lost: tuple[str, ...] = ()
    if parameters.comment:
        words = markdown_text(parameters.comment, parameters.format, TEXT_LIMIT - ROOM)
        lost = words.lost
        await add_once(thehive, call, parameters.ticket, words.text)
    return Outcome({"status": status}, found=there, lost=lost)
