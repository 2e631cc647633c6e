"""attach: a file, once, recognised by its name and its bytes."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.ask import BODY_LIMIT_BYTES
from bridge.connectors.filename import file_name
from bridge.connectors.jira.client import Jira, as_list, as_object
from bridge.connectors.jira.files import upload_attachment
from bridge.connectors.parameters import Attach
from bridge.connectors.site import part
from bridge.event import JSON


async def attach(jira: Jira, call: Call[Attach]) -> Outcome:
    """Attachments carry no mark, so a retry takes one of the same name and the same bytes for its
    own. What remains: of two actions that attach the very same file under one name to one ticket,
    a doubtful second one is content with the first's.
    """
    name, data = file_name(call.parameters.filename), call.parameters.data()
    ticket = call.parameters.ticket
    if call.may_exist:
        known = await _find(jira, ticket, name, data)
        if known:
            return Outcome({"id": known}, found=True)
    return Outcome({"id": (await upload_attachment(jira, ticket, name, data)).id})


async def _find(jira: Jira, ticket: str, name: str, data: bytes) -> str | None:
    issue = await jira.issue(ticket, "attachment")
    for one in map(as_object, as_list(as_object(issue.get("fields", {})).get("attachment"))):
        same = one.get("filename") == name and one.get("size") == len(data)
        if same and await _holds(jira, one, data):
            return str(one["id"])
    return None


async def _holds(jira: Jira, one: dict[str, JSON], data: bytes) -> bool:
    """Whether an attachment has these bytes; name and size must do where they cannot be read.

    Cloud gives them under an address of the API, Data Center only under the page's own.
    """
    if len(data) > BODY_LIMIT_BYTES:
        return True
    if (await jira.facts()).cloud:
        path = f"{jira.api}/attachment/content/{part(str(one.get('id')))}"
        return await jira.site.download(path, {"redirect": "false"}) == data
    page = str(one.get("content", ""))
    if not page.startswith(f"{jira.settings.base_url}/"):
        return True
    return await jira.site.download(page.removeprefix(jira.settings.base_url)) == data
