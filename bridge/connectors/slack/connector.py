"""The Slack connector, put together."""

from __future__ import annotations

from bridge.connectors.contract import Action, Connector, OAuth, Scoped, Verified
from bridge.connectors.shapes import shape
from bridge.connectors.slack.check import check
from bridge.connectors.slack.client import open_slack
from bridge.connectors.slack.notify import notify, object_of
from bridge.connectors.slack.options import AGAIN, IN_DOUBT, SlackSettings

CONNECTOR = Connector(
    name="slack",
    sentence="Slack: messages with Block Kit and threads, by a bot or an incoming webhook.",
    settings=SlackSettings,
    open=open_slack,
    actions=(Action(shape("notify"), notify, object_of),),
    check=check,
    verified=Verified(
        "https://docs.slack.dev/reference/methods/chat.postMessage/",
        "2026-11",
        (
            "OpenAPI of Slack's Web API",
            "types of `@slack/web-api` (Block Kit)",
            "`slack_sdk`",
        ),
    ),
    # https://docs.slack.dev/authentication/using-token-rotation, read 2026-11.
    oauth=OAuth("https://slack.com/api/oauth.v2.access", passing=AGAIN | IN_DOUBT),
    scope=(Scoped("channel", ("{project_id}",)),),
    object_windows=((5, 5_000),),
)
