"""All presets there are: every YAML file of this folder, and of the operator's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bridge.document import load, read
from bridge.errors import Invalid, Place, Problem
from bridge.sources.compiled import Preset, compile_preset


def load_presets(own: Path | None = None) -> Mapping[str, Preset]:
    """Presets by name, in the order of their names.

    own: a folder of the operator's presets; None when there is none.
    Raises Invalid with the problems of all files: a missing value, a wrong expression, a name
    that is not the file's, a name that is taken.
    """
    problems: list[Problem] = []
    found = dict(_shipped())
    for path, shown in _own_files(own):
        try:
            preset = load_preset(path, shown)
        except Invalid as error:
            problems += error.problems
            continue
        place = preset.document.place(("name",))
        if preset.name in found:
            first = found[preset.name].document.file
            problems.append(Problem(place, f'"{preset.name}" is a preset already', "name", first))
        found[preset.name] = preset
    if problems:
        raise Invalid(problems)
    return dict(sorted(found.items()))


@cache
def _shipped() -> Mapping[str, Preset]:
    """Those of this folder, read once: they are part of the program, and compiling all of them
    takes longer than the rest of a start. Raises Invalid."""
    found = [load_preset(*file) for file in _files(Path(__file__).parent, "bridge/sources")]
    return {preset.name: preset for preset in found}


def load_preset(path: Path, shown: str | None = None) -> Preset:
    """One preset file, named as its preset. Raises Invalid."""
    document = load(read(path, shown), shown or str(path))
    preset = compile_preset(document)
    if preset.name != path.stem:
        words = f'a preset has its file\'s name, "{path.stem}"'
        raise Invalid([document.problem(("name",), words)])
    return preset


def _files(folder: Path, shown: str) -> list[tuple[Path, str]]:
    return [(path, f"{shown}/{path.name}") for path in sorted(folder.glob("*.yaml"))]


def _own_files(folder: Path | None) -> list[tuple[Path, str]]:
    if folder is None:
        return []
    if not folder.is_dir():
        place = Place(str(folder), 1, 1)
        raise Invalid([Problem(place, "this folder of presets does not exist", "presets.path")])
    return _files(folder, str(folder))
