"""Kibana."""

from __future__ import annotations

import httpx

from tests.connectors.shared import Given

KEY = "bWFkZS11cC1raWJhbmEta2V5OnNlY3JldA=="


def read(request: httpx.Request) -> httpx.Response | None:
    """Enough of a case for every action to get as far as its write."""
    if request.method != "GET":
        return None
    case = {"id": "c-1", "version": "WzEsMV0=", "title": "x", "description": "x", "status": "open"}
    return httpx.Response(200, json={**case, "tags": [], "severity": "low", "owner": "cases"})


GIVEN = Given(
    options={"base_url": "https://kibana.example.com", "auth": {"api_key": KEY}, "space": "soc"},
    parameters={
        "create_ticket": {"summary": "RSA-1024 certificate", "description": "Found *twice*."},
        "update_ticket": {"ticket": "c-1", "priority": "High"},
        "transition": {"ticket": "c-1", "to": "In progress"},
        "comment": {"ticket": "c-1", "body": "Seen again."},
        "edit_comment": {"ticket": "c-1", "comment": "7", "body": "Seen twice."},
        "append_table": {"ticket": "c-1", "columns": ["Date"], "row": ["2026-11-21"]},
        "push_case": {"ticket": "c-1", "case": {"id": "1", "title": "Weak", "tags": ["tls"]}},
        "update_alert": {"alert": "ab" * 32, "state": "closed"},
    },
    hosts=frozenset({"kibana.example.com"}),
    secrets=(KEY,),
    sent=(KEY,),
    read=read,
)
