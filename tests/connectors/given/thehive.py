"""TheHive."""

from __future__ import annotations

import httpx

from tests.connectors.shared import Given

KEY = "made-up-thehive-key-0001"


def read(request: httpx.Request) -> httpx.Response | None:
    """Enough of a case or an alert for every action to get as far as its write."""
    if request.url.path.endswith("/query"):
        return httpx.Response(200, json=[])
    if request.method != "GET":
        return None
    case = {"_id": "~1", "number": 1, "title": "x", "description": "x", "status": "New"}
    return httpx.Response(200, json={**case, "stage": "New", "tags": []})


GIVEN = Given(
    options={"base_url": "https://thehive.example.com", "auth": {"api_key": KEY}},
    parameters={
        "create_ticket": {"summary": "RSA-1024 certificate", "description": "Found *twice*."},
        "update_ticket": {"ticket": "~1", "priority": "High"},
        "transition": {"ticket": "~1", "to": "In progress"},
        "comment": {"ticket": "~1", "body": "Seen again."},
        "attach": {"ticket": "~1", "filename": "report.txt", "content": "x"},
        "append_table": {"ticket": "~1", "columns": ["Date"], "row": ["2026-11-21"]},
        "push_case": {"ticket": "~1", "case": {"id": "1", "title": "Weak", "tags": ["tls"]}},
        "update_alert": {"alert": "~2", "state": "dismissed"},
    },
    hosts=frozenset({"thehive.example.com"}),
    secrets=(KEY,),
    sent=(KEY,),
    read=read,
)
