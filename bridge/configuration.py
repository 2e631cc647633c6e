"""Reads `bridge.yaml` into `Settings`: the file, the environment over it, and every mistake."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError

from bridge.document import Document, did_you_mean, in_order, load, path_text, read
from bridge.environment import Overlay, Steps, fill_in, lay_environment
from bridge.errors import Invalid, Problem
from bridge.event import JSON
from bridge.sections import SQLITE
from bridge.settings import Rows, Settings, build, is_within

DEFAULT_FILE = "bridge.yaml"


@dataclasses.dataclass(frozen=True, slots=True)
class SettingsRead:
    """What a configuration file gave.

    settings: what is right of it; parts with a mistake have their defaults, entries of lists are
    without their wrong keys, or left out. None where the file itself cannot be read.
    sound: the names of the sections that hold what was written.
    problems: everything that is wrong.
    """

    settings: Settings | None
    sound: frozenset[str]
    problems: tuple[Problem, ...]


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read, check and complete the configuration.

    Relative paths in it start at the file. Touches nothing but that file.
    Raises Invalid with every problem: of YAML, of names, of values, of the environment.
    """
    found = read_settings(path, environ)
    if found.settings is None or found.problems:
        raise Invalid(list(found.problems))
    return found.settings


def read_settings(path: Path, environ: Mapping[str, str]) -> SettingsRead:
    """The same, with what is right beside what is wrong, so that the rest can be checked too."""
    try:
        document = load(read(path), str(path))
    except Invalid as invalid:
        return SettingsRead(None, frozenset(), _with_a_way_out(path, invalid.problems))
    overlay = fill_in(document.value, environ, document.place)
    if overlay.value is None:
        overlay.value = {}
    if isinstance(overlay.value, dict):
        overlay.value = {key: part for key, part in overlay.value.items() if part is not None}
    lay_environment(overlay, environ, Settings)
    problems = [*overlay.problems, *_cross_check(overlay, document)]
    wrong: set[str] = set()
    try:
        build(Settings, document, overlay.value, overlay, ())
    except Invalid as invalid:
        known = {problem.field for problem in problems}
        wrong = {problem.field for problem in invalid.problems}
        problems += [each for each in invalid.problems if each.field not in known]
    settings, rows = _what_is_right(overlay.value, wrong)
    settings.remember(document, overlay, rows)
    fields = {problem.field for problem in problems}
    sound = frozenset(name for name in Settings.model_fields if not _lies_in((name,), fields))
    return SettingsRead(
        _with_paths_from(settings, path.resolve().parent), sound, in_order(problems)
    )


def _with_a_way_out(path: Path, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Whoever has no configuration is told how to get one."""
    if path.exists():
        return problems
    hint = "`bridge init FOLDER` makes one; --config names one elsewhere"
    return tuple(dataclasses.replace(problem, hint=hint) for problem in problems)


def _what_is_right(value: JSON, wrong: Collection[str]) -> tuple[Settings, Rows]:
    """Settings of the parts in which no field is wrong; without any, the whole configuration.

    An entry of a list stays without its wrong keys where it makes sense without them, so that what
    it names, such as a preset, is looked at too.
    """
    parts: dict[str, JSON] = {}
    rows: dict[str, tuple[int, ...]] = {}
    for section, part in value.items() if isinstance(value, dict) else ():
        if section not in Settings.model_fields:
            continue
        if isinstance(part, list):
            model = get_args(Settings.model_fields[section].annotation)[0]
            good = {
                row: entry
                for row in range(len(part))
                if (entry := _entry_that_is_right(part[row], (section, row), model, wrong))
            }
            parts[section], rows[section] = list(good.values()), tuple(good)
        elif not _lies_in((section,), wrong):
            parts[section] = part
    return Settings.model_validate(parts), rows


def _entry_that_is_right(
    entry: JSON, at: Steps, model: type[BaseModel], wrong: Collection[str]
) -> JSON:
    """The entry without the keys in which something is wrong; None where nothing is left of it."""
    if not _lies_in(at, wrong):
        return entry
    if not isinstance(entry, dict):
        return None
    right = {key: part for key, part in entry.items() if not _lies_in((*at, key), wrong)}
    try:
        model.model_validate(right)
    except ValidationError:
        return None
    return right


def _lies_in(path: Steps, fields: Iterable[str]) -> bool:
    """Whether one of these fields is at the path or below it."""
    at = path_text(path)
    return any(is_within(field, at) for field in fields)


def _cross_check(overlay: Overlay, document: Document) -> Iterator[Problem]:
    """What no field can see alone: names that repeat and names that point at nothing.

    Looks at what was written, not at the models, so that it is told beside their problems.
    """

    def problem(path: Steps, message: str, hint: str = "") -> Problem:
        place = overlay.place(path) or document.place(path)
        return Problem(place, message, path_text(path), hint)

    entries = {name: _entries(overlay.value, name) for name in ("sources", "integrations")}
    tenants = ["default", *(entry.get("name") for entry in _entries(overlay.value, "tenants"))]
    known = [name for name in tenants if isinstance(name, str)]
    for section in ("tenants", "sources", "integrations"):
        seen: dict[tuple[str, str], int] = {}
        for index, entry in enumerate(_entries(overlay.value, section)):
            name = str(entry.get("tenant", "default")), str(entry.get("name"))
            first = seen.setdefault(name, index)
            if first != index and isinstance(entry.get("name"), str):
                line = document.place((section, first, "name")).line
                words = f'the name "{name[1]}" is taken; first on line {line}'
                yield problem((section, index, "name"), words)
    for section, found in entries.items():
        for index, entry in enumerate(found):
            tenant = entry.get("tenant", "default")
            if isinstance(tenant, str) and tenant not in known:
                hint = did_you_mean(tenant, known)
                yield problem((section, index, "tenant"), f'there is no tenant "{tenant}"', hint)
    for index, source in enumerate(entries["sources"]):
        tenant, wanted = source.get("tenant", "default"), source.get("integration")
        of_tenant = [e for e in entries["integrations"] if e.get("tenant", "default") == tenant]
        here = [str(each.get("name")) for each in of_tenant]
        if isinstance(wanted, str) and wanted not in here:
            words = f'there is no integration "{wanted}" in this tenant'
            yield problem(("sources", index, "integration"), words, did_you_mean(wanted, here))


def _entries(value: JSON, section: str) -> list[dict[str, JSON]]:
    found = value.get(section) if isinstance(value, dict) else None
    entries = found if isinstance(found, list) else []
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def _with_paths_from(settings: Settings, folder: Path) -> Settings:
    """The same settings with every relative path made absolute, starting at this folder."""
    rules, presets, store = settings.rules, settings.presets, settings.store
    if store.sqlite_file:
        store = store.model_copy(update={"url": f"{SQLITE}{folder / store.sqlite_file}"})
    if presets.path:
        presets = presets.model_copy(update={"path": folder / presets.path})
    rules = rules.model_copy(update={"path": folder / rules.path})
    return settings.model_copy(update={"rules": rules, "presets": presets, "store": store})
