"""Sentry."""

from __future__ import annotations

import httpx

from tests.connectors.shared import Given

TOKEN = "sntrys_made_up_token_0001"


def read(request: httpx.Request) -> httpx.Response | None:
    if request.method != "GET":
        return None
    return httpx.Response(200, json={"id": "4500000001", "status": "unresolved", "activity": []})


def too_many() -> httpx.Response:
    headers = {
        "x-sentry-rate-limit-remaining": "0",
        "x-sentry-rate-limit-reset": "1795262407",
        "x-sentry-rate-limit-concurrentremaining": "24",
    }
    return httpx.Response(429, headers=headers, json={"detail": "too frequently"})


GIVEN = Given(
    options={
        "base_url": "https://sentry.example",
        "auth": {"auth_token": TOKEN},
        "organization": "sandbox",
    },
    parameters={
        "update_alert": {"alert": "4500000001", "state": "resolved"},
        "update_ticket": {"ticket": "4500000001", "priority": "High"},
        "transition": {"ticket": "4500000001", "to": "Done"},
        "comment": {"ticket": "sentry/4500000001", "body": "Accepted in SEC-12."},
    },
    hosts=frozenset({"sentry.example"}),
    secrets=(TOKEN,),
    sent=(TOKEN,),
    read=read,
    too_many=too_many,
    waits=(7.0, "endpoint"),
)
