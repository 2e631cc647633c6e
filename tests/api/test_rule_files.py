"""Rule files over the API: read, saved where the operator allows it, refused with the reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bridge.app import build
from bridge.configuration import load_settings
from bridge.sandbox.serve import RunningSandbox
from tests.api.conftest import CONFIGURATION, SECRET, World, clock, make_keys, sandbox, world
from tests.store.conftest import MovableClock

__all__ = ["clock", "sandbox", "world"]

RULE = """\
version: 1
rules:
  - name: first
    on: scan.finished
    then: [{log: {message: x}}]
"""
ADDRESS = "/api/v1/rules/files/teams/one.yaml"


@pytest.fixture
async def editable(
    tmp_path: Path, clock: MovableClock, sandbox: RunningSandbox
) -> AsyncIterator[World]:
    (tmp_path / "rules").mkdir()
    text = CONFIGURATION.format(folder=tmp_path, secret=SECRET, jira=sandbox.jira_url)
    file = tmp_path / "bridge.yaml"
    file.write_text(text.replace('/rules"}', '/rules", editable: true}'), "utf-8")
    parts = await build(load_settings(file, {}), clock)
    keys = await make_keys(parts, clock)
    transport = httpx.ASGITransport(parts.application, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        yield World(parts, client, clock, sandbox, keys)
    await parts.stop()


async def test_rule_file_is_made_changed_and_taken_away(editable: World) -> None:
    made = (await editable.ask("PUT", ADDRESS, json={"text": RULE})).json()
    assert (made["written"], made["kept"]) == (True, "")
    assert editable.parts.rules.version == made["version"]
    changed = RULE.replace("first", "second")
    again = {"text": changed, "base": made["digest"]}
    saved = (await editable.ask("PUT", ADDRESS, json=again)).json()
    assert "-  - name: first" in saved["patch"]
    assert saved["kept"].startswith("teams__one.yaml.")
    read = (await editable.ask("GET", ADDRESS, "viewer")).json()
    assert read == {"name": "teams/one.yaml", "text": changed, "digest": saved["digest"]}
    listed = (await editable.ask("GET", "/api/v1/rules/files", "viewer")).json()
    assert listed == {"files": ["teams/one.yaml"], "editable": True}
    gone = await editable.ask("DELETE", f"{ADDRESS}?base={saved['digest']}")
    assert gone.json()["written"] is True
    assert (await editable.ask("GET", ADDRESS)).status_code == 404
    changes = (await editable.ask("GET", "/api/v1/audit")).json()["changes"]
    assert [one["what"] for one in changes[:3]] == ["rules.remove", "rules.save", "rules.save"]
    assert changes[0]["object"] == "teams/one.yaml"


async def test_edit_that_is_wrong_stale_or_not_allowed_writes_nothing(editable: World) -> None:
    wrong = await editable.ask("PUT", ADDRESS, json={"text": RULE.replace("finished", "finishd")})
    assert wrong.status_code == 422
    assert "one.yaml:4:9" in wrong.text
    made = (await editable.ask("PUT", ADDRESS, json={"text": RULE})).json()
    stale = await editable.ask("PUT", ADDRESS, json={"text": RULE + "# x\n", "base": "0" * 32})
    assert stale.status_code == 409
    body = {"text": RULE + "# x\n", "base": made["digest"]}
    assert (await editable.ask("PUT", ADDRESS, "operator", json=body)).status_code == 403
    others = await editable.ask("PUT", ADDRESS, tenant="acme", json=body)
    assert others.status_code == 403
    assert "all tenants" in others.text
    assert (await editable.ask("GET", ADDRESS)).json()["text"] == RULE
    outside = await editable.ask("PUT", "/api/v1/rules/files/%2E%2E/x.yaml", json={"text": RULE})
    assert outside.status_code == 404


async def test_where_saving_is_not_allowed_a_patch_comes_back(world: World, tmp_path: Path) -> None:
    told = (await world.ask("PUT", ADDRESS, json={"text": RULE})).json()
    assert told["written"] is False
    assert told["patch"].startswith("--- /dev/null\n+++ b/teams/one.yaml\n")
    assert list((tmp_path / "rules").iterdir()) == []
