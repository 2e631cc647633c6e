"""Any receiver of JSON."""

from __future__ import annotations

from tests.connectors.shared import Given

SECRET = "whsec_bWFkZS11cC1zZWNyZXQtZm9yLXRlc3RzLW9ubHk="
KEY = "made-up-header-key"

GIVEN = Given(
    options={"secret": SECRET, "headers": {"X-Api-Key": KEY}},
    parameters={
        "send_webhook": {"url": "https://hooks.example.com/scans", "body": {"target": "a.example"}}
    },
    hosts=frozenset({"hooks.example.com"}),
    secrets=(SECRET, KEY),
    sent=(KEY,),
    asks=False,
    expects_json=False,
)
