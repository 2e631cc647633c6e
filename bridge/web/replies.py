"""What the hooks answer, as values: the status, the headers and the body to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import structlog

from bridge.sources.source import Answer
from bridge.store.intake import Accepted
from bridge.web.errors import error_body, message_of, new_request_id

Headers = list[tuple[bytes, bytes]]

JSON_TYPE = (b"content-type", b"application/json")

log = structlog.get_logger("bridge.receive")


class Reply(NamedTuple):
    """An HTTP answer. label: how it is counted, a status or what stands for it."""

    status: int
    headers: Headers
    body: bytes
    label: str


def accepted(stored: Sequence[Accepted]) -> Reply:
    """202 for what is new, 200 for what was all there before."""
    if len(stored) == 1:
        one = stored[0]
        status, word = (200, "duplicate") if one.duplicate else (202, "accepted")
        body = f'{{"id": "{one.id}", "status": "{word}"}}'.encode()
    else:
        known = all(one.duplicate for one in stored)
        status, word = (200, "duplicate") if known else (202, "accepted")
        ids = ", ".join(f'"{one.id}"' for one in stored)
        body = f'{{"ids": [{ids}], "status": "{word}"}}'.encode()
    return Reply(status, [JSON_TYPE, (b"content-length", b"%d" % len(body))], body, word)


def handshake(answer: Answer) -> Reply:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    return Reply(answer.status, headers, answer.body, "answered")


def json_reply(status: int, body: bytes, request_id: str, further: Headers) -> Reply:
    headers = [
        JSON_TYPE,
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
        *further,
    ]
    return Reply(status, headers, body, str(status))


def failed(error: BaseException) -> Reply:
    """For a mistake of ours: the traceback in the log, under the name the sender gets."""
    request_id = new_request_id()
    log.error("receive failed", request_id=request_id, exc_info=error)
    body = error_body("internal_error", message_of(error), request_id)
    return json_reply(500, body, request_id, [])
