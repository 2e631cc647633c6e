"""What a site says about itself: server, people, projects, types, fields, permissions."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.jira.screens import show_field
from bridge.sandbox.jira.show import strict_time
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.world import (
    FIELDS,
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    USERS,
    Project,
)

TITLE = "Sandbox (not a real Jira)"

PERMISSIONS = (
    "ADD_COMMENTS",
    "ADMINISTER",
    "ASSIGN_ISSUES",
    "BROWSE_PROJECTS",
    "CREATE_ATTACHMENTS",
    "CREATE_ISSUES",
    "DELETE_ISSUES",
    "EDIT_ISSUES",
    "LINK_ISSUES",
    "TRANSITION_ISSUES",
)


CLOUD_ID = "5a9d0b0c-0000-4000-8000-000000000001"

"""The id of the Cloud site at Atlassian's gateway."""


def server_info(call: Call) -> Answer:
    """Behind the gateway too the site names its own address."""
    info: dict[str, JSON] = {
        "baseUrl": call.site_base,
        "version": "1001.0.0-SANDBOX" if call.site.cloud else "10.3.24",
        "versionNumbers": [1001, 0, 0] if call.site.cloud else [10, 3, 24],
        "deploymentType": "Cloud" if call.site.cloud else "Server",
        "buildNumber": 100_000,
        "buildDate": "2026-11-01T00:00:00.000+00:00",
        "serverTime": strict_time(call.now),
        "scmInfo": "sandbox",
        "serverTitle": TITLE,
    }
    return answer(info)


def myself(call: Call) -> Answer:
    shown = call.view.user(call.user)
    assert isinstance(shown, dict)
    groups: JSON = {"size": 0, "items": []}
    return answer({**shown, "locale": "en_GB", "groups": groups, "applicationRoles": groups})


def get_user(call: Call) -> Answer:
    request = call.request
    word = request.option("accountId") or request.option("username") or request.option("key")
    user = call.state.users.get(word)
    if user is None:
        raise Declined(404, f"Specified user '{word[:60]}' does not exist or you cannot view it.")
    return answer(call.view.user(user))


def search_users(call: Call) -> Answer:
    request = call.request
    wanted = (
        request.option("query") or request.option("username") or request.option("accountId")
    ).lower()
    if not wanted and "property" not in request.query:
        raise Declined(400, "The query parameter is required.")
    found: list[JSON] = [
        call.view.user(user)
        for user in USERS
        if wanted == "."
        or any(
            wanted in word.lower()
            for word in (user.display_name, user.email, user.name, user.account_id)
        )
    ]
    start = request.number("startAt", 0)
    return answer(found[start : start + request.number("maxResults", 50)])


def page(call: Call, path: str, values: Sequence[JSON]) -> Answer:
    """A page bean: `startAt`, `maxResults`, `total`, `isLast`, `values`."""
    start = call.request.number("startAt", 0)
    size = call.request.number("maxResults", 50)
    shown = list(values[start : start + size])
    return answer(
        {
            "self": f"{call.view.rest}/{path}?startAt={start}&maxResults={size}",
            "startAt": start,
            "maxResults": size,
            "total": len(values),
            "isLast": start + len(shown) >= len(values),
            "values": shown,
        }
    )


def projects(call: Call) -> list[Project]:
    return [call.state.projects[key] for key in call.state.by_project]


def list_projects(call: Call) -> Answer:
    return answer([call.view.project(project) for project in projects(call)])


def search_projects(call: Call) -> Answer:
    wanted = call.request.option("query").lower()
    found = [p for p in projects(call) if wanted in p.key.lower() or wanted in p.name.lower()]
    return page(call, "project/search", [call.view.project(project) for project in found])


def named_project(call: Call) -> Project:
    word = call.arguments[0]
    found = call.state.projects.get(word) or call.state.projects.get(word.upper())
    if found is None:
        raise Declined(404, f"No project could be found with key '{word}'.")
    return found


def get_project(call: Call) -> Answer:
    shown = dict(call.view.project(named_project(call)))
    shown["description"] = TITLE
    shown["lead"] = call.view.user(USERS[0])
    shown["components"] = []
    shown["versions"] = []
    shown["issueTypes"] = [call.view.issue_type(kind) for kind in ISSUE_TYPES]
    shown["roles"] = {}
    shown["assigneeType"] = "UNASSIGNED"
    return answer(shown)


def project_statuses(call: Call) -> Answer:
    """Each issue type with its statuses, which are the same for all."""
    named_project(call)
    statuses: list[JSON] = [call.view.status(status) for status in STATUSES]
    return answer(
        [
            {
                "self": f"{call.view.rest}/issuetype/{kind.id}",
                "id": kind.id,
                "name": kind.name,
                "subtask": kind.subtask,
                "statuses": statuses,
            }
            for kind in ISSUE_TYPES
        ]
    )


def list_priorities(call: Call) -> Answer:
    return answer([call.view.named(entry, "priority") for entry in PRIORITIES])


def search_priorities(call: Call) -> Answer:
    values = [call.view.named(entry, "priority") for entry in PRIORITIES]
    return page(call, "priority/search", values)


def get_priority(call: Call) -> Answer:
    for entry in PRIORITIES:
        if entry.id == call.arguments[0]:
            return answer(call.view.named(entry, "priority"))
    raise Declined(404, f"The priority with id {call.arguments[0]} does not exist.")


def list_resolutions(call: Call) -> Answer:
    return answer([call.view.named(entry, "resolution") for entry in RESOLUTIONS])


def list_issue_types(call: Call) -> Answer:
    return answer([call.view.issue_type(kind) for kind in ISSUE_TYPES])


def list_statuses(call: Call) -> Answer:
    return answer([call.view.status(status) for status in STATUSES])


def get_issue_type(call: Call) -> Answer:
    for kind in ISSUE_TYPES:
        if kind.id == call.arguments[0]:
            return answer(call.view.issue_type(kind))
    raise Declined(404, f"The issue type with id {call.arguments[0]} does not exist.")


def get_status(call: Call) -> Answer:
    """By id or by name."""
    for status in STATUSES:
        if call.arguments[0].lower() in (status.id, status.name.lower()):
            return answer(call.view.status(status))
    raise Declined(404, f"The status {call.arguments[0]} does not exist.")


def search_statuses(call: Call) -> Answer:
    # As /statuses/search spells the category of a status; everywhere else it is its key
    # (https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-status/, read 2026-11).
    categories = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
    values: list[JSON] = [
        {
            "id": status.id,
            "name": status.name,
            "description": status.description,
            "statusCategory": categories[status.category],
            "scope": {"type": "GLOBAL"},
        }
        for status in STATUSES
    ]
    return page(call, "statuses/search", values)


def list_fields(call: Call) -> Answer:
    return answer([show_field(field, call.site.cloud) for field in FIELDS.values()])


def search_fields(call: Call) -> Answer:
    wanted = call.request.option("query").lower()
    values: list[JSON] = []
    for field in FIELDS.values():
        shown = show_field(field, call.site.cloud)
        if isinstance(shown, dict) and wanted in field.name.lower():
            values.append({"id": field.id, "name": field.name, "schema": shown["schema"]})
    return page(call, "field/search", values)


def my_permissions(call: Call) -> Answer:
    """The sandbox allows everything it knows."""
    wanted = call.request.words("permissions")
    if not wanted and call.site.cloud:
        raise Declined(400, "The 'permissions' query parameter is required.")
    unknown = [name for name in wanted if name not in PERMISSIONS]
    if unknown:
        raise Declined(400, f"Unrecognized permission: {unknown[0]}")
    names = wanted or PERMISSIONS
    shown: dict[str, JSON] = {
        name: {
            "id": str(PERMISSIONS.index(name) + 1),
            "key": name,
            "name": name.replace("_", " ").capitalize(),
            "type": "GLOBAL" if name == "ADMINISTER" else "PROJECT",
            "description": "Granted in the sandbox.",
            "havePermission": True,
        }
        for name in names
    }
    return answer({"permissions": shown})
