"""The wait before another try, and the end of trying."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.backoff import LONGEST_WAIT_SECONDS, Backoff, next_try, span_ms

POLICY = Backoff(first_ms=1_000, cap_ms=60_000, max_attempts=5)


def test_span_doubles_with_each_try_and_stops_at_the_cap() -> None:
    spans = [span_ms(POLICY, attempt) for attempt in (1, 2, 3, 6, 7, 1000)]
    assert spans == [1_000, 2_000, 4_000, 32_000, 60_000, 60_000]


def test_wait_is_the_chance_times_the_span() -> None:
    assert next_try(POLICY, attempt=3, now=50, chance=0.5) == 50 + 2_000


def test_action_is_dead_after_the_last_allowed_try() -> None:
    assert next_try(POLICY, attempt=4, now=0, chance=0.0) is not None
    assert next_try(POLICY, attempt=5, now=0, chance=0.0) is None


def test_asked_wait_is_never_undercut_and_gets_jitter_on_top() -> None:
    assert next_try(POLICY, attempt=1, now=0, chance=0.0, after_seconds=7.5) == 7_500
    assert next_try(POLICY, attempt=1, now=0, chance=0.5, after_seconds=7.5) == 8_000


def test_asked_wait_beyond_a_day_is_cut_to_a_day() -> None:
    assert next_try(POLICY, attempt=1, now=0, chance=0.0, after_seconds=1e12) == (
        LONGEST_WAIT_SECONDS * 1000
    )


def test_asked_wait_in_the_past_means_at_once() -> None:
    assert next_try(POLICY, attempt=1, now=9, chance=0.0, after_seconds=-3.0) == 9


@given(
    st.integers(1, 4),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(0, 1e9),
)
def test_next_try_is_never_in_the_past_and_never_beyond_cap_or_request(
    attempt: int, chance: float, after: float | None
) -> None:
    at = next_try(POLICY, attempt=attempt, now=1_000, chance=chance, after_seconds=after)
    assert at is not None
    longest = POLICY.cap_ms if after is None else LONGEST_WAIT_SECONDS * 1000 + POLICY.first_ms
    assert 1_000 <= at <= 1_000 + longest
