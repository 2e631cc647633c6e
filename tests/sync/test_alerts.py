"""An alert in GitHub and an issue in Jira are kept alike."""

from __future__ import annotations

from pathlib import Path

from tests.sync.test_gaps import gap


async def test_person_who_closes_an_alert_again_after_the_bridge_did_is_heard(
    tmp_path: Path,
) -> None:
    """GitHub tells of no field that was changed, and of an alert only once something happens."""
    async with gap(tmp_path, "alert") as world:
        await world.change("right", "status", "Done")
        assert await world.said("status") == {"left": "done", "right": "done"}
        await world.change("right", "status", "Reopened")
        assert await world.said("status") == {"left": "open", "right": "open"}
        await world.change("left", "status", "dismissed")
        assert await world.said("status") == {"left": "done", "right": "done"}
        rows = await world.world.rows("SELECT state FROM events WHERE source = 'github'")
        assert [row[0] for row in rows] == ["echo", "echo", "done"]


async def test_alert_that_was_closed_again_later_than_its_issue_was_reopened_wins(
    tmp_path: Path,
) -> None:
    async with gap(tmp_path, "alert") as world:
        await world.change("left", "status", "dismissed")
        alert, issue = world.things["left"], world.things["right"]
        world.world.clock.advance(60_000)
        await world.ends["right"].change(issue, "status", "Reopened")
        await world.ends["left"].change(alert, "status", "open")
        world.world.clock.advance(60_000)
        await world.ends["left"].change(alert, "status", "dismissed")
        await world.world.settle()
        assert await world.said("status") == {"left": "done", "right": "done"}
