"""GitHub's stand-in: issues with comments and history, three kinds of alerts, signed webhooks.

One repository, `sandbox/shop`, with an alert of each kind; every other is 404. Shapes:
https://docs.github.com/en/rest, API version 2022-11-28, and the bodies of
@octokit/webhooks-examples, read 2026-11.
"""
