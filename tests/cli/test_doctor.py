"""`bridge doctor` and `bridge integrations`, against the sandbox on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.cli.opened import with_store
from bridge.configuration import load_settings
from bridge.sandbox.app import Sandbox
from bridge.sandbox.serve import serve_sandbox
from bridge.store.secrets_seen import Seen, add_seen
from tests.cli.conftest import CONFIGURATION, Run

INTEGRATIONS = """\
integrations:
  - name: jira
    type: jira
    base_url: {address}/jira
    auth: {{email: a@example.com, api_token: made-up-token}}
    project: {project}
  - {{name: elsewhere, type: webhook, enabled: false}}
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """A sandbox's address; it runs in a thread, because the commands have a loop of their own."""
    ready = threading.Event()
    address: list[str] = []
    loop = asyncio.new_event_loop()

    def started(base_url: str, app: Sandbox) -> None:
        del app
        address.append(base_url)
        ready.set()

    task = loop.create_task(serve_sandbox("127.0.0.1", 0, started=started))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    yield address[0]
    loop.call_soon_threadsafe(task.cancel)
    thread.join(20)
    loop.close()


@pytest.fixture
def with_jira(folder: Path, sandbox: str) -> Path:
    """The folder, with a Jira that is there, and a receiver that is switched off."""
    write(folder, sandbox)
    return folder


def write(folder: Path, sandbox: str, project: str = "SEC") -> None:
    written = INTEGRATIONS.format(address=sandbox, project=project)
    text = CONFIGURATION.replace("integrations: []\n", written)
    (folder / "bridge.yaml").write_text(text, encoding="utf-8")


def findings(run: Run, *words: str, code: int = 0) -> dict[tuple[str, str], dict[str, object]]:
    done = run(*words, "--json")
    assert done.exit_code == code, done.output
    told = json.loads(done.stdout)
    assert told["ok"] is (code == 0)
    return {(one["part"], one["what"]): one for one in told["findings"]}


def test_doctor_of_a_sound_installation_finds_nothing_wrong(run: Run, with_jira: Path) -> None:
    del with_jira
    assert run("migrate").exit_code == 0
    run("sources", "list")  # makes the key
    found = findings(run, "doctor")
    assert {what for part, what in found if part == "bridge"} >= {
        "configuration", "rules", "store", "disk", "encryption", "public_url", "webhooks", "clock",
    }  # fmt: skip
    assert {what for part, what in found if part == "jira"} == {
        "credentials", "site", "project", "permissions", "fields", "transitions",
    }  # fmt: skip
    assert "Task goes between To Do" in str(found["jira", "transitions"]["message"])
    assert found["bridge", "store"]["message"] == "takes writes"
    assert found["elsewhere", "enabled"]["level"] == "warning"


def test_doctor_before_the_first_start_makes_nothing(run: Run, with_jira: Path) -> None:
    found = findings(run, "doctor")
    assert "there is no store yet" in str(found["bridge", "store"]["message"])
    assert "is made at the first start" in str(found["bridge", "encryption"]["message"])
    assert not (with_jira / "var").exists()


def test_doctor_ends_with_1_and_says_what_is_wrong_and_what_to_do(
    run: Run, folder: Path, sandbox: str
) -> None:
    write(folder, sandbox, project="NONE")
    done = run("doctor")
    assert done.exit_code == 1
    line = next(one for one in done.stdout.splitlines() if " project " in one)
    assert line.startswith("✗")
    assert "404" in line
    assert re.search(r"^\d problems, \d warnings$", done.stderr, re.MULTILINE)


def test_doctor_tells_mistakes_of_the_configuration_and_does_not_call_anybody(
    run: Run, folder: Path
) -> None:
    (folder / "bridge.yaml").write_text("sources: 3\n", encoding="utf-8")
    found = findings(run, "doctor", code=1)
    assert "bridge.yaml:1" in str(found["bridge", "configuration"]["message"])
    assert not found["bridge", "integrations"]["ok"]


def test_doctor_sees_that_the_key_is_gone(run: Run, with_jira: Path) -> None:
    del with_jira
    assert run("migrate").exit_code == 0
    assert findings(run, "doctor")["bridge", "encryption"]["ok"]
    settings = load_settings(Path("bridge.yaml"), {})
    used = {("default", "qtangl", "0a1b2c3d"): Seen(1, 1_795_262_400_000)}
    with_store(settings, lambda store: store.write(lambda tx: add_seen(tx, used)))
    found = findings(run, "doctor", code=1)
    assert "qtangl: last proved 2026-11-21T12:00:00" in run("doctor").stdout
    assert "is gone" in str(found["bridge", "encryption"]["message"])


def test_doctor_sees_a_system_that_is_not_there(run: Run, folder: Path) -> None:
    write(folder, "http://127.0.0.1:9")
    found = findings(run, "doctor", code=1)
    assert "could not connect" in str(found["jira", "credentials"]["message"])


def test_integrations_are_listed_with_what_rules_can_do_there(run: Run, with_jira: Path) -> None:
    del with_jira
    listed = json.loads(run("integrations", "list", "--json").stdout)
    assert [one["name"] for one in listed] == ["jira", "elsewhere"]
    assert "create_ticket" in listed[0]["actions"]
    assert "made-up-token" not in run("integrations", "list").output
    assert "disabled" in run("integrations", "list").stdout


def test_one_integration_is_tested_by_name(run: Run, with_jira: Path) -> None:
    del with_jira
    found = findings(run, "integrations", "test", "jira")
    assert {part for part, _ in found} == {"jira"}
    done = run("integrations", "test", "jiro")
    assert done.exit_code == 1
    assert 'there is no integration "jiro" (did you mean "jira"?)' in done.stderr


def test_no_integration_is_said_so(run: Run) -> None:
    assert "no integration is configured" in run("integrations", "list").stderr
    assert run("integrations", "test").exit_code == 0
