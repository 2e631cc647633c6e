"""Jira."""

from __future__ import annotations

import httpx

from tests.connectors.shared import Given

TOKEN = "made-up-jira-token-0001"
BASIC = "Ym90QGV4YW1wbGUuY29tOm1hZGUtdXAtamlyYS10b2tlbi0wMDAx"


def read(request: httpx.Request) -> httpx.Response | None:
    """Enough of an issue for every action to get as far as its write."""
    if request.method != "GET":
        return None
    if request.url.path.endswith("/transitions"):
        to = {"name": "In Progress", "statusCategory": {"key": "indeterminate"}}
        return httpx.Response(200, json={"transitions": [{"id": "21", "name": "Go", "to": to}]})
    fields = {"status": {"name": "To Do", "statusCategory": {"key": "new"}}, "description": "x"}
    return httpx.Response(200, json={"id": "1", "key": "SEC-1", "fields": fields})


def too_many() -> httpx.Response:
    headers = {"retry-after": "7", "ratelimit-reason": "jira-per-issue-on-write"}
    return httpx.Response(429, headers=headers)


GIVEN = Given(
    options={
        "base_url": "https://jira.example.com",
        "auth": {"email": "bot@example.com", "api_token": TOKEN},
        "project": "SEC",
        "deployment": "cloud",
    },
    parameters={
        "create_ticket": {"summary": "RSA-1024 certificate", "description": "Found *twice*."},
        "update_ticket": {"ticket": "SEC-1", "priority": "High"},
        "transition": {"ticket": "SEC-1", "to": "In Progress"},
        "comment": {"ticket": "SEC-1", "body": "Seen again."},
        "edit_comment": {"ticket": "SEC-1", "comment": "7", "body": "Seen twice."},
        "append_table": {"ticket": "SEC-1", "columns": ["Date", "High"], "row": ["2026-11-21", 3]},
        "attach": {"ticket": "SEC-1", "filename": "report.txt", "content": "all of it"},
        "push_case": {"ticket": "SEC-1", "case": {"id": "c-1", "title": "RSA-1024 certificate"}},
    },
    hosts=frozenset({"jira.example.com"}),
    secrets=(TOKEN, BASIC),
    sent=(BASIC,),
    read=read,
    too_many=too_many,
    waits=(7.0, "object"),
)
