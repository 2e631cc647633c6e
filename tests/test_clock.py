"""Ids are UUIDs of version 7: unique, and later ones sort later. Times are written one way."""

from __future__ import annotations

from uuid import RFC_4122, UUID

from bridge.clock import iso, new_id


def test_id_is_a_uuid_of_version_7_that_holds_its_time() -> None:
    now = 1_795_000_000_123
    for _ in range(1_000):
        prefix, _, digits = new_id("evt", now).partition("_")
        made = UUID(digits)
        assert (prefix, made.version, made.variant) == ("evt", 7, RFC_4122)
        assert made.int >> 80 == now


def test_ids_of_one_moment_differ_also_when_the_store_of_randomness_is_filled_again() -> None:
    assert len({new_id("act", 1) for _ in range(5_000)}) == 5_000


def test_later_ids_sort_later() -> None:
    ids = [new_id("evt", moment) for moment in (1, 2, 1_795_000_000_000, 1_795_000_000_001)]
    assert ids == sorted(ids)


def test_time_is_written_with_its_milliseconds() -> None:
    for moment, text in (
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_000_000_007, "2026-11-18T11:06:40.007Z"),
        (1_795_000_000_999, "2026-11-18T11:06:40.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ):
        assert iso(moment) == text
