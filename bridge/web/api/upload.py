"""Uploads and files passed through: neither is ever held whole in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import StreamingResponse

from bridge.errors import FieldProblem, FieldsRefused, TooLarge, TooSlow, UnsupportedMediaType

FRAME_BYTES = 64 * 1024
"""What the multipart form may add to the file."""

STALLED_SECONDS = 30.0
"""An upload from which nothing came for so long is given up."""

MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way. file: stands at its start; on disk beyond a megabyte."""

    filename: str
    file: BinaryIO


@asynccontextmanager
async def one_file(request: Request, limit_bytes: int) -> AsyncIterator[Upload]:
    """The part `file` of a multipart body; it is gone after the block.

    Raises UnsupportedMediaType, FieldsRefused, TooLarge as soon as too much came, TooSlow.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MULTIPART:
        raise UnsupportedMediaType(f"the body must be {MULTIPART} with one part named file")
    pieces = _bounded(request, limit_bytes)
    parser = MultiPartParser(request.headers, pieces, max_files=1, max_fields=0)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _refused(f"send one part named file, with a filename ({error.message})") from error
    finally:
        await pieces.aclose()
    try:
        found = form.get("file")
        if not isinstance(found, UploadFile):
            raise _refused("the part named file is missing, or the form breaks off")
        if (found.size or 0) > limit_bytes:
            raise _too_large(limit_bytes)
        yield Upload(found.filename or "", found.file)
    finally:
        await form.close()
        for begun in parser._files_to_close_on_error:  # of a part without an end, in no form
            begun.close()


async def _bounded(request: Request, limit_bytes: int) -> AsyncGenerator[bytes, None]:
    announced = request.headers.get("content-length", "")
    most, size = limit_bytes + FRAME_BYTES, 0
    if announced.isdigit() and (len(announced) > 18 or int(announced) > most):
        raise _too_large(limit_bytes)
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                piece = await anext(stream, None)
        except TimeoutError:
            words = f"nothing came for {STALLED_SECONDS:g} s"
            raise TooSlow(words) from None
        if piece is None:
            return
        size += len(piece)
        if size > most:
            raise _too_large(limit_bytes)
        yield piece


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"the file is over the limit of {limit_bytes // 1024 // 1024} MB")


def _refused(words: str) -> FieldsRefused:
    return FieldsRefused([FieldProblem(("body", "file"), words)])


class PassedOn(StreamingResponse):
    """A file streamed from another system; `opened` is closed when it ends, however it does."""

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        opened: AsyncExitStack,
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(pieces, 200, headers, media_type)
        self._opened = opened

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with self._opened:
            await super().__call__(scope, receive, send)


SAFE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " sandbox",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
"""For what strangers wrote and our own address serves: no script, no form, no request, an origin
of its own; and the type that is said counts, whatever the bytes look like. Styles and pictures
within the file are let through, or an SVG would be shown without its colours."""


def disposition(how: str, filename: str) -> str:
    """`inline; filename="…"; filename*=UTF-8''…`, by RFC 6266; whatever the name holds."""
    plain = "".join(
        one if one.isascii() and one.isprintable() and one not in '"\\%' else "_"
        for one in filename
    )
    encoded = quote(filename.encode("utf-8", "replace"), safe="")
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
