"""What a new issue needs: projects, issue types and the fields of the create screen."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.jira.fields import SCREEN
from bridge.sandbox.jira.meta import named_project, projects
from bridge.sandbox.jira.screens import field_meta
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.world import FIELDS, ISSUE_TYPES, IssueType


def _create_fields(call: Call) -> dict[str, dict[str, JSON]]:
    needed = ("summary", "project", "issuetype")
    return {name: field_meta(call.view, FIELDS[name], name in needed) for name in sorted(SCREEN)}


def create_meta(call: Call) -> Answer:
    """The old form, with everything in one answer. Data Center dropped it with 9.0; the sandbox
    keeps it there for clients that still ask."""
    request = call.request
    expand = "projects.issuetypes.fields" in request.words("expand")
    names = [word.lower() for word in request.words("issuetypeNames")]
    ids, keys = request.words("projectIds"), request.words("projectKeys")
    kinds = [k for k in ISSUE_TYPES if not names or k.name.lower() in names]
    found: list[JSON] = []
    for project in projects(call):
        if (keys or ids) and project.key not in keys and project.id not in ids:
            continue
        types: list[JSON] = [_create_type(call, kind, expand) for kind in kinds]
        shown = call.view.project(project)
        kept = {name: shown[name] for name in ("self", "id", "key", "name", "avatarUrls")}
        found.append({**kept, "issuetypes": types})
    return answer({"expand": "projects", "projects": found})


def _create_type(call: Call, kind: IssueType, expand: bool) -> JSON:
    shown = call.view.issue_type(kind)
    assert isinstance(shown, dict)
    if expand:
        fields: dict[str, JSON] = {**_create_fields(call)}
        return {**shown, "expand": "fields", "fields": fields}
    return shown


def create_meta_types(call: Call) -> Answer:
    named_project(call)
    values: list[JSON] = [call.view.issue_type(kind) for kind in ISSUE_TYPES]
    return _create_page(call, values, "issueTypes")


def create_meta_fields(call: Call) -> Answer:
    named_project(call)
    if call.arguments[1] not in (kind.id for kind in ISSUE_TYPES):
        raise Declined(404, f"The issue type with id {call.arguments[1]} does not exist.")
    fields = _create_fields(call)
    values: list[JSON] = [{**meta, "fieldId": name} for name, meta in fields.items()]
    return _create_page(call, values, "fields")


def _create_page(call: Call, values: list[JSON], cloud_name: str) -> Answer:
    """Cloud names the list after what it holds, Data Center calls it values."""
    start = call.request.number("startAt", 0)
    size = call.request.number("maxResults", 50)
    shown = values[start : start + size]
    rest: dict[str, JSON] = {"startAt": start, "maxResults": size, "total": len(values)}
    if call.site.cloud:
        return answer({**rest, cloud_name: shown})
    return answer({**rest, "isLast": start + len(shown) >= len(values), "values": shown})
