"""`bridge jira`: webhooks registered with the sandbox's Jira, on a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_doctor import sandbox

__all__ = ["sandbox"]

CONFIGURATION = """\
server: {{public_url: https://bridge.example.com}}
sources:
  - {{name: jira, preset: jira-cloud, secrets: [made-up-secret-0001], integration: jira}}
  - {{name: bare, preset: jira-cloud, integration: jira}}
  - {{name: nobodys, preset: jira-cloud, secrets: [made-up-secret-0001]}}
integrations:
  - name: jira
    type: jira
    base_url: {address}/jira
    auth: {{email: a@example.com, api_token: made-up-token}}
    project: SEC
  - {{name: log, type: webhook, enabled: false}}
"""

Write = Callable[..., None]


@pytest.fixture
def write(folder: Path, sandbox: str) -> Write:
    """Writes the configuration, with words of it replaced."""

    def call(*change: tuple[str, str]) -> None:
        text = CONFIGURATION.format(address=sandbox)
        for old, new in change:
            assert old in text
            text = text.replace(old, new)
        (folder / "bridge.yaml").write_text(text, encoding="utf-8")

    call()
    return call


def test_webhook_is_registered_found_again_listed_and_removed(run: Run, write: Write) -> None:
    del write
    planned = run("jira", "subscribe", "jira", "--dry-run", "--json")
    assert json.loads(planned.stdout)[0]["state"] == "would be made"
    done = run("jira", "subscribe", "jira", "--json")
    assert done.exit_code == 0, done.output
    (made,) = json.loads(done.stdout)
    assert made == {
        "source": "jira", "kind": "admin", "id": made["id"], "filter": "project = SEC",
        "events": ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted",
                   "comment_created", "comment_updated", "comment_deleted"],
        "ends": "", "state": "made",
    }  # fmt: skip
    again = run("jira", "subscribe", "jira", "--json")
    assert json.loads(again.stdout) == [{**made, "state": "there"}]
    listed = run("jira", "list", "jira")
    assert listed.stdout.splitlines()[0].split() == [
        "SOURCE", "KIND", "ID", "EVENTS", "FILTER", "ENDS", "STATE",
    ]  # fmt: skip
    assert listed.stdout.splitlines()[1].endswith("never  on")
    assert "has no webhook that ends" in run("jira", "refresh", "jira").stderr
    removed = run("jira", "remove", "jira", "--json")
    assert json.loads(removed.stdout)[0]["state"] == "removed"
    empty = run("jira", "list", "jira")
    assert "`bridge jira subscribe jira` arranges it" in empty.stderr
    for each in (done, again, listed, removed):
        assert "made-up" not in each.output


def test_dynamic_webhook_is_kept_and_refreshed(run: Run, write: Write) -> None:
    write(
        ("auth: {email: a@example.com, api_token: made-up-token}", "auth: {access_token: made-up}")
    )
    done = run("jira", "subscribe", "jira", "--event", "jira:issue_updated", "--json")
    assert done.exit_code == 0, done.output
    (made,) = json.loads(done.stdout)
    assert (made["kind"], made["events"]) == ("dynamic", ["jira:issue_updated"])
    assert made["ends"]
    (refreshed,) = json.loads(run("jira", "refresh", "jira", "--json").stdout)
    assert refreshed["ends"] >= made["ends"]
    planned = run("jira", "remove", "jira", "--dry-run", "--json")
    assert json.loads(planned.stdout) == [{**refreshed, "state": "would be removed"}]
    assert run("jira", "remove", "jira").exit_code == 0


def test_event_that_has_no_type_is_noted(run: Run, write: Write) -> None:
    del write
    events = ("--event", "jira:issue_update", "--event", "comment_created")
    done = run("jira", "subscribe", "jira", "--dry-run", *events)
    assert done.exit_code == 0
    assert done.stderr.count("note:") == 1
    assert 'did you mean "jira:issue_updated"?' in done.stderr


@pytest.mark.parametrize(
    ("words", "change", "said"),
    [
        (["jira"], ("https://bridge.example.com", '""'), "public_url"),
        (["bare"], None, "has no secret"),
        (["nobodys"], None, "names no `integration`"),
        (["jira", "--integration", "log"], None, "is of type webhook, not jira"),
        (["jira", "--integration", "jria"], None, 'no integration "jria"'),
        (["jra"], None, 'no source "jra"'),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    words: list[str], change: tuple[str, str] | None, said: str, run: Run, write: Write
) -> None:
    if change:
        write((f"server: {{public_url: {change[0]}}}\n", ""))
    done = run("jira", "subscribe", *words)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "made-up" not in done.output
