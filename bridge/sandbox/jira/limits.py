"""Jira Cloud's limit on writes to one issue.

20 writes in 2 seconds, 100 in 30; a 429 says when to come back and why. Source: Atlassian's page
on rate limiting, read 2026-11.
"""

from __future__ import annotations

from bridge.clock import iso
from bridge.sandbox.exchange import Answer, Declined, decline
from bridge.sandbox.jira.state import Issue

WINDOWS = ((20, 2_000), (100, 30_000))
"""Writes allowed, and the milliseconds they are counted in."""


def wait_of(issue: Issue, now: int) -> int:
    """Milliseconds until the issue may be written again; 0 when it may now, and it is counted."""
    writes = issue.writes
    longest = WINDOWS[-1][1]
    while writes and writes[0] <= now - longest:
        writes.popleft()
    for most, window in WINDOWS:
        if len(writes) >= most and writes[-most] > now - window:
            return writes[-most] + window - now
    writes.append(now)
    return 0


def too_many(reason: str, wait_ms: int, now: int) -> Answer:
    """429 with the three headers a caller needs; whole seconds, rounded up."""
    seconds = max(1, -(-wait_ms // 1000))
    reset = iso(now + seconds * 1000)
    reply = decline(Declined(429, "Rate limit exceeded."))
    headers = (
        (b"retry-after", str(seconds).encode()),
        (b"x-ratelimit-reset", reset.encode()),
        (b"x-ratelimit-remaining", b"0"),
        (b"ratelimit-reason", reason.encode()),
    )
    return Answer(429, reply.body, reply.content_type, headers)
