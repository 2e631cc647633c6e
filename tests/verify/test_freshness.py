"""Timestamps: within the window, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import TimestampRefused
from bridge.verify.freshness import Unit, check_fresh

NOW = 1_790_000_000_000
SECONDS = NOW // 1000


@pytest.mark.parametrize("offset", [-300, 0, 300])
def test_timestamp_at_the_edges_of_the_window_is_accepted(offset: int) -> None:
    check_fresh(str(SECONDS + offset), NOW, 300, Unit.SECONDS)
    check_fresh(str(NOW + offset * 1000), NOW, 300, Unit.MILLISECONDS)


@pytest.mark.parametrize("offset", [-301, 301, -7200, 7200])
def test_timestamp_outside_the_window_is_refused_in_the_past_and_in_the_future(
    offset: int,
) -> None:
    with pytest.raises(TimestampRefused, match="old" if offset < 0 else "ahead"):
        check_fresh(str(SECONDS + offset), NOW, 300, Unit.SECONDS)


def test_seconds_are_not_taken_for_milliseconds() -> None:
    with pytest.raises(TimestampRefused):
        check_fresh(str(SECONDS), NOW, 300, Unit.MILLISECONDS)
    with pytest.raises(TimestampRefused):
        check_fresh(str(NOW), NOW, 300, Unit.SECONDS)


@pytest.mark.parametrize(
    "text", ["", "-1", "1e9", " 1790000000", "1790000000.0", "١٧٩٠٠٠٠٠٠٠", "9" * 5000, "NaN", "1\n"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(TimestampRefused, match="no number"):
        check_fresh(text, NOW, 300, Unit.SECONDS)


@given(text=st.text(max_size=30), unit=st.sampled_from(list(Unit)))
def test_no_text_leads_to_anything_but_acceptance_or_a_refusal(text: str, unit: Unit) -> None:
    try:
        check_fresh(text, NOW, 300, unit)
    except TimestampRefused:
        return
    assert abs(int(text) * (1000 if unit is Unit.SECONDS else 1) - NOW) <= 300_000
