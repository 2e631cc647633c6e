"""Slack's own Python SDK works against the stand-in, and its models take what we post."""

from __future__ import annotations

import asyncio

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)
from slack_sdk.models.metadata import Metadata

from bridge.event import JSON
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import Moment, opened_at

KIT = [
    HeaderBlock(text="shop.example"),
    SectionBlock(
        text=MarkdownTextObject(text="*3* high <https://shop.example|here>"),
        fields=["*High*\n3", "*Critical*\n0"],
    ),
    DividerBlock(),
    ContextBlock(elements=[MarkdownTextObject(text="Scanned today")]),
    ActionsBlock(elements=[ButtonElement(text="Open", action_id="a", url="https://shop.example")]),
]


async def test_the_sdk_posts_answers_and_changes(running: RunningSandbox) -> None:
    def work(address: str) -> None:
        slack = WebClient(token="xoxb-made-up", base_url=address)
        assert slack.auth_test()["ok"]
        metadata = Metadata(event_type="test", event_payload={"mark": "m"})
        posted = slack.chat_postMessage(
            channel="#security", text="Fallback", blocks=KIT, metadata=metadata
        )
        channel, thread = posted["channel"], posted["ts"]
        slack.chat_postMessage(channel=channel, text="An answer", thread_ts=thread)
        replies = slack.conversations_replies(channel=channel, ts=thread)
        assert [one["text"] for one in replies["messages"]] == ["Fallback", "An answer"]
        slack.chat_update(channel=channel, ts=thread, text="Changed")
        newest = slack.conversations_history(channel=channel, include_all_metadata=True)
        (message,) = newest["messages"]
        assert message["text"] == "Changed"
        assert message["metadata"]["event_payload"] == {"mark": "m"}
        with pytest.raises(SlackApiError, match="channel_not_found"):
            slack.chat_postMessage(channel="C0NOWHERE", text="x")

    await asyncio.to_thread(work, f"{running.base_url}/slack/api/")


async def test_blocks_built_by_the_sdk_go_through_a_rule_as_they_are(
    running: RunningSandbox,
) -> None:
    """As a rule would write them; the mark stands in the metadata and not in the blocks."""
    blocks: list[JSON] = [one.to_dict() for one in KIT]
    base = f"{running.base_url}/slack/api"
    async for slack in opened_at(running, "slack", Moment(), {"base_url": base}):
        outcome = await slack.run("notify", {"channel": "#security", "text": "x", "blocks": blocks})

    def read(address: str) -> None:
        found = WebClient(token="xoxb-made-up", base_url=address).conversations_history(
            channel="C0SECURITY"
        )
        (message,) = found["messages"]
        assert message["ts"] == outcome.outputs["thread"]
        assert message["blocks"] == blocks

    await asyncio.to_thread(read, f"{base}/")
