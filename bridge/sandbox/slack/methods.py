"""The methods of the Web API that are played, and the incoming webhook."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer, as_list
from bridge.sandbox.slack.state import BOT, BOT_USER, TEAM, Channel, Message, SlackState
from bridge.sandbox.stand_in import Call

SlackCall = Call[SlackState]
TEXT_LIMIT = 40_000
PLAIN = b"text/html"


class Refusal(Exception):
    """An error of the Web API, by its word."""

    def __init__(self, error: str, more: dict[str, JSON] | None = None) -> None:
        self.body: dict[str, JSON] = {"ok": False, "error": error, **(more or {})}
        super().__init__(error)


def method(work: Callable[[SlackCall], dict[str, JSON]]) -> Callable[[SlackCall], Answer]:
    def handler(call: SlackCall) -> Answer:
        try:
            return answer({"ok": True, **work(call)})
        except Refusal as refusal:
            return answer(refusal.body)

    return handler


def given(call: SlackCall) -> dict[str, JSON]:
    """Arguments from the query, a form or a JSON body."""
    found: dict[str, JSON] = {name: values[0] for name, values in call.request.query.items()}
    kind = call.request.header(b"content-type") or ""
    if kind.startswith("application/json") and call.request.body:
        return found | call.request.object()
    if call.request.body:
        found |= dict(parse_qsl(call.request.body.decode("utf-8", "replace")))
    return found


def need(call: SlackCall, scope: str) -> None:
    if scope not in call.state.scopes:
        has = ",".join(sorted(call.state.scopes))
        raise Refusal("missing_scope", {"needed": scope, "provided": has})


def channel_of(call: SlackCall, wanted: JSON, *, by_name: bool = False) -> Channel:
    found = call.state.channels.get(str(wanted))
    if found is None and by_name:
        found = call.state.channel(str(wanted))
    if found is None:
        raise Refusal("channel_not_found")
    return found


def auth_test(call: SlackCall) -> dict[str, JSON]:
    return {
        "url": "https://sandbox.slack.example/",
        "team": "Sandbox",
        "user": "scanbridge",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
    }


def post_message(call: SlackCall) -> dict[str, JSON]:
    need(call, "chat:write")
    wanted = given(call)
    channel = channel_of(call, wanted.get("channel"), by_name=True)
    if not channel.member:
        raise Refusal("not_in_channel")
    thread = str(wanted.get("thread_ts") or "")
    message = _message(call, channel, wanted, thread)
    return {"channel": channel.id, "ts": message.ts, "message": show(message, metadata=False)}


def _message(call: SlackCall, channel: Channel, wanted: dict[str, JSON], thread: str) -> Message:
    text = str(wanted.get("text") or "")
    if not text and not wanted.get("blocks"):
        raise Refusal("no_text")
    if len(text) > TEXT_LIMIT:
        raise Refusal("msg_too_long")
    if len(as_list(wanted.get("blocks"))) > 50:
        raise Refusal("invalid_blocks", {"errors": ["no more than 50 items allowed"]})
    if thread and channel.find(thread) is None:
        raise Refusal("thread_not_found")
    made = Message(
        call.state.next_ts(call.now), text, thread, wanted.get("blocks"), wanted.get("metadata")
    )
    channel.messages.append(made)
    return made


def update(call: SlackCall) -> dict[str, JSON]:
    need(call, "chat:write")
    wanted = given(call)
    channel = channel_of(call, wanted.get("channel"))
    message = channel.find(str(wanted.get("ts")))
    if message is None:
        raise Refusal("message_not_found")
    message.text = str(wanted.get("text") or message.text)
    if "blocks" in wanted:
        message.blocks = wanted["blocks"]
    message.edited = call.state.next_ts(call.now)
    shown = show(message, metadata=False)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def show(message: Message, *, metadata: bool) -> dict[str, JSON]:
    shown: dict[str, JSON] = {
        "type": "message",
        "text": message.text,
        "user": BOT_USER,
        "bot_id": BOT,
        "team": TEAM,
        "ts": message.ts,
    }
    if message.thread:
        shown["thread_ts"] = message.thread
    if message.blocks is not None:
        shown["blocks"] = message.blocks
    if metadata and message.metadata is not None:
        shown["metadata"] = message.metadata
    return shown


def history(call: SlackCall) -> dict[str, JSON]:
    """The newest first, without the answers inside threads."""
    return _list(call, lambda one: not one.thread, newest_first=True)


def replies(call: SlackCall) -> dict[str, JSON]:
    """A thread, the oldest first, beginning with the message it hangs on."""
    ts = str(given(call).get("ts") or "")
    channel = channel_of(call, given(call).get("channel"))
    if channel.find(ts) is None:
        raise Refusal("thread_not_found")
    return _list(call, lambda one: ts in (one.ts, one.thread), newest_first=False)


def _list(
    call: SlackCall, wanted: Callable[[Message], bool], *, newest_first: bool
) -> dict[str, JSON]:
    need(call, "channels:history")
    asked = given(call)
    channel = channel_of(call, asked.get("channel"))
    if not channel.member:
        raise Refusal("not_in_channel")
    oldest = float(str(asked.get("oldest") or 0))
    found = [one for one in channel.messages if wanted(one) and float(one.ts) > oldest]
    found = found[::-1] if newest_first else found
    start = int(str(asked.get("cursor") or "0"))
    end = start + int(str(asked.get("limit") or 100))
    metadata = str(asked.get("include_all_metadata", "")).lower() in ("1", "true")
    more = end < len(found)
    return {
        "messages": [show(one, metadata=metadata) for one in found[start:end]],
        "has_more": more,
        "response_metadata": {"next_cursor": str(end) if more else ""},
    }


def _channel(one: Channel) -> dict[str, JSON]:
    return {
        "id": one.id,
        "name": one.name,
        "is_channel": True,
        "is_private": False,
        "is_archived": False,
        "is_member": one.member,
    }


def list_channels(call: SlackCall) -> dict[str, JSON]:
    need(call, "channels:read")
    asked = given(call)
    start = int(str(asked.get("cursor") or "0"))
    end = start + int(str(asked.get("limit") or 100))
    every = list(call.state.channels.values())
    return {
        "channels": [_channel(one) for one in every[start:end]],
        "response_metadata": {"next_cursor": str(end) if end < len(every) else ""},
    }


def channel_info(call: SlackCall) -> dict[str, JSON]:
    need(call, "channels:read")
    return {"channel": _channel(channel_of(call, given(call).get("channel")))}


def webhook(call: SlackCall) -> Answer:
    """An incoming webhook: two letters when all is well, a word when it is not."""
    if call.arguments != (TEAM, BOT, "sandbox"):
        return Answer(404, b"no_service", PLAIN)
    try:
        wanted = call.request.object()
        channel = call.state.channels["C0SECURITY"]
        _message(call, channel, wanted, str(wanted.get("thread_ts") or ""))
    except Declined:
        return Answer(400, b"invalid_payload", PLAIN)
    except Refusal as refusal:
        return Answer(400, str(refusal).encode(), PLAIN)
    return Answer(200, b"ok", PLAIN)
