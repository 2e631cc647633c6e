"""The Confluence stand-in, put together."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from bridge.event import JSON
from bridge.sandbox.confluence import content, files, second
from bridge.sandbox.confluence.state import ConfluenceState
from bridge.sandbox.exchange import Answer, Declined, Request, answer
from bridge.sandbox.stand_in import Path, StandInKind, path, waiting


def decline(refusal: Declined) -> Answer:
    """Readable in the words of both versions: v1 looks at `message`, v2 at `errors`."""
    status, words = refusal.status, "; ".join(refusal.messages)
    code = HTTPStatus(status).name
    errors: list[JSON] = [{"status": status, "code": code, "title": words, "detail": None}]
    return answer({"statusCode": status, "message": words, "errors": errors}, status)


def too_many(wait_ms: int, now: int) -> Answer:
    del now
    return waiting(decline(Declined(429, "Rate limit exceeded.")), wait_ms)


def token_of(request: Request) -> str:
    """Whatever stands behind Basic or Bearer."""
    scheme, _, value = (request.header(b"authorization") or "").partition(" ")
    return value.strip() if scheme.lower() in ("basic", "bearer") else ""


def show(state: ConfluenceState) -> JSON:
    shown: list[JSON] = [
        {
            "id": one.id,
            "title": one.title,
            "version": one.version,
            "body": one.body,
            "comments": [each.body for each in one.comments],
        }
        for one in state.pages.values()
    ]
    return {"pages": shown}


def _first(root: str) -> Iterator[Path[ConfluenceState]]:
    yield path("GET", f"{root}/content", content.find)
    yield path("POST", f"{root}/content", content.create)
    yield path("GET", f"{root}/content/{{}}", content.read)
    yield path("PUT", f"{root}/content/{{}}", content.update)
    yield path("DELETE", f"{root}/content/{{}}", content.delete)
    yield path("GET", f"{root}/content/{{}}/child/comment", content.comments)
    one = f"{root}/content/{{}}/child/attachment"
    yield path("GET", one, files.find)
    yield path("POST", one, files.add, file_part="file")
    yield path("POST", f"{one}/{{}}/data", files.renew, file_part="file")


V2 = "wiki/api/v2"

STAND_IN: StandInKind[ConfluenceState] = StandInKind(
    name="confluence",
    title="Confluence",
    paths=(
        *_first("rest/api"),
        *_first("wiki/rest/api"),
        path("GET", f"{V2}/spaces", second.spaces),
        path("GET", f"{V2}/pages", second.pages),
        path("POST", f"{V2}/pages", second.create),
        path("GET", f"{V2}/pages/{{}}", second.read),
        path("PUT", f"{V2}/pages/{{}}", second.update),
        path("DELETE", f"{V2}/pages/{{}}", second.delete),
        path("GET", f"{V2}/pages/{{}}/footer-comments", second.comments),
        path("POST", f"{V2}/footer-comments", second.add_comment),
    ),
    make=ConfluenceState,
    show=show,
    decline=decline,
    too_many=too_many,
    token_of=token_of,
)
