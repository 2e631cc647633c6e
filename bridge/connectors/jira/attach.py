"""attach: a file, once, recognised by its name and size."""

from __future__ import annotations

import re

from bridge.action import Call, Outcome
from bridge.connectors.jira.client import API, Jira, as_list, as_object, issue_path
from bridge.connectors.jira.marks import made_since
from bridge.connectors.parameters import Attach
from bridge.errors import GiveUp, TryAgain
from bridge.text.characters import head, tidy

NAME_LIMIT = 255


async def attach(jira: Jira, call: Call[Attach]) -> Outcome:
    """Attachments carry no mark, so a retry takes one of the same name and size, made since the
    action was planned, for its own.
    """
    name, data = file_name(call.parameters.filename), call.parameters.data()
    path = issue_path(call.parameters.ticket)
    if call.may_exist:
        known = await _find(jira, call, name, len(data))
        if known:
            return Outcome({"id": known}, found=True)
    answer = await jira.site.upload(
        f"{API}{path}/attachments", name, data, {"x-atlassian-token": "no-check"}
    )
    made = as_list(answer)
    if not made or not as_object(made[0]).get("id"):
        raise TryAgain("Jira's answer to the upload names no attachment", may_have_happened=True)
    return Outcome({"id": str(as_object(made[0])["id"])})


async def _find(jira: Jira, call: Call[Attach], name: str, size: int) -> str | None:
    issue = await jira.issue(call.parameters.ticket, "attachment")
    for one in map(as_object, as_list(as_object(issue.get("fields", {})).get("attachment"))):
        same = one.get("filename") == name and one.get("size") == size
        if same and made_since(one.get("created"), call.intended_at):
            return str(one["id"])
    return None


def file_name(text: str) -> str:
    """A bare name: what stands before the last slash goes, odd characters become `_`."""
    name = re.sub(r"[\s]+", " ", tidy(text).replace("\\", "/").rpartition("/")[2])
    name = re.sub(r"[\"<>:|?*%\ufffd]", "_", name).strip(" .")
    if not name:
        raise GiveUp(f"{text[:100]!r} is no file name")
    return head(name, NAME_LIMIT)
