"""notify: a message, once, in a channel or a thread; or an earlier one written anew."""

from __future__ import annotations

import uuid

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.parameters import Notify
from bridge.connectors.prose import document_of
from bridge.connectors.slack.blocks import blocks_of
from bridge.connectors.slack.client import Slack
from bridge.connectors.slack.options import TEXT_LIMIT
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.text.cut import fit
from bridge.text.mrkdwn import write_mrkdwn
from bridge.text.tree import Written

EVENT_TYPE = "scanbridge_notification"
NAMESPACE = uuid.UUID("5c1a2f1e-6f1b-4c55-9d0c-4f1f3f2b7a10")
"""Made up once; the same mark has to give the same UUID for ever."""
BACK_SECONDS = 24 * 3_600
"""How much older than the intention a message may seem: what our clock and Slack's may differ by.
Arbitrary, and far more than clocks that are set do."""
MOST_PAGES = 20


async def notify(slack: Slack, call: Call[Notify]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then posts."""
    parameters = call.parameters
    text = message_text(parameters.text)
    if not text.text.strip():
        raise GiveUp("the message is empty")
    lost = list(text.lost)
    body: dict[str, JSON] = {"text": text.text, "unfurl_links": False, "unfurl_media": False}
    if parameters.blocks is not None:
        body["blocks"] = blocks_of(parameters.blocks, lost)
    if slack.settings.webhook_url is not None:
        return await _by_webhook(slack, parameters, body, lost)
    channel = parameters.channel or slack.settings.channel
    if not channel:
        raise GiveUp("no channel: neither the rule nor the integration names one")
    if parameters.replace:
        return await _replaced(slack, channel, parameters.replace, body, lost)
    if parameters.thread:
        body["thread_ts"] = parameters.thread
    if call.may_exist:
        found = await _find(slack, channel, parameters.thread or "", call)
        if found:
            return Outcome({"thread": parameters.thread or found}, found=True)
    body |= {
        "channel": channel,
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"mark": call.mark}},
        "client_msg_id": str(uuid.uuid5(NAMESPACE, call.mark)),
    }
    made = await slack.call("chat.postMessage", body)
    if not made.get("ts"):
        raise TryAgain("Slack's answer names no message", may_have_happened=True)
    return Outcome({"thread": parameters.thread or str(made["ts"])}, lost=tuple(lost))


def object_of(parameters: Notify) -> str:
    """The channel: its messages keep their order, and Slack limits them by channel."""
    return (parameters.channel or "").removeprefix("#").casefold() or "(default)"


def message_text(text: str) -> Written:
    return fit(document_of(text, "markdown", TEXT_LIMIT), TEXT_LIMIT, write_mrkdwn)


async def _find(slack: Slack, channel: str, thread: str, call: Call[Notify]) -> str | None:
    """The timestamp of the message carrying the mark; None when there is none.

    Where the app may not read the history, `client_msg_id` alone has to keep a double away.
    """
    query: dict[str, str | int] = {
        "channel": await slack.channel_id(channel),
        "include_all_metadata": "true",
        "oldest": f"{call.intended_at / 1000 - BACK_SECONDS:.6f}",
    }
    method = "conversations.history"
    if thread:
        query["ts"] = thread
        method = "conversations.replies"
    try:
        async for page in slack.pages(method, query, MOST_PAGES):
            for one in map(as_object, as_list(page.get("messages"))):
                if child(one, "metadata", "event_payload", "mark") == call.mark:
                    return str(one.get("ts"))
    except GiveUp as error:
        if "missing_scope" not in error.reason and "not_in_channel" not in error.reason:
            raise
    return None


async def _replaced(
    slack: Slack, channel: str, message: str, body: dict[str, JSON], lost: list[str]
) -> Outcome:
    """Doing it twice is doing it once."""
    wanted = {name: value for name, value in body.items() if not name.startswith("unfurl")}
    wanted |= {"channel": await slack.channel_id(channel), "ts": message}
    await slack.call("chat.update", wanted)
    return Outcome({"thread": message}, lost=tuple(lost))


async def _by_webhook(
    slack: Slack, parameters: Notify, body: dict[str, JSON], lost: list[str]
) -> Outcome:
    if parameters.replace:
        raise GiveUp("an incoming webhook cannot replace messages; give the integration `auth`")
    if parameters.channel:
        lost.append("the channel was left out: an incoming webhook has its own")
    if parameters.thread:
        body["thread_ts"] = parameters.thread
    await slack.post_webhook(body)
    return Outcome({"thread": parameters.thread or ""}, lost=tuple(lost))
