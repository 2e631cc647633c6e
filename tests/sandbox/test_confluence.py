"""The Confluence stand-in: as Confluence describes itself, and for the client that others use."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from atlassian import Confluence

from bridge.clock import wall_clock
from bridge.event import JSON
from bridge.sandbox.app import SandboxOptions, create_sandbox
from bridge.sandbox.serve import RunningSandbox
from tests.sandbox.oracle import oracle

BASE = "http://sandbox.test/confluence"
V2 = f"{BASE}/wiki/api/v2"
READY = "98305"


def page_of(version: int, value: str = "<p>&nbsp;x</p>") -> dict[str, JSON]:
    body: JSON = {"representation": "storage", "value": value}
    number: JSON = {"number": version, "message": "m"}
    return {"id": READY, "status": "current", "title": "t", "version": number, "body": body}


async def test_every_answer_of_v2_is_as_confluence_describes_it() -> None:
    described = oracle("confluence-cloud-v2.json")
    transport = httpx.ASGITransport(create_sandbox(SandboxOptions(), wall_clock))
    headers = {"authorization": "Basic eDp5"}
    async with httpx.AsyncClient(
        transport=transport, base_url=f"{V2}/", headers=headers
    ) as confluence:
        text: JSON = {"representation": "storage", "value": "<p>c</p>"}
        made: JSON = {"spaceId": "65538", "status": "current", "title": "n", "body": text}
        answers = [
            await confluence.get("spaces?keys=SEC"),
            await confluence.get("pages?title=Scan results&space-id=65538&body-format=storage"),
            await confluence.post("pages", json=made),
            await confluence.get(f"pages/{READY}?body-format=storage"),
            await confluence.put(f"pages/{READY}", json=page_of(2)),
            await confluence.post("footer-comments", json={"pageId": READY, "body": text}),
            await confluence.get(f"pages/{READY}/footer-comments?body-format=storage&limit=1"),
        ]
        assert [one.status_code for one in answers] == [200, 200, 200, 200, 200, 201, 200]
        assert all(described.check_httpx(V2, one) for one in answers)
        stale = await confluence.put(f"pages/{READY}", json=page_of(2))
        assert stale.status_code == 409
        assert "Current Version: [2]" in stale.json()["errors"][0]["title"]
        broken = await confluence.put(f"pages/{READY}", json=page_of(3, "<p>x"))
        assert (broken.status_code, "Error parsing xhtml" in broken.text) == (400, True)
        assert (await confluence.get("pages/1")).status_code == 404


async def test_client_of_others_reads_and_writes_pages(running: RunningSandbox) -> None:
    """As Data Center; for Cloud that client knows no single address that all its calls share."""

    def work() -> None:
        make: Any = Confluence
        client = make(url=f"{running.base_url}/confluence", username="x", password="y", cloud=False)
        found = client.get_page_by_title("SEC", "Scan results", expand="body.storage,version")
        (page,) = found["results"]
        assert page["version"]["number"] == 1
        number, text = {"number": 2}, {"storage": {"value": "<p>new</p>"}}
        whole = {"type": "page", "title": "Scan results", "version": number, "body": text}
        client.put(f"rest/api/content/{page['id']}", data=whole)
        again = client.get_page_by_id(page["id"], expand="body.storage,version")
        assert again["body"]["storage"]["value"] == "<p>new</p>"
        client.close()

    await asyncio.to_thread(work)
