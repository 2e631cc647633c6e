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


NO_NAMES = ["teams/one.yaml/two.yaml", f"{'a' * 300}.yaml", "./x.yaml", "x.yaml/", ".x/y.yaml"]


@pytest.mark.parametrize("name", NO_NAMES)
async def test_what_can_be_no_rule_file_is_said_to_be_none(editable: World, name: str) -> None:
    await editable.ask("PUT", ADDRESS, json={"text": RULE})
    address = "/api/v1/rules/files/" + name.replace(".", "%2E")
    body = {"text": RULE.replace("first", "second")}
    for method in ("GET", "PUT"):
        refused = await editable.ask(method, address, json=body if method == "PUT" else None)
        assert refused.status_code == 404, refused.text
    checked = await editable.ask(
        "POST", "/api/v1/rules/check", "viewer", json={"files": {name: RULE}}
    )
    assert checked.status_code == 422
    assert checked.json()["error"]["fields"][0]["loc"][:2] == ["body", "files"]


async def test_hints_name_no_source_and_no_integration_of_another_tenant(
    editable: World, tmp_path: Path
) -> None:
    text = """\
version: 1
rules:
  - {name: a, on: scan.finished, source: their, then: [{log: {message: x}}]}
  - {name: b, on: scan.finished, source: far-away, then: [{log: {message: x}}]}
  - {name: c, on: scan.finished, then: [{create_ticket: {in: jirra, summary: x}}]}
  - {name: d, on: scan.finished, then: [{notify: {in: jira, text: x, channel: y}}]}
  - {name: a, on: scan.finished, then: [{log: {message: x}}]}
"""

    async def hints(tenant: str) -> list[str]:
        body = {"files": {"x.yaml": text}}
        told = await editable.ask("POST", "/api/v1/rules/check", "viewer", tenant=tenant, json=body)
        assert str(tmp_path) not in told.text
        return [one["hint"] for one in told.json()["problems"]]

    assert await hints("default") == ["", "", 'did you mean "jira"?', "none does", ""]
    assert await hints("acme") == ['did you mean "theirs"?', "", "", "none does", ""]
    (tmp_path / "rules" / "x.yaml").write_text(text, "utf-8")
    await editable.parts.reload()
    listed = await editable.ask("GET", "/api/v1/rules", tenant="acme")
    problems = listed.json()["problems"]
    assert problems[0].endswith('no source is called "their" (did you mean "theirs"?)')
    assert problems[1].endswith('no integration is called "jirra"')
    assert str(tmp_path) not in listed.text
    body = {"text": text.replace("name: a", "name: z", 1), "base": ""}
    saved = await editable.ask("PUT", ADDRESS, json=body)
    assert "jira" in saved.text
    assert "theirs" not in saved.text
