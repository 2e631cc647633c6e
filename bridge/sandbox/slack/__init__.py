"""Slack's stand-in: channels, messages with metadata, threads, an incoming webhook.

The Web API below `/slack/api`, the incoming webhook at
`/slack/services/T0SANDBOX/B0SANDBOX/sandbox`.
Errors come with 200 and `"ok": false`, as Slack's do. It does not honour `client_msg_id`, about
which Slack's documentation says too little to be relied on.
https://docs.slack.dev/reference/methods, read 2026-11.
"""
