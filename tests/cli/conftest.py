"""A folder with a configuration, and the program run in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli.program import program

CONFIGURATION = """\
sources:
  - {name: qtangl, preset: qtangl, secrets: [made-up-qtangl]}
  - {name: open, preset: generic-hmac, proof: none}
integrations: []
"""

RULES = """\
version: 1
rules:
  - name: say-it
    on: scan.finished
    when: data.score < 70
    then:
      - log: {message: "${{ data.target }} has ${{ data.score }}"}
"""

SAMPLES = Path(__file__).parents[2] / "samples"

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the test, with a good configuration and one rule."""
    (tmp_path / "bridge.yaml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "first.yaml").write_text(RULES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs `bridge` with these words in that folder; stdout and stderr are kept apart."""
    del folder

    def call(*words: str, environ: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(program, list(words), env=environ or {}, prog_name="bridge")

    return call


TESTS = """
tests:
  - sample: samples/qtangl/scan-complete
    expect: [{rule: say-it, action: log, with: {message: "acme-bank.example has 41"}}]
  - sample: samples/qtangl/scan-clean
    expect: []
"""


def with_tests(folder: Path, text: str) -> None:
    (folder / "samples").symlink_to(SAMPLES)
    file = folder / "rules" / "first.yaml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
