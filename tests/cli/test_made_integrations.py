"""Integrations that API callers made, as the commands see them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bridge.configuration import load_settings
from bridge.configured import open_vault
from bridge.made import Secrets, seal
from bridge.store.database import open_database
from bridge.store.integrations import StoredIntegration, insert_integration
from bridge.store.transaction import Database
from tests.cli.conftest import CONFIGURATION, Run
from tests.cli.test_doctor import findings, sandbox

__all__ = ["sandbox"]

RULE = """\
version: 1
rules:
  - name: ticket
    on: scan.finished
    then:
      - create_ticket: {in: theirs, summary: "${{ data.target }}"}
"""


@pytest.fixture
def made(folder: Path, sandbox: str) -> Path:
    """A Jira that can be used, a GitHub that lacks its repository, a Linear no key opens."""
    text = CONFIGURATION + "server: {allowed_hosts: [127.0.0.1]}\n"
    (folder / "bridge.yaml").write_text(text, encoding="utf-8")
    settings = load_settings(folder / "bridge.yaml", {})
    vault = open_vault(settings)
    assert vault is not None

    async def work() -> None:
        database: Database = await open_database(settings.store.url, lambda: 0)
        for number, (type_, name) in enumerate(
            [("jira", "theirs"), ("github", "bare"), ("linear", "shut")]
        ):
            secrets = Secrets({"access_token": "made-up-token"}, {})
            sealed = seal(vault, f"int_{number}" if name != "shut" else "int_other", secrets)
            row = StoredIntegration(
                f"int_{number}", "default", f"Our {type_}", type_, name, sealed,
                {"project_id": "SEC"}, {"instance_name": f"{sandbox}/{type_}"}, "alice", "key_1",
                name != "bare", "", 0, 0, 0, 1,
            )  # fmt: skip
            await database.write(lambda tx, one=row: insert_integration(tx, one))  # type: ignore[misc]
        await database.close()

    asyncio.run(work())
    return folder


def test_list_shows_their_origin_and_state(run: Run, made: Path) -> None:
    del made
    listed = json.loads(run("integrations", "list", "--json").stdout)
    told = {one["name"]: (one["origin"], one["state"], one["title"]) for one in listed}
    assert told == {
        "theirs": ("api", "active", "Our jira"),
        "bare": ("api", "not usable", "Our github"),
        "shut": ("api", "not usable", "Our linear"),
    }
    problems = {one["name"]: one["problem"] for one in listed}
    assert problems["theirs"] == ""
    assert "`org_slug` in scope_data" in problems["bare"]
    assert "integration:int_2" in problems["shut"]
    shown = run("integrations", "list")
    assert "theirs" in shown.stdout
    assert "integration:int_2" in shown.stderr
    assert "made-up-token" not in shown.output


def test_test_reaches_them_by_identifier_and_name(run: Run, made: Path) -> None:
    del made
    for name in ("theirs", "Our jira"):
        found = findings(run, "integrations", "test", name)
        assert found["theirs", "credentials"]["ok"]
        assert {part for part, _ in found} == {"theirs"}
        assert "bare" not in run("integrations", "test", name).output
    broken = findings(run, "integrations", "test", code=1)
    assert not broken["shut", "settings"]["ok"]
    assert broken["theirs", "credentials"]["ok"]


def test_test_keeps_to_the_hosts_that_are_allowed(run: Run, made: Path) -> None:
    (made / "bridge.yaml").write_text(CONFIGURATION, encoding="utf-8")
    found = findings(run, "integrations", "test", "theirs", code=1)
    assert "server.allowed_hosts" in str(found["theirs", "credentials"]["message"])


def test_doctor_looks_at_them(run: Run, made: Path) -> None:
    del made
    found = findings(run, "doctor", code=1)
    assert found["theirs", "credentials"]["ok"]
    assert "integration:int_2" in str(found["shut", "settings"]["message"])


def test_explain_shows_what_would_be_sent_to_them(run: Run, made: Path) -> None:
    (made / "rules" / "first.yaml").write_text(RULE, encoding="utf-8")
    sample = str(Path(__file__).parents[2] / "samples" / "qtangl" / "scan-complete")
    done = run("rules", "explain", "--sample", sample, "--json")
    assert done.exit_code == 0, done.output
    (event,) = json.loads(done.stdout)
    (rule,) = event["rules"]
    preview = rule["runs"][0]["actions"][0]["preview"]
    assert preview["requests"][0]["url"].endswith("/jira/rest/api/2/issue")
    assert "made-up-token" not in done.output


def test_explain_says_why_one_cannot_be_used(run: Run, made: Path) -> None:
    (made / "rules" / "first.yaml").write_text(RULE.replace("theirs", "bare"), encoding="utf-8")
    sample = str(Path(__file__).parents[2] / "samples" / "qtangl" / "scan-complete")
    done = run("rules", "explain", "--sample", sample)
    assert "bare cannot be used: not usable yet: repository" in done.stdout


def test_list_works_without_a_store(run: Run, folder: Path) -> None:
    settings = load_settings(folder / "bridge.yaml", {})
    assert run("integrations", "list").exit_code == 0
    assert settings.store.sqlite_file is not None
    assert not settings.store.sqlite_file.exists()


def test_check_names_what_is_wrong_with_an_oauth_client(run: Run, folder: Path) -> None:
    clients = ("jria", "kibana", "jira", "jira")
    lines = [f"  - {{type: {one}, client_id: made-up, client_secret: made-up}}" for one in clients]
    text = CONFIGURATION + "oauth:\n" + "\n".join(lines) + "\n"
    (folder / "bridge.yaml").write_text(text, encoding="utf-8")
    done = run("check")
    assert done.exit_code == 1
    assert 'oauth[0].type: no tokens are renewed for "jria" (did you mean "jira"?)' in done.stderr
    assert 'oauth[1].type: no tokens are renewed for "kibana" (known: confluence' in done.stderr
    assert 'oauth[3].type: "jira" has a client already' in done.stderr
    assert "oauth[2]" not in done.stderr
