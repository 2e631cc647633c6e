"""REST v2, which Cloud alone has, below `/wiki/api/v2`."""

from __future__ import annotations

from bridge.clock import iso
from bridge.event import JSON
from bridge.sandbox.confluence.content import Call
from bridge.sandbox.confluence.state import SPACE, SPACE_ID, SPACE_NAME, Comment, Page
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer

ACCOUNT = "5b10ac8d82e05b22cc7d4ef5"


def show_page(call: Call, page: Page, *, body: bool = True) -> dict[str, JSON]:
    shown: dict[str, JSON] = {
        "id": page.id,
        "status": "current",
        "title": page.title,
        "spaceId": SPACE_ID,
        "authorId": ACCOUNT,
        "createdAt": iso(page.made),
        "version": {
            "number": page.version, "message": page.message, "minorEdit": False,
            "authorId": ACCOUNT, "createdAt": iso(page.changed),
        },
        "body": {},
        "_links": {
            "webui": f"/spaces/{SPACE}/pages/{page.id}", "base": f"{call.request.base}/wiki",
        },
    }  # fmt: skip
    if body and call.request.option("body-format") in ("storage", ""):
        shown["body"] = {"storage": {"representation": "storage", "value": page.body}}
    return shown


def show_comment(comment: Comment, page: Page) -> dict[str, JSON]:
    return {
        "id": comment.id,
        "status": "current",
        "title": f"Re: {page.title}",
        "pageId": page.id,
        "version": {
            "number": 1, "message": "", "minorEdit": False, "authorId": ACCOUNT,
            "createdAt": iso(comment.made),
        },
        "body": {"storage": {"representation": "storage", "value": comment.body}},
        "_links": {"webui": f"/spaces/{SPACE}/pages/{page.id}?focusedCommentId={comment.id}"},
    }  # fmt: skip


def spaces(call: Call) -> Answer:
    keys = call.request.words("keys")
    shown: list[JSON] = []
    if not keys or SPACE in keys:
        shown = [
            {
                "id": SPACE_ID, "key": SPACE, "name": SPACE_NAME, "type": "global",
                "status": "current", "_links": {"webui": f"/spaces/{SPACE}"},
            }
        ]  # fmt: skip
    return answer({"results": shown, "_links": {}})


def pages(call: Call) -> Answer:
    title, space = call.request.option("title"), call.request.words("space-id")
    found: list[JSON] = [
        show_page(call, one, body=bool(call.request.option("body-format")))
        for one in call.state.pages.values()
        if title in ("", one.title) and (not space or SPACE_ID in space)
    ]
    limit = call.request.number("limit", 25)
    return answer({"results": found[:limit], "_links": {}})


def create(call: Call) -> Answer:
    body = call.request.object()
    if body.get("spaceId") != SPACE_ID or not isinstance(body.get("title"), str):
        raise Declined(400, "spaceId and title are required")
    made = call.state.make(str(body["title"]), storage(body), call.now)
    return answer(show_page(call, made))


def read(call: Call) -> Answer:
    return answer(show_page(call, call.state.page(call.arguments[0])))


def update(call: Call) -> Answer:
    body = call.request.object()
    page, version = call.state.page(call.arguments[0]), body.get("version")
    if str(body.get("id")) != page.id or body.get("status") != "current" or not body.get("title"):
        raise Declined(400, "id, status and title are required")
    if not isinstance(version, dict):
        raise Declined(400, "version is required")
    call.state.save(
        page, version.get("number"), body["title"], storage(body), version.get("message"), call.now
    )
    return answer(show_page(call, page))


def delete(call: Call) -> Answer:
    del call.state.pages[call.state.page(call.arguments[0]).id]
    return NO_CONTENT


def comments(call: Call) -> Answer:
    """A page of them; the cursor is the number of the next one."""
    page = call.state.page(call.arguments[0])
    limit, start = call.request.number("limit", 25), call.request.number("cursor", 0)
    known = page.comments[::-1] if call.request.option("sort").startswith("-") else page.comments
    shown: list[JSON] = [show_comment(one, page) for one in known[start : start + limit]]
    following: dict[str, JSON] = {}
    if start + limit < len(known):
        path = f"/wiki/api/v2/pages/{page.id}/footer-comments"
        following["next"] = f"{path}?limit={limit}&cursor={start + limit}"
    return answer({"results": shown, "_links": following})


def add_comment(call: Call) -> Answer:
    body = call.request.object()
    page = call.state.page(str(body.get("pageId")))
    return answer(show_comment(call.state.comment(page, storage(body), call.now), page), 201)


def storage(body: dict[str, JSON]) -> str:
    """The text in storage format, flat or nested."""
    given = body.get("body")
    inside = given.get("storage", given) if isinstance(given, dict) else None
    if not isinstance(inside, dict) or inside.get("representation") != "storage":
        raise Declined(400, "the sandbox takes the representation storage only")
    value = inside.get("value")
    if not isinstance(value, str):
        raise Declined(400, "body.value is required")
    return value
