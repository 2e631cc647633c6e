"""What sync is told of a thing: which change was the last, and how sure its time is."""

from __future__ import annotations

from bridge.connectors.jira.mirror import _changes
from bridge.connectors.mirror import Seen, latest, with_times
from bridge.event import JSON


def test_two_changes_of_one_moment_keep_their_order_whichever_way_they_are_listed() -> None:
    at = "2026-11-21T12:00:00.000+0000"
    first: JSON = {"id": "9", "created": at, "items": [
        {"field": "summary", "fromString": "a", "toString": "b"}]}  # fmt: skip
    second: JSON = {"id": "10", "created": at, "items": [
        {"field": "summary", "fromString": "b", "toString": "c"}]}  # fmt: skip
    for histories in ([first, second], [second, first]):
        found = latest(_changes([*histories], ""))["summary"]
        assert (found.value, found.before) == ("c", "b")


def test_history_that_lags_gives_no_exact_time() -> None:
    changes = {"status": Seen("Done", 5, "To Do")}
    assert with_times({"status": "Done"}, changes, 9)["status"] == Seen("Done", 5, "To Do")
    assert with_times({"status": "Open"}, changes, 9)["status"] == Seen(
        "Open", 9, exact=False, since=5
    )
    assert with_times({"summary": "x"}, changes, 9)["summary"] == Seen("x", 1)
