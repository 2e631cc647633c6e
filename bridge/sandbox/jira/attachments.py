"""Attachments: files sent as multipart, kept in memory."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer
from bridge.sandbox.jira import events
from bridge.sandbox.jira.show import quoted
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Attachment

LIMIT = 10 * 1024 * 1024
"""Bytes of one file; Jira's own default on Data Center."""


def add_attachments(call: Call) -> Answer:
    """A list, also for one file. Without `X-Atlassian-Token: no-check` 403."""
    issue = call.issue()
    token = (call.request.header(b"x-atlassian-token") or "").lower()
    if token not in ("no-check", "nocheck"):
        # Jira answers this one as text, not as JSON.
        return Answer(403, b"XSRF check failed", b"text/html;charset=UTF-8")
    if not call.request.files:
        raise Declined(400, "The request has no multipart part named 'file'.")
    if any(len(upload.content) > LIMIT for upload in call.request.files):
        raise Declined(413, f"The file is larger than the limit of {LIMIT} bytes.")
    made: list[JSON] = []
    for upload in call.request.files:
        attachment = Attachment(
            id=call.state.next_id("attachment"),
            issue=issue,
            filename=upload.filename,
            content_type=upload.content_type,
            content=upload.content,
            author=call.user,
            created=call.now,
        )
        issue.attachments[attachment.id] = call.state.attachments[attachment.id] = attachment
        call.state.touch(issue, call.now)
        made.append(_shown(call, attachment))
        events.attachment_created(call, attachment)
    return answer(made)


def _shown(call: Call, attachment: Attachment) -> dict[str, JSON]:
    return call.view.attachment(attachment)


def _attachment(call: Call) -> Attachment:
    found = call.state.attachments.get(call.arguments[0])
    if found is None:
        raise Declined(404, f"The attachment with id '{call.arguments[0]}' does not exist")
    return found


def get_attachment(call: Call) -> Answer:
    shown = _shown(call, _attachment(call))
    if call.site.cloud:
        # Cloud gives the id of this one object as a number, unlike in the list.
        shown["id"] = int(str(shown["id"]))
    return answer(shown)


def delete_attachment(call: Call) -> Answer:
    attachment = _attachment(call)
    del attachment.issue.attachments[attachment.id], call.state.attachments[attachment.id]
    call.state.touch(attachment.issue, call.now)
    return NO_CONTENT


def attachment_meta(call: Call) -> Answer:
    return answer({"enabled": True, "uploadLimit": LIMIT})


def get_content(call: Call) -> Answer:
    """The bytes; the page /secure/attachment/{id}/{name} gives the same."""
    attachment = _attachment(call)
    name = f"attachment; filename*=UTF-8''{quoted(attachment.filename)}"
    return Answer(
        200,
        attachment.content,
        attachment.content_type.encode("latin-1", "replace"),
        ((b"content-disposition", name.encode()), (b"x-content-type-options", b"nosniff")),
    )
