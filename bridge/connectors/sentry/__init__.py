"""Sentry, in the cloud and self-hosted: the states of its issues, and comments on them.

Sentry's issues are alerts here: a scanner's findings, not tickets of people.

Decision: how a retry knows that its comment is there.
Question: comments take no id and no metadata; their list can be read.
Options: a visible mark; a comment of HTML, which Sentry's own pages show or not by version;
characters that show nothing.
Choice: the characters, at the end of the text. Besides, Sentry refuses the same words by the same
account within an hour.
Consequence: a system that strips such characters leaves the refusal alone to keep doubles away.

https://docs.sentry.io/api/events/update-an-issue/, read 2026-11. The path for comments is not in
the published description; https://github.com/getsentry/sentry/blob/master/src/sentry/issues/
endpoints/group_notes.py, read 2026-11.
"""
