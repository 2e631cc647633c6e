"""create_ticket: exactly one issue, since its id is made of the mark."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.linear.client import Linear, ticket_key
from bridge.connectors.linear.lookup import find_person, find_team, label_ids, priority_number
from bridge.connectors.linear.options import TEXT_LIMIT, TITLE_LIMIT
from bridge.connectors.linear.texts import CALLS
from bridge.connectors.own_ids import own_id
from bridge.connectors.parameters import CreateTicket
from bridge.connectors.prose import named_texts
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

CREATE = """\
mutation CreateIssue($input: IssueCreateInput!) {
  issueCreate(input: $input) { success issue { id identifier url } }
}"""
FIND = """\
query FindIssue($id: ID!) {
  issues(first: 1, includeArchived: true, filter: {id: {eq: $id}}) {
    nodes { id identifier url }
  }
}"""


async def create_ticket(linear: Linear, call: Call[CreateTicket]) -> Outcome:
    """Looks for the id where an earlier try may have been carried out, then creates with it.

    Where the create is refused it looks once more: the request may have arrived twice.
    """
    issue_id = own_id(call.mark)
    if call.may_exist and (known := await find_issue(linear, issue_id)):
        return _outcome(known, (), found=True)
    lost: list[str] = []
    wanted = await issue_input(linear, call.parameters, issue_id, lost)
    issue, found = await create_issue(linear, wanted)
    return _outcome(issue, () if found else tuple(lost), found=found)


async def create_issue(linear: Linear, wanted: dict[str, JSON]) -> tuple[dict[str, JSON], bool]:
    """The issue with the id that is wanted, and whether it was there already."""
    try:
        made = await linear.change(CREATE, input=wanted)
    except GiveUp as error:
        found = None if error.status == 401 else await find_issue(linear, str(wanted["id"]))
        if found is None:
            raise
        return found, True
    issue = child(made, "issueCreate", "issue")
    if not child(issue, "identifier"):
        raise TryAgain("Linear's answer to the create names no issue", may_have_happened=True)
    return as_object(issue), False


async def find_issue(linear: Linear, issue_id: str) -> dict[str, JSON] | None:
    """The issue with an id of our own making, archived or not."""
    found = as_list(child(await linear.ask(FIND, id=issue_id), "issues", "nodes"))
    return as_object(found[0]) if found else None


async def issue_input(
    linear: Linear, parameters: CreateTicket, issue_id: str, lost: list[str]
) -> dict[str, JSON]:
    team = await find_team(linear, parameters.project)
    texts, cut = named_texts(parameters, TITLE_LIMIT, TEXT_LIMIT, CALLS)
    lost += cut
    wanted: dict[str, JSON] = {"id": issue_id, "teamId": team.id, **texts}
    if parameters.issue_type:
        lost.append("the issue type was left out: Linear has none; use a label")
    if parameters.priority:
        wanted["priority"] = priority_number(parameters.priority)
    if parameters.assignee:
        wanted["assigneeId"] = await find_person(linear, parameters.assignee.strip())
    if parameters.parent:
        wanted["parentId"] = ticket_key(parameters.parent)
    if parameters.labels:
        wanted["labelIds"] = await label_ids(linear, team.id, parameters.labels, lost)
    return wanted | (parameters.fields or {})


def _outcome(issue: dict[str, JSON], lost: tuple[str, ...], *, found: bool) -> Outcome:
    outputs: dict[str, JSON] = {
        "key": str(issue.get("identifier")),
        "id": str(issue.get("id")),
        "url": str(issue.get("url")),
    }
    return Outcome(outputs, found=found, lost=lost)
