"""A comment that is edited where it was written is edited on the other side too."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.action import Call
from bridge.calling import AnyCall
from bridge.connectors.mirror import Moved, Said
from bridge.connectors.parameters import EditComment
from tests.sync.ends.end import End
from tests.sync.pairings import PAIRINGS, Pairing
from tests.sync.world import World, open_world


@dataclass(frozen=True)
class Pair:
    """An issue in Jira and what it is tied to, as sync sees and people change them.

    far: the other system. key, there: the things.
    """

    world: World
    pairing: Pairing
    far: str
    key: str
    there: str

    def end(self, system: str) -> tuple[End, str]:
        if system == "jira":
            return self.pairing.left(self.world), self.key
        return self.pairing.right(self.world), self.there

    async def said(self, system: str) -> dict[str, Said]:
        """The comments of a side, by the first line."""
        integration = self.world.parts.engine.registry.get(("default", system))
        assert integration is not None
        kinds = dict(self.pairing.ends)
        mirror = integration.connector.mirrors[kinds[system]]
        thing = await mirror(integration.client, self.end(system)[1], True)
        found = {one.body.split("\n")[0]: one for one in thing.comments}
        assert len(found) == len(thing.comments)
        return found

    async def marks(self) -> set[str]:
        return {
            mark
            for system in ("jira", self.far)
            for one in (await self.said(system)).values()
            for mark in one.marks
        }

    async def remark(self, system: str, text: str) -> None:
        end, thing = self.end(system)
        await end.remark(thing, text)

    async def edit(self, system: str, comment_id: str, text: str) -> None:
        """A person's edit."""
        self.world.clock.advance(5_000)
        end, thing = self.end(system)
        await end.edit_remark(thing, comment_id, text)

    async def wrote(self) -> list[str]:
        """Everything that sync has written, in its words."""
        rows = await self.world.rows("SELECT outputs FROM actions WHERE name = 'sync' ORDER BY seq")
        return [words for row in rows for words in json.loads(row[0] or "{}").get("wrote", ())]


@pytest.fixture(params=["github", "linear", "kibana", "thehive"])
async def pair(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    far = str(request.param)
    pairing = PAIRINGS[far]
    async with open_world(tmp_path, rules=pairing.rules()) as world:
        key, there = await pairing.left(world).make(), await pairing.right(world).make()
        await pairing.tie(world, key, there)
        await world.settle()
        pair = Pair(world, pairing, far, key, there)
        await pair.remark("jira", "Seen in Jira.")
        await pair.remark(far, "Seen there.")
        await world.settle()
        assert set(await pair.said("jira")) == {"Seen in Jira.", "Seen there."}
        assert set(await pair.said(far)) == {"Seen in Jira.", "Seen there."}
        yield pair


async def test_edit_is_carried_to_the_copy_and_not_back(pair: Pair) -> None:
    before, marks = await pair.wrote(), await pair.marks()
    await pair.edit("jira", (await pair.said("jira"))["Seen in Jira."].id, "Seen *twice*.")
    await pair.edit(pair.far, (await pair.said(pair.far))["Seen there."].id, "Seen no more.")
    await pair.world.settle()
    for system in ("jira", pair.far):
        found = await pair.said(system)
        assert {one.replace("*", "") for one in found} == {"Seen twice.", "Seen no more."}
    (copy,) = (
        one for text, one in (await pair.said(pair.far)).items() if text.startswith("Seen *")
    )
    assert await pair.marks() == marks
    assert f"in jira: [Weak key]({pair.world.sandbox.jira_url}/browse/{pair.key})" in copy.body
    wrote = (await pair.wrote())[len(before) :]
    assert sorted(wrote) == sorted(
        [f"an edited comment on {pair.key}", f"an edited comment on {pair.there}"]
    )
    told = await pair.world.rows("SELECT state FROM events WHERE state NOT IN ('done', 'ignored')")
    assert {row[0] for row in told} == {"echo"}


async def test_copy_that_a_person_edited_stays_until_the_original_is_edited_again(
    pair: Pair,
) -> None:
    copy = (await pair.said("jira"))["Seen there."]
    original = (await pair.said(pair.far))["Seen there."]
    await pair.edit(pair.far, original.id, "An older edit.")
    await pair.edit("jira", copy.id, "A newer edit of the copy.")
    await pair.world.settle()
    assert "A newer edit of the copy." in await pair.said("jira")
    assert "An older edit." in await pair.said(pair.far)
    await pair.edit(pair.far, original.id, "The newest.")
    await pair.world.settle()
    assert set(await pair.said("jira")) == {"Seen in Jira.", "The newest."}


async def test_edit_while_it_is_not_known_whether_the_copy_was_made_is_not_lost(pair: Pair) -> None:
    await pair.remark(pair.far, "A new one.")
    pair.world.fault(lost_answer="next:1")
    await pair.world.deliver()
    await pair.edit(pair.far, (await pair.said(pair.far))["A new one."].id, "Edited.")
    await pair.world.settle()
    assert set(await pair.said("jira")) == {"Seen in Jira.", "Seen there.", "Edited."}
    faults = [one.fault for one in pair.world.sandbox.app.journal.entries if one.fault]
    assert faults == ["lost-answer"]


async def test_edit_is_refused_where_somebody_was_faster(pair: Pair) -> None:
    for system, first in (("jira", "Seen there."), (pair.far, "Seen in Jira.")):
        integration = pair.world.parts.engine.registry.get(("default", system))
        assert integration is not None
        offered = integration.connector.action("edit_comment")
        assert offered is not None
        copy = (await pair.said(system))[first]
        await pair.edit(system, copy.id, "Theirs.")
        ticket = pair.key if system == "jira" else pair.there
        parameters = EditComment(ticket=ticket, comment=copy.id, body="Ours.")
        call: AnyCall = Call(
            "edit_comment", parameters, "a" * 24, False, 1, 0, 0, "evt", "storm",
            {"comment": copy.body},
        )  # fmt: skip
        with pytest.raises(Moved):
            await pair.world.parts.engine.caller.carry_out(integration, offered, call)
        assert "Theirs." in await pair.said(system)


async def test_edit_whose_webhook_was_lost_is_found_by_the_reconciler(pair: Pair) -> None:
    await pair.edit("jira", (await pair.said("jira"))["Seen in Jira."].id, "Seen twice.")
    await pair.world.sandbox.app.webhooks.settled()
    pair.world.mail.clear()
    await pair.world.settle()
    assert "Seen in Jira." in await pair.said(pair.far)
    reconciler = pair.world.parts.engine.reconciler
    looked = [one async for one in reconciler.all()]
    assert [one.field for found in looked for one in found.differences] == ["comments"]
    await pair.world.settle()
    assert "Seen twice." in await pair.said(pair.far)
    assert not [found async for one in reconciler.all() for found in one.differences]


async def test_copy_that_somebody_deleted_stays_away_when_its_original_is_edited(
    pair: Pair,
) -> None:
    copy = (await pair.said("jira"))["Seen there."]
    path = f"/jira/rest/api/2/issue/{pair.key}/comment/{copy.id}"
    await pair.world.person("DELETE", path)
    await pair.edit(pair.far, (await pair.said(pair.far))["Seen there."].id, "Seen twice.")
    await pair.world.settle()
    assert set(await pair.said("jira")) == {"Seen in Jira."}


async def test_edit_that_cannot_be_carried_is_said_and_holds_nothing_up(pair: Pair) -> None:
    """Somebody deletes the copy between the bridge's look and its write."""
    world, copy = pair.world, (await pair.said("jira"))["Seen there."]
    journal = world.sandbox.app.journal
    deleted: list[str] = []

    async def meanwhile(_seconds: float) -> None:
        listed = [one for one in journal.entries if one.path.endswith(f"{pair.key}/comment")]
        if listed and not deleted:
            deleted.append(copy.id)
            path = f"/jira/rest/api/2/issue/{pair.key}/comment/{copy.id}"
            await world.person("DELETE", path)

    await world.edit(pair.key, {"summary": "Worse"})
    await pair.edit(pair.far, (await pair.said(pair.far))["Seen there."].id, "Seen twice.")
    journal.clear()
    world.sandbox.app.conditions.sleep = meanwhile
    world.fault(slow="0.001")
    await world.settle()
    assert deleted == [copy.id]
    rows = await world.rows("SELECT state, reason FROM actions WHERE name = 'sync' ORDER BY seq")
    assert {row[0] for row in rows} == {"done"}
    (reason,) = (row[1] for row in rows if "comment" in row[1])
    assert reason.startswith(f"an edited comment stays as it was on {pair.key}: ")
    assert f"summary of {pair.there}: Worse" in await pair.wrote()


async def test_edit_that_meets_a_wrong_credential_is_carried_once_that_is_mended(
    pair: Pair,
) -> None:
    world, journal = pair.world, pair.world.sandbox.app.journal
    allowed = world.sandbox.app.options.credentials.basic
    assert isinstance(allowed, dict)

    async def meanwhile(_seconds: float) -> None:
        if any(one.path.endswith(f"{pair.key}/comment") for one in journal.entries):
            allowed["somebody@else.example"] = "another-token"

    await pair.edit(pair.far, (await pair.said(pair.far))["Seen there."].id, "Seen twice.")
    journal.clear()
    world.sandbox.app.conditions.sleep = meanwhile
    world.fault(slow="0.001")
    await world.settle()
    ((reason,),) = await world.rows("SELECT reason FROM actions WHERE state = 'dead'")
    assert "401" in reason
    world.fault()
    allowed.clear()
    assert "Seen there." in await pair.said("jira")
    assert [one async for one in world.parts.engine.reconciler.all() if one.differences]
    await world.settle()
    assert "Seen twice." in await pair.said("jira")
