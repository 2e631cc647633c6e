"""When a failed action is tried again, or that it is dead: a pure decision.

The chance is a number handed in, so that a test knows the answer and a restart repeats none.
"""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_WAIT_SECONDS = 24 * 60 * 60
"""What another system may ask us to wait at most. Longer is taken for a broken header: the number
is arbitrary, and a day is longer than any documented quota window (Jira Cloud: one hour)."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How patient an action is.

    first_ms: the span of the first wait; it doubles with each try.
    cap_ms: the span never grows beyond this.
    max_attempts: with so many failed tries the action is dead.
    """

    first_ms: int = 1_000
    cap_ms: int = 15 * 60_000
    max_attempts: int = 12

    def __post_init__(self) -> None:
        if self.first_ms < 1 or self.cap_ms < self.first_ms or self.max_attempts < 1:
            raise ValueError("a backoff needs 1 <= first_ms <= cap_ms and max_attempts >= 1")


def span_ms(policy: Backoff, attempt: int) -> int:
    """The longest that the backoff alone waits after try number `attempt` (from 1)."""
    doublings = min(
        max(attempt, 1) - 1, 40
    )  # 2**40 ms is 34 years: beyond any cap, no big integers
    return int(min(policy.cap_ms, policy.first_ms << doublings))


def next_try(
    policy: Backoff,
    *,
    attempt: int,
    now: int,
    chance: float,
    after_seconds: float | None = None,
) -> int | None:
    """The time of the next try in milliseconds UTC, or None: the action is dead.

    attempt: the number of the try that just failed, from 1.
    chance: evenly from 0 up to but not including 1; "full jitter", so that actions that failed
        together do not come back together.
    after_seconds: what the other system asked for. The next try is never sooner; the jitter comes
        on top of it, within the span of the first wait.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, read 2026-11.
    """
    if attempt >= policy.max_attempts:
        return None
    if after_seconds is None:
        return now + int(span_ms(policy, attempt) * chance)
    asked_ms = int(min(max(after_seconds, 0.0), LONGEST_WAIT_SECONDS) * 1000)
    return now + asked_ms + int(policy.first_ms * chance)
