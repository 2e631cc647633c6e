"""REST v1: Cloud's below `/wiki/rest/api`, Data Center's below `/rest/api`."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.clock import iso
from bridge.event import JSON
from bridge.sandbox.confluence.state import (
    SPACE,
    SPACE_ID,
    SPACE_NAME,
    Comment,
    ConfluenceState,
    Page,
)
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer
from bridge.sandbox.stand_in import Call as AnyCall

Call = AnyCall[ConfluenceState]
HIDDEN = ("body", "version", "space", "history", "children", "container", "ancestors")


def links(call: Call, webui: str) -> dict[str, JSON]:
    cloud = call.request.path.startswith("/wiki")
    base = call.request.base + ("/wiki" if cloud else "")
    return {"webui": webui, "base": base, "context": "", "self": base + webui}


def show_page(call: Call, page: Page) -> dict[str, JSON]:
    return _shown(
        call,
        {
            "id": page.id,
            "type": "page",
            "status": "current",
            "title": page.title,
            "_links": links(call, f"/pages/viewpage.action?pageId={page.id}"),
        },
        page.body,
        {
            "number": page.version, "minorEdit": False, "when": iso(page.changed),
            "message": page.message,
        },
    )  # fmt: skip


def show_comment(call: Call, comment: Comment, page: Page) -> dict[str, JSON]:
    return _shown(
        call,
        {
            "id": comment.id,
            "type": "comment",
            "status": "current",
            "title": f"Re: {page.title}",
            "_links": links(call, f"/pages/viewpage.action?pageId={page.id}"),
        },
        comment.body,
        {"number": 1, "minorEdit": False, "when": iso(comment.made)},
    )


def _shown(
    call: Call, content: dict[str, JSON], body: str, version: dict[str, JSON]
) -> dict[str, JSON]:
    """Only what `expand` names; the rest is said to be expandable."""
    wanted = call.request.words("expand")
    expandable: dict[str, JSON] = {
        name: "" for name in HIDDEN if not any(one.partition(".")[0] == name for one in wanted)
    }
    if "body.storage" in wanted:
        inside: dict[str, JSON] = {"value": body, "representation": "storage"}
        content["body"] = {"storage": {**inside, "_expandable": {"content": ""}}, "_expandable": {}}
    if "version" in wanted:
        content["version"] = version
    if "space" in wanted:
        content["space"] = {
            "id": int(SPACE_ID), "key": SPACE, "name": SPACE_NAME, "type": "global",
            "status": "current", "_expandable": {}, "_links": {},
        }  # fmt: skip
    return {**content, "_expandable": expandable}


def page_of(call: Call, found: Sequence[JSON]) -> Answer:
    start, limit = call.request.number("start", 0), call.request.number("limit", 25)
    shown = list(found[start : start + limit])
    return answer(
        {"results": shown, "start": start, "limit": limit, "size": len(shown), "_links": {}}
    )


def find(call: Call) -> Answer:
    space, title = call.request.option("spaceKey"), call.request.option("title")
    found = [
        show_page(call, one)
        for one in call.state.pages.values()
        if space in ("", SPACE) and title in ("", one.title)
    ]
    return page_of(call, [*found])


def create(call: Call) -> Answer:
    """A page, or a comment below one."""
    body = call.request.object()
    text, state = storage(body), call.state
    if body.get("type") == "comment":
        container = body.get("container")
        page = state.page(str(container.get("id")) if isinstance(container, dict) else "")
        return answer(show_comment(call, state.comment(page, text, call.now), page))
    space = body.get("space")
    if not isinstance(space, dict) or space.get("key") != SPACE:
        raise Declined(404, "No space with key")
    if body.get("type") != "page" or not isinstance(body.get("title"), str):
        raise Declined(400, "type and title are required")
    return answer(show_page(call, state.make(str(body["title"]), text, call.now)))


def read(call: Call) -> Answer:
    return answer(show_page(call, call.state.page(call.arguments[0])))


def update(call: Call) -> Answer:
    body = call.request.object()
    page, version = call.state.page(call.arguments[0]), body.get("version")
    if body.get("type") != "page" or not body.get("title") or not isinstance(version, dict):
        raise Declined(400, "type, title and version are required")
    call.state.save(
        page, version.get("number"), body["title"], storage(body), version.get("message"), call.now
    )
    return answer(show_page(call, page))


def delete(call: Call) -> Answer:
    del call.state.pages[call.state.page(call.arguments[0]).id]
    return NO_CONTENT


def comments(call: Call) -> Answer:
    page = call.state.page(call.arguments[0])
    return page_of(call, [show_comment(call, one, page) for one in page.comments])


def storage(body: dict[str, JSON]) -> str:
    """The text in storage format, as v1 nests it."""
    given = body.get("body")
    inside = given.get("storage") if isinstance(given, dict) else None
    value = inside.get("value") if isinstance(inside, dict) else None
    if not isinstance(value, str):
        raise Declined(400, "body.storage.value is required")
    return value
