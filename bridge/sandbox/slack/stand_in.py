"""Slack's stand-in, put together."""

from __future__ import annotations

from collections.abc import Callable

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.slack import methods
from bridge.sandbox.slack.state import SlackState
from bridge.sandbox.stand_in import Path, StandInKind, bearer_token, path, waiting


def _decline(refusal: Declined) -> Answer:
    """Slack refuses with 200 and a word; only what is no method of its is 404."""
    words = {401: "not_authed", 405: "invalid_post_type", 400: "invalid_json"}
    if refusal.status >= 500:
        return answer({"ok": False, "error": "internal_error"}, refusal.status)
    error = words.get(refusal.status, "unknown_method")
    return answer({"ok": False, "error": error}, 404 if refusal.status == 404 else 200)


def _too_many(wait_ms: int, now: int) -> Answer:
    del now
    return waiting(answer({"ok": False, "error": "ratelimited"}, 429), wait_ms)


def _show(state: SlackState) -> JSON:
    return {
        f"#{channel.name}": [methods.show(one, metadata=True) for one in channel.messages]
        for channel in state.channels.values()
    }


def _both(
    name: str, handler: Callable[[methods.SlackCall], Answer]
) -> tuple[Path[SlackState], ...]:
    """Slack takes GET and POST for what reads."""
    reads = lambda _call: False  # noqa: E731
    return (
        path("GET", f"api/{name}", handler),
        path("POST", f"api/{name}", handler, reads),
    )


STAND_IN: StandInKind[SlackState] = StandInKind(
    name="slack",
    title="Slack",
    paths=(
        *_both("auth.test", methods.method(methods.auth_test)),
        path("POST", "api/chat.postMessage", methods.method(methods.post_message)),
        path("POST", "api/chat.update", methods.method(methods.update)),
        *_both("conversations.history", methods.method(methods.history)),
        *_both("conversations.replies", methods.method(methods.replies)),
        *_both("conversations.list", methods.method(methods.list_channels)),
        *_both("conversations.info", methods.method(methods.channel_info)),
        path("POST", "services/{}/{}/{}", methods.webhook, public=True),
    ),
    make=lambda _around: SlackState(),
    show=_show,
    decline=_decline,
    too_many=_too_many,
    token_of=bearer_token,
)
