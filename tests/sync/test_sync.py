"""An issue in Jira and a case in Kibana are kept alike, in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.cli.trail import trail_lines
from bridge.errors import NotFound
from bridge.store.audit import Change
from bridge.store.sync_fields import held_fields
from bridge.sync.asking import resolve
from bridge.trail import read_trail
from bridge.workbench.explained import Explainer
from tests.sync.world import RULES, World, open_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as world:
        yield world


async def test_change_on_either_side_is_carried_to_the_other_once(world: World) -> None:
    key, case_id = await world.pair()
    await world.settle()
    assert await world.move(key, "In Progress")
    await world.settle()
    assert (await world.kibana(case_id))["status"] == "in-progress"
    await world.change(case_id, {"status": "closed", "severity": "high", "title": "Worse"})
    await world.settle()
    assert await world.jira(key) == {"status": "Done", "priority": "High", "summary": "Worse"}
    states = [row[0] for row in await world.rows("SELECT state FROM events ORDER BY seq")]
    assert states.count("echo") == 3, states
    assert not [one for one in states if one not in ("done", "echo", "ignored")]


async def test_comment_is_carried_once_with_its_origin_and_never_back(world: World) -> None:
    key, case_id = await world.pair()
    await world.settle()
    await world.remark(key, "Seen *twice*.")
    await world.note(case_id, "On it.")
    await world.settle()
    (_, carried) = sorted(await world.notes(case_id))
    assert carried.startswith("Seen **twice**.\n\n*Anna")
    assert f"in jira: [Weak key]({world.sandbox.jira_url}/browse/{key})" in carried
    assert len(await world.remarks(key)) == 2
    found = await world.person("GET", f"/jira/rest/api/2/issue/{key}/comment")
    copy = next(one for one in found["comments"] if one["body"].startswith("On it."))
    await world.person("DELETE", f"/jira/rest/api/2/issue/{key}/comment/{copy['id']}")
    await world.note(case_id, "Done.")
    await world.settle()
    bodies = [text.split("\n")[0] for text in await world.remarks(key)]
    assert bodies == ["Seen *twice*.", "Done."]


HOLD = RULES.replace("    fields:\n", "    conflict: hold\n    fields:\n")


async def conflict(world: World) -> tuple[str, str]:
    """Both sides are changed before either webhook comes."""
    key, case_id = await world.pair()
    await world.settle()
    await world.move(key, "Done")
    world.clock.advance(1000)
    await world.change(case_id, {"status": "in-progress"})
    await world.settle()
    return key, case_id


async def test_conflict_is_held_with_both_values_until_a_person_decides(tmp_path: Path) -> None:
    async with open_world(tmp_path, rules=HOLD) as world:
        key, case_id = await conflict(world)
        assert (await world.jira(key))["status"] == "Done"
        assert (await world.kibana(case_id))["status"] == "in-progress"
        database = world.parts.database
        (held,) = await database.read(held_fields)
        assert (held.field, held.held_left, held.held_right) == ("status", "Done", "in-progress")
        trail = await database.read(lambda tx: read_trail(tx, held.event_id))
        assert any(held.id in line for line in trail_lines(trail))
        change = Change("default", world.clock(), "cli", "cli", "sync.resolve", held.id, {})
        await resolve(database, held.id, "left", change)
        await world.settle()
        assert (await world.kibana(case_id))["status"] == "closed"
        assert await database.read(held_fields) == []
        with pytest.raises(NotFound, match="not held any more"):
            await resolve(database, held.id, "left", change)


async def test_newer_of_two_changes_wins(world: World) -> None:
    key, case_id = await conflict(world)
    assert (await world.jira(key))["status"] == "In Progress"
    assert (await world.kibana(case_id))["status"] == "in-progress"


async def test_ping_pong_with_another_bridge_is_left_alone_until_it_is_quiet(
    tmp_path: Path,
) -> None:
    rules = RULES.replace("      status:\n", "      status:\n        owner: left\n").replace(
        "        to_left: {open: [To Do, Reopened], in-progress: In Progress, closed: Done}\n", ""
    )
    async with open_world(tmp_path, rules=rules, ping_pong=3) as world:
        key, case_id = await world.pair()
        await world.settle()
        await world.move(key, "Done")
        for _ in range(12):
            await world.settle()
            world.clock.advance(1000)
            if (await world.kibana(case_id))["status"] == "closed":
                await world.change(case_id, {"status": "open"})
        await world.settle()
        assert (await world.kibana(case_id))["status"] == "open"
        watch = world.parts.engine.sync_watch
        await watch.look()
        assert watch.names() == [f"status of {case_id} in kibana"]
        ready = (await world.bridge.get("/readyz")).json()["checks"]["sync"]
        assert not ready["ok"]
        assert case_id in ready["reason"]
        assert "bridge_sync_ping_pong 1.0" in (await world.bridge.get("/metrics")).text
        await world.edit(key, {"summary": "Still carried over"})
        await world.settle()
        assert (await world.kibana(case_id))["summary"] == "Still carried over"
        world.clock.advance(20 * 60_000)
        await watch.look()
        await world.settle()
        assert watch.names() == []
        assert (await world.kibana(case_id))["status"] == "closed"


async def test_reconciler_finds_what_lost_webhooks_left_and_heals_it(world: World) -> None:
    pairs = [await world.pair() for _ in range(3)]
    await world.settle()
    key, case_id = pairs[1]
    await world.move(key, "Done")
    await world.note(case_id, "Nobody told of this.")
    await world.sandbox.app.webhooks.settled()
    world.mail.clear()
    world.clock.advance(10_000)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    reconciler = replace(world.parts.engine.reconciler, sleep=sleep)
    looked = [one async for one in reconciler.all(dry_run=True)]
    assert [one.pair.left for one in looked] == [one for one, _ in pairs]
    found = [[each.field for each in one.differences] for one in looked]
    assert found == [[], ["status", "comments"], []]
    assert waits == [1.0] * 3
    assert (await world.kibana(case_id))["status"] == "open"
    round_ = reconciler.all()
    async for one in round_:  # broken off behind the second pair
        if one.event_id:
            break
    await round_.aclose()
    rest = [one.pair.left async for one in reconciler.all()]
    assert rest == [key, pairs[2][0]]  # the second again, since its end was not written down
    await world.settle()
    assert (await world.kibana(case_id))["status"] == "closed"
    assert len(await world.remarks(key)) == 1
    assert [one async for one in reconciler.all(dry_run=True) if one.differences] == []


@pytest.mark.parametrize("far", ["github", "linear"])
async def test_issue_in_jira_and_issue_elsewhere_are_kept_alike(tmp_path: Path, far: str) -> None:
    maps = {
        "github": (
            "{To Do: open, Reopened: open, In Progress: open, Done: closed}",
            "{open: [To Do, Reopened, In Progress], closed: Done}",
        ),
        "linear": (
            "{To Do: Todo, Reopened: Todo, In Progress: In Progress, Done: Done}",
            "{Todo: [To Do, Reopened], Backlog: [To Do], In Progress: In Progress, Done: Done}",
        ),
    }[far]
    rules = f"""
version: 1
rules:
  - name: copy
    on: issue.created
    source: jira
    then:
      - create_ticket: {{in: {far}, summary: "${{{{ data.summary }}}}"}}
sync:
  - name: both
    left: {{in: jira, kind: issue}}
    right: {{in: {far}, kind: issue}}
    fields:
      status: {{to_right: {maps[0]}, to_left: {maps[1]}}}
      summary: {{}}
      comments: {{}}
"""
    async with open_world(tmp_path, rules=rules) as world:
        key = await world.issue()
        await world.settle()
        ((ticket,),) = await world.rows("SELECT ticket FROM links WHERE record_id = ?", key)
        await world.move(key, "Done")
        await world.remark(key, "Fixed.")
        await world.edit(key, {"summary": "Better words"})
        await world.settle()
        integration = world.parts.engine.registry.get(("default", far))
        assert integration is not None
        mirror = integration.connector.mirrors["issue"]
        there = await mirror(integration.client, ticket, True)
        assert there.fields["summary"].value == "Better words"
        assert there.fields["status"].value in ("closed", "Done")
        assert [one.body.split("\n")[0] for one in there.comments] == ["Fixed."]
        assert len(await world.remarks(key)) == 1
        states = [row[0] for row in await world.rows("SELECT state FROM actions")]
        assert set(states) <= {"done", "skipped"}, states


ALERTS = """
version: 1
sync:
  - name: alert-and-issue
    left: {in: github, kind: alert}
    right: {in: jira, kind: issue}
    fields:
      status:
        to_right: {open: [To Do, Reopened], dismissed: Done, fixed: Done}
        to_left: {To Do: open, Reopened: open, In Progress: open, Done: dismissed}
        reason: false positive
"""


async def test_alert_is_dismissed_with_its_issue_and_opened_again(tmp_path: Path) -> None:
    async with open_world(tmp_path, rules=ALERTS) as world:
        key, alert = await world.issue(), "sandbox/shop/code-scanning/1"
        await world.tie("alert", alert, alert, "jira", key)
        path = "/github/repos/sandbox/shop/code-scanning/alerts/1"
        await world.settle()
        await world.move(key, "Done")
        await world.settle()
        found = await world.person("GET", path)
        assert (found["state"], found["dismissed_reason"]) == ("dismissed", "false positive")
        world.clock.advance(5_000)
        await world.person("PATCH", path, {"state": "open"})
        await world.settle()
        assert (await world.jira(key))["status"] == "Reopened"


async def test_explain_and_trail_show_the_sync_and_its_echo(world: World) -> None:
    key, _ = await world.pair()
    await world.settle()
    await world.move(key, "In Progress")
    await world.settle()
    engine = world.parts.engine
    explainer = Explainer(engine.configured, engine.rules.current, world.clock, engine.database)
    rows = await world.rows("SELECT id FROM events WHERE source = 'jira' AND state = 'done'")
    told = await explainer.explain_stored(rows[-1][0])
    (rule,) = told.rules
    assert rule.explanation.rule == "issue-and-case"
    assert [action.name for run in rule.runs for action, _ in run.steps] == ["sync"]
    ((echo,),) = await world.rows("SELECT id FROM events WHERE state = 'echo'")
    assert "status 'in-progress' by issue-and-case" in (await explainer.explain_stored(echo)).echo
