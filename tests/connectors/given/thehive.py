"""TheHive."""

from __future__ import annotations

import json

import httpx

from bridge.event import JSON
from tests.connectors.shared import Given

COMMENT: JSON = {"_id": "~7", "message": "x"}
KEY = "made-up-thehive-key-0001"


def read(request: httpx.Request) -> httpx.Response | None:
    """Enough of a case or an alert for every action to get as far as its write."""
    if request.url.path.endswith("/query"):
        asked = str(json.loads(request.content)["query"])
        return httpx.Response(200, json=[COMMENT] if "comments" in asked else [])
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
        "edit_comment": {"ticket": "~1", "comment": "~7", "body": "Seen twice."},
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
