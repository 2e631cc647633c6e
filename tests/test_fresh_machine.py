"""What a fresh machine lacks is said in one line, and what it has is set up for the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "make-venv"


def make_venv(python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(SCRIPT), ".venv"], cwd=folder, env={**os.environ, "PYTHON": python},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def stand_in(folder: Path, script: str) -> str:
    """A program that plays a Python of another machine."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def test_missing_python_is_said_in_one_line(tmp_path: Path) -> None:
    line = only_line(make_venv("python-that-is-not-there", tmp_path))
    assert "is not installed" in line
    assert "apt install python3 python3-venv" in line


def test_python_that_is_too_old_is_said_in_one_line(tmp_path: Path) -> None:
    old = stand_in(tmp_path, 'case "$2" in *version_info*) exit 1;; *) echo 3.9.2;; esac')
    line = only_line(make_venv(old, tmp_path))
    assert "3.11 or newer is needed" in line
    assert "3.9.2" in line


def test_missing_venv_module_is_said_in_one_line(tmp_path: Path) -> None:
    bare = stand_in(tmp_path, 'case "$2" in *ensurepip*) echo boo >&2; exit 1;; *) exit 0;; esac')
    line = only_line(make_venv(bare, tmp_path))
    assert "venv module is needed" in line
    assert "apt install python3-venv" in line


@pytest.mark.timeout(180)
def test_program_runs_from_anywhere_and_takes_no_module_of_the_working_directory(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a folder"
    (folder / "bridge").mkdir(parents=True)
    (folder / "bridge" / "__main__.py").write_text("print('it ran')", encoding="utf-8")
    done = make_venv(sys.executable, folder)
    assert done.returncode == 0, done.stderr
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "bridge").mkdir(parents=True)
    (elsewhere / "bridge" / "__main__.py").write_text("print('the wrong one')", encoding="utf-8")
    program = folder / ".venv" / "bin" / "bridge"
    ran = subprocess.run([program], cwd=elsewhere, capture_output=True, text=True, check=True)
    assert ran.stdout == "it ran\n"


@pytest.mark.parametrize("target", ["demo", "test", "check", "browser-test", "bench"])
def test_second_run_installs_nothing(target: str, tmp_path: Path) -> None:
    """With fresh stamps, make has nothing to do before the target itself."""
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "make-venv").write_text("exit 1", encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    for stamp in (".installed", ".installed-development"):
        (tmp_path / ".venv" / stamp).touch()
    done = subprocess.run(
        ["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "pip install" not in done.stdout
    (tmp_path / ".venv" / ".installed").unlink()
    (tmp_path / ".venv" / ".installed-development").unlink()
    done = subprocess.run(
        ["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "--require-hashes" in done.stdout
