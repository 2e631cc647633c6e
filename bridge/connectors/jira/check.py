"""What `bridge doctor` finds out about a Jira integration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bridge.connectors.contract import Finding
from bridge.connectors.jira.check_credentials import check_credentials
from bridge.connectors.jira.client import Jira, as_list, as_object
from bridge.connectors.site import part
from bridge.errors import ConnectorError
from bridge.event import JSON

PERMISSIONS = (
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ADD_COMMENTS",
    "TRANSITION_ISSUES",
    "CREATE_ATTACHMENTS",
)
"""What the actions need. https://developer.atlassian.com/cloud/jira/platform/rest/v2/
api-group-permissions/, read 2026-11."""

NOT_SEEN = "check `project`; else the account may not browse it"

SET_BY_US = frozenset({"project", "issuetype", "summary", "description", "labels", "reporter"})


async def check(jira: Jira) -> tuple[Finding, ...]:
    """Credentials first; without them nothing else is asked."""
    credentials = await check_credentials(jira)
    if not credentials.ok:
        return (credentials,)
    findings = [credentials, await _finding("site", _site, jira)]
    if jira.settings.project is None:
        return (*findings, Finding("project", True, "no default project; rules name theirs"))
    for what, look in (
        ("project", _project),
        ("permissions", _permissions),
        ("fields", _fields),
        ("transitions", _transitions),
    ):
        findings.append(await _finding(what, look, jira))
    return tuple(findings)


async def _finding(what: str, look: Callable[[Jira], Awaitable[Finding]], jira: Jira) -> Finding:
    try:
        return await look(jira)
    except ConnectorError as error:
        hints = {401: "check auth", 403: "check auth", 404: NOT_SEEN}
        return Finding(what, False, error.reason, hints.get(error.status or 0, ""))


async def _site(jira: Jira) -> Finding:
    info = as_object(await jira.get("/serverInfo"))
    kind, version = info.get("deploymentType", "Server"), info.get("version", "?")
    message = f"{kind} {version} at {info.get('baseUrl', jira.settings.base_url)}"
    if jira.settings.api == 3 and kind != "Cloud":
        return Finding("site", False, message, "`api: 3` is Cloud's alone; take it out")
    try:
        there = datetime.fromisoformat(str(info.get("serverTime"))).timestamp()
    except ValueError:
        return Finding("site", True, message)
    off = there - jira.site.http.now() / 1000
    if abs(off) > 120:  # found tickets may be 5 minutes older than their intent; stay well inside
        way = "ahead of" if off > 0 else "behind"
        words = f"{message}; its clock is {abs(off):.0f} s {way} this machine's"
        return Finding("site", False, words, "set by NTP whichever of the two is wrong")
    return Finding("site", True, message)


async def _project(jira: Jira) -> Finding:
    found = as_object(await jira.get(f"/project/{part(jira.settings.project or '')}"))
    return Finding("project", True, f"{found.get('key')} ({found.get('name')})")


async def _permissions(jira: Jira) -> Finding:
    project = jira.settings.project or ""
    asked = {"projectKey": project, "permissions": ",".join(PERMISSIONS)}
    found = as_object(as_object(await jira.get("/mypermissions", asked)).get("permissions", {}))
    missing = [name for name in PERMISSIONS if not _has(found.get(name))]
    if missing:
        return Finding(
            "permissions",
            False,
            f"missing in {project}: {', '.join(missing)}",
            "give the account a role in the project that has them",
        )
    return Finding("permissions", True, f"all {len(PERMISSIONS)} that the actions need")


def _has(permission: JSON) -> bool:
    return isinstance(permission, dict) and permission.get("havePermission") is True


async def _fields(jira: Jira) -> Finding:
    """Whether the default type exists, and what its create screen demands beyond what we set."""
    path = f"/issue/createmeta/{part(jira.settings.project or '')}/issuetypes"
    page = as_object(await jira.get(path, {"maxResults": 200}))
    types = [as_object(one) for one in _rows(page, "issueTypes")]
    wanted = jira.settings.issue_type
    kind = next((one for one in types if str(one.get("name")) == wanted), None)
    if kind is None:
        names = ", ".join(str(one.get("name")) for one in types)
        hint = "name one of them as the integration's `issue_type`"
        return Finding("fields", False, f"no issue type {wanted!r}; there are: {names}", hint)
    page = as_object(await jira.get(f"{path}/{part(str(kind['id']))}", {"maxResults": 200}))
    demanded = [
        f"{one.get('fieldId')} ({one.get('name')})"
        for one in map(as_object, _rows(page, "fields"))
        if one.get("required")
        and not one.get("hasDefaultValue")
        and one.get("fieldId") not in SET_BY_US
    ]
    if demanded:
        return Finding(
            "fields",
            False,
            f"{wanted} demands {', '.join(demanded)}",
            "name them under `fields` in every create_ticket",
        )
    return Finding("fields", True, f"{wanted} can be created with what the rules give")


async def _transitions(jira: Jira) -> Finding:
    """The statuses that tickets of the default type can have, in the words `transition` takes."""
    project, wanted = jira.settings.project or "", jira.settings.issue_type
    kinds = as_list(await jira.get(f"/project/{part(project)}/statuses"))
    of_kind = next((one for one in map(as_object, kinds) if one.get("name") == wanted), None)
    if of_kind is None:
        words = f"{project} names no statuses for {wanted}"
        return Finding("transitions", False, words, "check `issue_type` and the project's workflow")
    names = [str(as_object(one).get("name")) for one in as_list(of_kind.get("statuses"))]
    if len(names) < 2:
        return Finding(
            "transitions",
            False,
            f"{wanted} has the status {', '.join(names) or 'none'} alone: nothing can be moved",
            "look at the project's workflow",
        )
    return Finding("transitions", True, f"{wanted} goes between {', '.join(names)}")


def _rows(page: dict[str, JSON], name: str) -> list[JSON]:
    """Cloud names the rows, Data Center calls them values."""
    return as_list(page.get(name)) or as_list(page.get("values"))
