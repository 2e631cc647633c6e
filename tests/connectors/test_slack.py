"""Slack: a message comes once, in its channel or thread, and calls nobody by accident."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from bridge.connectors.slack.options import SlackSettings
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.serve import RunningSandbox
from bridge.sandbox.slack.state import Message, SlackState
from tests.connectors.conftest import (
    Moment,
    Opened,
    Remote,
    open_connector,
    opened_at,
    recorder,
    set_faults,
    until_done,
)
from tests.connectors.described import answer_as_described, as_described, openapi, read_spec

HELLO: dict[str, JSON] = {"channel": "#security", "text": "**shop.example**: <b> & more"}
HOOK = "/slack/services/T0SANDBOX/B0SANDBOX/sandbox"


@pytest.fixture
async def slack(sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/slack/api"}
    async for opened in opened_at(sandbox, "slack", clock, options):
        yield opened


@pytest.fixture
def state(sandbox: RunningSandbox) -> SlackState:
    found = sandbox.app.neighbours["slack"].state
    assert isinstance(found, SlackState)
    return found


def messages(state: SlackState) -> list[Message]:
    return state.channels["C0SECURITY"].messages


async def test_message_is_posted_in_slacks_own_markup(slack: Opened, state: SlackState) -> None:
    outcome = await slack.run("notify", HELLO)
    (message,) = messages(state)
    assert message.text == "*shop.example*: &lt;b&gt; &amp; more"
    assert outcome.outputs == {"thread": message.ts}
    sent = json.loads(recorder(slack).requests[-1].content)
    assert sent["unfurl_links"] is False


@pytest.mark.parametrize("fault", [{"lost-answer": "next:1"}, {"5xx": "after:next:1"}])
@pytest.mark.parametrize("channel", ["#security", "C0SECURITY", None])
async def test_lost_answer_posts_no_second_message(
    slack: Opened,
    state: SlackState,
    sandbox: RunningSandbox,
    fault: dict[str, str],
    channel: str | None,
) -> None:
    for _ in range(250):  # more than a page of others
        state.channels["C0SECURITY"].messages.append(Message(state.next_ts(slack.clock.now), "x"))
    set_faults(sandbox, **fault)
    outcome = await until_done(slack, "notify", {**HELLO, "channel": channel})
    assert outcome.found
    assert len(messages(state)) == 251
    assert outcome.outputs == {"thread": messages(state)[-1].ts}


async def test_answer_in_a_thread_is_found_in_the_thread(
    slack: Opened, state: SlackState, sandbox: RunningSandbox
) -> None:
    first = await slack.run("notify", HELLO)
    thread = str(first.outputs["thread"])
    set_faults(sandbox, lost_answer="next:1")
    answer: dict[str, JSON] = {"channel": "C0SECURITY", "text": "closed", "thread": thread}
    outcome = await until_done(slack, "notify", answer, mark="mark-0000000002")
    assert outcome.outputs == {"thread": thread}
    assert [(one.text, one.thread) for one in messages(state)][1:] == [("closed", thread)]


async def test_earlier_message_is_written_anew(slack: Opened, state: SlackState) -> None:
    first = await slack.run("notify", HELLO)
    anew: dict[str, JSON] = {**HELLO, "text": "done", "replace": first.outputs["thread"]}
    outcome = await slack.run("notify", anew)
    (message,) = messages(state)
    assert message.text == "done"
    assert message.edited
    assert outcome.outputs == first.outputs


async def test_without_the_history_client_msg_id_has_to_do(
    slack: Opened, state: SlackState
) -> None:
    state.scopes.discard("channels:history")
    await slack.run("notify", HELLO)
    await slack.run("notify", HELLO, may_exist=True)
    first, second = [json.loads(one.content) for one in recorder(slack).requests if one.content]
    assert first["client_msg_id"] == second["client_msg_id"]


async def test_texts_of_blocks_are_cut_to_what_slack_takes(
    slack: Opened, state: SlackState
) -> None:
    """It would refuse the whole message for one text."""
    long = "word " * 3_000
    blocks: JSON = [
        {"type": "header", "text": {"type": "plain_text", "text": "&lt;" + long}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_998 + "&lt;b&gt;"},
         "fields": [{"type": "mrkdwn", "text": "x" * 1_990 + "<https://example.com/" + long}],
         "accessory": {"type": "button", "text": {"type": "plain_text", "text": long}}},
        {"type": "markdown", "text": long},
    ]  # fmt: skip
    outcome = await slack.run("notify", {**HELLO, "blocks": blocks})
    shown: Any = messages(state)[0].blocks
    header, section, markdown = shown
    texts = [
        header["text"]["text"], section["text"]["text"], section["fields"][0]["text"],
        section["accessory"]["text"]["text"], markdown["text"],
    ]  # fmt: skip
    for text, limit in zip(texts, (150, 3_000, 2_000, 75, 12_000), strict=True):
        assert limit * 0.7 < len(text) <= limit
        assert text.endswith("…")
    assert texts[0].startswith("<word")
    assert texts[1] == "x" * 2_998 + "…"
    assert texts[2] == "x" * 1_990 + "…"
    assert len(outcome.lost) == 5


async def test_texts_of_blocks_are_kept_and_plain_ones_are_unescaped(
    slack: Opened, state: SlackState
) -> None:
    blocks: JSON = [
        {"type": "header", "text": {"type": "plain_text", "text": "a &lt; b"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a &lt; b <!here>"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "&amp;"}]},
        {"type": "section", "text": {"type": "mrkdwn", "text": "q&a…"}},
        {"type": "image", "image_url": "https://a.example/?a=1&amp;b=2", "alt_text": "&lt;"},
    ]
    await slack.run("notify", {**HELLO, "blocks": blocks})
    assert messages(state)[0].blocks == [
        {"type": "header", "text": {"type": "plain_text", "text": "a < b"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a &lt; b <!here>"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "&amp;"}]},
        {"type": "section", "text": {"type": "mrkdwn", "text": "q&a…"}},
        {"type": "image", "image_url": "https://a.example/?a=1&b=2", "alt_text": "<"},
    ]


async def test_long_text_is_cut_and_that_is_said(slack: Opened, state: SlackState) -> None:
    outcome = await slack.run("notify", {**HELLO, "text": "words\n\n" * 2_000})
    assert len(messages(state)[0].text) <= 4_000
    assert "the text was cut" in outcome.lost[0]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({**HELLO, "channel": "#nowhere"}, "channel_not_found"),
        ({**HELLO, "channel": "C0ELSEWHERE"}, "invite the app into the channel"),
        ({**HELLO, "thread": "1.2"}, "thread_not_found"),
        ({**HELLO, "blocks": [{"type": "divider"}] * 51}, "at most 50 blocks"),
        ({**HELLO, "text": "&nbsp;"}, "the message is empty"),
        ({**HELLO, "replace": "1.2", "channel": "#nowhere"}, "no channel '#nowhere'"),
    ],
)
async def test_what_slack_refuses_gives_up_with_what_to_do(
    slack: Opened, parameters: dict[str, JSON], words: str
) -> None:
    with pytest.raises(GiveUp, match=words):
        await slack.run("notify", parameters)


def answering(remote: Remote, clock: Moment, body: JSON) -> Opened:
    remote.answer = lambda _: httpx.Response(200, json=body)
    return open_connector("slack", httpx.MockTransport(remote), clock)


@pytest.mark.parametrize(
    ("error", "doubt", "scope"),
    [("ratelimited", False, "endpoint"), ("fatal_error", True, "call"),
     ("internal_error", True, "call")],
)  # fmt: skip
async def test_errors_that_pass_are_tried_again(
    remote: Remote, clock: Moment, error: str, doubt: bool, scope: str
) -> None:
    with pytest.raises(TryAgain) as caught:
        await answering(remote, clock, {"ok": False, "error": error}).run("notify", HELLO)
    assert (caught.value.may_have_happened, caught.value.scope) == (doubt, scope)


async def test_missing_scope_gives_up_and_names_it(remote: Remote, clock: Moment) -> None:
    body: JSON = {"ok": False, "error": "missing_scope", "needed": "chat:write"}
    with pytest.raises(GiveUp, match=r"missing_scope.*needed is chat:write"):
        await answering(remote, clock, body).run("notify", HELLO)


def hooked(sandbox: RunningSandbox, clock: Moment, path: str = HOOK) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {
        "auth": None,
        "channel": None,
        "webhook_url": f"{sandbox.base_url}{path}",
    }
    return opened_at(sandbox, "slack", clock, options)


async def test_incoming_webhook_posts_and_leaves_the_channel_out(
    sandbox: RunningSandbox, clock: Moment, state: SlackState
) -> None:
    async for slack in hooked(sandbox, clock):
        outcome = await slack.run("notify", HELLO)
        findings = await slack.connector.check(slack.client)
        with pytest.raises(GiveUp, match="cannot replace"):
            await slack.run("notify", {**HELLO, "replace": "1.2"})
    assert [one.text for one in messages(state)] == ["*shop.example*: &lt;b&gt; &amp; more"]
    assert outcome.lost == ("the channel was left out: an incoming webhook has its own",)
    assert findings[0].ok


async def test_address_of_the_incoming_webhook_is_in_no_text(
    sandbox: RunningSandbox, clock: Moment
) -> None:
    async for slack in hooked(sandbox, clock, "/slack/services/T0SANDBOX/B0SANDBOX/wrong-secret"):
        with slack.http.trail() as exchanges, pytest.raises(GiveUp) as caught:
            await slack.run("notify", HELLO)
        assert caught.value.status == 404
        assert "no_service" in str(caught.value)
        for text in (str(caught.value), repr(exchanges), repr(slack.client)):
            assert "wrong-secret" not in text
            assert "B0SANDBOX" not in text


async def test_doctor_says_what_is_missing(slack: Opened, state: SlackState) -> None:
    findings = await slack.connector.check(slack.client)
    assert [(one.what, one.ok) for one in findings] == [
        ("credentials", True),
        ("channel", True),
        ("history", True),
    ]
    state.scopes.discard("channels:history")
    findings = await slack.connector.check(slack.client)
    assert (findings[-1].ok, "channels:history" in findings[-1].hint) == (False, True)
    state.channels["C0SECURITY"].member = False
    findings = await slack.connector.check(slack.client)
    assert "the app is not in #security" in findings[-1].message


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"auth": {}},
        {"auth": {"bot_token": "made-up"}, "webhook_url": "https://hooks.example/made-up"},
        {"webhook_url": "https://hooks.example/made-up", "channel": "C1"},
        {"webhook_url": "hooks.example/made-up"},
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, JSON]) -> None:
    with pytest.raises(ValidationError) as caught:
        SlackSettings.model_validate(options)
    assert "made-up" not in str(caught.value)


async def test_every_request_and_answer_is_one_that_slack_describes(
    slack: Opened, state: SlackState
) -> None:
    kit = json.loads(read_spec("slack-webapi-types.schema.json"))
    api = openapi("slack.json")
    blocks: JSON = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "divider"},
    ]
    first = await slack.run("notify", HELLO)
    thread = first.outputs["thread"]
    await slack.run("notify", {**HELLO, "blocks": blocks, "thread": thread}, may_exist=True)
    await slack.run("notify", {**HELLO, "replace": thread, "blocks": blocks})
    await slack.connector.check(slack.client)
    seen: set[str] = set()
    for request, answer in recorder(slack).answers:
        method = request.url.path.rpartition("/")[2]
        sent = json.loads(request.content) if request.content else {}
        if method in ("chat.postMessage", "chat.update"):
            sent.pop("client_msg_id", None)  # known by Slack's errors about it alone
            kind = "Post" if method == "chat.postMessage" else "Update"
            jsonschema.validate(sent, {**kit, "$ref": f"#/definitions/{kind}"})
        if method in ("auth.test", "conversations.info", "conversations.list"):
            described = as_described(request, "/slack/api")
            api.validate_request(described)
            if method == "auth.test":
                api.validate_response(described, answer_as_described(answer))
        seen.add(method)
    assert {"chat.postMessage", "chat.update", "auth.test", "conversations.info"} <= seen
