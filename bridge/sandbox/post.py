"""One HTTP POST over a fresh connection, for the sandbox's own webhooks.

Written on streams instead of an HTTP client: clients live in the connectors' room, and a sandbox
that shared one with them would share its mistakes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0
RESPONSE_SECONDS = 20.0
"""How long Jira Cloud waits for a receiver (Atlassian's page on webhooks, read 2026-11)."""


class PostFailed(Exception):
    """No answer came; the text says why."""


async def post(url: str, headers: Sequence[tuple[str, str]], body: bytes) -> int:
    """The status of the answer; its body is not read. Raises PostFailed."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PostFailed(f"not an http address: {url}")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    lines = [f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1"]
    lines.append(f"Host: {parts.netloc.rpartition('@')[2]}")
    lines += [f"{name}: {value}" for name, value in headers]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    head = "\r\n".join(lines).encode("latin-1")
    context = ssl.create_default_context() if secure else None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    except (OSError, TimeoutError) as error:
        raise PostFailed(f"no connection: {error or 'timeout'}") from error
    try:
        async with asyncio.timeout(RESPONSE_SECONDS):
            writer.write(head + body)
            await writer.drain()
            line = await reader.readline()
            # Read to the end, so that closing does not cut off an answer half sent.
            await reader.read(65_536)
    except (OSError, TimeoutError) as error:
        raise PostFailed(f"no answer: {error or 'timeout'}") from error
    finally:
        writer.close()
    words = line.split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise PostFailed("the answer is no HTTP")
    return int(words[1])
