"""update_ticket: sets fields. Doing it twice is doing it once, so nothing has to be found."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.github.client import GitHub
from bridge.connectors.github.fields import (
    Fields,
    dropped,
    label_names,
    priority_label,
    shared_fields,
)
from bridge.connectors.github.marks import last_mark
from bridge.connectors.github.mirror import values_of
from bridge.connectors.github.texts import body_text, labels_of
from bridge.connectors.mirror import check_expected
from bridge.connectors.parameters import UpdateTicket
from bridge.errors import GiveUp
from bridge.event import JSON


async def update_ticket(github: GitHub, call: Call[UpdateTicket]) -> Outcome:
    """Sets what the parameters name and nothing else; the mark in the body stays."""
    parameters = call.parameters
    ticket = github.ticket(parameters.ticket)
    fields = shared_fields(parameters)
    rests_on_old = (parameters.description, parameters.priority, parameters.labels)
    old: dict[str, JSON] = {}
    if call.expected or any(one is not None for one in rests_on_old):
        old = await github.issue(ticket)
        check_expected(call.expected, ticket.key, values_of(github, old))
    if parameters.description is not None:
        body = body_text(github, parameters.description, parameters.format)
        fields.lost += body.lost
        mark = last_mark(str(old.get("body") or ""))
        fields.values["body"] = f"{body.text}\n\n{mark}".strip()
    _labels(github, parameters, old, fields)
    fields.values |= parameters.fields or {}
    if not fields.values:
        raise GiveUp("nothing to update: the rule names no field")
    made = await github.write("PATCH", ticket.path, fields.values)
    return Outcome({"key": ticket.key}, lost=(*fields.lost, *dropped(fields, made)))


def _labels(github: GitHub, parameters: UpdateTicket, old: dict[str, JSON], fields: Fields) -> None:
    """All labels anew, since GitHub knows no other way; those of a priority only with one."""
    priority = priority_label(github, parameters.priority, fields.lost)
    if parameters.labels is None and not priority:
        return
    prefix = github.settings.priority_label.casefold()
    known = label_names(old)
    of_priority = [name for name in known if prefix and name.casefold().startswith(prefix)]
    labels = [name for name in known if name not in of_priority]
    if parameters.labels is not None:
        labels = labels_of(parameters.labels)
    fields.values["labels"] = [*dict.fromkeys((*labels, *(priority or of_priority)))]
