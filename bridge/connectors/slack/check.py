"""What `bridge doctor` finds out about a Slack integration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.connectors.answers import as_object
from bridge.connectors.contract import Finding
from bridge.connectors.slack.client import Slack
from bridge.errors import ConnectorError


async def check(slack: Slack) -> tuple[Finding, ...]:
    """Credentials first. Of an incoming webhook nothing can be known without posting."""
    if slack.settings.webhook_url is not None:
        words = "an incoming webhook: nothing can be asked of it, and a lost answer may double"
        return (Finding("webhook", True, words),)
    findings = [await _finding("credentials", _credentials, slack)]
    if findings[0].ok and slack.settings.channel:
        findings.append(await _finding("channel", _channel, slack))
        if findings[-1].ok:
            findings.append(await _finding("history", _history, slack))
    elif findings[0].ok:
        findings.append(Finding("channel", True, "no default channel; rules name theirs"))
    return tuple(findings)


async def _finding(what: str, look: Callable[[Slack], Awaitable[Finding]], slack: Slack) -> Finding:
    try:
        return await look(slack)
    except ConnectorError as error:
        hints = {401: "check auth", 403: "check auth", 404: "check base_url"}
        return Finding(what, False, error.reason, hints.get(error.status or 0, ""))


async def _credentials(slack: Slack) -> Finding:
    who = await slack.ask("auth.test")
    return Finding("credentials", True, f"signed in as {who.get('user')} of {who.get('team')}")


async def _channel(slack: Slack) -> Finding:
    channel = await slack.channel_id(slack.settings.channel or "")
    found = as_object((await slack.ask("conversations.info", {"channel": channel})).get("channel"))
    name = f"#{found.get('name')} ({channel})"
    if found.get("is_member") is False:
        return Finding("channel", False, f"the app is not in {name}", "invite it there")
    return Finding("channel", True, name)


async def _history(slack: Slack) -> Finding:
    channel = await slack.channel_id(slack.settings.channel or "")
    try:
        await slack.ask("conversations.history", {"channel": channel, "limit": 1})
    except ConnectorError as error:
        if "missing_scope" not in error.reason:
            raise
        return Finding(
            "history",
            False,
            "cannot read the channel's history, so a message in doubt is posted again",
            "give the app channels:history, and groups:history for private channels",
        )
    return Finding("history", True, "readable, so that no message comes twice")
