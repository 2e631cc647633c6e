"""Rule files that change while the bridge runs: taken up whole, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bridge.app import Parts, build
from bridge.configuration import load_settings
from bridge.errors import Invalid
from bridge.reload import reload
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from tests.route.conftest import CONFIGURATION, RULES, Installation, github
from tests.store.conftest import MovableClock, clock

__all__ = ["clock"]

BROKEN = RULES.replace("on: finding.opened", "on: finding.opened\n    wen: true")


@pytest.fixture
async def parts(installation: Installation, clock: MovableClock) -> AsyncIterator[Parts]:
    settings = load_settings(installation.folder / "bridge.yaml", {})
    parts = await build(settings, clock)
    yield parts
    await parts.stop()


def rule_file(installation: Installation) -> Path:
    return installation.folder / "rules" / "one.yaml"


async def ready(parts: Parts) -> httpx.Response:
    transport = httpx.ASGITransport(parts.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        return await client.get("/readyz")


async def test_broken_file_keeps_the_last_good_set_and_readyz_says_so(
    parts: Parts, installation: Installation
) -> None:
    before = parts.rules.version
    rule_file(installation).write_text(BROKEN, "utf-8")
    await reload(parts.configured, parts.rules)

    assert parts.rules.version == before
    (problem,) = (await ready(parts)).json()["checks"]["rules"]["problems"]
    assert "one.yaml:6" in problem
    assert "wen" in problem

    rule_file(installation).write_text(RULES, "utf-8")
    await reload(parts.configured, parts.rules)
    assert (await ready(parts)).json()["checks"]["rules"]["ok"] is True


async def test_changed_rule_is_in_force_for_the_next_event(
    parts: Parts, installation: Installation
) -> None:
    async def matched(number: int) -> str:
        body = json.dumps({"action": "created", "n": number}).encode()
        transport = httpx.ASGITransport(parts.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
            answer = await client.post("/hooks/github", content=body, headers=github(body))
        assert answer.status_code == 202
        await parts.worker.drain()
        (event,) = await parts.database.read(lambda tx: list_events(tx, EventFilter(), limit=1))
        return event.state.value

    assert await matched(1) == "ignored"
    changed = RULES.replace("finding.opened", '"*"').replace("${{ data.title }}", "seen")
    rule_file(installation).write_text(changed, "utf-8")
    await reload(parts.configured, parts.rules)
    assert await matched(2) == "done"


@pytest.mark.parametrize("where", ["a folder", "a file"])
async def test_running_bridge_notices_a_change_by_itself(
    installation: Installation, clock: MovableClock, where: str
) -> None:
    if where == "a file":
        text = CONFIGURATION + "rules: {path: rules/one.yaml}\n"
        (installation.folder / "bridge.yaml").write_text(text, "utf-8")
    parts = await build(load_settings(installation.folder / "bridge.yaml", {}), clock)
    before = parts.rules.version
    await parts.start()
    try:
        async with asyncio.timeout(20):
            while parts.rules.version == before:  # written again: the watch may start after us
                draft = rule_file(installation).with_suffix(".draft")
                draft.write_text(RULES + f"# {asyncio.get_running_loop().time()}\n", "utf-8")
                draft.replace(rule_file(installation))
                await asyncio.sleep(0.1)
    finally:
        await parts.stop()


async def test_bridge_does_not_start_with_broken_rules(
    installation: Installation, clock: MovableClock
) -> None:
    rule_file(installation).write_text(BROKEN, "utf-8")
    with pytest.raises(Invalid, match="wen"):
        await build(load_settings(installation.folder / "bridge.yaml", {}), clock)
