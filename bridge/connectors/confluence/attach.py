"""attach: a file at a page, a new version of it where the page has one of that name.

Both APIs of Cloud and Data Center take files in the older one alone.
https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content---attachments/, read
2026-11: the same name twice is refused, a new version goes to the attachment itself.
"""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.confluence.client import Confluence
from bridge.connectors.filename import file_name
from bridge.connectors.parameters import Attach
from bridge.connectors.site import part
from bridge.errors import TryAgain
from bridge.event import JSON

QUIETLY = {"minorEdit": "true"}
"""Nobody is told by mail."""


async def attach(confluence: Confluence, call: Call[Attach]) -> Outcome:
    """A retry takes a file of the same name whose comment is our mark for its own."""
    name, data = file_name(call.parameters.filename), call.parameters.data()
    page = await confluence.page_id(call.parameters.ticket)
    path = f"/rest/api/content/{part(page)}/child/attachment"
    known = await _known(confluence, path, name)
    if known and call.may_exist and call.mark in _comment(known):
        return Outcome({"id": str(known.get("id"))}, found=True)
    if known:
        path += f"/{part(str(known.get('id')))}/data"
    form = {**QUIETLY, "comment": f"scanbridge {call.mark}"}
    answer = await confluence.site.upload(path, name, data, {}, form=form)
    results = as_list(child(answer, "results"))
    made = as_object(results[0] if results else answer)
    if not made.get("id"):
        raise TryAgain("Confluence's answer to the upload names none", may_have_happened=True)
    return Outcome({"id": str(made["id"])})


async def _known(confluence: Confluence, path: str, name: str) -> dict[str, JSON]:
    """The page's file of this name; empty where there is none."""
    asked: dict[str, str | int] = {"filename": name, "expand": "metadata"}
    found = as_object((await confluence.site.fetch("GET", path, query=asked))[1])
    files = map(as_object, as_list(found.get("results")))
    return next((one for one in files if one.get("title") == name), {})


def _comment(one: dict[str, JSON]) -> str:
    """Where each of the two deployments has it."""
    told = child(one, "metadata", "comment") or child(one, "extensions", "comment")
    return str(told or "")
