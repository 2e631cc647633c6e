"""Attachments: links to what is outside, one for each address and issue."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, as_object
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


def prepare_upload(call: LinearCall, arguments: Mapping[str, JSON]) -> object:
    """Two addresses: one that takes the bytes, one where they stay."""
    name, size = str(arguments.get("filename") or ""), arguments.get("size")
    if not name or not isinstance(size, int) or size < 0:
        raise InputError("filename and size must be given")
    id_ = call.state.next_id()
    call.state.uploads[id_] = None
    place: Mapping[str, object] = {
        "uploadUrl": f"{call.request.base}/uploads/{id_}",
        "assetUrl": f"{call.request.base}/uploads/{id_}/{quote(name)}",
        "headers": [{"key": "x-goog-content-length-range", "value": f"{size},{size}"}],
        "filename": name,
        "contentType": str(arguments.get("contentType") or ""),
        "size": size,
    }
    return {"success": True, "lastSyncId": 1.0, "uploadFile": place}


def upload(call: LinearCall) -> Answer:
    """The bytes themselves, by whoever knows the address; their length was said before."""
    id_ = call.arguments[0]
    length = len(call.request.body)
    if id_ not in call.state.uploads:
        raise Declined(403, "The signature of this address is not valid.")
    if call.request.header(b"x-goog-content-length-range") != f"{length},{length}":
        raise Declined(400, "The length is another one than was announced.")
    if call.request.header(b"authorization"):
        raise Declined(400, "No credentials belong here.")
    call.state.uploads[id_] = call.request.body
    return Answer(200)


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
