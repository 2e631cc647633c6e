"""What must never be in the repository, and what must agree in it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from bridge import __version__

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")

MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|root|home/\w+|Users/\w+)/[\w.-]+")
REGISTRY = re.compile(
    r"(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|proxy\.golang\.org)"
    r"|--(?:extra-)?index-url|--find-links|--trusted-host"
)


def files() -> list[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("this is no git checkout, so there is no list of its files")
    found = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [file for file in found if file.is_file() and file != Path(__file__)]


def texts() -> list[tuple[str, str]]:
    found = []
    for file in files():
        try:
            found.append((file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_no_file_names_a_registry_host() -> None:
    found = [(name, match[0]) for name, text in texts() if (match := REGISTRY.search(text))]
    assert found == []


def test_no_file_holds_a_path_of_one_machine() -> None:
    found = [(name, match[0]) for name, text in texts() if (match := MACHINE_PATH.search(text))]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_and_hashes_everything_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def test_locks_have_what_the_project_needs_and_agree() -> None:
    pinned = [dict(re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", _read(lock))) for lock in LOCKS]
    runtime, development = pinned
    assert runtime.items() <= development.items()
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    for lock, wanted in ((runtime, project["dependencies"]), (development, extras["dev"])):
        names = {_normal(re.split(r"[\[<>=;! ]", one)[0]) for one in wanted}
        assert names - {_normal(name) for name in lock} == set()


def test_newest_version_of_the_changelog_is_the_packages() -> None:
    versions = re.findall(r"(?m)^## (\d+\.\d+\.\d+)", _read("CHANGELOG.md"))
    assert versions[0] == __version__


def test_scripts_can_be_run() -> None:
    scripts = [file for file in (ROOT / ".ci").iterdir() if file.is_file()]
    assert scripts
    for script in scripts:
        assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
        assert script.stat().st_mode & 0o111, script.name


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
