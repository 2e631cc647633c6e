"""Slack."""

from __future__ import annotations

from tests.connectors.shared import Given

TOKEN = "xoxb-made-up-slack-token-0001"

GIVEN = Given(
    options={
        "base_url": "https://slack.example/api",
        "auth": {"bot_token": TOKEN},
        "channel": "C0SECURITY",
    },
    parameters={"notify": {"text": "**shop.example**: a new finding"}},
    hosts=frozenset({"slack.example"}),
    secrets=(TOKEN,),
    sent=(TOKEN,),
    waits=(7.0, "endpoint"),
)
