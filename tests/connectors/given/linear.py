"""Linear."""

from __future__ import annotations

import json

import httpx

from bridge.event import JSON
from tests.connectors.shared import Given

KEY = "lin_api_made_up_key_0001"
TEAM: JSON = {"id": "t-1", "key": "ENG", "states": {"nodes": [{"id": "s-2", "name": "Done"}]}}
ISSUE: JSON = {
    "id": "i-1",
    "identifier": "ENG-12",
    "description": "x",
    "state": {"id": "s-1", "name": "Todo", "type": "unstarted"},
    "team": TEAM,
}


def read(request: httpx.Request) -> httpx.Response | None:
    """Enough for every action to get as far as its mutation; all goes by POST."""
    document = str(json.loads(request.content)["query"])
    if document.startswith("mutation"):
        return None
    comments: JSON = {"nodes": [{"id": "7", "body": "x"}]}
    data: JSON = {"teams": {"nodes": [TEAM]}, "issue": ISSUE, "comments": comments}
    return httpx.Response(200, json={"data": data})


def too_many() -> httpx.Response:
    """As Linear says it: 400, the code in the body, the times in the headers."""
    headers = {
        "x-ratelimit-requests-remaining": "12",
        "x-ratelimit-requests-reset": "1795270000000",
        "x-ratelimit-complexity-remaining": "0",
        "x-ratelimit-complexity-reset": "1795262407000",
    }
    error: JSON = {"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}
    return httpx.Response(400, headers=headers, json={"errors": [error]})


GIVEN = Given(
    options={
        "base_url": "https://api.linear.example",
        "auth": {"api_key": KEY},
        "team": "ENG",
    },
    parameters={
        "create_ticket": {"summary": "RSA-1024 certificate", "description": "Found *twice*."},
        "update_ticket": {"ticket": "ENG-12", "priority": "High"},
        "transition": {"ticket": "ENG-12", "to": "Done"},
        "comment": {"ticket": "ENG-12", "body": "Seen again."},
        "edit_comment": {"ticket": "ENG-12", "comment": "7", "body": "Seen twice."},
        "append_table": {"ticket": "ENG-12", "columns": ["Date", "High"], "row": ["2026-11-21", 3]},
        "attach": {"ticket": "ENG-12", "filename": "report.txt", "content": "x"},
        "push_case": {"ticket": "ENG-12", "case": {"id": "1", "title": "Weak", "tags": ["tls"]}},
    },
    hosts=frozenset({"api.linear.example"}),
    secrets=(KEY,),
    sent=(KEY,),
    read=read,
    too_many=too_many,
    waits=(7.0, "site"),
)
