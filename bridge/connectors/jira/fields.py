"""The fields of a ticket, from the parameters of an action."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.connectors.jira.client import Jira, as_list, as_object
from bridge.connectors.jira.texts import long_text, summary_text
from bridge.connectors.parameters import CreateTicket, UpdateTicket
from bridge.errors import GiveUp
from bridge.event import JSON

EPIC_LINK = "com.pyxis.greenhopper.jira:gh-epic-link"


@dataclass(slots=True)
class Fields:
    """Field values as Jira takes them, and what the texts lost."""

    values: dict[str, JSON] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


async def shared_fields(jira: Jira, parameters: CreateTicket | UpdateTicket) -> Fields:
    """Summary, description, priority and assignee: what creating and updating have in common."""
    fields = Fields()
    if parameters.summary is not None:
        summary = summary_text(parameters.summary)
        if not summary.text:
            raise GiveUp("the summary is empty")
        fields.values["summary"] = summary.text
        fields.lost += summary.lost
    if parameters.description is not None:
        description = long_text(parameters.description, parameters.format, jira.settings)
        fields.values["description"] = description.value
        fields.lost += description.lost
    if parameters.priority:
        fields.values["priority"] = {"name": parameters.priority}
    if parameters.assignee:
        fields.values["assignee"] = await jira.account(parameters.assignee.strip())
    return fields


async def parent_field(jira: Jira, parent: str, issue_type: str) -> dict[str, JSON]:
    """What ties a new ticket of this type to its parent.

    `parent` on Cloud, for epics too. On Data Center only sub-tasks have a parent; what lies below
    an epic names it in the Epic Link field, whose id differs from site to site. The type of the
    new ticket decides and not the name of the parent's, which sites translate.
    """
    if (await jira.facts()).cloud or await _is_subtask(jira, issue_type):
        return {"parent": {"key": parent}}
    for one in map(as_object, as_list(await jira.get("/field"))):
        schema = one.get("schema")
        if isinstance(schema, dict) and schema.get("custom") == EPIC_LINK:
            return {str(one["id"]): parent}
    raise GiveUp(
        f"a {issue_type} is no sub-task, and this Jira has no Epic Link field to put {parent} into"
    )


async def _is_subtask(jira: Jira, issue_type: str) -> bool:
    wanted = issue_type.casefold()
    kinds = map(as_object, as_list(await jira.get("/issuetype")))
    return any(
        one.get("subtask") is True and str(one.get("name", "")).casefold() == wanted
        for one in kinds
    )
