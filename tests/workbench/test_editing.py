"""Rule files saved from an editor: checked, whole, with the old version kept, or as a patch."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from bridge.configured import read_rules
from bridge.errors import BridgeError, Conflict, Invalid, NotFound
from bridge.workbench.editing import (
    MOST_OLD,
    NEW_FILE,
    Saved,
    digest_of,
    list_rule_files,
    read_rule_file,
    save_rule_file,
)
from tests.workbench.conftest import CONFIGURATION, START, Installation

RULE = """\
version: 1
rules:
  - name: NAME
    on: scan.finished
    then: [{log: {message: x}}]
"""
FIRST, SECOND = RULE.replace("NAME", "first"), RULE.replace("NAME", "second")


@pytest.fixture
def editable(installation: Installation) -> Installation:
    text = CONFIGURATION + "rules: {editable: true}\n"
    (installation.folder / "bridge.yaml").write_text(text, encoding="utf-8")
    (installation.folder / "rules" / "one.yaml").write_text(FIRST, encoding="utf-8")
    return installation


def save(
    installation: Installation, name: str, text: str | None, base: str | None = None, at: int = 0
) -> Saved:
    configured = installation.configured
    if base is None:
        base = read_rule_file(configured.settings.rules, name).digest
    return save_rule_file(configured, name, text, base, lambda: START + at)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_edit_is_written_whole_and_the_old_version_is_kept(editable: Installation) -> None:
    file = editable.folder / "rules" / "one.yaml"
    file.chmod(0o640)
    changed = FIRST.replace("message: x", "message: y")
    saved = save(editable, "one.yaml", changed)
    assert saved.written
    assert file.read_text(encoding="utf-8") == changed
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert Path(saved.kept).read_text(encoding="utf-8") == FIRST
    assert stat.S_IMODE(Path(saved.kept).stat().st_mode) == 0o600
    assert names(editable.folder / "rules") == [".old", "one.yaml"]  # no draft is left
    assert list_rule_files(editable.configured.settings.rules) == ["one.yaml"]
    assert saved.digest == digest_of(changed)
    assert saved.version == read_rules(editable.configured).version


def test_patch_of_an_edit_can_be_applied(editable: Installation, tmp_path: Path) -> None:
    (tmp_path / "bridge.yaml").write_text(CONFIGURATION, encoding="utf-8")
    old = FIRST.rstrip("\n")
    (editable.folder / "rules" / "one.yaml").write_text(old, encoding="utf-8")
    changed = FIRST + "# a line\x0b of one line\n"
    saved = save(editable, "one.yaml", changed.replace("\x0b", " "))
    assert not saved.written
    assert (editable.folder / "rules" / "one.yaml").read_text(encoding="utf-8") == old
    assert names(editable.folder / "rules") == ["one.yaml"]
    patch = tmp_path / "edit.patch"
    patch.write_text(saved.patch, encoding="utf-8")
    subprocess.run(["git", "apply", str(patch)], cwd=editable.folder / "rules", check=True)
    told = (editable.folder / "rules" / "one.yaml").read_text(encoding="utf-8")
    assert told == changed.replace("\x0b", " ")


def test_edit_with_a_mistake_is_refused_and_nothing_is_written(editable: Installation) -> None:
    with pytest.raises(Invalid, match=r"rules/one.yaml:4:9: .*did you mean"):
        save(editable, "one.yaml", FIRST.replace("scan.finished", "scan.finishd"))
    with pytest.raises(Invalid, match="two rules are called"):
        save(editable, "two.yaml", FIRST, NEW_FILE)
    assert names(editable.folder / "rules") == ["one.yaml"]


def test_edit_of_a_file_that_changed_meanwhile_is_refused(editable: Installation) -> None:
    file = editable.folder / "rules" / "one.yaml"
    opened = read_rule_file(editable.configured.settings.rules, "one.yaml")
    file.write_text(SECOND, encoding="utf-8")
    with pytest.raises(Conflict, match="has changed since"):
        save(editable, "one.yaml", FIRST + "# mine\n", opened.digest)
    with pytest.raises(Conflict):
        save(editable, "one.yaml", FIRST, NEW_FILE)
    assert file.read_text(encoding="utf-8") == SECOND


def test_file_can_be_made_and_taken_away(editable: Installation) -> None:
    made = save(editable, "teams/two.yml", SECOND, NEW_FILE)
    assert made.patch.startswith("--- /dev/null\n+++ b/teams/two.yml\n")
    rules = editable.configured.settings.rules
    assert list_rule_files(rules) == ["one.yaml", "teams/two.yml"]
    gone = save(editable, "teams/two.yml", None)
    assert (gone.written, gone.digest) == (True, NEW_FILE)
    assert Path(gone.kept).name == "teams__two.yml.2026-11-18T110640000Z.old"
    assert list_rule_files(rules) == ["one.yaml"]
    with pytest.raises(NotFound):
        save(editable, "teams/two.yml", None, NEW_FILE)


def test_edit_that_changes_nothing_writes_nothing(editable: Installation) -> None:
    saved = save(editable, "one.yaml", FIRST)
    assert (saved.written, saved.kept, saved.patch) == (False, "", "")


@pytest.mark.parametrize(
    "name",
    ["../bridge.yaml", "/etc/x.yaml", "one.txt", ".hidden.yaml", ".old/x.yaml", "a\\b.yaml",
     "a\nb.yaml", "a/../../x.yaml", "", "out/x.yaml"],
)  # fmt: skip
def test_name_that_leads_elsewhere_is_refused(
    editable: Installation, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (editable.folder / "rules" / "out").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(NotFound):
        save(editable, name, SECOND, NEW_FILE)
    with pytest.raises(NotFound):
        read_rule_file(editable.configured.settings.rules, name)


def test_link_stays_a_link(editable: Installation) -> None:
    file = editable.folder / "rules" / "one.yaml"
    file.rename(editable.folder / "real.yaml")
    file.symlink_to("../real.yaml")
    save(editable, "one.yaml", SECOND)
    assert file.is_symlink()
    assert (editable.folder / "real.yaml").read_text(encoding="utf-8") == SECOND


def test_single_file_is_edited_under_its_own_name(editable: Installation) -> None:
    text = CONFIGURATION + "rules: {editable: true, path: rules/one.yaml}\n"
    (editable.folder / "bridge.yaml").write_text(text, encoding="utf-8")
    assert list_rule_files(editable.configured.settings.rules) == ["one.yaml"]
    assert save(editable, "one.yaml", SECOND).written
    with pytest.raises(NotFound, match="there is one rule file"):
        save(editable, "two.yaml", SECOND, NEW_FILE)


def test_only_so_many_old_versions_are_kept(editable: Installation) -> None:
    old = editable.folder / "rules" / ".old"
    old.mkdir()
    for number in range(MOST_OLD):
        (old / f"one.yaml.2020-01-01T{number:06}Z.old").touch()
    saved = save(editable, "one.yaml", SECOND)
    assert len(names(old)) == MOST_OLD
    assert "one.yaml.2020-01-01T000000Z.old" not in names(old)
    assert Path(saved.kept).exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written_is_an_error(editable: Installation) -> None:
    (editable.folder / "rules").chmod(0o500)
    try:
        with pytest.raises(BridgeError, match="cannot be saved"):
            save(editable, "one.yaml", SECOND)
    finally:
        (editable.folder / "rules").chmod(0o700)


def test_file_that_cannot_be_written_leaves_the_old_one(editable: Installation) -> None:
    (editable.folder / "rules" / ".old").write_text("in the way", encoding="utf-8")
    with pytest.raises(BridgeError, match="cannot be saved"):
        save(editable, "one.yaml", SECOND)
    file = editable.folder / "rules" / "one.yaml"
    assert file.read_text(encoding="utf-8") == FIRST


def test_very_long_file_is_refused(editable: Installation) -> None:
    with pytest.raises(Invalid, match="at most 1,000,000 are saved"):
        save(editable, "one.yaml", FIRST + "#" * 1_000_000)
