"""GitHub."""

from __future__ import annotations

import httpx

from tests.connectors.shared import Given

TOKEN = "made-up-github-token-0001"
ISSUE = {"number": 12, "id": 5, "state": "open", "body": "x", "labels": [], "comments": 0}


def read(request: httpx.Request) -> httpx.Response | None:
    """Enough of an issue or an alert for every action to get as far as its write."""
    if request.method != "GET":
        return None
    return httpx.Response(200, json=ISSUE)


def too_many() -> httpx.Response:
    """The primary limit, as GitHub says it: 403, nothing left, and when there will be."""
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795262407"}
    return httpx.Response(403, headers=headers, json={"message": "API rate limit exceeded"})


GIVEN = Given(
    options={
        "base_url": "https://api.github.example",
        "auth": {"token": TOKEN},
        "repository": "sandbox/shop",
    },
    parameters={
        "create_ticket": {"summary": "RSA-1024 certificate", "description": "Found *twice*."},
        "update_ticket": {"ticket": "12", "summary": "A better summary"},
        "transition": {"ticket": "12", "to": "Done"},
        "comment": {"ticket": "sandbox/shop#12", "body": "Seen again."},
        "edit_comment": {"ticket": "12", "comment": "7", "body": "Seen twice."},
        "append_table": {"ticket": "12", "columns": ["Date", "High"], "row": ["2026-11-21", 3]},
        "update_alert": {
            "alert": "sandbox/shop/code-scanning/1",
            "state": "dismissed",
            "reason": "false positive",
        },
        "push_case": {"ticket": "12", "case": {"id": "1", "title": "Weak", "tags": ["tls"]}},
    },
    hosts=frozenset({"api.github.example"}),
    secrets=(TOKEN,),
    sent=(TOKEN,),
    read=read,
    too_many=too_many,
    waits=(7.0, "site"),
)
