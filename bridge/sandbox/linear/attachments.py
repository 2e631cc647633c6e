"""Attachments: links to what is outside, one for each address and issue."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.event import JSON
from bridge.sandbox.exchange import as_object
from bridge.sandbox.linear import nodes
from bridge.sandbox.linear.changes import InputError, LinearCall, actor
from bridge.sandbox.linear.state import Attachment


def create(call: LinearCall, arguments: Mapping[str, JSON]) -> object:
    """To create one again, by its address, is to update it."""
    wanted = as_object(arguments.get("input"))
    issue = call.state.issue(str(wanted.get("issueId")))
    if issue is None:
        raise InputError("Entity not found: Issue")
    url = str(wanted.get("url") or "")
    if not url.startswith(("http://", "https://")):
        raise InputError("url must be a URL address")
    of_issue = (one for one in call.state.attachments.values() if one.issue == issue.id)
    known = next((one for one in of_issue if one.url == url), None)
    made = known or Attachment(call.state.next_id(), issue.id, actor(call), url, "", call.now)
    _set(made, wanted)
    call.state.attachments[made.id] = made
    return {"success": True, "lastSyncId": 1.0, "attachment": nodes.attachment(made)}


def update(call: LinearCall, arguments: Mapping[str, JSON]) -> object:
    known = call.state.attachments.get(str(arguments.get("id")))
    if known is None:
        raise InputError("Entity not found: Attachment")
    _set(known, as_object(arguments.get("input")))
    return {"success": True, "lastSyncId": 1.0, "attachment": nodes.attachment(known)}


def _set(one: Attachment, wanted: Mapping[str, JSON]) -> None:
    title = str(wanted.get("title") or "")
    if not title:
        raise InputError("title must not be empty")
    metadata = as_object(wanted.get("metadata"))
    if not all(isinstance(value, str | int | float) for value in metadata.values()):
        raise InputError("metadata must hold strings and numbers")
    one.title = title
    if "subtitle" in wanted:
        one.subtitle = str(wanted["subtitle"] or "") or None
    if "metadata" in wanted:
        one.metadata = metadata
