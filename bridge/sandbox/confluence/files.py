"""Files at a page: listed, added, and given new versions."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.confluence.content import Call, links, page_of
from bridge.sandbox.confluence.state import File, Page
from bridge.sandbox.exchange import Answer, Declined, answer


def find(call: Call) -> Answer:
    page = call.state.page(call.arguments[0])
    name = call.request.option("filename")
    return page_of(call, [_show(call, one, page) for one in page.files if name in ("", one.name)])


def add(call: Call) -> Answer:
    page = call.state.page(call.arguments[0])
    sent = _sent(call)
    if any(one.name == sent[0] for one in page.files):
        words = "Cannot add a new attachment with same file name as an existing attachment"
        raise Declined(400, f"{words}: {sent[0]}")
    made = File(f"att{call.state.next_id()}", sent[0], sent[1], [sent[2]])
    page.files.append(made)
    return page_of(call, [_show(call, made, page)])


def renew(call: Call) -> Answer:
    """The next version of one file."""
    page = call.state.page(call.arguments[0])
    found = next((one for one in page.files if one.id == call.arguments[1]), None)
    if found is None:
        raise Declined(404, "No attachment with this id")
    _, found.comment, content = _sent(call)
    found.contents.append(content)
    return answer(_show(call, found, page))


def _sent(call: Call) -> tuple[str, str, bytes]:
    """Name, comment and bytes. Raises Declined as Confluence does."""
    request = call.request
    if request.header(b"x-atlassian-token") != "no-check":
        raise Declined(403, "XSRF check failed")
    if not request.files:
        raise Declined(400, "At least one attachment file is required")
    return request.files[0].filename, request.form.get("comment", ""), request.files[0].content


def _show(call: Call, one: File, page: Page) -> dict[str, JSON]:
    return {
        "id": one.id,
        "type": "attachment",
        "status": "current",
        "title": one.name,
        "metadata": {"comment": one.comment, "mediaType": "application/octet-stream"},
        "extensions": {"fileSize": len(one.contents[-1]), "comment": one.comment},
        "version": {"number": len(one.contents), "minorEdit": True},
        "_links": links(call, f"/download/attachments/{page.id}/{one.name}"),
        "_expandable": {},
    }
