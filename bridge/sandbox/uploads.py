"""Files that come in as parts of a multipart body."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from bridge.sandbox.exchange import Declined, Request, Upload


async def read_files(request: Request, name: str) -> tuple[Upload, ...]:
    """The files of this name in a multipart body; its texts become the request's form.

    Raises Declined (400).
    """

    async def body() -> AsyncGenerator[bytes, None]:
        yield request.body
        yield b""

    try:
        form = await MultiPartParser(Headers(raw=request.headers), body()).parse()
    except (MultiPartException, KeyError) as error:
        raise Declined(400, f"The multipart body cannot be read: {error}") from None
    found: Sequence[object] = form.getlist(name)
    uploads: list[Upload] = []
    for part in found:
        if isinstance(part, UploadFile):
            kind = part.content_type or "application/octet-stream"
            uploads.append(Upload(part.filename or "unnamed", kind, await part.read()))
    request.form = {key: value for key, value in form.items() if isinstance(value, str)}
    await form.close()
    return tuple(uploads)
