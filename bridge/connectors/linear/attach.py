"""attach: a file at an issue, as an attachment that carries the mark.

Linear gives two addresses for a file: a signed one that takes its bytes, without any credentials of
ours, and one where it stays. An upload that nothing refers to shows nowhere, so that only the
attachment has to be known again.

https://linear.app/developers/how-to-upload-a-file-to-linear, read 2026-11.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.ask import Ask
from bridge.connectors.filename import file_name
from bridge.connectors.linear.client import Linear, ticket_key
from bridge.connectors.parameters import Attach
from bridge.connectors.site import SLOWEST_BYTES
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

FILES = """\
query FilesOfIssue($id: String!) {
  issue(id: $id) { id attachments(first: 250) { nodes { id metadata } } }
}"""
UPLOAD = """\
mutation Upload($contentType: String!, $filename: String!, $size: Int!) {
  fileUpload(contentType: $contentType, filename: $filename, size: $size) {
    success uploadFile { uploadUrl assetUrl headers { key value } }
  }
}"""
ATTACH = """\
mutation AttachFile($input: AttachmentCreateInput!) {
  attachmentCreate(input: $input) { success attachment { id } }
}"""
KEY = "scanbridge-file"
"""In the attachment's metadata."""
TYPE = "application/octet-stream"


async def attach(linear: Linear, call: Call[Attach]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then uploads."""
    name, data = file_name(call.parameters.filename), call.parameters.data()
    issue = as_object((await linear.ask(FILES, id=ticket_key(call.parameters.ticket))).get("issue"))
    if call.may_exist:
        for one in as_list(child(issue, "attachments", "nodes")):
            if child(one, "metadata", KEY) == call.mark:
                return Outcome({"id": str(child(one, "id"))}, found=True)
    made = await linear.change(UPLOAD, contentType=TYPE, filename=name, size=len(data))
    place = as_object(child(made, "fileUpload", "uploadFile") or {})
    await _put(linear, place, data)
    wanted: JSON = {
        "issueId": issue.get("id"),
        "title": name,
        "url": place.get("assetUrl"),
        "metadata": {KEY: call.mark},
    }
    attached = child(await linear.change(ATTACH, input=wanted), "attachmentCreate", "attachment")
    if not child(attached, "id"):
        raise TryAgain("Linear's answer to the attachment names none", may_have_happened=True)
    return Outcome({"id": str(child(attached, "id"))})


async def _put(linear: Linear, place: dict[str, JSON], data: bytes) -> None:
    """The bytes, to the address that Linear signed for them; without our credentials."""
    url = str(place.get("uploadUrl") or "")
    secure = linear.settings.base_url.startswith("https://")
    if not url.startswith("https://" if secure else ("http://", "https://")):
        host = urlsplit(url).hostname or "no host"
        raise GiveUp(f"Linear gave no safe address for the upload, but one at {host}")
    headers = {"content-type": TYPE, "cache-control": "public, max-age=31536000", "accept": "*/*"}
    for one in as_list(place.get("headers")):
        headers[str(child(one, "key")).lower()] = str(child(one, "value"))
    ask = Ask(
        "PUT",
        url,
        headers,
        content=data,
        timeout_seconds=linear.settings.timeout_seconds + len(data) / SLOWEST_BYTES,
    )
    await linear.site.http.send(ask, linear.site.redactor)
