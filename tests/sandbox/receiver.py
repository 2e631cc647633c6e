"""A small server of our own that keeps the webhooks it gets."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class Receiver:
    """Keeps what arrives. answers: statuses to give first; 0 hangs up without one; then 200."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.url = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append((headers, body))
        self.paths.append(head[0].split(" ")[1])
        status = self.answers.pop(0) if self.answers else 200
        if status:
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
        writer.close()

    @property
    def events(self) -> list[str]:
        return [json.loads(body)["webhookEvent"] for _, body in self.received]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]
