"""create_ticket: exactly one, whatever happens to the answers."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.action import Call, Outcome
from bridge.connectors.jira.client import BAD_REQUEST, Jira, as_list, as_object, as_properties
from bridge.connectors.jira.fields import Fields, parent_field, shared_fields
from bridge.connectors.jira.find import Made, find_made
from bridge.connectors.jira.long_fields import passed_on
from bridge.connectors.jira.marks import PROPERTY, label, property_value
from bridge.connectors.jira.texts import label_texts
from bridge.connectors.parameters import CreateTicket
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

LABELS = "labels"


async def create_ticket(
    jira: Jira, call: Call[CreateTicket], properties: Mapping[str, JSON] | None = None
) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then creates.

    The mark travels in the create itself, as a label and as a property: there is no moment in
    which the ticket exists without it. `find_made` says what remains.
    properties: further ones that the ticket gets with it.
    """
    project = call.parameters.project or jira.settings.project
    if not project:
        raise GiveUp("no project: neither the rule nor the integration names one")
    url = (await jira.facts()).url  # before the create, so that nothing can fail after it
    project = await _key_of(jira, project)
    if call.may_exist:
        found = await find_made(jira, project, call.mark)
        if found:
            return _outcome(found, url, (), found=True)
    fields = await _fields(jira, call, project)
    made = await _create(jira, fields, call.mark, properties or {})
    return _outcome(made, url, tuple(fields.lost), found=False)


async def _key_of(jira: Jira, project: str) -> str:
    """The key of a project that is named by its number, as apps that ask by OAuth know it."""
    if not project.isdecimal():
        return project
    found = await jira.find(f"/project/{project}")
    key = found.get("key") if isinstance(found, dict) else None
    if not isinstance(key, str):
        raise GiveUp(f"no project has the id {project}, or it is not to be seen")
    return key


async def _fields(jira: Jira, call: Call[CreateTicket], project: str) -> Fields:
    parameters = call.parameters
    fields = await shared_fields(jira, parameters)
    issue_type = parameters.issue_type or jira.settings.issue_type
    fields.values |= {"project": {"key": project}, "issuetype": {"name": issue_type}}
    if parameters.parent:
        fields.values |= await parent_field(jira, parameters.parent.strip(), issue_type)
    fields.values |= await passed_on(jira, parameters.fields or {}, fields.lost)
    labels = (parameters.labels or []) + [str(one) for one in as_list(fields.values.get(LABELS))]
    fields.values[LABELS] = [*label_texts(labels), label(call.mark)]
    return fields


async def _create(jira: Jira, fields: Fields, mark: str, properties: Mapping[str, JSON]) -> Made:
    body: dict[str, JSON] = {
        "fields": fields.values,
        "properties": as_properties({PROPERTY: property_value(mark), **properties}),
    }
    status, answer = await jira.site.fetch(
        "POST", jira.api + "/issue", body=body, allow=BAD_REQUEST
    )
    if status == 400:
        errors = as_object(answer).get("errors") if isinstance(answer, dict) else None
        if not isinstance(errors, dict) or set(errors) != {LABELS}:
            raise GiveUp(f"Jira refuses the ticket: {_reasons(jira, answer)}", status=400)
        # Labels are not on this project's screen. The property alone carries the mark then.
        fields.lost.append(f"labels: {_reasons(jira, answer)}")
        bare = {name: value for name, value in fields.values.items() if name != LABELS}
        answer = await jira.post("/issue", {**body, "fields": bare})
    made = as_object(answer)
    if not made.get("key"):
        raise TryAgain("Jira's answer to the create names no ticket", may_have_happened=True)
    return Made(str(made["key"]), str(made.get("id", "")))


def _reasons(jira: Jira, answer: JSON) -> str:
    parts: list[str] = []
    if isinstance(answer, dict):
        parts += [str(message) for message in as_list(answer.get("errorMessages"))]
        errors = answer.get("errors")
        if isinstance(errors, dict):
            parts += [f"{name}: {message}" for name, message in errors.items()]
    return jira.site.redactor.cut("; ".join(parts) or "no reason given", 500)


def _outcome(made: Made, url: str, lost: tuple[str, ...], *, found: bool) -> Outcome:
    outputs: dict[str, JSON] = {
        "key": made.key,
        "id": made.id,
        "url": f"{url}/browse/{made.key}",
    }
    return Outcome(outputs, found=found, lost=lost)
