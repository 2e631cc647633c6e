"""Confluence."""

from __future__ import annotations

import httpx

from tests.connectors.shared import Given

TOKEN = "made-up-confluence-token-0001"
BASIC = "Ym90QGV4YW1wbGUuY29tOm1hZGUtdXAtY29uZmx1ZW5jZS10b2tlbi0wMDAx"


def read(request: httpx.Request) -> httpx.Response | None:
    """Enough of a page for every action to get as far as its write."""
    if request.method != "GET":
        return None
    body = {"storage": {"value": "<p>x</p>", "representation": "storage"}}
    return httpx.Response(
        200, json={"id": "1", "title": "x", "version": {"number": 1}, "body": body}
    )


GIVEN = Given(
    options={
        "base_url": "https://confluence.example.com",
        "auth": {"email": "bot@example.com", "api_token": TOKEN},
        "deployment": "cloud",
        "space": "SEC",
    },
    parameters={
        "update_page": {"page": "98305", "columns": ["Date", "High"], "row": ["2026-11-21", 3]},
        "comment": {"ticket": "98305", "body": "Seen again."},
        "attach": {"ticket": "98305", "filename": "report.txt", "content": "x"},
    },
    hosts=frozenset({"confluence.example.com"}),
    secrets=(TOKEN, BASIC),
    sent=(BASIC,),
    read=read,
)
