"""Slack, through the Web API with a bot's token or through an incoming webhook.

Decision: how a retry knows that its message is there.
Question: `client_msg_id` is documented only by the errors about it, and Slack may keep it for
people's own clients; searching needs a person's token.
Options: post again and live with doubles; the message's metadata, read back from the history.
Choice: both: the mark goes into `metadata` and, as a UUID made of it, into `client_msg_id`. A
retry reads the history of the channel or the thread for the metadata before it posts again.
Consequence: the app needs `channels:history` (and `groups:history` for private channels) for that;
without it, and through an incoming webhook, a lost answer may show a message twice.

https://docs.slack.dev/reference/methods/chat.postMessage, read 2026-11.
"""
