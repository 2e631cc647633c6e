"""update_ticket: sets fields. Doing it twice is doing it once, so nothing has to be found."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_object, child
from bridge.connectors.linear.client import Linear, ticket_key
from bridge.connectors.linear.lookup import find_person, label_ids, priority_number
from bridge.connectors.linear.mirror import mirror
from bridge.connectors.linear.options import TEXT_LIMIT, TITLE_LIMIT
from bridge.connectors.linear.texts import CALLS
from bridge.connectors.mirror import check_expected, text_of
from bridge.connectors.parameters import UpdateTicket
from bridge.connectors.prose import named_texts
from bridge.errors import GiveUp
from bridge.event import JSON

UPDATE = """\
mutation UpdateIssue($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) {
    success issue { id identifier description assignee { name } }
  }
}"""
TEAM_OF = """\
query TeamOfIssue($id: String!) {
  issue(id: $id) { id identifier team { id } }
}"""


async def update_ticket(linear: Linear, call: Call[UpdateTicket]) -> Outcome:
    """Sets what the parameters name and nothing else."""
    parameters = call.parameters
    key = ticket_key(parameters.ticket)
    wanted, lost = named_texts(parameters, TITLE_LIMIT, TEXT_LIMIT, CALLS)
    if parameters.priority:
        wanted["priority"] = priority_number(parameters.priority)
    if parameters.assignee is not None:
        who = parameters.assignee.strip()
        wanted["assigneeId"] = await find_person(linear, who) if who else None
    if parameters.labels is not None:
        team = str(child(await linear.ask(TEAM_OF, id=key), "issue", "team", "id"))
        wanted["labelIds"] = await label_ids(linear, team, parameters.labels, lost)
    wanted |= parameters.fields or {}
    if not wanted:
        raise GiveUp("nothing to update: the rule names no field")
    if call.expected:
        seen = (await mirror(linear, key, False)).fields
        check_expected(call.expected, key, {name: one.value for name, one in seen.items()})
    issue = await set_fields(linear, key, wanted)
    outputs: dict[str, JSON] = {"key": str(issue.get("identifier", key))}
    name = text_of(child(issue, "assignee", "name"))
    if parameters.assignee and name:  # which is what events tell
        outputs["assignee"] = name
    return Outcome(outputs, lost=tuple(lost))


async def set_fields(linear: Linear, key: str, fields: dict[str, JSON]) -> dict[str, JSON]:
    """The issue as it is afterwards."""
    made = await linear.change(UPDATE, id=key, input=fields)
    return as_object(child(made, "issueUpdate", "issue"))
