"""update_ticket: sets fields. Doing it twice is doing it once, so nothing has to be found."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.jira.client import Jira, as_list, as_object
from bridge.connectors.jira.fields import shared_fields
from bridge.connectors.jira.long_fields import passed_on
from bridge.connectors.jira.marks import is_own_label
from bridge.connectors.jira.mirror import mirror
from bridge.connectors.jira.texts import label_texts
from bridge.connectors.mirror import check_expected
from bridge.connectors.parameters import UpdateTicket
from bridge.errors import GiveUp
from bridge.event import JSON


async def update_ticket(jira: Jira, call: Call[UpdateTicket]) -> Outcome:
    """Sets what the parameters name and nothing else; the bridge's own labels stay."""
    parameters = call.parameters
    fields = await shared_fields(jira, parameters)
    if parameters.assignee == "":
        fields.values["assignee"] = None
    if parameters.labels is not None:
        own = await _own_labels(jira, parameters.ticket)
        fields.values["labels"] = [*label_texts(parameters.labels), *own]
    fields.values |= await passed_on(jira, parameters.fields or {}, fields.lost)
    if not fields.values:
        raise GiveUp("nothing to update: the rule names no field")
    if call.expected:
        seen = (await mirror(jira, parameters.ticket, False)).fields
        values = {name: one.value for name, one in seen.items()}
        check_expected(call.expected, parameters.ticket, values)
    await jira.edit(parameters.ticket, fields.values)
    return Outcome({"key": parameters.ticket.strip().upper()}, lost=tuple(fields.lost))


async def _own_labels(jira: Jira, ticket: str) -> list[JSON]:
    issue = await jira.issue(ticket, "labels")
    labels = as_list(as_object(issue.get("fields", {})).get("labels"))
    return [one for one in labels if is_own_label(one)]
