"""The documentation says what the program does, and its examples run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import rich_click as click

from bridge.configured import check_rules_alone, examine
from bridge.settings import Settings
from bridge.sources.catalogue import load_presets
from tests.generate_docs import PAGES, every_command

ROOT = Path(__file__).parents[1]
PROSE = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_generated_page_is_fresh(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run: make docs"


def test_every_setting_is_explained() -> None:
    def walk(model: type, path: str) -> list[str]:
        missing = []
        for name, field in getattr(model, "model_fields", {}).items():
            if not path:
                parts = getattr(field.annotation, "__args__", (field.annotation,))
                missing += walk(parts[0], name)
            elif len(field.description or "") < 12:
                missing.append(f"{path}.{name}")
        return missing

    assert walk(Settings, "") == []


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert [one for one in targets if not (page.parent / one).exists()] == []


def commands_in(page: Path) -> list[list[str]]:
    """Every `bridge …` line of the shell examples."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    # The pages are read in the folder of an installation, which lies in that of the project.
    here = [line.replace("../samples/", "samples/") for line in lines]
    return [shlex.split(line)[1:] for line in here if line.startswith("bridge ")]


def test_documented_commands_exist_with_their_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    known = dict(every_command())
    found = [words for page in PROSE for words in commands_in(page)]
    assert found
    for words in found:
        path = next(
            path
            for path in (f"bridge {' '.join(words[:2])}", f"bridge {words[0]}")
            if path in known
        )
        command = known[path]
        rest = words[len(path.split()) - 1 :]
        if path not in ("bridge serve", "bridge worker", "bridge demo", "bridge sandbox"):
            command.make_context(path, list(rest))
        options = {name for one in command.params for name in one.opts}
        assert {word for word in rest if word.startswith("--")} <= options, words


(SIGNED_BY_HAND,) = re.findall(
    r"```sh\n(body=.*?)```", (ROOT / "docs" / "receiving.md").read_text("utf-8"), re.DOTALL
)
"""The example of a script that signs: it goes to the source that `bridge init` has written."""

WAIT_FOR_THE_SERVER = """
import os, socket
while socket.socket().connect_ex(("127.0.0.1", int(os.environ["BRIDGE_SERVER_PORT"]))): pass
"""


def test_shell_examples_of_the_readme_run(tmp_path: Path) -> None:
    """All in one shell, as a reader types them; the server beside the rest, on any free port."""
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    program = tmp_path / "bin" / "bridge"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m bridge "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    blocks = re.findall(r"```sh\n(.*?)```", PROSE[0].read_text("utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    served = f"bridge serve & trap 'kill $!' EXIT; '{sys.executable}' -c '{WAIT_FOR_THE_SERVER}'"
    typed = [served if line == "bridge serve" else line for line in lines]
    script = "\n".join(line for line in typed if not line.startswith(("make ", "PATH=")))
    assert served in script
    if shutil.which("curl") and shutil.which("openssl"):
        script += "\n" + SIGNED_BY_HAND.replace(":8080", ":$BRIDGE_SERVER_PORT")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    environ = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "BRIDGE_SERVER_PORT": port,
    }
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "bridge.yaml is good" in done.stdout
    accepted = done.stdout.count('"status": "accepted"')
    assert accepted == 1 + ("curl" in script)
    assert "log-bad-findings: matched" in done.stdout


def test_rules_in_the_readme_are_good(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(version: 1.*?)```", PROSE[0].read_text("utf-8"), re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        file = tmp_path / f"{number}.yaml"
        file.write_text(block, encoding="utf-8")
        assert check_rules_alone(file).rules


def yaml_blocks(begins: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each YAML block of the pages that begins with one of these keys, with its page's name."""
    return [
        (page.name, block)
        for page in PROSE
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        if block.startswith(begins)
    ]


CONFIGURATIONS = yaml_blocks(("server:", "sources:", "integrations:"))


@pytest.mark.parametrize(("page", "block"), CONFIGURATIONS)
def test_configuration_in_the_pages_is_good(page: str, block: str, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    if "integration: kibana" in block:  # the one that the pages run the rules of cases with
        shutil.copy(ROOT / "rules" / "cases.yaml", tmp_path / "rules")
    file = tmp_path / "bridge.yaml"
    file.write_text(block, encoding="utf-8")
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block), "made-up-in-a-test")
    assert [str(one) for one in examine(file, environ).problems if not one.warning] == [], page


def test_preset_in_the_pages_is_good_with_the_parts_that_they_add(tmp_path: Path) -> None:
    ((_, preset),) = yaml_blocks(("name: acme-scanner",))
    more = [block for _, block in yaml_blocks(("kinds:", "answers:"))]
    assert len(more) == 2
    (tmp_path / "acme-scanner.yaml").write_text(preset + "".join(more), encoding="utf-8")
    assert "acme-scanner" in load_presets(tmp_path)


def test_sync_rule_in_the_pages_is_good(tmp_path: Path) -> None:
    ((_, block),) = [one for one in yaml_blocks(("version: 1",)) if one[0] == "sync.md"]
    file = tmp_path / "sync.yaml"
    file.write_text(block, encoding="utf-8")
    assert check_rules_alone(file).syncs


def test_step_in_the_page_about_jira_is_good(tmp_path: Path) -> None:
    ((_, step),) = [one for one in yaml_blocks(("- comment:",)) if one[0] == "jira.md"]
    file = tmp_path / "steps.yaml"
    head = "version: 1\nrules:\n- name: a\n  on: scan.finished\n  then:\n"
    file.write_text(head + textwrap.indent(step, "  "), encoding="utf-8")
    assert check_rules_alone(file).rules


def test_every_target_that_is_documented_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {name for page in PROSE for name in re.findall(r"make ([a-z-]+)", page.read_text())}
    documented = {name for name in targets if name in ("demo", "test", "check", "docs", "bench")}
    assert {"demo", "test", "check"} <= documented
    for target in documented:
        assert re.search(rf"(?m)^{target}:", makefile), target


def test_help_of_a_command_is_a_sentence() -> None:
    for path, command in every_command():
        assert isinstance(command, click.Command)
        assert (command.help or "").split("\n\n")[0].rstrip().endswith("."), path
