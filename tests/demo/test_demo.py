"""`bridge demo --once`: the whole route, from a signed request to a ticket, as two processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.demo.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(300)


def demo(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The demo of the project in this folder, run from elsewhere."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "bridge", "demo", "--once", *words],
        cwd=project.parent, env={**os.environ, "PYTHONPATH": str(project)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project with rules that a test may change."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("bridge", "samples"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "rules", folder / "rules")
    return folder


def test_every_sample_does_what_its_rule_says(project: Path) -> None:
    done = demo(project, "--json")
    told = json.loads(done.stdout)
    assert [one["missing"] for one in told["samples"] if not one["ok"]] == []
    assert done.returncode == 0
    assert told["ok"] is True
    assert len(told["samples"]) == len(SCENARIOS)
    first = told["samples"][0]
    assert [(one["action"], one["state"]) for one in first["actions"]] == [
        ("create_ticket", "done"),
        ("create_ticket", "done"),
        ("append_table", "done"),
    ]
    assert all(one["url"].startswith(told["sandbox"]) for one in first["actions"])
    assert told["dashboard"].startswith("http://127.0.0.1:")
    assert told["key"].startswith("brk_")


def test_demo_fails_and_says_what_is_missing_when_a_rule_does_not_do_its_work(
    project: Path,
) -> None:
    (project / "rules" / "alerts.yaml").unlink()
    done = demo(project)
    assert done.returncode == 1
    assert "✗ A code scanning alert" in done.stdout
    assert "expected: 1 x create_ticket of ticket-per-alert done" in done.stdout
    assert "✓ A scan with two bad findings" in done.stdout


def test_demo_with_broken_rules_ends_at_once_and_shows_why(project: Path) -> None:
    (project / "rules" / "jobs.yaml").write_text("version: 2\n", encoding="utf-8")
    done = demo(project)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "the bridge ended with 1" in done.stderr
    assert "jobs.yaml:1:10" in done.stderr
