"""A target of the four calls."""

from __future__ import annotations

import httpx

from bridge.event import JSON
from tests.connectors.shared import Given

TOKEN = "made-up-target-token-0001"
HEADER = "made-up-header-value-0002"


def read(request: httpx.Request) -> httpx.Response | None:
    """Enough of an incident for every action to get as far as its write."""
    return httpx.Response(200, json={"id": "7", "title": "x"}) if request.method == "GET" else None


CASE: dict[str, JSON] = {
    "id": "1",
    "title": "Weak",
    "description": "",
    "tags": [],
    "status": "open",
}
GIVEN = Given(
    options={
        "base_url": "https://cases.example.com/api",
        "auth": {"token": TOKEN},
        "headers": {"X-Routing": HEADER},
    },
    parameters={
        "create_ticket": {"summary": "RSA-1024 certificate", "description": "Found *twice*."},
        "comment": {"ticket": "7", "body": "Seen again."},
        "push_case": {"ticket": "7", "case": {**CASE, "severity": "low"}},
    },
    hosts=frozenset({"cases.example.com"}),
    secrets=(TOKEN, HEADER),
    sent=(TOKEN, HEADER),
    read=read,
)
