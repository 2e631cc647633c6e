"""All presets there are: every YAML file of this folder, and of the operator's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from bridge.document import load, read
from bridge.errors import Invalid, Place, Problem
from bridge.sources.compiled import Preset, compile_preset

FOLDER = Path(__file__).parent
SHOWN = "bridge/sources"
"""How messages name the folder, wherever it is installed."""


class Presets(Mapping[str, Preset]):
    """Presets by name, in the order of their names.

    Of those that the package brings only the ones asked for are read, because an installation
    uses a few of them and all together take longer to read than everything else at a start.
    """

    def __init__(self, own: Mapping[str, Preset]) -> None:
        self._own = own
        self._names = sorted({*_shipped(), *own})

    def __getitem__(self, name: str) -> Preset:
        return self._own[name] if name in self._own else _shipped_preset(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def load_presets(own: Path | None = None) -> Presets:
    """The package's presets and the operator's.

    own: a folder of the operator's presets; None when there is none.
    Raises Invalid with the problems of all its files: a missing value, a wrong expression, a name
    that is not the file's, a name that is taken.
    """
    problems: list[Problem] = []
    found: dict[str, Preset] = {}
    for path in _own_files(own):
        try:
            preset = load_preset(path)
        except Invalid as error:
            problems += error.problems
            continue
        if preset.name in _shipped():
            place = preset.document.place(("name",))
            first = f"{SHOWN}/{preset.name}.yaml"
            problems.append(Problem(place, f'"{preset.name}" is a preset already', "name", first))
        found[preset.name] = preset
    if problems:
        raise Invalid(problems)
    return Presets(found)


def load_preset(path: Path, shown: str | None = None) -> Preset:
    """One preset file, named as its preset. Raises Invalid."""
    document = load(read(path, shown), shown or str(path))
    preset = compile_preset(document)
    if preset.name != path.stem:
        words = f'a preset has its file\'s name, "{path.stem}"'
        raise Invalid([document.problem(("name",), words)])
    return preset


@cache
def _shipped() -> Mapping[str, Path]:
    return {path.stem: path for path in FOLDER.glob("*.yaml")}


@cache
def _shipped_preset(name: str) -> Preset:
    """Raises KeyError when the package has none of the name."""
    path = _shipped()[name]
    return load_preset(path, f"{SHOWN}/{path.name}")


def _own_files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        place = Place(str(folder), 1, 1)
        raise Invalid([Problem(place, "this folder of presets does not exist", "presets.path")])
    return sorted(folder.glob("*.yaml"))
