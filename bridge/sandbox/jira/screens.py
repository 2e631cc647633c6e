"""How fields describe themselves: the field list, and the metadata of screens."""

from __future__ import annotations

from collections.abc import Callable

from bridge.event import JSON
from bridge.sandbox.jira.show import View
from bridge.sandbox.jira.world import ISSUE_TYPES, OPTIONS, PRIORITIES, RESOLUTIONS, Field

TYPES: dict[str, tuple[str, str]] = {
    "summary": ("string", ""),
    "text": ("string", ""),
    "string": ("string", ""),
    "number": ("number", ""),
    "date": ("date", ""),
    "time": ("datetime", ""),
    "labels": ("array", "string"),
    "names": ("array", "version"),
    "user": ("user", ""),
    "project": ("project", ""),
    "issuetype": ("issuetype", ""),
    "parent": ("issuelink", ""),
    "priority": ("priority", ""),
    "status": ("status", ""),
    "resolution": ("resolution", ""),
    "option": ("option", ""),
    "attachments": ("array", "attachment"),
    "comments": ("comments-page", ""),
    "links": ("array", "issuelinks"),
    "subtasks": ("array", "issuelinks"),
    "watches": ("watches", ""),
    "votes": ("votes", ""),
}
"""Kind to Jira's type name and, for lists, that of the items."""

EPICS = {
    "customfield_10011": "com.pyxis.greenhopper.jira:gh-epic-label",
    "customfield_10014": "com.pyxis.greenhopper.jira:gh-epic-link",
}
"""Fields of Jira Software, known by their kind alone: their ids differ from site to site."""

CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
CUSTOM_TYPES = {"text": "textarea", "string": "textfield", "number": "float", "option": "select"}


def schema_of(field: Field) -> dict[str, JSON]:
    kind, items = TYPES[field.kind]
    shown: dict[str, JSON] = {"type": kind}
    if items:
        shown["items"] = "component" if field.id == "components" else items
    if field.custom:
        shown["custom"] = EPICS.get(field.id) or CUSTOM + CUSTOM_TYPES[field.kind]
        shown["customId"] = int(field.id.removeprefix("customfield_"))
    else:
        shown["system"] = field.id
    return shown


def show_field(field: Field, cloud: bool) -> JSON:
    """One entry of the field list."""
    names: list[JSON] = [field.id]
    if field.custom:
        names = [f"cf[{field.id.removeprefix('customfield_')}]", field.name]
    shown: dict[str, JSON] = {
        "id": field.id,
        "name": field.name,
        "custom": field.custom,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": names,
        "schema": schema_of(field),
    }
    return {**shown, "key": field.id} if cloud else shown


def field_meta(view: View, field: Field, required: bool) -> dict[str, JSON]:
    """One field of a screen, with the values it allows where they are few."""
    many = field.kind in ("labels", "names")
    operations: list[JSON] = ["add", "set", "remove"] if many else ["set"]
    shown: dict[str, JSON] = {
        "required": required,
        "schema": schema_of(field),
        "name": field.name,
        "key": field.id,
        "hasDefaultValue": field.kind == "priority",
        "operations": operations,
    }
    if not view.cloud:
        # Data Center calls it fieldId and knows no key here.
        shown["fieldId"] = shown.pop("key")
    choices = _CHOICES.get(field.kind)
    if choices:
        shown["allowedValues"] = choices(view, field)
    return shown


_CHOICES: dict[str, Callable[[View, Field], list[JSON]]] = {
    "priority": lambda view, _field: [view.named(entry, "priority") for entry in PRIORITIES],
    "resolution": lambda view, _field: [view.named(entry, "resolution") for entry in RESOLUTIONS],
    "issuetype": lambda view, _field: [view.issue_type(kind) for kind in ISSUE_TYPES],
    "option": lambda view, field: [view.option(field, value) for value in OPTIONS[field.id]],
    "project": lambda view, _field: [
        view.project(view.state.projects[key]) for key in view.state.by_project
    ],
    "names": lambda _view, _field: [],
}
