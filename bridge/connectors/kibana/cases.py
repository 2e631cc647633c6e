"""Cases as tickets: create_ticket, update_ticket, transition."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.action import Call, Outcome
from bridge.connectors.hidden import ROOM
from bridge.connectors.kibana.client import Kibana
from bridge.connectors.kibana.comments import add_once
from bridge.connectors.kibana.mirror import values_of
from bridge.connectors.kibana.options import (
    CATEGORY_LIMIT,
    TAG_LIMIT,
    TAGS_LIMIT,
    TEXT_LIMIT,
    TITLE_LIMIT,
)
from bridge.connectors.mirror import check_expected
from bridge.connectors.parameters import CreateTicket, Transition, UpdateTicket
from bridge.connectors.prose import label_texts, markdown_text, named_texts, title_text
from bridge.connectors.tagged_cases import Case, find_marked, own_tags, tag_of
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.text.characters import head

STATUSES = ("open", "in-progress", "closed")
SEVERITIES = ("low", "medium", "high", "critical")
PRIORITIES = {"lowest": "low", "highest": "critical", "info": "low", "urgent": "critical"}
"""Words of other systems for a case's severity."""

NO_CONNECTOR: JSON = {"id": "none", "name": "none", "type": ".none", "fields": None}


async def create_ticket(kibana: Kibana, call: Call[CreateTicket]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then creates."""
    parameters = call.parameters
    if call.may_exist:
        known = await find_marked(kibana, call.mark, call.now)
        if known:
            return outcome_of(kibana, known, found=True)
    lost: list[str] = []
    title = title_text(parameters.summary, TITLE_LIMIT)
    words = markdown_text(parameters.description or "", parameters.format, TEXT_LIMIT)
    lost += [*title.lost, *words.lost]
    if parameters.parent:
        lost.append("a case has no parent")
    if parameters.project:
        lost.append("the project was left out: the integration's space has the case")
    fields: dict[str, JSON] = dict(parameters.fields or {})
    if parameters.priority:
        fields["severity"] = severity(parameters.priority)
    if parameters.issue_type:
        fields["category"] = head(parameters.issue_type, CATEGORY_LIMIT)
    if parameters.assignee:
        fields["assignees"] = assignees(parameters.assignee)
    made = await create(
        kibana, title.text, words.text, tags_of(parameters.labels or []), call.mark, fields
    )
    return outcome_of(kibana, made, lost=tuple(lost))


async def create(
    kibana: Kibana,
    title: str,
    description: str,
    tags: Iterable[str],
    mark: str,
    fields: dict[str, JSON],
) -> Case:
    """Makes a case that carries the mark; an empty description, which Kibana refuses, becomes the
    title."""
    marked: list[JSON] = [*list(tags)[: TAGS_LIMIT - 1], tag_of(mark)]
    body: dict[str, JSON] = {
        "title": title,
        "description": description if description.strip() else title,
        "tags": marked,
        "owner": kibana.settings.owner,
        "settings": {"syncAlerts": False},
        "connector": NO_CONNECTOR,
        **fields,
    }
    with kibana.settling.making(mark):
        made = await kibana.post("/cases", body)
        if not made.get("id"):
            raise TryAgain("Kibana's answer to the create names no case", may_have_happened=True)
    kibana.settling.remember(mark, str(made["id"]))
    return made


def outcome_of(
    kibana: Kibana, case: Case, *, found: bool = False, lost: tuple[str, ...] = ()
) -> Outcome:
    case_id = kibana.key_of(case)
    outputs: dict[str, JSON] = {"key": case_id, "id": case_id, "url": kibana.page(case_id)}
    return Outcome(outputs, found=found, lost=lost)


async def update_ticket(kibana: Kibana, call: Call[UpdateTicket]) -> Outcome:
    """Sets what the parameters name and nothing else; the bridge's own tags stay."""
    parameters = call.parameters
    fields, lost = named_texts(parameters, TITLE_LIMIT, TEXT_LIMIT)
    if parameters.priority:
        fields["severity"] = severity(parameters.priority)
    if parameters.assignee is not None:
        fields["assignees"] = assignees(parameters.assignee)
    fields |= parameters.fields or {}

    def wanted(case: Case) -> dict[str, JSON]:
        check_expected(call.expected, parameters.ticket, values_of(case))
        named = dict(fields)
        if parameters.labels is not None:
            named["tags"] = [*tags_of(parameters.labels), *own_tags(case)]
        return differing(case, named)

    if not fields and parameters.labels is None:
        raise GiveUp("nothing to update: the rule names no field")
    _, changed = await kibana.change(parameters.ticket, wanted)
    outputs: dict[str, JSON] = {"key": parameters.ticket.strip()}
    return Outcome(outputs, found=not changed, lost=tuple(lost))


async def transition(kibana: Kibana, call: Call[Transition]) -> Outcome:
    """Gives a case another status; its comment follows, once."""
    parameters = call.parameters
    status = status_of(parameters.to)
    fields: dict[str, JSON] = {**(parameters.fields or {}), "status": status}

    def wanted(case: Case) -> dict[str, JSON]:
        check_expected(call.expected, parameters.ticket, values_of(case))
        return differing(case, fields)

    _, changed = await kibana.change(parameters.ticket, wanted)
    lost: tuple[str, ...] = ()
    if parameters.comment:
        words = markdown_text(parameters.comment, parameters.format, TEXT_LIMIT - ROOM)
        lost = words.lost
        await add_once(kibana, call, parameters.ticket, words.text)
    return Outcome({"status": status}, found=not changed, lost=lost)


# --- words --------------------------------------------------------------------------------


def status_of(text: str) -> str:
    """One of the three that a case can have. Raises GiveUp naming them."""
    status = "-".join(text.strip().casefold().replace("_", " ").split())
    if status not in STATUSES:
        raise GiveUp(f"a case has no status {text[:100]!r}; it has: {', '.join(STATUSES)}")
    return status


def severity(text: str) -> str:
    """One of the four that a case can have. Raises GiveUp naming them."""
    word = text.strip().casefold()
    word = PRIORITIES.get(word, word)
    if word not in SEVERITIES:
        raise GiveUp(f"a case has no severity {text[:100]!r}; it has: {', '.join(SEVERITIES)}")
    return word


def assignees(text: str) -> JSON:
    """By the id of a user's profile, as the API has it; empty for nobody. Raises GiveUp."""
    who = text.strip()
    if who and not who.startswith("u_"):
        raise GiveUp(f"assignee {who[:100]!r}: Kibana takes the id of a user profile, u_…")
    return [{"uid": who}] if who else []


def tags_of(labels: Iterable[str]) -> list[str]:
    return label_texts(labels, TAG_LIMIT)


def differing(case: Case, fields: dict[str, JSON]) -> dict[str, JSON]:
    """Those of the fields that the case does not have already."""
    return {name: value for name, value in fields.items() if not _same(case.get(name), value)}


def _same(there: JSON, wanted: JSON) -> bool:
    """Answers may hold more than was sent: an assignee's, a connector's further keys."""
    if isinstance(there, list) and isinstance(wanted, list):
        return len(there) == len(wanted) and all(map(_same, there, wanted))
    if isinstance(there, dict) and isinstance(wanted, dict):
        return all(_same(there.get(name), value) for name, value in wanted.items())
    return there == wanted
